# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves in the screen benchmark: a film in a window or over the whole screen, and a window that is dragged."""
import ctypes
import functools
import math
import subprocess
import time

import probe
from measure import harness
from probe import CELL

FILM_HZ = 30
FILM_PICTURES = 24              # then it begins anew
BLOCK = 16                      # pixels of one bit of a film's number, both ways
BITS = 8
DRAGGED = (320, 240)


@functools.lru_cache(maxsize=None)
def film_pictures(size, marks):
    """Pictures of a film, B, G, R, X, with their numbers from 1 at the marks: something like what a camera sees, with its noise."""
    harness.need("ffmpeg")
    width, height = size
    out = subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                          f"mandelbrot=size={width}x{height}:rate={FILM_HZ}:start_scale=0.02:end_scale=0.004:end_pts=200:maxiter=300",
                          "-vf", "hue=s=0.5,noise=alls=3:allf=t", "-frames:v", str(FILM_PICTURES), "-pix_fmt", "bgra", "-f", "rawvideo", "-"],
                         stdout=subprocess.PIPE, check=True, stdin=subprocess.DEVNULL).stdout
    one = width * height * 4
    pictures = [bytearray(out[i * one:(i + 1) * one]) for i in range(FILM_PICTURES)]
    for n, picture in enumerate(pictures):
        for at in marks:
            stamp(picture, width, *at, n + 1)
    return pictures


def stamp(picture, width, at_x, at_y, number):
    """Burns a number into a picture as black and white squares that survive a lossy coder."""
    for bit in range(BITS):
        colour = b"\xff\xff\xff\0" if number >> bit & 1 else b"\0\0\0\0"
        for y in range(at_y, at_y + BLOCK):
            at = (y * width + at_x + bit * BLOCK) * 4
            picture[at:at + BLOCK * 4] = colour * BLOCK


class Film:
    """A window whose content is exchanged 30 times a second by one request each: pictures wait at the X server."""

    def __init__(self, scene, x, y, size, covered=(0, 0, 0, 0)):
        self.scene, self.x, self.y, self.size, self.number = scene, x, y, size, 0
        xlib = scene.x11
        self.window = ctypes.c_ulong(xlib.XCreateSimpleWindow(scene.at, ctypes.c_ulong(xlib.XDefaultRootWindow(scene.at)), x, y, *size, 0,
                                                              ctypes.c_ulong(0), ctypes.c_ulong(0)))
        wish = probe.XSetWindowAttributes(override_redirect=1)
        xlib.XChangeWindowAttributes(scene.at, self.window, ctypes.c_ulong(1 << 9), ctypes.byref(wish))
        width, height = size
        # Three places far from each other, none of them under what covers a part of the film nor where the viewer marks what is not exact: at
        # corners of halves, quarters and so on of a film.
        left, top, right, bottom = covered[0], covered[1], covered[0] + covered[2], covered[1] + covered[3]
        spots = [(16, 16), (width - 16 - BITS * BLOCK, height - 32), (width * 5 // 16 // 16 * 16, height * 5 // 8 // 16 * 16), (16, height - 32),
                 (width - 16 - BITS * BLOCK, 16), (width // 2 // 16 * 16 - 64, 16)]
        self.marks = [m for m in spots if m[0] >= right or m[0] + BITS * BLOCK <= left or m[1] >= bottom or m[1] + BLOCK <= top][:3]
        self.covered = left, top, right, bottom
        self.pictures = film_pictures(size, tuple(self.marks))
        self.stored = []
        xlib.XCreateImage.restype = ctypes.POINTER(probe.XImage)
        xlib.XDefaultVisual.restype = ctypes.c_void_p
        for picture in self.pictures:
            pixmap = ctypes.c_ulong(xlib.XCreatePixmap(scene.at, self.window, width, height, 24))
            data = (ctypes.c_char * len(picture)).from_buffer(picture)
            image = xlib.XCreateImage(scene.at, ctypes.c_void_p(xlib.XDefaultVisual(scene.at, 0)), 24, 2, 0, data, width, height, 32, 0)
            for top in range(0, height, 64):       # one request may not be larger than the server takes
                rows = min(64, height - top)
                xlib.XPutImage(scene.at, pixmap, scene.gc, image, 0, top, 0, top, width, rows)
            self.stored.append(pixmap)
        scene.sync()

    def show(self):
        self.scene.x11.XMapRaised(self.scene.at, self.window)
        self.scene.sync()

    def lay_below(self):
        """Under everything else: the customer's panel may not be covered."""
        self.scene.x11.XLowerWindow(self.scene.at, self.window)
        self.scene.x11.XMapWindow(self.scene.at, self.window)
        self.scene.sync()

    def hide(self):
        self.scene.x11.XUnmapWindow(self.scene.at, self.window)
        self.scene.sync()

    def step(self):
        """The next picture; returns (its number, the moment just before)."""
        self.number = self.number % FILM_PICTURES + 1
        moment = time.monotonic_ns()
        self.scene.x11.XCopyArea(self.scene.at, self.stored[self.number - 1], self.window, self.scene.gc, 0, 0, *self.size, 0, 0)
        self.scene.flush()
        return self.number, moment

    def shown(self, frame):
        """The number of the picture that is shown as a whole, else None."""
        numbers = set()
        for left, top in self.marks:
            at = frame.at(self.x + left + BLOCK // 2, self.y + top + BLOCK // 2)
            numbers.add(sum((frame.data[at + 4 * BLOCK * bit + 1] > 127) << bit for bit in range(BITS)))
        return numbers.pop() if len(numbers) == 1 else None

    def sample(self, frame):
        """Every 16th row as the viewer has it now."""
        return [frame.data[(at := frame.at(self.x, self.y + y)):at + self.size[0] * 4] for y in range(4, self.size[1], 16)]

    def distance(self, number, rows):
        """(luma PSNR, RGB PSNR) of what sample() returned against the picture of that number; 99 where nothing differs."""
        picture, width = self.pictures[number - 1], self.size[0]
        rgb = luma = count = 0
        for i, row in enumerate(rows):
            at = (4 + 16 * i) * width * 4
            want = picture[at:at + width * 4]
            # Every fourth pixel is enough, and this is not C.
            for p in range(0, width * 4, 16):
                if self.covered[1] <= 4 + 16 * i < self.covered[3] and self.covered[0] <= p // 4 < self.covered[2]:
                    continue
                b, g, r = row[p] - want[p], row[p + 1] - want[p + 1], row[p + 2] - want[p + 2]
                rgb += b * b + g * g + r * r
                y = 0.0722 * b + 0.7152 * g + 0.2126 * r
                luma += y * y
                count += 1
        return tuple(99.0 if error == 0 else 10 * math.log10(255 * 255 / error) for error in (luma / count, rgb / count / 3))


class Dragged:
    """A window of text that moves over the scene's page as by a hand: the X server copies it and paints what it leaves."""

    def __init__(self, scene):
        self.scene = scene
        xlib = scene.x11
        # Behind it the page: the server itself paints what comes to light.
        self.page = ctypes.c_ulong(xlib.XCreatePixmap(scene.at, scene.window, *probe.SIZE, 24))
        xlib.XCopyArea(scene.at, scene.stock, self.page, scene.gc, 0, 0, *probe.SIZE, 0, 0)
        self.face = ctypes.c_ulong(xlib.XCreatePixmap(scene.at, scene.window, *DRAGGED, 24))
        xlib.XCopyArea(scene.at, scene.stock, self.face, scene.gc, 0, 64 * CELL[1], *DRAGGED, 0, 0)
        self.colour = 0xff00ff              # of its corners, nowhere else on the page
        for x, y in ((0, 0), (DRAGGED[0] - 16, DRAGGED[1] - 16)):
            scene.fill(self.face, self.colour, x, y, 16, 16)
        self.window = ctypes.c_ulong(xlib.XCreateSimpleWindow(scene.at, scene.window, 0, 0, *DRAGGED, 0, ctypes.c_ulong(0), ctypes.c_ulong(0)))
        xlib.XSetWindowBackgroundPixmap(scene.at, self.window, self.face)
        self.n = 0
        scene.sync()

    def show(self):
        self.scene.x11.XSetWindowBackgroundPixmap(self.scene.at, self.scene.window, self.page)
        self.scene.page(0)
        self.scene.x11.XMapRaised(self.scene.at, self.window)
        self.scene.sync()

    def hide(self):
        self.scene.x11.XUnmapWindow(self.scene.at, self.window)
        self.scene.sync()

    def place(self, n):
        """Where it is at step n: on a curve that never comes to the same place within a block."""
        across, down = probe.SIZE[0] - DRAGGED[0] - 4, probe.SIZE[1] - DRAGGED[1] - 4
        return int(across / 2 * (1 - math.cos(n / 11.0))) + 2, int(down / 2 * (1 - math.cos(n / 7.3 + 1))) + 2

    def step(self):
        self.n += 1
        moment = time.monotonic_ns()
        self.scene.x11.XMoveWindow(self.scene.at, self.window, *self.place(self.n))
        self.scene.flush()
        return self.n, moment

    def shown_at(self, frame, n):
        """Whether it is at the place of step n, as far as its corners tell (their edges stand out from what is around)."""
        x, y = self.place(n)

        def pink(px, py):
            at = frame.at(self.scene.x + px, self.scene.y + py)
            b, g, r = frame.data[at:at + 3]
            return b > 170 and r > 170 and g < 90
        # Inside the corner, and not beyond it: a place one pixel away has the other outcome.
        return (pink(x + 1, y + 8) and not pink(x - 2, y + 8) and pink(x + 8, y + 1) and not pink(x + 8, y - 2) and
                pink(x + DRAGGED[0] - 2, y + DRAGGED[1] - 8) and not pink(x + DRAGGED[0] + 1, y + DRAGGED[1] - 8))
