# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes that do not work: each is told in a clear sentence, and what must not be sent is not sent."""
import re
import sys

from harness import Display, check, main, wait_until
from people import CUSTOMER_SCREEN, Session

# The check digit's table (PROTOCOL 2: Damm).
DAMM = ((0, 3, 1, 7, 5, 9, 8, 6, 4, 2), (7, 0, 9, 2, 1, 5, 4, 8, 6, 3), (4, 2, 0, 6, 8, 7, 1, 3, 5, 9), (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
        (6, 1, 2, 3, 0, 4, 5, 9, 7, 8), (3, 6, 7, 4, 2, 0, 9, 5, 8, 1), (5, 8, 6, 9, 7, 2, 0, 1, 3, 4), (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
        (9, 4, 3, 8, 6, 1, 7, 2, 0, 5), (2, 5, 8, 1, 4, 3, 6, 7, 9, 0))


def with_check_digit(nine):
    interim = 0
    for digit in nine:
        interim = DAMM[interim][int(digit)]
    return nine + str(interim)


def joins(relay):
    return relay.metrics().get("joins_total", 0)


def empty_field(s, customer=None):
    customer = customer or s.customer
    customer.click("start.code")
    wait_until("the code's field to have the keyboard", lambda: (customer.find("start.code") or {}).get("focused"), 5)
    customer.display.key("End", *["BackSpace"] * 10)


def run(stage):
    s = Session(stage)
    s.operator_opens()
    s.customer_opens()
    code = s.new_code()
    check(with_check_digit(code[:9]) == code, f"the check digit of {code}")

    # A slip of one digit: caught before anything is sent; the code still lives.
    wrong = code[:5] + str((int(code[5]) + 1) % 10) + code[6:]
    s.customer_types_code(wrong)
    s.customer.wait("start.slip", 5)
    check(joins(s.relay) == 0, "a mistyped code reached the relay")
    check(s.operator.text("code.value").replace(" ", "") == code, "the operator's code changed")
    stage.say("mistyped: " + s.customer.text("start.slip.title") + " / nothing was sent")

    # A wrong code with a right check digit: the guess is spent, both are told, the next code is there.
    guess = with_check_digit(code[:3] + str((int(code[3]) + 1) % 10) + code[4:9])
    empty_field(s)
    s.customer_types_code(guess)
    s.operator.wait("code.wrong_try", 15)
    second = s.read_code(other_than=code)
    said = s.customer.wait_text("notice.title", ".", 15).string
    check(joins(s.relay) == 1, f"{joins(s.relay)} joins for one guess")
    stage.say("wrong code: both were told")
    s.at_customer.screenshot(stage.folder / "customer-wrong-code.png")
    s.at_operator.screenshot(stage.folder / "operator-wrong-code.png")
    check(re.search(r"code", said, re.I), f"the customer reads {said!r}")

    # The first code is dead now, though it was right.
    empty_field(s)
    s.customer_types_code(code)
    wait_until("the dead code to be refused", lambda: s.customer.has("start.connect") and s.customer.text("notice.title") not in ("", said), 15)
    stage.say("dead code: " + s.customer.text("notice.title"))
    check(s.operator.text("code.value").replace(" ", "") == second, "a dead code touched the operator")

    # Two customers with one code: the first gets in, the second is told and nobody is disturbed.
    other_display = Display(stage, "second-customer", CUSTOMER_SCREEN)
    first, first_display = s.customer, s.at_customer
    s.at_customer = other_display
    other = s.customer_opens(name="second-customer-window")
    s.customer, s.at_customer = first, first_display
    empty_field(s)
    s.customer_types_code(second)
    s.customer.wait("panel.stop", 15)
    s.operator.wait("tool.ask", 15)
    s.customer_types_code(second, other)
    other.wait("notice.title", 15)
    check(not other.has("panel.stop"), "two customers with one code")
    check(s.customer.has("panel.stop") and s.operator.has("tool.ask"), "the second customer disturbed the first")
    other_display.screenshot(stage.folder / "customer-used-code.png")
    stage.say("used code: " + other.text("notice.title"))

    # A relay with another key than the pinned one: nothing is sent, and it says so.
    stage.end(other.child)
    host, _, pin = s.relay.address.partition("#pin=")
    turned = ("B" if pin[0] == "A" else "A") + pin[1:]
    s.at_customer = other_display
    pinned = s.customer_opens(name="wrong-pin-window", address=f"{host}#pin={turned}")
    before = joins(s.relay)
    s.customer_types_code(with_check_digit("123456789"), pinned)
    pinned.wait("notice", 15)
    other_display.screenshot(stage.folder / "customer-wrong-pin.png")
    check(not pinned.has("panel.stop") and joins(s.relay) == before, "a relay with a wrong key was told the code's locator")
    stage.say("wrong pin: " + pinned.text("notice.title"))


if __name__ == "__main__":
    sys.exit(main(run, "bad_codes", "ffmpeg"))
