# SPDX-License-Identifier: GPL-3.0-or-later
"""A window full of noise that nobody else's pixels look like, painted anew ten times a second: secret_window.py X Y WIDTH HEIGHT TITLE.
Prints its number once it is there; a line "X Y" on stdin moves it, the end of stdin ends it. SECRET tells its colours."""
import ctypes
import os
import random
import select
import sys

CELL = 4        # pixels, each of a colour of its own


def is_secret(red, green, blue):
    """True for what the noise is made of, also after a lossy coder had it."""
    return red > 190 and green < 90 and blue > 150


def main():
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = x11.XCreateGC.restype = ctypes.c_void_p
    for name in ("XDefaultRootWindow", "XCreateSimpleWindow"):
        getattr(x11, name).restype = ctypes.c_ulong
    x, y, width, height = (int(v) for v in sys.argv[1:5])
    at = ctypes.c_void_p(x11.XOpenDisplay(None))
    if not at:
        return 1
    window = ctypes.c_ulong(x11.XCreateSimpleWindow(at, ctypes.c_ulong(x11.XDefaultRootWindow(at)), x, y, width, height, 0, ctypes.c_ulong(0), ctypes.c_ulong(0xe020c8)))
    x11.XStoreName(at, window, sys.argv[5].encode())
    gc = ctypes.c_void_p(x11.XCreateGC(at, window, ctypes.c_ulong(0), None))
    x11.XMapRaised(at, window)
    x11.XSync(at, 0)
    print(window.value, flush=True)
    dice, rest = random.Random(os.getpid()), b""
    while True:
        ready, _, _ = select.select([0], [], [], 0.1)
        if ready:
            got = os.read(0, 4096)
            if not got:
                return 0
            *lines, rest = (rest + got).split(b"\n")
            for line in lines:
                x11.XMoveWindow(at, window, *(int(v) for v in line.split()))
        for row in range(0, height, CELL):
            for column in range(0, width, CELL):
                colour = dice.randrange(0xd0, 0x100) << 16 | dice.randrange(0x30) << 8 | dice.randrange(0xb0, 0x100)
                x11.XSetForeground(at, gc, ctypes.c_ulong(colour))
                x11.XFillRectangle(at, window, gc, column, row, CELL, CELL)
        x11.XSync(at, 0)


if __name__ == "__main__":
    sys.exit(main())
