# SPDX-License-Identifier: GPL-3.0-or-later
"""A window of a test's own by Xlib alone, for programs that draw what no toolkit would."""
import ctypes


class PlainWindow:
    """On DISPLAY's screen, mapped above the others; .x11 is the library, .at the connection, .id and .gc what to draw with. Raises OSError
    where there is no display."""

    def __init__(self, x, y, width, height, ground, title):
        x11 = self.x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = x11.XCreateGC.restype = x11.XDefaultVisual.restype = ctypes.c_void_p
        for name in ("XDefaultRootWindow", "XCreateSimpleWindow"):
            getattr(x11, name).restype = ctypes.c_ulong
        self.at = ctypes.c_void_p(x11.XOpenDisplay(None))
        if not self.at:
            raise OSError("no display")
        root = ctypes.c_ulong(x11.XDefaultRootWindow(self.at))
        self.id = ctypes.c_ulong(x11.XCreateSimpleWindow(self.at, root, x, y, width, height, 0, ctypes.c_ulong(0), ctypes.c_ulong(ground)))
        x11.XStoreName(self.at, self.id, title.encode())
        self.gc = ctypes.c_void_p(x11.XCreateGC(self.at, self.id, ctypes.c_ulong(0), None))
        x11.XMapRaised(self.at, self.id)
        self.sync()

    def sync(self):
        self.x11.XSync(self.at, 0)

    def move(self, x, y):
        self.x11.XMoveWindow(self.at, self.id, x, y)

    def fill(self, colour, x, y, width, height):
        self.x11.XSetForeground(self.at, self.gc, ctypes.c_ulong(colour))
        self.x11.XFillRectangle(self.at, self.id, self.gc, x, y, width, height)
