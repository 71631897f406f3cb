# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of IPv6 alone: sign-in, picture, typing and chat, media over UDP, and TLS when UDP is not tried."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "linksim"))

from line import Line  # noqa: E402
from line_session import LineSession  # noqa: E402
from harness import main  # noqa: E402


def run(stage):
    with Line(stage, v4=False, v6=True) as net:
        net.both("delay_ms=5")
        session = LineSession(stage, net)
        session.on("udp")
        session.type(1.0)
        session.all_typed_arrived()
        session.chat("over IPv6")
        session.finish()
        stage.figure("set_up_over_ipv6", round(session.set_up * 1000), "ms")


if __name__ == "__main__":
    sys.exit(main(run, "net_ipv6"))
