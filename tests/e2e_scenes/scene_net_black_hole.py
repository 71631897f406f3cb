# SPDX-License-Identifier: GPL-3.0-or-later
"""All interfaces take 1,500 bytes and the line loses what is larger than 1,400 without a word: that is found out by asking, and
nothing that matters is larger afterwards."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "linksim"))

from line import Line  # noqa: E402
from line_session import LineSession  # noqa: E402
from harness import check, main, wait_until  # noqa: E402
from scene_net_mtu import sized  # noqa: E402


def run(stage):
    with Line(stage) as net:
        net.both("delay_ms=5 mtu_bytes=1400")
        session = LineSession(stage, net, scene="noise", rate="10", size=("320", "240"))
        session.on("udp")
        wait_until("all but a few bytes of the path", lambda: sized(session) >= 1352, 10)   # there are 1372
        check(sized(session) <= 1372, f"of 1372 bytes {sized(session)} were found")
        time.sleep(4)   # each end looks for itself, and to the last few bytes
        lost = sum(line[way]["too_big"] for line in net.stats().values() for way in ("up", "down"))
        session.type(2.0)
        session.all_typed_arrived()
        more = sum(line[way]["too_big"] for line in net.stats().values() for way in ("up", "down")) - lost
        check(more == 0, f"{more} packets were larger than the path after its size was known")
        session.finish()


if __name__ == "__main__":
    sys.exit(main(run, "net_black_hole"))
