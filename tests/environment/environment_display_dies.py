# SPDX-License-Identifier: GPL-3.0-or-later
"""The customer's X server dies in mid-session, then the operator's: the programs end with a clear sentence and no crash, the
other end is told, nothing hangs."""
import signal
import sys

from places import check, main, picture, wait_until
from people import Session


def run(stage):
    s = Session(stage)
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.share("see", "control")
    s.at_customer.server.send_signal(signal.SIGKILL)
    status = s.customer.ended(10)
    said = stage.log("customer-window")
    stage.say(f"customer: status {status}: {said.strip()[-300:]}")
    check(status == 1, f"the customer's program ended with status {status}")
    check("display has gone away" in said, "no sentence about the display")
    s.operator.wait("ended.heading", 15)
    picture(stage, s.at_operator, "operator")
    stage.say("operator: " + s.operator.text("ended.cause"))
    stage.displays.remove(s.at_customer)

    s.at_operator.server.send_signal(signal.SIGKILL)
    status = s.operator.ended(10)
    said = stage.log("operator-window")
    stage.say(f"operator: status {status}: {said.strip()[-300:]}")
    check(status == 1, f"the operator's program ended with status {status}")
    check("display has gone away" in said, "no sentence about the display")
    stage.displays.remove(s.at_operator)


if __name__ == "__main__":
    sys.exit(main(run, "environment_display_dies"))
