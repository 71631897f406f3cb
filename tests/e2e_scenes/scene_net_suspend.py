# SPDX-License-Identifier: GPL-3.0-or-later
"""The customer's machine sleeps for longer than the relay keeps a silent leg: its program does not run for 31 s, then goes on. It
crashed once when it found its consent run out. Picture, chat that was said meanwhile and control are back by themselves."""
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "linksim"))

from line import Line, now  # noqa: E402
from line_session import LineSession  # noqa: E402
from harness import check, main, wait_until  # noqa: E402


def run(stage):
    with Line(stage) as net:
        net.both("delay_ms=5")
        session = LineSession(stage, net)
        session.type(1.0)
        session.all_typed_arrived()
        session.customer.child.send_signal(signal.SIGSTOP)
        slept = now()
        session.operator.wait("the veil", lambda: session.operator.last("picture_current") is False, 5)
        session.operator.do("say", text="are you there?")
        time.sleep(max(0, slept + 31 - now()))   # RFC 7675: after 30 s the relay has forgotten the leg
        session.customer.child.send_signal(signal.SIGCONT)
        moment = now()
        stage.figure("picture_again_after_a_sleep", round(1000 * session.back(session.operator, "picture", moment)), "ms")
        wait_until("what was said meanwhile", lambda: any(line["text"] == "are you there?" for e in session.customer.events("chat") for line in e["value"]), 10)
        session.operator.wait("a live session", lambda: session.operator.last("stage") == "live", 10)
        time.sleep(1)   # rights that were paused come back by themselves
        session.type(1.0)
        session.all_typed_arrived()
        check(session.customer.child.poll() is None, "the customer's program is gone")
        session.finish()


if __name__ == "__main__":
    sys.exit(main(run, "net_suspend"))
