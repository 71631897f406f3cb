# SPDX-License-Identifier: GPL-3.0-or-later
"""A German keyboard at the operator's, an American and then a French one at the customer's: what the operator's keys say arrives as
that text in a terminal over there, byte by byte, and Ctrl+C ends a program. A key that is held repeats, and not for a line that is silent meanwhile."""
import os
import shlex
import signal
import sys
import time

from harness import check, main, wait_until
from people import Session

# Keycodes of X (evdev + 8): the places of the keys, as fingers find them.
Q, E_KEY, KEY_7, KEY_0, SHARP_S, DEAD_ACUTE, Z, Y, A = 24, 26, 16, 19, 20, 21, 29, 52, 38
ALT_GR, CONTROL, C, RETURN = 108, 37, 54, 36

# What a German keyboard writes by these keys: AltGr and Q gives @, the dead accent and E gives é.
WRITTEN = "@{}éß€zya"


def press(screen, key, held=None):
    if held:
        screen.xdo("keydown", held, "sleep", "0.05", "key", key, "sleep", "0.05", "keyup", held)
    else:
        screen.xdo("key", key)


def write_all(screen):
    press(screen, Q, ALT_GR)
    press(screen, KEY_7, ALT_GR)
    press(screen, KEY_0, ALT_GR)
    press(screen, DEAD_ACUTE)
    press(screen, E_KEY)
    press(screen, SHARP_S)
    press(screen, E_KEY, ALT_GR)
    press(screen, Z)      # z on a German keyboard, y in that place on an American one
    press(screen, Y)
    press(screen, A)      # q in that place on a French one


def open_reader(s, name):
    """A terminal that writes what it gets to a file until Ctrl+C; returns its window and the two files."""
    text, done = s.stage.folder / f"{name}.txt", s.stage.folder / f"{name}.done"
    script = f"trap : INT; stty sane iutf8; cat > {shlex.quote(str(text))}; echo $? > {shlex.quote(str(done))}; sleep 1000"
    s.stage.start(f"xterm-{name}", ["xterm", "-u8", "-T", name, "-geometry", "60x10+20+40", "-fn", "fixed", "-e", "sh", "-c", script],
                  dict(s.at_customer.env, LC_ALL="C.UTF-8"))
    window = wait_until(f"the xterm {name}", lambda: s.at_customer.windows_titled(f"^{name}$"), 15)[0]
    wait_until("the reader", text.exists, 5)
    return window, text, done


def type_into(s, window, text, done, layout):
    # A click into the terminal gives it the keyboard, as it would for a person.
    x, y, width, height = s.window_area(window)
    s.operator_clicks_at(x + width // 2, y + height // 2)
    wait_until("the terminal to have the keyboard", lambda: s.at_customer.ask("xdotool", "getwindowfocus").strip() == str(window)
               or str(window) in s.at_customer.ask("xdotool", "getactivewindow"), 5)
    write_all(s.at_operator)
    press(s.at_operator, RETURN)
    wanted = WRITTEN + "\n"
    try:
        wait_until("what was typed", lambda: len(text.read_bytes()) >= len(wanted.encode()), 8)
    finally:
        s.stage.say(f"{layout}: the terminal holds {text.read_text(errors='replace')!r}")
    check(text.read_bytes() == wanted.encode(), f"{layout}: {text.read_bytes()!r} instead of {wanted.encode()!r}")
    press(s.at_operator, C, CONTROL)
    wait_until("Ctrl+C to end the program", done.exists, 5)
    check(wait_until("its status", lambda: done.read_text().strip(), 2) == "130", f"{layout}: not ended by Ctrl+C but {done.read_text()!r}")
    check(text.read_bytes() == wanted.encode(), f"{layout}: Ctrl+C left something: {text.read_bytes()!r}")


def hold_a_key(s, window, text):
    x, y, width, height = s.window_area(window)
    s.operator_clicks_at(x + width // 2, y + height // 2)
    press(s.at_operator, RETURN)
    wait_until("the line to end", lambda: text.read_bytes().endswith(b"\n"), 5)
    s.at_operator.xdo("keydown", Y, "sleep", "1.3", "keyup", Y)
    time.sleep(0.5)
    press(s.at_operator, RETURN)
    held = wait_until("the held key", lambda: text.read_bytes()[1:].endswith(b"\n") and text.read_bytes().split(b"\n")[1], 5)
    s.stage.say(f"held for 1.3 s: {held!r}")
    check(8 <= len(held) <= 40 and set(held) == set(b"y"), "a held key does not repeat")
    before = len(text.read_bytes())
    # Nothing comes from the operator for 0.9 s while a key of his is down.
    s.at_operator.xdo("keydown", Y)
    time.sleep(0.1)
    pid = s.operator.child.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        s.at_operator.xdo("keyup", Y)
        time.sleep(0.8)
    finally:
        os.kill(pid, signal.SIGCONT)
    time.sleep(0.5)
    press(s.at_operator, RETURN)
    once = wait_until("the key", lambda: text.read_bytes()[before:].endswith(b"\n") and text.read_bytes()[before:], 5)
    check(once == b"y\n", f"{once!r} instead of one letter")


def keymap(screen):
    return screen.ask("xkbcomp", "-w0", screen.name, "-")


def run(stage):
    s = Session(stage, operator_layout="de", customer_layout="us")
    s.at_customer.set_layout("fr")
    french = keymap(s.at_customer)
    check("EuroSign" in french and "eacute" in french, "the keymap cannot be read")
    s.at_customer.set_layout("us")
    s.at_customer.ask("xset", "r", "rate", "500", "30")        # as on a person's desktop
    reader = open_reader(s, "reader-us")
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.share("see", "control")
    s.operator_may_type()
    type_into(s, *reader, "us")
    window, text, _ = open_reader(s, "reader-held")
    s.operator_may_type()
    hold_a_key(s, window, text)

    # Another layout in the middle of the session.
    s.at_customer.set_layout("fr")
    reader = open_reader(s, "reader-fr")
    s.operator_may_type()
    type_into(s, *reader, "fr")

    # Nothing of it stays: the customer's own keys mean what they meant.
    s.customer.click("panel.stop")
    s.customer.wait("end.title", 5)
    wait_until("the customer's own keymap", lambda: keymap(s.at_customer) == french, 5)


if __name__ == "__main__":
    sys.exit(main(run, "keyboard", "xterm", "setxkbmap", "xkbcomp", "xset"))
