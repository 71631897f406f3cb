# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel is the customer's alone: the operator's hands cannot reach it, hiding it stops the sharing, three times Esc ends all."""
import pathlib
import re
import subprocess
import sys
import time

from harness import check, main, wait_until
from people import Session, rights_at_customer

HERE = pathlib.Path(__file__).parent


def refused(s):
    found = re.search(r"\d+", s.operator.text("status.refused"))
    return int(found.group()) if found else 0


def cover(s, *more):
    """A window of somebody else over the whole panel; returns the process to end."""
    x, y, width, height = s.customer.outer()
    child = s.stage.start("cover", [sys.executable, "-B", str(HERE / "cover.py"), str(max(x, 0)), str(max(y, 0)), str(width), str(height), *more],
                          s.at_customer.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    check(child.stdout.readline().strip() == b"covered", "the cover did not come up")
    return child


def operator_tries(s, file):
    """The operator types a command where his keyboard is; the file exists if it was carried out."""
    s.at_operator.type(f"touch {file}")
    s.at_operator.key("Return")


def run(stage):
    s = Session(stage)
    lamp = s.open_lamp()
    xterm = s.open_xterm("64x20+4+20")
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.share("see", "control")
    s.one_to_one()

    # The operator tries the panel's buttons through the picture.
    s.operator_may_type()
    for label in ("panel.right.control.revoke", "panel.chat", "panel.stop"):
        s.operator_clicks_at(*s.customer.middle(label))
    wait_until("refused clicks to be shown to the operator", lambda: refused(s) >= 3, 20)
    check(s.customer.has("panel.stop"), "the operator pressed Stop")
    check(not s.customer.has("chat.field"), "the operator opened the chat")
    check(rights_at_customer(s.customer) == ["control", "see"], "rights changed by the operator's clicks")
    stage.say(f"{refused(s)} clicks on the panel were refused")

    # ... and the consent page: he asks for one right more and tries to press Allow himself, by mouse and by keys.
    s.operator_asks("point", reason="let me point")
    s.customer.wait("consent.allow")
    s.operator_may_type()
    before = refused(s)
    for _ in range(3):
        s.operator_clicks_at(*s.customer.middle("consent.allow"))
    wait_until("refused clicks on Allow", lambda: refused(s) > before, 20)
    for key in ("Tab", "Tab", "Tab", "Return", "space", "Return"):
        s.at_operator.key(key)
    s.operator_says("did that work")    # arrives after all of that
    wait_until("the customer to have the message", lambda: s.customer.has("consent.allow"), 20)
    check(s.customer.has("consent.allow"), "the consent page has gone: somebody decided")
    check(not s.operator.has("pane.right_point"), "the operator granted himself a right")
    s.at_customer.screenshot(stage.folder / "consent-over-panel.png")
    time_of_click = time.monotonic()
    wait_until("a quiet half second", lambda: time.monotonic() - time_of_click > 0.6, 20)
    s.customer.click("consent.not_now")
    s.customer.wait("panel.stop")
    check(not s.operator.has("pane.right_point"), "Not now granted a right")
    stage.say("Allow cannot be pressed from afar")

    # Hidden by another window: capture and control stop until it can be seen again.
    lamp.set(True)
    lamp.wait_seen("the lamp before")
    s.operator_may_type()
    s.operator_clicks_into(xterm)
    child = cover(s, "again")
    s.operator.wait("pane.veil", 20)
    said = s.operator.text("pane.veil")
    lamp.set(False)
    hidden = stage.folder / "typed-while-covered"
    operator_tries(s, hidden)
    s.operator_says("covered now")      # a round trip after the lamp changed
    wait_until("the customer's end to have got it", lambda: "covered now" in s.operator.all_text(), 20)
    check(lamp.seen() is not False, "the operator saw the screen while the panel was covered")
    check(s.customer_focus() == xterm, "the keyboard went elsewhere: what was typed proves nothing")
    check(not hidden.exists(), "keys were carried out while the panel was covered")
    child.stdin.close()
    child.wait(20)
    took = lamp.wait_seen("the lamp after uncovering", 20)
    s.operator.wait_gone("pane.veil")
    s.operator_may_type()
    s.operator_clicks_into(xterm)
    s.at_operator.key("ctrl+u")
    shown = stage.folder / "typed-after-covering"
    operator_tries(s, shown)
    wait_until("keys to work again after uncovering", shown.exists, 20)
    check(not hidden.exists(), "keys from the covered time were carried out later")
    stage.say(f"covered: stopped ({said!r}); seen again after {took:.2f} s")

    # Minimised: undone, or stopped until it is back.
    panel = s.at_customer.ask("xdotool", "search", "--onlyvisible", "--class", "^beside$").split()
    check(panel, "the panel's window cannot be found")
    s.at_customer.xdo("windowminimize", panel[-1])
    wait_until("the panel to come back by itself", lambda: panel[-1] in s.at_customer.ask("xdotool", "search", "--onlyvisible", "--class", "^beside$").split(), 20)
    lamp.toggle()
    lamp.wait_seen("the picture after minimising was undone", 20)
    stage.say("minimising was undone")

    # Three times Esc on the customer's keyboard, wherever the focus is.
    s.at_customer.click(700, 620)
    s.at_customer.xdo("key", "--delay", "40", "Escape", "Escape", "Escape")
    s.customer.wait("end.title", 20)
    s.operator.wait("ended.heading", 20)
    stage.say("Esc Esc Esc: " + s.customer.text("end.cause"))


if __name__ == "__main__":
    sys.exit(main(run, "panel_is_safe", "xterm", "ffmpeg"))
