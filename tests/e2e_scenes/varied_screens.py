# SPDX-License-Identifier: GPL-3.0-or-later
"""A window that shows varied screens, one per line "N" on stdin: varied_screens.py X Y WIDTH HEIGHT. Prints "N" when it is drawn."""
import ctypes
import math
import random
import sys
import time

from plain_window import PlainWindow


class XImage(ctypes.Structure):
    _fields_ = [("width", ctypes.c_int), ("height", ctypes.c_int)]      # and more that nobody reads


def letters(dice, width, height, ground, inks, sub_pixels):
    """Rows of made-up letters; with sub-pixels their edges have colours of their own, as LCD text has."""
    picture = [[ground] * width for _ in range(height)]
    for line in range(4, height - 12, 15):
        x = 6 + 8 * dice.randrange(6)
        while x < width - 10:
            if dice.random() < 0.15:
                x += 8
                continue
            ink = dice.choice(inks)
            for _ in range(dice.choice((2, 3))):
                column = x + dice.randrange(6)
                for y in range(line + dice.randrange(3), line + 10):
                    picture[y][column] = ink
                    if sub_pixels:
                        for side, mask in ((-1, 0xff6000), (1, 0x0060ff)):
                            mixed = picture[y][column + side]
                            picture[y][column + side] = (mixed & ~mask & 0xffffff) | (ink & mask)
            x += 8
    return picture


def screen(n, width, height):
    """Screen n as rows of 0xRRGGBB."""
    dice, kind = random.Random(n), n % 8
    if kind == 0:
        return letters(dice, width, height, 0xffffff, (0, 0x202020, 0x0000c0), False)
    if kind == 1:
        return letters(dice, width, height, 0xf8f8f8, (0x101010,), True)
    if kind == 2:
        return letters(dice, width, height, 0, (0xff0000, 0xe00010), False)
    if kind == 3:   # gradients both ways
        a, b = dice.randrange(1, 5), dice.randrange(1, 5)
        return [[(x * a & 255) << 16 | (y * b & 255) << 8 | ((x + y) // 2 & 255) for x in range(width)] for y in range(height)]
    if kind == 4:   # a photo's likeness: smooth waves with noise
        p = [dice.uniform(0.01, 0.06) for _ in range(6)]
        return [[int(127 + 60 * math.sin(x * p[0] + y * p[1]) + dice.randrange(9)) << 16 | int(127 + 60 * math.sin(x * p[2] - y * p[3]) + dice.randrange(9)) << 8 |
                 int(127 + 60 * math.cos(x * p[4] + y * p[5]) + dice.randrange(9)) for x in range(width)] for y in range(height)]
    if kind == 5:   # lines of one pixel
        return [[0x00c0ff if x % 7 == 3 or y % 11 == 5 or (x + y) % 13 == 0 else 0x182030 for x in range(width)] for y in range(height)]
    if kind == 6:   # dithering of two colours
        return [[0xc0c0c0 if (x * 5 + y * 3 + (x & y)) % 16 < x * 16 // width else 0x404080 for x in range(width)] for y in range(height)]
    return [[dice.randrange(1 << 24) if (x // 40 + y // 40) % 3 == 0 else 0x808080 for x in range(width)] for y in range(height)]


def main():
    x, y, width, height = (int(v) for v in sys.argv[1:5])
    window = PlainWindow(x, y, width, height, 0, "varied screens")
    x11, at = window.x11, window.at
    x11.XCreateImage.restype = ctypes.POINTER(XImage)
    time.sleep(0.5)         # a window manager places it first where it likes
    window.move(x, y)
    window.sync()
    print("ready", flush=True)
    for line in sys.stdin:
        rows = screen(int(line), width, height)
        raw = b"".join(b"".join(p.to_bytes(4, "little") for p in row) for row in rows)
        data = ctypes.create_string_buffer(raw, len(raw))
        image = x11.XCreateImage(at, ctypes.c_void_p(x11.XDefaultVisual(at, 0)), 24, 2, 0, data, width, height, 32, 0)
        for top in range(0, height, 50):        # one request may not be larger than the server takes
            x11.XPutImage(at, window.id, window.gc, image, 0, top, 0, top, width, min(50, height - top))
        window.sync()
        print(int(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
