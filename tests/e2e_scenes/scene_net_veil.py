# SPDX-License-Identifier: GPL-3.0-or-later
"""While something moves, the operator's picture is marked as old about half a second after the line went silent and as current
when it is back; a line that loses every tenth packet is never taken for a silent one."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "linksim"))

from line import Line, now  # noqa: E402
from line_session import LineSession  # noqa: E402
from harness import check, main, wait_until  # noqa: E402


def veils(session, since):
    """(moment, drawn) of each change of the veil after a moment."""
    return [(e["t_us"] / 1e6, not e["value"]) for e in session.operator.events("picture_current") if e["t_us"] / 1e6 > since]


def veiled(session, since, wanted, seconds):
    """Seconds from a moment to the veil's coming (wanted) or going."""
    def found():
        return next((at - since for at, drawn in veils(session, since) if drawn == wanted), None)
    wait_until("the veil" if wanted else "the veil's end", lambda: found() is not None, seconds)
    return found()


def run(stage):
    with Line(stage) as net:
        net.both("delay_ms=10")
        session = LineSession(stage, net)
        session.on("udp")
        net.lines["c"].order("both delay_ms=30 loss=0.1 reorder=0.05 reorder_ms=20")
        time.sleep(1)
        began = now()
        time.sleep(10)
        check(not veils(session, began), "the veil flashed on a line that only loses packets")
        net.lines["c"].order("both delay_ms=10")
        time.sleep(1)
        died = now()
        returned = net.outage("c", 2500)
        came = veiled(session, died, True, 5)
        stage.figure("veiled_after", round(came * 1000), "ms")
        check(came < 0.9, f"the picture was veiled only {came * 1000:.0f} ms after the line's death")
        check(session.operator.last("stage") == "live", "a short hole changed the session's stage")
        gone = veiled(session, returned, False, 10)
        stage.figure("clear_after", round(gone * 1000), "ms")
        check(gone < 1.5, f"the veil stayed for {gone * 1000:.0f} ms after the line's return")
        session.finish()


if __name__ == "__main__":
    sys.exit(main(run, "net_veil"))
