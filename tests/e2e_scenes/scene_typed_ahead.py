# SPDX-License-Identifier: GPL-3.0-or-later
"""People who are faster than a busy machine: everything they clicked and typed while a window could not look arrives in the
field that it was meant for. (A click was once judged by where the pointer was by then, and a login went nowhere.)"""
import os
import signal
import sys

from harness import check, main, wait_until
from people import Session


class Busy:
    """The program cannot look at anything meanwhile."""

    def __init__(self, window):
        self.window = window

    def __enter__(self):
        os.kill(self.window.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self.window.pid, signal.SIGCONT)


def run(stage):
    s = Session(stage)
    s.operator_opens(by_token=False)
    s.operator.wait("sign_in.login", 30)
    login, password = s.operator.middle("sign_in.login"), s.operator.middle("sign_in.password")
    wait_until("the window to have the keyboard", lambda: s.operator.map().get("keyboard"), 20)
    s.at_operator.click(*password)   # elsewhere first: the login must not get its text by having had the focus
    with Busy(s.operator):
        s.at_operator.click(*login)
        s.at_operator.type("ada")
        s.at_operator.click(*password)
        s.at_operator.type("Correct-Horse-7")
        s.at_operator.key("Return")
    s.operator.wait("top.new_session", 20)
    stage.say("signed in by what was typed ahead")

    s.new_code()
    s.customer_opens()
    field, button = s.customer.middle("start.code"), s.customer.middle("start.connect")
    wait_until("the window to have the keyboard", lambda: s.customer.map().get("keyboard"), 20)
    with Busy(s.customer):
        s.at_customer.click(*field)
        s.at_customer.type(s.code)
        s.at_customer.click(*button)
        s.at_customer.move(20, 20)   # and off it again
    s.customer.wait("panel.stop", 20)
    stage.say("connected by what was typed ahead")
    s.operator.wait("tool.ask", 20)
    check(s.customer.child.poll() is None and s.operator.child.poll() is None, "both programs run")


if __name__ == "__main__":
    sys.exit(main(run, "typed_ahead"))
