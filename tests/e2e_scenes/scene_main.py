# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, end to end: sign in, code, consent, picture; the operator works in the customer's xterm; control is revoked and
given again; they chat; Stop ends it, and nothing is left but two journals that vouch for each other."""
import sys
import time

from harness import check, main, wait_until
from leftovers import check_nothing_left, check_receipts, journals
from people import Session, bright_share


def run(stage):
    s = Session(stage)
    stage.say("relay and two desktops are up")
    xterm = s.open_xterm("68x20+4+20")
    s.operator_opens(by_token=False)
    s.operator_signs_in()
    began = time.monotonic()
    s.customer_opens()
    stage.figure("customer_start_to_usable", round((time.monotonic() - began) * 1000), "ms")

    # Code, typed with real keys.
    s.connect()
    stage.say("connected by the code")
    s.customer.wait_text("panel.name", "^Ada Berger$")
    check(not s.operator.has("remote.picture"), "a picture before consent")

    # Consent names what is asked and why.
    s.operator_asks("see", "control", reason="to set up the printer")
    s.customer.wait_text("consent.reason", "to set up the printer")
    check(s.customer.has("consent.right.see") and s.customer.has("consent.right.control"), "the consent page names both rights")
    check(not s.customer.has("consent.right.point"), "a right that nobody asked for")
    check(not s.operator.has("remote.picture"), "a picture while the customer still thinks")
    clicked = s.customer_allows()
    s.operator.wait("remote.picture")
    stage.figure("consent_click_to_picture_seen", round((time.monotonic() - clicked) * 1000), "ms")
    s.one_to_one()
    stage.figure("picture_likeness", round(s.wait_alike("the operator's picture to be the customer's screen"), 1), "dB")
    s.operator.wait_text("status.rung", ".")
    stage.say("picture; rung: " + s.operator.text("status.rung"))

    # A shell command, typed into the operator's window.
    x, y, width, height = s.window_area(xterm)
    s.operator_may_type()
    s.operator_clicks_into(xterm)
    first = stage.folder / "first"
    before = bright_share(s.at_operator.grab(), *[int(v) for v in s.to_operator(x, y)], width, height)
    s.at_operator.type(f"printf '\\033[7m%900s\\033[0m' ' '; echo \"$((6*7)) & more\" > {first}")
    s.at_operator.key("Return")
    wait_until("the file that the operator's command writes", lambda: first.exists() and first.read_text(), 20)
    check(first.read_text() == "42 & more\n", f"the command wrote {first.read_text()!r}")
    stage.say("the operator's command ran in the customer's xterm")
    # ... and its output, a large light block, is in the operator's picture.
    s.wait_alike("the command's output in the operator's picture")
    after = bright_share(s.at_operator.grab(), *[int(v) for v in s.to_operator(x, y)], width, height)
    check(after > before + 0.3, f"the light block is not in the operator's picture: {before:.2f} before, {after:.2f} after")

    # The customer takes control back: further keys do nothing.
    s.customer.click("panel.right.control.revoke")
    s.operator.wait_gone("pane.right_control")
    check(s.operator.has("remote.picture"), "seeing goes on without control")
    second = stage.folder / "second"
    s.customer_clicks_into(xterm)    # keys that got through would go to the shell
    s.customer_rests()
    s.operator_clicks_at(x + width // 2, y + height // 2)
    s.at_operator.type(f"touch {second}")
    s.at_operator.key("Return")
    s.operator_says("are my keys still getting through")
    s.customer_chat_shows("are my keys still getting through")   # what came after the keys has arrived
    check(not second.exists(), "keys after revocation were carried out")
    stage.say("revoked: keys do nothing")

    # The operator asks again; the customer grants again.
    s.operator_asks("control", reason="one more setting")
    s.customer.wait_text("consent.reason", "one more setting")
    s.customer_allows()
    s.operator.wait("pane.right_control")
    s.operator_may_type()
    s.operator_clicks_into(xterm)
    s.at_operator.key("ctrl+u")
    s.at_operator.type(f"touch {second}")
    s.at_operator.key("Return")
    wait_until("the second file", second.exists, 20)
    stage.say("granted again: keys work")

    # Chat, both ways, with the typing indicator.
    s.customer.click("chat.field")
    s.at_customer.type("it prints, thank you")
    s.operator.wait("chat.transcript.typing", 20)
    s.at_customer.key("Return")
    wait_until("the customer's words at the operator", lambda: "it prints, thank you" in s.operator.all_text(), 20)
    s.operator.click("chat.field")
    s.at_operator.type("good day to you")
    s.customer.wait("chat.transcript.typing", 20)
    s.at_operator.key("Return")
    s.customer_chat_shows("good day to you")
    stage.say("chat both ways")
    s.at_operator.screenshot(stage.folder / "operator-live.png")
    s.at_customer.screenshot(stage.folder / "customer-live.png")

    # Stop.
    s.customer.click("panel.stop")
    s.customer.wait("end.title", 20)
    s.operator.wait("ended.heading", 20)
    s.customer.wait("end.receipt", 20)
    wait_until("both receipts", lambda: "ended.receipt" in s.operator.labels(), 20)
    pids = {s.customer.pid, s.operator.pid, s.relay.child.pid}
    s.customer.click("end.quit")
    check(s.customer.ended() == 0, "the customer's program ends well")
    s.operator.click("top.me")
    s.operator.click("top.quit")
    check(s.operator.ended() == 0, "the operator's program ends well")
    check(stage.end(s.relay.child) == 0, "the relay ends well")

    # What is left.
    customer, operator = journals(stage, "customer"), journals(stage, "operator")
    check(len(customer) == 1 and len(operator) == 1, f"{len(customer)} and {len(operator)} journals")
    lines, _ = check_receipts(customer[0], operator[0])
    kinds = [line["kind"] for line in lines]
    for kind in ("peer_verified", "asked", "granted", "used", "revoked", "session_ended", "receipt"):
        check(kind in kinds, f"the customer's journal has no line {kind}")
    check_nothing_left(stage, pids, [s.relay.port])


if __name__ == "__main__":
    sys.exit(main(run, "main", "xterm", "ffmpeg"))
