# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer's X server without XDamage, MIT-SHM or XTEST: the session works, slower or without control, and both are told."""
import sys

from places import Display, check, main, picture, wait_until
from people import CUSTOMER_SCREEN, Session


class Without(Session):
    """One relay and one operator, a new customer's display for each extension that is missing."""

    def sit_down(self, *missing):
        extra = [word for name in missing for word in ("-extension", name)]
        self.at_customer = Display(self.stage, "customer-" + "-".join(missing).lower(), CUSTOMER_SCREEN, manager=False, extra=extra)

    def ends(self):
        self.customer.click("panel.stop")
        self.customer.wait("end.title", 10)
        self.stage.end(self.customer.child)
        self.operator.wait("ended.heading", 10)


def run(stage):
    s = Without(stage)
    s.operator_opens()
    for missing, word in ((("DAMAGE",), "XDamage"), (("MIT-SHM",), "MIT-SHM")):
        s.sit_down(*missing)
        s.customer_opens(name="customer-" + missing[0].lower())
        s.connect()
        s.customer.wait_text("notice.sentence", word, 10)
        stage.say(s.customer.text("notice.title") + " | " + s.customer.text("notice.sentence"))
        picture(stage, s.at_customer, "customer-no-" + missing[0].lower())
        s.share("see")
        lamp_window = s.open_xterm("40x10+20+420", "late-" + missing[0], background="#f0f0f0")
        check(lamp_window, "no xterm")
        s.one_to_one()
        s.wait_alike(f"the picture without {word}", 28, 20)
        s.ends()

    s.sit_down("XTEST")
    s.new_code()
    s.customer_opens(s.code, name="customer-xtest")
    press(s, "start.connect")
    s.customer.wait_text("notice.sentence", "XTEST", 20)
    stage.say(s.customer.text("notice.title") + " | " + s.customer.text("notice.sentence"))
    s.operator.wait("pane.notice.sentence", 10)
    stage.say("operator: " + s.operator.text("pane.notice.title") + " | " + s.operator.text("pane.notice.sentence"))
    check("controlled" in s.operator.text("pane.notice.title"), "the operator is not told that control is impossible")
    picture(stage, s.at_customer, "customer-no-xtest")
    picture(stage, s.at_operator, "operator-no-xtest")
    s.operator_asks("see", "control")
    s.customer.wait("consent.right.see", 10)
    check(not s.customer.has("consent.right.control"), "control is asked for where it is impossible")
    press(s, "consent.allow")
    wait_until("the picture", lambda: s.operator.has("remote.picture"), 20)
    check(not s.operator.has("pane.right_control"), "control was granted")


def press(s, label):
    """Without XTEST there are no faked devices: the pointer is warped, and the click is an event sent to the window."""
    x, y = s.customer.middle(label, 15, enabled=True)
    window = s.at_customer.windows_titled("Example Ltd")[0]
    left, top, _, _ = s.window_area(window)
    s.at_customer.xdo("mousemove", "--window", window, x - left, y - top, "click", "--window", window, 1)


if __name__ == "__main__":
    sys.exit(main(run, "environment_x_lacks", "xterm"))
