# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator closes his window with a customer at the other end: he is asked; when he means it the customer is told at once, both
hold the same receipt, and nothing is left. Then the way of the impatient: SIGTERM. (Customers were once left with "it reconnects
by itself", and told of a receipt that nobody else held.)"""
import os
import signal
import sys
import time

from harness import check, main, wait_until
from leftovers import check_nothing_left, check_receipts, journals
from people import Session


def told(stage, s, since, how):
    s.customer.wait("end.title", 10)
    stage.figure(f"customer_told_after_{how}", round((time.monotonic() - since) * 1000), "ms")
    s.customer.wait("end.receipt_label", 10)
    wait_until("the receipt of both", lambda: "both" in s.customer.text("end.receipt_label").lower(), 10)
    customer, operator = journals(stage, "customer")[-1], journals(stage, "operator")[-1]
    check_receipts(customer, operator)
    stage.say(f"{how}: the customer was told, both hold the receipt")


def run(stage):
    s = Session(stage)
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.share("see")
    frame = s.at_operator.windows_titled("^Beside operator")[0]
    close = lambda: s.at_operator.ask("xdotool", "windowfocus", "--sync", str(frame), "key", "alt+F4")  # noqa: E731
    close()
    s.operator.wait("leave.what", 10)
    s.at_operator.screenshot(stage.folder / "asked.png")
    s.operator.click("leave.stay")
    s.operator.wait_gone("leave.what")
    check(s.operator.has("remote.picture") and s.customer.has("panel.stop"), "the session goes on")
    close()
    s.operator.wait("leave.what", 10)
    s.operator.click("leave.do")
    told(stage, s, time.monotonic(), "closing")
    check(s.operator.ended(10) == 0, "the operator's program ends well")
    s.customer.click("end.quit")
    check(s.customer.ended() == 0, "the customer's program ends well")

    s.operator_opens()
    s.customer_opens(name="second")
    s.connect()
    s.share("see")
    os.kill(s.operator.pid, signal.SIGTERM)
    told(stage, s, time.monotonic(), "SIGTERM")
    check(s.operator.ended(10) == 0, "the operator's program ends well")
    s.customer.click("end.quit")
    check(s.customer.ended() == 0, "the customer's program ends well")
    pids = {s.customer.pid, s.operator.pid, s.relay.child.pid}
    stage.end(s.relay.child)
    check_nothing_left(stage, pids, [s.relay.port])


if __name__ == "__main__":
    sys.exit(main(run, "leave", "ffmpeg"))
