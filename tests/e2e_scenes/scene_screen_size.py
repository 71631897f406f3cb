# SPDX-License-Identifier: GPL-3.0-or-later
"""The customer's screen changes its size in mid-session, to odd sizes too and while a film plays: her panel stays whole and in view, so that
nothing is paused, and the operator soon sees the new screen to the bit."""
import subprocess
import sys
import time

from harness import check, main, need, wait_until
from people import Session, rights_at_customer


def run(stage):
    need("xrandr", "xterm", "ffplay")
    s = Session(stage)
    first = s.at_customer.size
    s.open_xterm("40x10+20+240")
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.share("see", "control")
    s.at_operator.move(2, 2)

    def xrandr(*words):
        subprocess.run(["xrandr", *words], env=s.at_customer.env, check=True, timeout=10, stderr=subprocess.DEVNULL)

    def change(width, height):
        if (width, height) != first:
            name = f"{width}x{height}"
            xrandr("--newmode", name, "60", str(width), str(width + 10), str(width + 20), str(width + 30), str(height), *(str(height + i) for i in (1, 2, 3)))
            xrandr("--addmode", "screen", name)
        began = time.monotonic()
        xrandr("--output", "screen", "--mode", f"{width}x{height}")
        s.at_customer.size = width, height
        wait_until(f"the picture of {width}x{height}", lambda: (s.operator.find("remote.picture") or {}).get("text") == f"{width}x{height}", 10)
        stage.say(f"{width}x{height} after {1e3 * (time.monotonic() - began):.0f} ms")

        def panel_in_view():
            stop = s.customer.find("panel.stop")
            x, y, w, h = stop["rect"] if stop else (-1, 0, 0, 0)
            return x >= 0 and y >= 0 and x + w <= width and y + h <= height
        wait_until("the panel's Stop on the smaller screen", panel_in_view, 5)
        s.operator.wait_gone("pane.veil", 5)
        check(rights_at_customer(s.customer) == ["control", "see"], "rights went with the screen's size")

    change(641, 479)
    s.one_to_one()
    s.at_operator.move(2, 2)
    s.wait_alike("the picture at its own size", 99.0)
    change(*first)
    film = stage.start("film", ["ffplay", "-v", "error", "-an", "-noborder", "-left", "10", "-top", "20", "-f", "lavfi", "-i", "testsrc2=s=384x216:r=30"],
                       dict(s.at_customer.env, SDL_VIDEODRIVER="x11", SDL_AUDIODRIVER="dummy"))
    s.operator.click("tool.ladder")
    s.operator.wait_text("ladder.encoder", "264", 30)
    s.operator.click("tool.ladder")
    s.at_operator.move(2, 2)
    change(801, 601)
    x, y, *_ = s.picture_rect()

    def film_row():
        return s.at_operator.grab().row(x + 10, y + 20 + 100, 200)
    row = film_row()
    wait_until("the film to go on", lambda: film_row() != row, 5)
    stage.end(film)
    s.wait_alike("the picture after the film", 99.0)
    change(*first)
    s.wait_alike("the picture at the first size", 99.0)
    s.stop()


if __name__ == "__main__":
    sys.exit(main(run, "screen_size", "xterm", "ffplay"))
