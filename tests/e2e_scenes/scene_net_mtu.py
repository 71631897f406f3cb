# SPDX-License-Identifier: GPL-3.0-or-later
"""A path of 1,280 bytes, the least that IPv6 knows: nothing of Beside is larger, so nothing is lost to it."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "linksim"))

from line import Line  # noqa: E402
from line_session import LineSession  # noqa: E402
from harness import check, main  # noqa: E402


def sized(session):
    """The largest datagram that the operator's end knows to get through, once it has looked."""
    session.operator.wait("the size of datagrams", lambda: (session.operator.last("media") or {}).get("datagram", 0) > 1200, 10)
    return session.operator.last("media")["datagram"]


def run(stage):
    with Line(stage, v6=True, device_mtu=1280) as net:
        net.both("delay_ms=5 mtu_bytes=1280")
        session = LineSession(stage, net, scene="scroll")
        session.on("udp")
        check(sized(session) in (1232, 1252), f"the interface takes datagrams of 1232 or 1252 bytes, {sized(session)} were found")
        before = session.operator.pictures()
        session.type(2.0)
        session.all_typed_arrived()
        session.chat("long " * 700)
        check(session.operator.pictures() > before, "no picture came through")
        stats = net.stats()
        for key, line in stats.items():
            for way in ("up", "down"):
                check(line[way]["too_big"] == 0, f"{line[way]['too_big']} packets of line {key} {way} were larger than the path")
        session.finish()


if __name__ == "__main__":
    sys.exit(main(run, "net_mtu"))
