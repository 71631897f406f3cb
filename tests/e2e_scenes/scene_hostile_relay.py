# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay in the middle that attacks, before real windows: both people are told what happened, and the code is dead."""
import subprocess
import sys

from harness import binary, check, main, wait_until
from people import Session


class HostileRelay:
    """Takes any password; what it does to sessions is its argument."""

    def __init__(self, stage, how):
        self.child = stage.start(f"relay-{how}", [binary("hostile_relay"), how], stage.environment("relay"), stdout=subprocess.PIPE)
        self.address = self.child.stdout.readline().decode().strip()
        check(self.address.startswith("beside://"), f"the relay says {self.address!r}")

    def add_operator(self):
        pass


def told(window, *words, seconds=20):
    """Which of some words the window shows."""
    return wait_until(f"{window.name} to be told {words!r}", lambda: next((w for w in words if w in window.all_text()), None), seconds)


def run(stage):
    s = None
    # What the customer is told, and the operator.
    # After a guess that goes silent the customer's own end may have seen it fail, or not.
    attacks = {"honest": None,
               "faces": (("code was wrong",), "tried a wrong code"),
               "silent": (("No answer in time", "code was wrong"), "tried a wrong code"),
               "certificates": (("Somebody may be in between",), "Somebody may be in between")}
    for how, words in attacks.items():
        relay = HostileRelay(stage, how)
        if s is None:
            s = Session(stage, relay=relay)
        s.relay = relay
        s.operator_opens(False)
        s.operator_signs_in()
        s.customer_opens(name=f"customer-{how}")
        code = s.new_code()
        s.customer_types_code(code)
        if words is None:
            s.customer.wait("panel.stop", 20)   # the same relay, while it does its work, brings people together
            s.customer.click("panel.stop")
        else:
            read = told(s.customer, *words[0])
            told(s.operator, words[1])
            second = s.read_code(other_than=code)
            s.at_customer.screenshot(stage.folder / f"{how}-customer.png")
            s.at_operator.screenshot(stage.folder / f"{how}-operator.png")
            check(not s.customer.has("panel.stop"), "a session began")
            # The code is dead: the customer's program does not even send it again.
            s.customer.click("start.code")
            s.at_customer.key("ctrl+a")
            s.at_customer.type(code)
            s.customer.click("start.connect", 20)
            told(s.customer, "used already")
            check(s.operator.text("code.value").replace(" ", "") == second, "the dead code cost the operator another one")
            stage.say(f"{how}: the customer reads {read!r}, the operator {words[1]!r}")
        for window in (s.customer, s.operator):
            stage.end(window.child)
        stage.end(relay.child)


if __name__ == "__main__":
    sys.exit(main(run, "hostile_relay", "xdotool", "xwd"))
