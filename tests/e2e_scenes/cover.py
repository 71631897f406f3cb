# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays a window that no window manager touches over a place of the screen until stdin ends: cover.py X Y WIDTH HEIGHT.
Prints "covered" once it is there. With "again" as fifth word it raises itself whenever something comes above it."""
import ctypes
import os
import select
import sys

x11 = ctypes.CDLL("libX11.so.6")
x11.XOpenDisplay.restype = ctypes.c_void_p
for name in ("XDefaultRootWindow", "XCreateWindow"):
    getattr(x11, name).restype = ctypes.c_ulong


class Attributes(ctypes.Structure):   # XSetWindowAttributes
    _fields_ = [("background_pixmap", ctypes.c_ulong), ("background_pixel", ctypes.c_ulong), ("border_pixmap", ctypes.c_ulong),
                ("border_pixel", ctypes.c_ulong), ("bit_gravity", ctypes.c_int), ("win_gravity", ctypes.c_int),
                ("backing_store", ctypes.c_int), ("backing_planes", ctypes.c_ulong), ("backing_pixel", ctypes.c_ulong),
                ("save_under", ctypes.c_int), ("event_mask", ctypes.c_long), ("do_not_propagate_mask", ctypes.c_long),
                ("override_redirect", ctypes.c_int), ("colormap", ctypes.c_ulong), ("cursor", ctypes.c_ulong)]


def main():
    x, y, width, height = (int(v) for v in sys.argv[1:5])
    display = ctypes.c_void_p(x11.XOpenDisplay(None))
    if not display:
        return 1
    wanted = Attributes(background_pixel=0x406040, override_redirect=1, event_mask=1 << 16)  # VisibilityChangeMask
    window = x11.XCreateWindow(display, ctypes.c_ulong(x11.XDefaultRootWindow(display)), x, y, width, height, 0, 0, 1, None,
                               ctypes.c_ulong(1 << 1 | 1 << 9 | 1 << 11), ctypes.byref(wanted))
    x11.XMapRaised(display, ctypes.c_ulong(window))
    x11.XSync(display, 0)
    print("covered", flush=True)
    connection = x11.XConnectionNumber(display)
    event = ctypes.create_string_buffer(192)
    while True:
        ready, _, _ = select.select([0, connection], [], [])
        if 0 in ready and not os.read(0, 64):
            return 0
        while x11.XPending(display):
            x11.XNextEvent(display, event)
            if len(sys.argv) > 5:
                x11.XRaiseWindow(display, ctypes.c_ulong(window))
        x11.XFlush(display)


sys.exit(main())
