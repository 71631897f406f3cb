# SPDX-License-Identifier: GPL-3.0-or-later
"""A window full of noise that nobody else's pixels look like, painted anew ten times a second: secret_window.py X Y WIDTH HEIGHT TITLE.
Prints its number once it is there; a line "X Y" on stdin moves it, the end of stdin ends it. SECRET tells its colours."""
import os
import random
import select
import sys

from plain_window import PlainWindow

CELL = 4        # pixels, each of a colour of its own


def is_secret(red, green, blue):
    """True for what the noise is made of, also after a lossy coder had it."""
    return red > 190 and green < 90 and blue > 150


def main():
    x, y, width, height = (int(v) for v in sys.argv[1:5])
    window = PlainWindow(x, y, width, height, 0xe020c8, sys.argv[5])
    print(window.id.value, flush=True)
    dice, rest = random.Random(os.getpid()), b""
    while True:
        ready, _, _ = select.select([0], [], [], 0.1)
        if ready:
            got = os.read(0, 4096)
            if not got:
                return 0
            *lines, rest = (rest + got).split(b"\n")
            for line in lines:
                window.move(*(int(v) for v in line.split()))
        for row in range(0, height, CELL):
            for column in range(0, width, CELL):
                colour = dice.randrange(0xd0, 0x100) << 16 | dice.randrange(0x30) << 8 | dice.randrange(0xb0, 0x100)
                window.fill(colour, column, row, CELL, CELL)
        window.sync()


if __name__ == "__main__":
    sys.exit(main())
