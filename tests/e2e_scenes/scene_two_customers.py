# SPDX-License-Identifier: GPL-3.0-or-later
"""One operator helps two customers at once in one window: pictures, keys and words stay with whom they belong to."""
import sys

from harness import Display, check, main, wait_until
from people import CUSTOMER_SCREEN, Session


class Second(Session):
    """Another customer with a desktop of her own, of the same operator."""

    def __init__(self, first):
        self.stage, self.relay = first.stage, first.relay
        self.operator_netns = self.customer_netns = None
        self.at_operator, self.operator = first.at_operator, first.operator
        self.at_customer = Display(first.stage, "second", CUSTOMER_SCREEN)
        self.customer, self.code = None, ""


def colour_at(s, x, y):
    left, top = (int(v) for v in s.to_operator(x, y))
    blue, green, red = s.at_operator.grab().row(left, top, 1)[:3]
    return f"#{red:02x}{green:02x}{blue:02x}"


def run(stage):
    first = Session(stage)
    first.operator_opens()
    second = Second(first)
    people = {first: ("one", "#902060"), second: ("two", "#207040")}
    xterms, rows = {}, {}
    for s, (name, colour) in people.items():
        xterms[s] = s.open_xterm("55x20+10+40", name, background=colour)
        s.customer_opens(name=f"customer-{name}")
        s.operator.click("top.new_session")
        s.read_code(other_than=first.code or None)
        s.customer_types_code()
        s.customer.wait("panel.stop", 20)
        s.operator.wait("tool.ask", 20)
        s.share("see", "control", reason=f"to help {name}")
        rows[s] = wait_until("the row of the session", lambda: next((w["label"] for w in reversed(s.operator.map()["widgets"]) if w["label"].startswith("session.") and w["label"].count(".") == 1 and w["label"] not in rows.values()), None))
    stage.say(f"rows {list(rows.values())}")
    titles = [first.operator.text(f"{rows[s]}.title") for s in people]
    check(titles[0] != titles[1], f"both are called {titles[0]!r}")

    # Back and forth: the picture is that of whoever is chosen, the other one's a small one in the list.
    for turn in range(2):
        for s, (name, colour) in people.items():
            s.operator.click(rows[s])
            x, y, width, height = s.window_area(xterms[s])
            wait_until(f"the picture of {name}", lambda: s.operator.has("remote.picture") and colour_at(s, x + width - 30, y + height - 12) == colour, 10)
            s.operator_may_type()
            s.operator_clicks_into(xterms[s])
            s.at_operator.type(f"echo {name}{turn} >> {stage.folder}/{name}-typed\n")
            wait_until(f"what was typed for {name}", lambda: (stage.folder / f"{name}-typed").exists() and f"{name}{turn}" in (stage.folder / f"{name}-typed").read_text(), 10)
            s.operator_says(f"this is for {name}, turn {turn}")
            s.customer_chat_shows(f"this is for {name}, turn {turn}")
    s.at_operator.screenshot(stage.folder / "two.png")
    for s, (name, _) in people.items():
        other = next(n for t, (n, _) in people.items() if t is not s)
        check((stage.folder / f"{name}-typed").read_text() == f"{name}0\n{name}1\n", "keys went astray")
        check(f"for {other}" not in s.customer.all_text(), "words went astray")

    # She who is not looked at writes: it is counted at her row, and the picture stays that of the other.
    first.customer.click("chat.field")
    first.at_customer.type("are you there?")
    first.at_customer.key("Return")
    first.operator.wait(f"{rows[first]}.unread")
    # One ends, the other goes on.
    first.customer.click("panel.stop")
    first.customer.wait("end.title")
    second.operator_may_type()
    second.operator_clicks_into(xterms[second])
    second.at_operator.type(f"echo still >> {stage.folder}/two-typed\n")
    wait_until("the second session to go on", lambda: "still" in (stage.folder / "two-typed").read_text(), 10)
    second.at_operator.screenshot(stage.folder / "one-left.png")
    second.customer.click("panel.stop")
    second.customer.wait("end.title")


if __name__ == "__main__":
    sys.exit(main(run, "two_customers", "xdotool", "xwd", "xterm"))
