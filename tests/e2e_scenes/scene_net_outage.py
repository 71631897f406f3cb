# SPDX-License-Identifier: GPL-3.0-or-later
"""The customer's line is dead for 3 s while the operator types on: afterwards everything typed has arrived once and in order, the
picture moves again and the chat is there."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "linksim"))

from line import Line  # noqa: E402
from line_session import LineSession  # noqa: E402
from harness import check, main  # noqa: E402


def run(stage):
    with Line(stage) as net:
        net.both("delay_ms=10")
        session = LineSession(stage, net)
        session.on("udp")
        session.type(1.0)
        returned = net.outage("c", 3000)
        session.operator.do("say", text="said while the line was dead")
        session.type(4.0)
        stage.figure("picture_again", round(session.back(session.operator, "picture", returned) * 1000), "ms")
        stage.figure("typing_again", round(session.back(session.customer, "injected", returned) * 1000), "ms")
        session.all_typed_arrived()
        stage.figure("typed_and_arrived", len(session.typed), "characters")
        session.chat("after the hole")
        session.chat("said while the line was dead")
        check("see" in session.customer.last("granted"), "a short hole took a right away")
        session.finish()


if __name__ == "__main__":
    sys.exit(main(run, "net_outage"))
