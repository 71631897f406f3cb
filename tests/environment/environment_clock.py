# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks that are wrong, and clocks that are set in mid-session: the work goes on, no code lives longer or dies sooner, the two
journals still vouch for each other, and an invitation is held to its 72 hours. Only the wall clock is moved (wall_clock.cpp)."""
import os
import pathlib
import re
import subprocess
import sys

from places import Display, Relay, Skipped, Window, binary, check, main, picture, wait_until
from leftovers import check_receipts, journals
from people import Session


class WallClock:
    """The wall clock of one program, so many hours beside the machine's."""

    def __init__(self, stage, name, hours=0):
        self.file = pathlib.Path(stage.folder, f"clock-{name}")
        self.set(hours)
        self.env = {"LD_PRELOAD": os.environ["BESIDE_WALL_CLOCK"], "BESIDE_TEST_CLOCK": str(self.file)}

    def set(self, hours):
        new = self.file.with_suffix(".new")
        new.write_text(f"{hours * 3600}\n")
        new.replace(self.file)


def run(stage):
    if not pathlib.Path(os.environ.get("BESIDE_WALL_CLOCK", "none")).exists():
        raise Skipped("BESIDE_WALL_CLOCK does not name tests/environment's wall_clock library")
    year = 365 * 24
    at_relay = WallClock(stage, "relay")
    at_operator = WallClock(stage, "operator", 3 * year)
    at_customer = WallClock(stage, "customer", -2 * year)
    told = subprocess.run(["date", "+%Y"], env=dict(stage.environment("asked"), **at_operator.env), stdout=subprocess.PIPE, check=True).stdout
    now = subprocess.run(["date", "+%Y"], stdout=subprocess.PIPE, check=True).stdout
    check(int(told) == int(now) + 3, f"the false clock says {told} where it is {now}: this scene would show nothing")

    s = Session(stage, relay=Relay(stage, env=at_relay.env))
    s.operator_env, s.customer_env = at_operator.env, at_customer.env
    xterm = s.open_xterm()
    s.operator_opens(by_token=False)
    s.operator_signs_in()
    s.customer_opens()
    s.connect()
    s.share()
    s.one_to_one()
    s.wait_alike("the picture, between people whose clocks are five years apart")
    stage.say("connected: the operator's clock is 3 years ahead, the customer's 2 years behind")

    # Every clock is set in mid-session, one backwards.
    at_relay.set(24 * 20)
    at_operator.set(3 * year - 24)
    at_customer.set(-2 * year + 24 * 9)
    s.operator_may_type()
    s.operator_clicks_into(xterm)
    mark = stage.folder / "after-the-jump"
    s.at_operator.type(f"touch {mark}")
    s.at_operator.key("Return")
    wait_until("the command typed after the clocks were set", mark.exists, 20)
    s.operator_says("the clocks were set")
    s.customer_chat_shows("the clocks were set")
    picture(stage, s.at_operator, "operator-after")
    picture(stage, s.at_customer, "customer-after")
    for window in (s.operator, s.customer):
        spans = [int(h) for h in re.findall(r"\b(\d+):\d\d:\d\d\b", window.all_text())]
        check(not spans or max(spans) == 0, f"{window.name} shows a session of hours: {window.all_text()}")
    s.wait_alike("the picture after the clocks were set")
    stage.say("set in mid-session: keys, chat and picture go on")
    s.customer.click("panel.stop")
    s.customer.wait("end.receipt", 20)
    wait_until("the operator's receipt", lambda: "ended.receipt" in s.operator.labels(), 20)
    check_receipts(journals(stage, "customer")[0], journals(stage, "operator")[0])
    s.customer.click("end.quit")
    s.customer.ended()
    stage.say("the journals vouch for each other")

    # A code made before a jump of the relay's clock is as good after it, and no longer: its ten minutes are not the wall's.
    s.new_code()
    at_relay.set(24 * 40)
    s.customer_opens(name="second")
    s.customer_types_code()
    s.customer.wait("panel.stop", 20)
    s.customer.click("panel.stop")
    s.customer.wait("end.title", 20)
    stage.say("a code outlives a jump of the relay's clock")

    # An invitation is for 72 hours of the relay's clock.
    said = s.relay.command("operator", "invite", "--login", "late")
    link = re.search(r"beside://\S+", said).group(0)
    at_relay.set(24 * 44)
    late = Window(stage, "late", s.at_operator, [binary("beside"), "operator", "--invitation", link])
    late.wait("redeem.name", 30)
    late.fill("redeem.name", "Late Comer")
    late.fill("redeem.password", "Correct-Horse-7")
    late.fill("redeem.repeat", "Correct-Horse-7")
    late.click("redeem.go")
    sentence = late.wait_text("redeem.notice.sentence", ".", 20).string
    picture(stage, s.at_operator, "late")
    check("invitation" in sentence.lower(), f"nothing about the invitation: {sentence}")
    stage.say("four days later: " + sentence)


if __name__ == "__main__":
    sys.exit(main(run, "environment_clock", "xterm", "ffmpeg"))
