# SPDX-License-Identifier: GPL-3.0-or-later
"""What breaks in mid-session: the relay dies and comes back (the session goes on within 3 s), says that it stops, the operator's or
the customer's program is killed. Whoever is left is told, and without an operator the rights rest."""
import signal
import sys
import time

from harness import check, main, wait_until
from people import Session


def run(stage):
    s = Session(stage)
    lamp = s.open_lamp()
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.share("see", "control")
    lamp.set(True)
    lamp.wait_seen("the picture at first")

    # The relay is killed and started again.
    s.relay.kill()
    s.relay.start()
    back = time.monotonic()
    lamp.toggle()
    lamp.wait_seen("the picture after the relay's restart", 10)
    gap = time.monotonic() - back
    stage.figure("picture_again_after_relay_restart", round(gap * 1000), "ms")
    s.operator_says("still here")
    s.customer_chat_shows("still here")
    s.customer.click("chat.field")
    s.at_customer.type("me too")
    s.at_customer.key("Return")
    wait_until("chat after the restart", lambda: "me too" in s.operator.all_text(), 10)
    check(s.customer.has("panel.right.see"), "rights were lost by a short gap")
    stage.say(f"relay killed and restarted: {gap:.2f} s")

    # The relay is asked to stop: it says so.
    stage.end(s.relay.child)
    s.operator.wait_text("console.notice.title", "relay", 10)
    s.customer.wait("panel.recovering", 8)
    s.relay.start()
    s.customer.wait_gone("panel.recovering", 8)
    lamp.toggle()
    lamp.wait_seen("the picture after an orderly restart", 10)
    stage.say("relay stopped and started: both were told and went on")

    # The customer's program dies.
    s.customer.child.send_signal(signal.SIGKILL)
    s.operator.wait("pane.veil", 10)
    stage.say("customer killed, the operator reads: " + s.operator.text("pane.veil"))
    s.operator.click("pane.end")
    s.operator.click("end.do")
    s.operator.wait("ended.heading", 5)

    # The operator's program dies: the customer is told and nothing is shared any more.
    s.customer_opens(name="customer-window-2")
    s.connect()
    s.share("see", "control")
    s.operator.child.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    s.customer.wait("panel.recovering", 10)
    told = time.monotonic() - killed
    s.customer.wait_text("panel.right.see", "(?i)pause", 5)
    wait_until("the journal's line of the pause", lambda: any('"kind":"paused"' in p.read_text() for p in stage.folder.glob("customer/data/beside/journal/customer/*")), 20)
    check(s.customer.has("panel.stop"), "Stop stays at hand")
    s.customer.click("panel.stop")
    s.customer.wait("end.title", 5)
    stage.say(f"operator killed: told after {told:.1f} s, rights paused, Stop works")


if __name__ == "__main__":
    sys.exit(main(run, "restart", "xterm"))
