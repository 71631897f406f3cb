# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator types into a line that has just died arrives if the line is back within 15 s; after a longer hole it is dropped,
nothing of it is carried out, and the operator is told how much it was."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "linksim"))

from line import Line, now  # noqa: E402
from line_session import LineSession  # noqa: E402
from harness import check, main, wait_until  # noqa: E402


def hole(session, net, ms):
    """Types for a second into a hole. Returns how many characters."""
    session.all_typed_arrived()
    time.sleep(0.5)   # and is acknowledged
    before = len(session.typed)
    returned = net.outage("c", ms)
    session.type(1.0)
    time.sleep(max(returned - now(), 0))
    session.operator.wait("the line", lambda: session.operator.last("stage") == "live" and not session.operator.last("paused"), 20)
    return len(session.typed) - before


def run(stage):
    with Line(stage) as net:
        net.both("delay_ms=10")
        session = LineSession(stage, net)
        session.on("udp")
        session.type(1.0)
        hole(session, net, 8000)
        session.type(1.0)
        session.all_typed_arrived()
        check(not session.operator.last("notice"), f"a hole of 8 s was no reason for {session.operator.last('notice')}")

        typed = hole(session, net, 18000)
        notice = session.operator.wait("the notice", lambda: session.operator.last("notice"), 5)
        check(notice["kind"] == "keys_dropped" and notice["args"] == [str(typed)], f"typed {typed}, told {notice}")
        stage.figure("dropped_and_told", typed, "characters")
        session.typed = session.typed[:-typed]
        session.type(1.0)
        session.all_typed_arrived()   # what came after it, and nothing of it
        session.finish()


if __name__ == "__main__":
    sys.exit(main(run, "net_typed_before_hole"))
