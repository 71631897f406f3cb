# SPDX-License-Identifier: GPL-3.0-or-later
"""Real windows over two lines: only the customer's network blocks UDP, and both people are told so; then her line dies, and the
operator's status bar and list say so with the veil, in the same picture of the window."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "linksim"))

from line import Line, Wall, now  # noqa: E402
from harness import Relay, check, main, need, wait_until  # noqa: E402
from people import Session  # noqa: E402
from scene_udp_blocked import build_wall  # noqa: E402


def run(stage):
    need("nft")
    with Line(stage) as net:
        net.both("delay_ms=10")
        build_wall(Wall(net, "c"), "drop")
        relay = Relay(stage, host=net.relay_host, netns=net.names["r"])
        s = Session(stage, relay=relay, operator_netns=net.names["o"], customer_netns=net.names["c"])
        s.operator_opens()
        s.customer_opens()
        s.connect()
        s.share("see", "control")
        own = s.operator.wait_text("status.rung", "UDP", 20).string
        hers = s.operator.wait_text("status.peer_rung", "UDP", 20).string
        told = s.customer.wait_text("panel.rung", "UDP", 20).string
        check("TLS" not in own, f"the operator's own way is {own!r}")
        check("TLS" in hers and "block" in hers, f"of the customer's way the operator reads {hers!r}")
        check("slower" in told.lower() and "safe" in told and "block" in told and "TLS" not in told, f"the customer reads {told!r}")
        s.at_operator.screenshot(stage.folder / "one-side-operator.png")
        s.at_customer.screenshot(stage.folder / "one-side-customer.png")
        stage.say(f"operator: {own}; {hers}; customer: {told}")

        # Somebody looks and moves, the line dies: what the bar says and the veil must never disagree.
        x, y, width, height = s.picture_rect()
        end = net.outage("c", 4000)
        veiled = told_at = None
        while now() < end - 1:
            s.at_operator.move(int(x + width / 2 + now() * 20 % 40), int(y + height / 2))
            labels = {w["label"]: w.get("text", "") for w in s.operator.map()["widgets"]}
            veil, line = "pane.veil" in labels, "status.line" in labels
            check(veil == line, f"the veil is {'there' if veil else 'not there'}, the bar says {labels.get('status.line') or labels.get('status.rung')!r}")
            if line and not told_at:
                told_at = now()
                state = next((text for label, text in labels.items() if label.startswith("session.") and label.endswith(".state")), "")
                check("down" in state, f"the list says {state!r} while the bar says {labels['status.line']!r}")
                check("status.rung" not in labels, "the bar names a way that does not answer")
                s.at_operator.screenshot(stage.folder / "one-side-silent.png")
            time.sleep(0.02)
        check(told_at is not None, "nothing was said of the dead line")
        stage.figure("said_after", round((told_at - (end - 4)) * 1000), "ms")
        wait_until("the bar to name the way again", lambda: s.operator.has("status.rung") and not s.operator.has("status.line"), 10)
        s.stop()


if __name__ == "__main__":
    sys.exit(main(run, "net_one_side"))
