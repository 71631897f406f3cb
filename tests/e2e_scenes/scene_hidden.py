# SPDX-License-Identifier: GPL-3.0-or-later
"""What the customer hides is never seen by the operator: a window that moves, a place drawn by hand; told to him in words."""
import pathlib
import random
import subprocess
import sys
import time

from harness import check, main, wait_until
from people import Session
from secret_window import CELL, is_secret

HERE = pathlib.Path(__file__).parent
SIZE = (200, 120)


def open_secret(s, x, y):
    child = s.stage.start("secret", [sys.executable, "-B", str(HERE / "secret_window.py"), str(x), str(y), *(str(v) for v in SIZE), "secret notes"],
                          s.at_customer.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return child, int(child.stdout.readline())


def secret_pixels(s):
    """How many pixels of the noise the operator's screen shows, of every fourth row."""
    screen = s.at_operator.grab()
    x, y, width, height = s.picture_rect()
    found = 0
    for row in range(y, y + height, 4):
        pixels = screen.row(x, row, width)
        for at in range(0, len(pixels) - 3, 4):
            found += is_secret(pixels[at + 2], pixels[at + 1], pixels[at])
    return found


def run(stage):
    s = Session(stage)
    s.operator_opens()
    s.customer_opens()
    s.connect()
    secret, window = open_secret(s, 30, 500)
    s.share("see", "control")
    s.one_to_one()
    s.at_customer.move(5, 5)
    s.at_operator.move(5, 5)
    wait_until("the operator to see the window while it is not hidden", lambda: secret_pixels(s) > SIZE[0] * SIZE[1] / 8)

    s.customer.click("panel.hide")
    label = wait_until("the window in the list", lambda: next((name for name in s.customer.labels() if name == f"hide.window.{window}"), None))
    check("secret notes" in s.customer.all_text(), "the window is not named by its title")
    s.customer.click(label)
    pressed = time.monotonic()
    wait_until("the window to be hidden", lambda: secret_pixels(s) == 0, 5)
    stage.say(f"hidden {1e3 * (time.monotonic() - pressed):.0f} ms after the click")
    s.operator.wait("pane.hidden")
    s.at_customer.screenshot(stage.folder / "customer-hides.png")
    time.sleep(1)

    # Each tenth of a second it shows new noise. While it rests nothing of that leaves: what is sent is far too little to tell of it.
    before, began = s.relay.metrics()["forwarded_bytes_total"], time.monotonic()
    time.sleep(4)
    sent, seconds = s.relay.metrics()["forwarded_bytes_total"] - before, time.monotonic() - began
    shown = seconds * 10 * (SIZE[0] // CELL) * (SIZE[1] // CELL) * 2     # at least two bytes of chance in each cell
    stage.say(f"at rest {sent:.0f} bytes were sent in {seconds:.1f} s beside a window that showed {shown:.0f} bytes of noise")
    check(sent < shown / 10, f"{sent} bytes were sent while a hidden window showed {shown:.0f}")

    # It moves, and none of it is seen. (What it uncovers is sent: these bytes say nothing of the window.)
    dice, looks = random.Random(7), 0
    began = time.monotonic()
    for step in range(25):
        secret.stdin.write(f"{dice.randrange(0, 600)} {dice.randrange(30, 660)}\n".encode())
        secret.stdin.flush()
        for _ in range(2):
            check(secret_pixels(s) == 0, f"the hidden window was seen at step {step}")
            looks += 1
    stage.say(f"{looks} looks in {time.monotonic() - began:.1f} s at a moving window, none of it seen")
    s.at_operator.screenshot(stage.folder / "operator-sees-hatching.png")

    # What is hidden is closed to the operator's hands.
    secret.stdin.write(b"40 300\n")
    secret.stdin.flush()
    s.customer.click("hide.done")
    s.operator_may_type()
    x, y, width, height = s.window_area(window)
    s.operator_clicks_at(x + width // 2, y + height // 2)
    s.operator.wait_text("status.refused", r"[1-9]")

    # A place, drawn by the customer's own hand.
    s.customer.click("panel.hide")
    s.customer.click("hide.draw")
    s.customer.wait("hide.drawing")
    s.at_customer.xdo("mousemove", 20, 40, "sleep", 0.3, "mousedown", 1, "mousemove", 120, 100, "mousemove", 220, 140, "sleep", 0.1, "mouseup", 1)
    s.customer.wait("hide.area.0")
    s.operator.wait("pane.hidden")
    left, top = (int(v) for v in s.to_operator(30, 50))

    def hatched():
        row = s.at_operator.grab().row(left, top, 150)
        greys = [tuple(row[i:i + 3]) for i in range(0, len(row), 4)]
        return all(g[0] == g[1] == g[2] for g in greys) and len({g[0] for g in greys}) > 1
    wait_until("the place to be hatched at the operator's", hatched)

    # Its owner sees where it lies, and only he.
    def framed():
        row = s.at_customer.grab().row(30, 41, 60)
        return row.count(bytes((0x2c, 0x34, 0xd0))) > 20
    wait_until("a frame around the place on the customer's screen", framed)
    check(s.customer.text("hide.framed"), "nothing tells of the frame")
    s.at_customer.screenshot(stage.folder / "customer-sees-frame.png")
    check(hatched(), "the frame is seen at the operator's")
    s.at_operator.screenshot(stage.folder / "operator-sees-place.png")

    # Shown again.
    s.customer.click("hide.area.0")
    wait_until("the frame to go", lambda: not framed())
    s.customer.click(label)
    wait_until("the operator to see the window again", lambda: secret_pixels(s) > SIZE[0] * SIZE[1] / 8)
    s.operator.wait_gone("pane.hidden")

    # Only one window, and it is that of the other program: the noise is not seen, wherever it goes, and the one window is.
    letter = s.open_xterm("50x10+60+60", "letter")
    wait_until("the list to have it", lambda: f"hide.window.{letter}" in s.customer.labels())
    s.customer.click("hide.one")
    s.customer.click(f"hide.only.{letter}")
    wait_until("the operator to see one window only", lambda: secret_pixels(s) == 0, 5)
    s.operator.wait_text("pane.hidden", "one window")
    x, y, width, height = s.window_area(letter)
    left, top = (int(v) for v in s.to_operator(x + width - 20, y + height - 12))
    wait_until("the operator to see that one", lambda: tuple(s.at_operator.grab().row(left, top, 1)[:3]) == (0x60, 0x40, 0x20), 5)
    s.operator_clicks_at(x + width // 2, y + height // 2)
    s.at_operator.type("echo seen-$((6*7))\n")
    for step in range(10):
        secret.stdin.write(f"{dice.randrange(0, 600)} {dice.randrange(30, 660)}\n".encode())
        secret.stdin.flush()
        check(secret_pixels(s) == 0, f"another window was seen at step {step} while one only was shown")
    s.at_customer.screenshot(stage.folder / "customer-shows-one.png")
    s.at_operator.screenshot(stage.folder / "operator-sees-one.png")
    secret.stdin.write(b"40 600\n")
    secret.stdin.flush()
    s.customer.click("hide.everything")
    wait_until("the operator to see the other window again", lambda: secret_pixels(s) > SIZE[0] * SIZE[1] / 8)
    s.operator.wait_gone("pane.hidden")
    s.customer.click("hide.done")
    s.customer.click("panel.stop")
    s.customer.wait("end.title")
    secret.stdin.close()


if __name__ == "__main__":
    sys.exit(main(run, "hidden", "xdotool", "xwd"))
