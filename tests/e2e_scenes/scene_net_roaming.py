# SPDX-License-Identifier: GPL-3.0-or-later
"""The customer moves to another network, and a translator gives the operator another outer address: the session goes on over
UDP without a new handshake, nothing typed is lost or doubled."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "linksim"))

from line import Line, now  # noqa: E402
from line_session import LineSession  # noqa: E402
from harness import check, main  # noqa: E402


def run(stage):
    with Line(stage) as net:
        net.both("delay_ms=10")
        session = LineSession(stage, net)
        session.on("udp")
        peers = len(session.customer.events("peer"))
        session.type(1.0)
        net.rebind("o", "10.9.1.2", "10.9.1.77")
        moved = now()
        session.type(4.0)
        stage.figure("typing_after_nat_rebinding", round(session.back(session.customer, "injected", moved) * 1000), "ms")
        session.all_typed_arrived()
        net.move("c", "10.9.2.2", "10.9.2.78")
        moved = now()
        session.type(4.0)
        session.all_typed_arrived(20)
        stage.figure("picture_after_address_change", round(session.back(session.operator, "picture", moved) * 1000), "ms")
        session.on("udp")
        session.chat("from the new network", 20)
        check(len(session.customer.events("peer")) == peers, "the peers introduced themselves anew")
        session.finish()


if __name__ == "__main__":
    sys.exit(main(run, "net_roaming"))
