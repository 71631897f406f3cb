# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators and customers do in nearly every scene, by real clicks and keys."""
import os
import pathlib
import re
import shlex
import time

from harness import Display, Failure, Relay, Window, binary, check, need, psnr, wait_until

OPERATOR_SCREEN = (1480, 980)
CUSTOMER_SCREEN = (820, 790)


class Session:
    """A relay, an operator at his screen, a customer at hers; each step is a method."""

    operator_env, customer_env = {}, {}   # of the two programs alone, not of their desktops

    def __init__(self, stage, operator_layout="us", customer_layout="us", relay=None, operator_netns=None, customer_netns=None):
        self.stage = stage
        self.relay = relay or Relay(stage)
        self.relay.add_operator()
        self.operator_netns, self.customer_netns = operator_netns, customer_netns
        self.at_operator = Display(stage, "operator", OPERATOR_SCREEN, operator_layout)
        self.at_customer = Display(stage, "customer", CUSTOMER_SCREEN, customer_layout)
        self.operator = self.customer = None
        self.code = ""

    # ---- operator ----

    def operator_opens(self, by_token=True, *more):
        words = [binary("beside"), "operator", "--relay", self.relay.address, *more]
        if by_token:
            words += ["--token-file", self.relay.token()]
        self.operator = Window(self.stage, "operator-window", self.at_operator, words, netns=self.operator_netns, **self.operator_env)
        if by_token:
            self.operator.wait("top.new_session", 30)
        return self.operator

    def operator_signs_in(self, login="ada", password="Correct-Horse-7"):
        self.operator.wait("sign_in.login", 30)
        self.operator.fill("sign_in.login", login)
        self.operator.fill("sign_in.password", password)
        self.operator.click("sign_in.go")
        self.operator.wait("top.new_session", 20)

    def new_code(self):
        self.operator.click("top.new_session")
        return self.read_code()

    def read_code(self, other_than=None):
        def look():
            code = self.operator.text("code.value").replace(" ", "")
            return code if len(code) == 10 and code != other_than else None
        self.code = wait_until("a code on the operator's screen", look, 20)
        return self.code

    def operator_asks(self, *rights, reason="to look at the printer"):
        self.operator.click("tool.ask")
        self.operator.wait("ask.send")
        for right in ("see", "point", "control"):
            widget = self.operator.find(f"ask.{right}")
            if widget is None:
                continue
            if bool(widget.get("checked")) != (right in rights):
                self.operator.click(f"ask.{right}")
                wait_until(f"ask.{right} to change", lambda r=right: bool(self.operator.find(f"ask.{r}").get("checked")) == (r in rights), 20)
        self.operator.fill("ask.reason", reason)
        self.operator.click("ask.send")
        self.operator.wait_gone("ask.send")   # a click meant for the picture would only close the box

    # ---- customer ----

    def customer_opens(self, *words, name="customer-window", address=None, settings=""):
        config = pathlib.Path(self.stage.folder, f"{name}.toml")
        config.write_text(f'relay = "{address or self.relay.address}"\nname = "Example Ltd"\n{settings}')
        self.customer = Window(self.stage, name, self.at_customer, [binary("beside"), "--config", str(config), *words], netns=self.customer_netns,
                               **self.customer_env)
        self.customer.wait("start.code", 30)
        return self.customer

    def customer_types_code(self, code=None, customer=None):
        customer = customer or self.customer
        customer.click("start.code")
        customer.display.type(code or self.code)
        customer.click("start.connect", 20)

    def connect(self):
        """From two open windows to a live session."""
        self.new_code()
        self.customer_types_code()
        self.customer.wait("panel.stop", 20)
        self.operator.wait("tool.ask", 20)

    def customer_allows(self):
        self.customer.click("consent.allow", 20)
        return time.monotonic()

    def share(self, *rights, reason="to look at the printer"):
        self.operator_asks(*(rights or ("see", "control")), reason=reason)
        clicked = self.customer_allows()
        wait_until("the picture", lambda: self.operator.has("remote.picture"), 20)
        return time.monotonic() - clicked

    def stop(self):
        """The customer presses Stop, and both windows are closed; the displays stay."""
        self.customer.click("panel.stop")
        self.customer.wait("end.title", 20)
        for window in (self.customer, self.operator):
            self.stage.end(window.child)

    # ---- the picture ----

    def picture_rect(self):
        return self.operator.wait("remote.picture")["rect"]

    def one_to_one(self):
        """The operator's picture at the customer's own size: asks for it only where the fitted picture is not just that."""
        width, height = self.at_customer.size
        if self.picture_rect()[2:] != [width, height]:
            self.operator.click("tool.fit")
        wait_until("the picture at its own size", lambda: self.picture_rect()[2:] == [width, height], 20)

    def likeness(self, leave_out_panel=True):
        """PSNR between the customer's screen and what the operator's window shows of it, our own panel left out."""
        x, y, width, height = self.picture_rect()
        out = [self.customer.outer()] if leave_out_panel and self.customer else []
        mouse = dict(p.split("=") for p in self.at_customer.ask("xdotool", "getmouselocation", "--shell").split() if "=" in p)
        if "X" in mouse:
            out.append((int(mouse["X"]) - 24, int(mouse["Y"]) - 24, 64, 64))
        here = dict(p.split("=") for p in self.at_operator.ask("xdotool", "getmouselocation", "--shell").split() if "=" in p)
        if "X" in here:
            out.append((int(here["X"]) - x - 24, int(here["Y"]) - y - 24, 64, 64))
        return psnr(self.at_operator.grab(), (x, y), self.at_customer.grab(), (0, 0), self.at_customer.size, out)

    def wait_alike(self, what, decibels=32.0, seconds=20.0):
        best = 0.0

        def look():
            nonlocal best
            best = max(best, self.likeness())
            return best >= decibels
        try:
            wait_until(what, look, seconds, every=0.1)
        except Failure as e:
            raise Failure(f"{e}: best {best:.1f} dB of {decibels}") from None
        return best

    def to_operator(self, x, y):
        """Where a pixel of the customer's screen is on the operator's."""
        left, top, width, height = self.picture_rect()
        return left + (x + 0.5) * width / self.at_customer.size[0], top + (y + 0.5) * height / self.at_customer.size[1]

    def operator_clicks_into(self, window):
        """A click into the middle of a window of the customer's, until that window has her keyboard: then keys go there."""
        x, y, width, height = self.window_area(window)
        for _ in range(3):   # a window manager under load may lose a click that only raises the window
            self.operator_clicks_at(x + width // 2, y + height // 2)
            try:
                wait_until("the window to have the keyboard", lambda: self.customer_focus() == int(window), 7)
                return
            except Failure:
                continue
        raise Failure(f"clicks by the operator do not give window {window} the keyboard: {self.customer_focus()} has it")

    def customer_clicks_into(self, window):
        x, y, width, height = self.window_area(window)
        self.at_customer.click(x + width // 2, y + height // 2)
        wait_until("the customer's window to have the keyboard", lambda: self.customer_focus() == int(window), 20)

    def customer_focus(self):
        """The window that the customer's window manager says is the active one; 0: none."""
        found = self.at_customer.ask("xdotool", "getactivewindow").strip()
        return int(found) if found.isdigit() else 0

    def operator_clicks_at(self, x, y, button=1):
        at = [int(v) for v in self.to_operator(x, y)]
        # A hand that jumps and presses within one frame of the window presses where its pointer was drawn before.
        self.at_operator.xdo("mousemove", *at, "sleep", 0.25, "click", button)
        if self.operator.has("pane.right_control"):
            # Keys go to the customer from the frame on that follows the click.
            wait_until("the picture to have the keyboard", lambda: (self.operator.find("remote") or {}).get("focused"), 20)

    # ---- control ----

    def customer_rests(self):
        """Until the customer's own input, any click of hers, no longer pauses control (1 s, PROTOCOL 6)."""
        wait_until("the customer's hands to rest", lambda: time.monotonic() - self.at_customer.touched > 1.6, 20)

    def operator_may_type(self):
        """Control was granted and the customer's own input no longer pauses it."""
        self.operator.wait("pane.right_control")
        self.customer_rests()
        self.operator.wait_gone("pane.control_paused", 20)

    # ---- chat ----

    def operator_says(self, text):
        self.operator.fill("chat.field", text)
        self.at_operator.key("Return")

    def customer_chat_shows(self, text):
        if not self.customer.has("chat.field"):
            self.customer.click("panel.chat")
        wait_until(f"the customer's chat to show {text!r}", lambda: text in self.customer.all_text(), 20)

    # ---- the customer's desktop ----

    def open_xterm(self, place="80x24+20+40", name="work", *words, background="#204060"):
        need("xterm")
        run = f"exec {' '.join(shlex.quote(w) for w in words)}" if words else "PS1='$ ' exec sh -i"
        self.stage.start(f"xterm-{name}", ["xterm", "-T", name, "-geometry", place, "-fn", "fixed", "-bg", background, "-fg", "white", "-b", "4", "-e",
                                           "sh", "-c", run],
                         dict(self.at_customer.env, PS1="$ "))
        return wait_until(f"the xterm {name}", lambda: self.at_customer.windows_titled(f"^{name}$"), 20)[0]

    def open_lamp(self, place=(20, 420)):
        """An xterm at the customer's that is dark or light as we say: something to see from afar."""
        return Lamp(self, place)

    def window_area(self, window):
        out = dict(line.split("=") for line in self.at_customer.ask("xdotool", "getwindowgeometry", "--shell", str(window)).split() if "=" in line)
        return int(out["X"]), int(out["Y"]), int(out["WIDTH"]), int(out["HEIGHT"])


class Lamp:
    def __init__(self, session, place):
        self.session = session
        self.pipe = session.stage.folder / "lamp"
        os.mkfifo(self.pipe)
        script = session.stage.folder / "lamp.sh"
        # DECSCNM turns all colours of the terminal round.
        script.write_text(f"exec 3<>{self.pipe}\nwhile read state <&3; do case $state in on) printf '\\033[?5h';; off) printf '\\033[?5l';; esac; done\n")
        window = session.open_xterm(f"30x8+{place[0]}+{place[1]}", "lamp", "sh", str(script), background="#102030")
        self.area = session.window_area(window)
        self.on = False

    def set(self, on):
        self.on = on
        with open(self.pipe, "w") as pipe:
            pipe.write("on\n" if on else "off\n")

    def toggle(self):
        self.set(not self.on)

    def seen(self):
        """How the lamp looks in the operator's picture: True, False, or None when there is no picture."""
        s = self.session
        if not s.operator.has("remote.picture"):
            return None
        x, y, width, height = self.area
        left, top = s.to_operator(x + width * 0.25, y + height * 0.3)
        right, bottom = s.to_operator(x + width * 0.75, y + height * 0.7)
        return bright_share(s.at_operator.grab(), int(left), int(top), int(right - left), int(bottom - top)) > 0.5

    def wait_seen(self, what, seconds=5.0):
        """Until the operator's picture shows the lamp as it is; returns the seconds it took."""
        began = time.monotonic()
        wait_until(what, lambda: self.seen() == self.on, seconds)
        return time.monotonic() - began


def bright_share(screen, x, y, width, height):
    """How much of an area is nearly white, 0..1."""
    bright = total = 0
    for row in range(y, y + height, 2):
        pixels = screen.row(x, row, width)
        for at in range(0, len(pixels), 8):
            total += 1
            bright += min(pixels[at], pixels[at + 1], pixels[at + 2]) > 200
    return bright / max(total, 1)


def rights_at_customer(customer):
    """What the panel says is allowed now."""
    return sorted({m.group(1) for label in customer.labels() if (m := re.fullmatch(r"panel\.right\.(\w+)", label))})


def expect(window, label, pattern, seconds=20.0):
    return window.wait_text(label, pattern, seconds)


__all__ = ["Session", "rights_at_customer", "expect", "check", "CUSTOMER_SCREEN", "OPERATOR_SCREEN"]
