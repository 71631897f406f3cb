# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer in a Wayland session: told before a code is spent; chat works; an ask is answered no, the operator reads why, and
there is no picture at all, so never a black one."""
import pathlib
import sys

from places import Window, binary, check, main, picture
from people import Session


def run(stage):
    s = Session(stage)
    s.operator_opens()
    s.new_code()
    config = pathlib.Path(stage.folder, "wayland.toml")
    config.write_text(f'relay = "{s.relay.address}"\nname = "Example Ltd"\n')
    s.customer = Window(stage, "customer-window", s.at_customer, [binary("beside"), "--config", str(config)],
                        WAYLAND_DISPLAY="wayland-7", XDG_SESSION_TYPE="wayland")
    s.customer.wait("start.code", 30)
    s.customer.wait_text("notice.sentence", "Wayland", 10)
    check(s.operator.text("code.value").replace(" ", "") == s.code, "the code is spent before the customer was told")
    picture(stage, s.at_customer, "start")
    s.customer_types_code()
    s.customer.wait("panel.stop", 20)
    s.operator.wait("pane.cannot_title", 10)
    stage.say("operator: " + s.operator.text("pane.cannot_title") + " | " + s.operator.text("pane.cannot_what"))
    check("Wayland" in s.operator.text("pane.cannot_what"), "the operator is not told of Wayland")
    s.operator_says("hello over there")
    s.customer_chat_shows("hello over there")
    s.operator_asks("see")
    s.operator.wait_gone("tool.withdraw", 10)   # answered
    check(not s.customer.has("consent.allow"), "the customer was asked for what cannot be")
    check(not s.operator.has("remote.picture"), "there is a picture")
    picture(stage, s.at_operator, "operator")
    picture(stage, s.at_customer, "panel")


if __name__ == "__main__":
    sys.exit(main(run, "environment_wayland"))
