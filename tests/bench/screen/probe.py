# SPDX-License-Identifier: GPL-3.0-or-later
"""What the screen benchmark draws at the sharer's and how it sees it arrive: a plain window of our own in which things change
at a known instant, and the viewer's framebuffer read from outside, without a request to its X server."""
import ctypes
import mmap
import os
import random
import struct
import time

from measure import harness

CELL = (8, 16)                  # a character, in pixels
COLUMNS, LINES = 80, 30         # of the scene's window
SIZE = (COLUMNS * CELL[0], LINES * CELL[1])      # pixels; see set_grid()
STOCK = 256                     # lines painted in advance; a line's number fits its stamp
STAMP_BITS = 8
BACKGROUND = 0x101828
COLOURS = (0xe6edf3, 0xff7b72, 0x79c0ff, 0xa5d6ff, 0xd2a8ff, 0x7ee787, 0xffa657)
TYPED = (0xffffff, 0xffd866)    # by turns
TYPED_LINE = 14
NAP_S = 30e-6


def set_grid(columns, lines):
    """Another size of the scene's window, before the first scene."""
    global COLUMNS, LINES, SIZE
    COLUMNS, LINES = columns, lines
    SIZE = (columns * CELL[0], lines * CELL[1])


def sharpen_sleep():
    """A sleep of microseconds is one: the kernel would otherwise lengthen each by 50 us."""
    ctypes.CDLL(None).prctl(29, ctypes.c_ulong(1), 0, 0, 0)      # PR_SET_TIMERSLACK


class XSetWindowAttributes(ctypes.Structure):
    _fields_ = [("background_pixmap", ctypes.c_ulong), ("background_pixel", ctypes.c_ulong), ("border_pixmap", ctypes.c_ulong),
                ("border_pixel", ctypes.c_ulong), ("bit_gravity", ctypes.c_int), ("win_gravity", ctypes.c_int),
                ("backing_store", ctypes.c_int), ("backing_planes", ctypes.c_ulong), ("backing_pixel", ctypes.c_ulong),
                ("save_under", ctypes.c_int), ("event_mask", ctypes.c_long), ("do_not_propagate_mask", ctypes.c_long),
                ("override_redirect", ctypes.c_int), ("colormap", ctypes.c_ulong), ("cursor", ctypes.c_ulong)]


def letters(number=96):
    """Patterns like letters, 16 rows of 8 bits each (lowest bit left): strokes of one or two pixels in the middle ten rows."""
    dice = random.Random(7)
    out = []
    for _ in range(number):
        rows = [0] * CELL[1]
        for _ in range(dice.choice((2, 3))):
            column = dice.randrange(1, 6)
            for y in range(3, 13):
                rows[y] |= 3 << column if dice.random() < 0.9 else 1 << column
        for y in dice.sample(range(3, 13), 2):
            rows[y] |= 0x7e
        out.append(bytes(rows))
    return out


class XImage(ctypes.Structure):
    _fields_ = [("width", ctypes.c_int), ("height", ctypes.c_int), ("xoffset", ctypes.c_int), ("format", ctypes.c_int),
                ("data", ctypes.c_void_p), ("byte_order", ctypes.c_int), ("bitmap_unit", ctypes.c_int),
                ("bitmap_bit_order", ctypes.c_int), ("bitmap_pad", ctypes.c_int), ("depth", ctypes.c_int),
                ("bytes_per_line", ctypes.c_int), ("bits_per_pixel", ctypes.c_int)]      # and more that nobody reads


class Scene:
    """An undecorated window at (x, y) of a display. Every change is one request or two and a flush."""

    def __init__(self, display, x, y):
        self.x, self.y = x, y
        self.letters = letters()
        xlib = self.x11 = ctypes.CDLL("libX11.so.6")
        for name in ("XOpenDisplay", "XCreateGC"):
            getattr(xlib, name).restype = ctypes.c_void_p
        for name in ("XDefaultRootWindow", "XCreateSimpleWindow", "XCreatePixmap", "XCreateBitmapFromData"):
            getattr(xlib, name).restype = ctypes.c_ulong
        self.at = ctypes.c_void_p(xlib.XOpenDisplay(display.name.encode()))
        if not self.at:
            raise harness.Failure(f"cannot open {display.name}")
        root = ctypes.c_ulong(xlib.XDefaultRootWindow(self.at))
        self.window = ctypes.c_ulong(xlib.XCreateSimpleWindow(self.at, root, x, y, *SIZE, 0, ctypes.c_ulong(0), ctypes.c_ulong(BACKGROUND)))
        wish = XSetWindowAttributes(override_redirect=1)
        xlib.XChangeWindowAttributes(self.at, self.window, ctypes.c_ulong(1 << 9), ctypes.byref(wish))
        self.gc = ctypes.c_void_p(xlib.XCreateGC(self.at, self.window, ctypes.c_ulong(0), None))
        xlib.XSetGraphicsExposures(self.at, self.gc, 0)
        self.bits = [ctypes.c_ulong(xlib.XCreateBitmapFromData(self.at, self.window, rows, *CELL)) for rows in self.letters]
        xlib.XMapRaised(self.at, self.window)
        self.stock = ctypes.c_ulong(xlib.XCreatePixmap(self.at, root, SIZE[0], STOCK * CELL[1], 24))
        self.paint_stock()
        self.stock_rows = self.read_stock()
        self.top = 0                                             # number of the line that is at the top
        self.typed = 0
        self.page(0xa5)                                          # a stamp that is nowhere else on a screen
        self.sync()

    def sync(self):
        self.x11.XSync(self.at, 0)

    def flush(self):
        self.x11.XFlush(self.at)

    def fill(self, drawable, colour, x, y, width, height):
        self.x11.XSetForeground(self.at, self.gc, ctypes.c_ulong(colour))
        self.x11.XFillRectangle(self.at, drawable, self.gc, x, y, width, height)

    def letter(self, drawable, which, colour, x, y):
        self.x11.XSetForeground(self.at, self.gc, ctypes.c_ulong(colour))
        self.x11.XSetBackground(self.at, self.gc, ctypes.c_ulong(BACKGROUND))
        self.x11.XCopyPlane(self.at, self.bits[which], drawable, self.gc, 0, 0, *CELL, x, y, ctypes.c_ulong(1))

    def paint_stock(self):
        """Lines like a program's text: indented words in colours, each line with its number as black and white cells in front."""
        dice = random.Random(11)
        self.fill(self.stock, BACKGROUND, 0, 0, SIZE[0], STOCK * CELL[1])
        for line in range(STOCK):
            y = line * CELL[1]
            for bit in range(STAMP_BITS):
                self.fill(self.stock, 0xffffff if line >> bit & 1 else 0, bit * CELL[0], y, *CELL)
            column = STAMP_BITS + 1 + 2 * dice.randrange(5)
            while column < COLUMNS - 12:
                colour = dice.choice(COLOURS)
                for _ in range(dice.randrange(2, 11)):
                    self.letter(self.stock, dice.randrange(len(self.bits)), colour, column * CELL[0], y)
                    column += 1
                column += 1
                if dice.random() < 0.08:
                    break

    def read_stock(self):
        """All pixel rows of the stock as the X server drew them, each with its unused bytes 0 and with them 255."""
        self.x11.XGetImage.restype = ctypes.POINTER(XImage)
        height = STOCK * CELL[1]
        image = self.x11.XGetImage(self.at, self.stock, 0, 0, SIZE[0], height, ctypes.c_ulong(0xffffffff), 2)     # 2: ZPixmap
        harness.check(image and image.contents.bits_per_pixel == 32, "the X server does not give the scene's pixels as 32 bits each")
        stride = image.contents.bytes_per_line
        raw = ctypes.string_at(image.contents.data, stride * height)
        self.x11.XFree(ctypes.c_void_p(image.contents.data))
        self.x11.XFree(image)
        rows = []
        for y in range(height):
            low, high = (bytearray(raw[y * stride:y * stride + 4 * SIZE[0]]) for _ in range(2))
            low[3::4], high[3::4] = bytes(SIZE[0]), b"\xff" * SIZE[0]
            rows.append((bytes(low), bytes(high)))
        return rows

    def copy_lines(self, first, count, at_line):
        for i in range(count):
            self.x11.XCopyArea(self.at, self.stock, self.window, self.gc, 0, (first + i) % STOCK * CELL[1], SIZE[0], CELL[1], 0,
                               (at_line + i) * CELL[1])

    # ---- what changes ----

    def page(self, first):
        """All lines at once; returns the moment, in ns of CLOCK_MONOTONIC, just before."""
        self.top = first % STOCK
        whole = min(LINES, STOCK - self.top)
        moment = time.monotonic_ns()
        self.x11.XCopyArea(self.at, self.stock, self.window, self.gc, 0, self.top * CELL[1], SIZE[0], whole * CELL[1], 0, 0)
        if whole < LINES:
            self.copy_lines(0, LINES - whole, whole)
        self.flush()
        return moment

    def scroll(self):
        self.top = (self.top + 1) % STOCK
        moment = time.monotonic_ns()
        self.x11.XCopyArea(self.at, self.window, self.window, self.gc, 0, CELL[1], SIZE[0], SIZE[1] - CELL[1], 0, 0)
        self.copy_lines(self.top + LINES - 1, 1, LINES - 1)
        self.flush()
        return moment

    def empty_line(self):
        """Makes room for what is typed."""
        self.fill(self.window, BACKGROUND, 0, TYPED_LINE * CELL[1], SIZE[0], CELL[1])
        self.typed = 0
        self.sync()

    def next_letter(self):
        """Where the next character will be and how: (x, y, rows of pixels as numbers without their unused bytes)."""
        which, colour = self.chosen()
        rows = [sum((colour if row >> bit & 1 else BACKGROUND) << 32 * bit for bit in range(CELL[0])) for row in self.letters[which]]
        return self.x + (STAMP_BITS + 2 + self.typed) * CELL[0], self.y + TYPED_LINE * CELL[1], rows

    def chosen(self):
        return (self.typed * 37 + 5) % len(self.bits), TYPED[self.typed % len(TYPED)]

    def type(self):
        moment = time.monotonic_ns()
        self.letter(self.window, *self.chosen(), (STAMP_BITS + 2 + self.typed) * CELL[0], TYPED_LINE * CELL[1])
        self.flush()
        self.typed += 1
        return moment

    def hide(self):
        self.x11.XUnmapWindow(self.at, self.window)
        self.sync()

    def show(self):
        self.x11.XMapRaised(self.at, self.window)
        self.sync()

    def close(self):
        self.x11.XCloseDisplay(self.at)


class Framebuffer:
    """What an X server started with -fbdir shows, as mapped memory; the scene is found in it by its stamps."""

    MASK = sum(0xffffff << 32 * i for i in range(CELL[0]))

    def __init__(self, folder):
        with open(os.path.join(folder, "Xvfb_screen0"), "rb") as file:
            self.data = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        head = struct.unpack(">25I", self.data[:100])
        self.width, self.height, self.stride, self.start = head[4], head[5], head[12], head[0] + head[19] * 12
        if head[11] != 32 or head[7] != 0:
            raise harness.Skipped(f"a framebuffer of {head[11]} bits a pixel")
        self.origin = None      # where the sharer's (0, 0) is

    def at(self, x, y):
        return self.start + (y + self.origin[1]) * self.stride + (x + self.origin[0]) * 4

    def find(self, scene):
        """Looks for the column of stamps with the line numbers that the scene shows now; true when found."""
        def row_of(line):
            # One pixel row through the whole stamp, without the bytes that mean nothing.
            return b"".join((b"\xff\xff\xff\0" if line % STOCK >> bit & 1 else b"\0\0\0\0") * CELL[0] for bit in range(STAMP_BITS))
        plain = bytearray(self.data[self.start:self.start + self.stride * self.height])
        plain[3::4] = bytes(len(plain) // 4)
        first = row_of(scene.top)
        at = plain.find(first)
        while at >= 0:
            y, x = divmod(at, self.stride)
            rows = ((y + line * CELL[1] + deep, row_of(scene.top + line)) for line in range(LINES) for deep in (0, CELL[1] - 1))
            if x % 4 == 0 and all(plain[r * self.stride + x:r * self.stride + x + len(want)] == want for r, want in rows):
                self.origin = x // 4 - scene.x, y - scene.y
                return True
            at = plain.find(first, at + 1)
        return False

    def shows(self, x, y, rows):
        """Whether a cell at (x, y) of the sharer has exactly these pixels."""
        at = self.at(x, y)
        for want in rows:
            if int.from_bytes(self.data[at:at + 4 * CELL[0]], "little") & self.MASK != want:
                return False
            at += self.stride
        return True

    def resembles(self, x, y, rows):
        """Whether a cell looks like these pixels: its bright and dark ones are where they should be, but for one in ten."""
        at, wrong = self.at(x, y), 0
        for want in rows:
            here = self.data[at:at + 4 * CELL[0]]
            wrong += sum((here[4 * i + 1] > 100) != (want >> 32 * i + 8 & 0xff > 100) for i in range(CELL[0]))
            at += self.stride
        return wrong <= CELL[0] * CELL[1] // 10

    def exact_from(self, scene, y):
        """The first row of the scene's window from y on that is not exactly the page's; SIZE[1] if there is none."""
        while y < SIZE[1]:
            at = self.at(scene.x, scene.y + y)
            here = self.data[at:at + 4 * SIZE[0]]
            low, high = scene.stock_rows[(scene.top * CELL[1] + y) % len(scene.stock_rows)]
            if here != low and here != high:
                mixed = bytearray(here)
                mixed[3::4] = bytes(SIZE[0])
                if mixed != low:
                    break
            y += 1
        return y

    def stamp(self, scene, line):
        """The number in front of a line of the scene's window, read in the middle of its cells."""
        at = self.at(scene.x + CELL[0] // 2, scene.y + line * CELL[1] + CELL[1] // 2)
        return sum((self.data[at + 4 * CELL[0] * bit + 1] > 127) << bit for bit in range(STAMP_BITS))

    def page(self, scene):
        """The number of the first line once the first, the middle and the last agree, else None: a picture shown in parts counts when whole."""
        first = self.stamp(scene, 0)
        for line in (LINES // 2, LINES - 1):
            if self.stamp(scene, line) != (first + line) % STOCK:
                return None
        return first
