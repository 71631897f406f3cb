# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator types while her window is drawn larger and smaller: each letter arrives at the customer's once, in order, and the picture
stands afterwards as if nothing had been."""
import random
import shlex
import sys
import threading

from harness import check, main, need, wait_until
from people import Session


def run(stage):
    need("xterm", "xdotool")
    s = Session(stage)
    got = stage.folder / "typed"
    work = s.open_xterm("60x20+20+40", "work", "sh", "-c", f"cat > {shlex.quote(str(got))}")
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.share("see", "control")
    s.operator_clicks_into(work)
    s.operator_may_type()
    window = s.at_operator.windows_titled("Beside operator")[0]
    out = s.at_operator.ask("xdotool", "getwindowgeometry", "--shell", str(window))
    first = [dict(line.split("=") for line in out.split() if "=" in line)[side] for side in ("WIDTH", "HEIGHT")]

    dice, done, sizes = random.Random(11), threading.Event(), 0

    def resize():
        nonlocal sizes
        while not done.is_set():
            s.at_operator.ask("xdotool", "windowsize", str(window), str(dice.randrange(500, 1260)), str(dice.randrange(360, 780)))
            sizes += 1
            done.wait(dice.choice((0.02, 0.05, 0.2)))
    lines = ["".join(dice.choice("abcdefghijklmnopqrstuvwxyz 0123456789") for _ in range(40)) for _ in range(6)]
    thread = threading.Thread(target=resize)
    thread.start()
    try:
        for line in lines:
            s.at_operator.type(line + "\n")
    finally:
        done.set()
        thread.join()
    wanted = "".join(line + "\n" for line in lines)
    wait_until("all that was typed", lambda: len(got.read_text()) >= len(wanted), 20)
    check(got.read_text() == wanted, f"typed {wanted!r}, arrived {got.read_text()!r}")
    stage.say(f"{len(wanted)} letters while the window had {sizes} sizes")
    check(sizes >= 20, f"the window had only {sizes} sizes")

    s.at_operator.ask("xdotool", "windowsize", str(window), *first)
    s.at_operator.move(2, 2)
    s.one_to_one()
    s.wait_alike("the picture to be the customer's screen", 99.0)
    s.at_operator.screenshot(stage.folder / "after.png")


if __name__ == "__main__":
    sys.exit(main(run, "typing_resized"))
