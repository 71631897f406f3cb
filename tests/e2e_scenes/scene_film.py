# SPDX-License-Identifier: GPL-3.0-or-later
"""A film in a window beside a log that scrolls: the film goes as video, the text as exact tiles, no encoder fails while regions
come and go, and when all rests the operator's picture is the customer's to the bit."""
import sys

from harness import check, main, wait_until
from people import Session


def run(stage):
    s = Session(stage)
    s.open_xterm("60x16+4+300", "work", "sh", "-c", "i=0; while sleep 0.2; do i=$((i+1)); echo \"line $i of a log that goes on\"; done")
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.share("see", "control")
    s.one_to_one()
    s.operator.click("tool.ladder")
    player = dict(s.at_customer.env, SDL_VIDEODRIVER="x11", SDL_AUDIODRIVER="dummy")
    log = stage.folder / "customer-window.log"
    for size in ("384x216", "256x144"):
        film = stage.start("film-" + size, ["ffplay", "-v", "error", "-an", "-noborder", "-left", "10", "-top", "20", "-f", "lavfi", "-i", f"testsrc2=s={size}:r=30"],
                           player)
        s.operator.wait_text("ladder.encoder", "264", 30)
        before = s.at_operator.grab()
        x, y, *_ = (int(v) for v in s.picture_rect())
        row = before.row(x + 10, y + 20 + 100, 200)
        wait_until("the film to go on at the operator's", lambda r=row: s.at_operator.grab().row(x + 10, y + 20 + 100, 200) != r, 20)
        stage.end(film)
    check("failed:" not in log.read_text(), "an encoder failed: " + log.read_text()[-400:])
    stage.say("two films came and went")
    # The log ends as well: what rests becomes exact.
    s.operator_may_type()
    s.customer_clicks_into(s.at_customer.windows_titled("^work$")[0])
    s.at_customer.key("ctrl+c")
    s.at_customer.xdo("mousemove", 700, 760)
    s.wait_alike("the picture to be exact", 99.0, 20)
    stage.say("all that rests is exact")


if __name__ == "__main__":
    sys.exit(main(run, "film", "xterm", "ffplay"))
