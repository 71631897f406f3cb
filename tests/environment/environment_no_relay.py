# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay that is not there: both programs say so in words before anybody has typed anything, and go on by themselves when it comes."""
import sys

from places import Display, Relay, Window, binary, check, config, main, picture


def run(stage):
    relay = Relay(stage)
    relay.kill()
    display = Display(stage, "desk", (1280, 800))
    file = config(stage, relay.address)
    customer = Window(stage, "customer", display, [binary("beside"), "--config", file])
    customer.wait("notice.sentence", 20)
    picture(stage, display, "customer")
    said = customer.text("notice.title") + " " + customer.text("notice.sentence") + " " + customer.text("notice.action")
    stage.say("customer: " + said)
    check("reach" in said and "refused" not in said, f"not in a person's words: {said}")
    operator = Window(stage, "operator", display, [binary("beside"), "operator", "--config", file])
    operator.wait("sign_in.notice.sentence", 20)
    picture(stage, display, "operator")
    stage.say("operator: " + operator.text("sign_in.notice.title") + " " + operator.text("sign_in.notice.sentence"))
    relay.start()
    customer.wait_gone("notice.sentence", 30)
    operator.wait_gone("sign_in.notice.sentence", 30)
    stage.say("the relay is back: nothing to complain of")


if __name__ == "__main__":
    sys.exit(main(run, "environment_no_relay"))
