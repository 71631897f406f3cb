# SPDX-License-Identifier: GPL-3.0-or-later
"""Varied screens, text with colours at its edges to noise, end bit for bit the same in the operator's window as on the customer's screen.

scene_exact_screens.py [COUNT]: 24 of them unless told otherwise; 200 by hand.
"""
import pathlib
import subprocess
import sys
import time

from harness import check, main, wait_until
from people import Session

HERE = pathlib.Path(__file__).parent
SCREENS = int(sys.argv[1]) if len(sys.argv) > 1 else 24     # of which every eighth is of one kind
SIZE = (350, 300)


def run(stage):
    s = Session(stage)
    s.operator_opens()
    s.customer_opens()
    s.connect()
    child = s.stage.start("screens", [sys.executable, "-B", str(HERE / "varied_screens.py"), "10", "30", *(str(v) for v in SIZE)], s.at_customer.env,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    s.share("see")
    s.one_to_one()
    s.at_customer.move(5, s.at_customer.size[1] - 5)
    s.at_operator.move(5, 5)
    window = s.at_customer.windows_titled("varied screens")[0]

    def free():
        (x, y, width, height), panel = s.window_area(window), s.customer.outer()
        return x + width <= panel[0] or y + height <= panel[1] or y >= panel[1] + panel[3]
    wait_until("the screens to lie where the panel is not", free)
    x, y, width, height = s.window_area(window)
    left, top = s.picture_rect()[:2]

    def same():
        theirs, ours = s.at_customer.grab(), s.at_operator.grab()
        for row in range(y, y + height):
            a, b = theirs.row(x, row, width), ours.row(left + x, top + row, width)
            if any(a[c::4] != b[c::4] for c in range(3)):
                return False
        return True
    slowest = 0.0
    for n in range(SCREENS):
        child.stdin.write(f"{n}\n".encode())
        child.stdin.flush()
        check(int(child.stdout.readline()) == n, "the window of screens has lost count")
        began = time.monotonic()
        wait_until(f"screen {n} to be the same to the bit", same, 10, every=0.05)
        slowest = max(slowest, time.monotonic() - began)
    stage.say(f"{SCREENS} screens of {width}x{height} were the same to the bit, the last of them seen so {slowest:.2f} s after it was drawn at most")
    child.stdin.close()


if __name__ == "__main__":
    sys.exit(main(run, "exact_screens"))
