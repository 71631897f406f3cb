# SPDX-License-Identifier: GPL-3.0-or-later
"""A customer with two monitors shows one: the operator sees and steers that one only, whatever he chooses; then both, one by one."""
import re
import subprocess
import sys

from harness import Display, check, main, need, wait_until
from people import Session

HALF, HEIGHT = 820, 790
POINTER = 300, 600                     # of hers, on bare ground of the left monitor
LEFT_COLOUR, RIGHT_COLOUR = (0x60, 0x20, 0x90), (0x20, 0x70, 0x40)   # red, green, blue


def hexed(colour):
    return "#" + "".join(f"{c:02x}" for c in colour)


def share_of(s, colour):
    """How much of the operator's picture has exactly this colour, 0..1."""
    screen = s.at_operator.grab()
    x, y, width, height = s.picture_rect()
    wanted, found, total = bytes(reversed(colour)), 0, 0
    for row in range(y, y + height, 4):
        pixels = screen.row(x, row, width)
        for at in range(0, len(pixels) - 3, 16):
            found += pixels[at:at + 3] == wanted
            total += 1
    return found / max(total, 1)


def pointer_seen(s):
    """Whether something bright lies on the black ground where her pointer is, were the left monitor shown."""
    screen = s.at_operator.grab()
    left, top, width, height = s.picture_rect()
    x, y = left + POINTER[0] * width // HALF, top + POINTER[1] * height // HEIGHT
    return any(max(screen.row(x - 4, row, 20)[:80]) > 120 for row in range(y - 4, y + 16))


def shown_size(s):
    match = re.search(r"(\d+)\D+(\d+)", s.operator.text("status.size"))
    return (int(match[1]), int(match[2])) if match else None


def monitor_ids(s, prefix):
    found = [int(label.rsplit("_" if "_" in prefix else ".", 1)[1]) for label in s.customer.labels() + s.operator.labels() if re.fullmatch(re.escape(prefix) + r"\d+", label)]
    return sorted(set(found) - {0})


def operator_chooses(s, monitor):
    s.operator.click("tool.monitor")
    s.operator.click(f"tool.monitor_{monitor}")


def run(stage):
    need("xrandr")
    s = Session(stage)
    s.at_customer = Display(stage, "customer-two", (2 * HALF, HEIGHT))
    xrandr = lambda *words: subprocess.run(["xrandr", *words], env=s.at_customer.env, check=True, timeout=10, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    xrandr("--setmonitor", "left", f"{HALF}/200x{HEIGHT}/200+0+0", "screen")
    xrandr("--setmonitor", "right", f"{HALF}/200x{HEIGHT}/200+{HALF}+0", "none")
    s.open_xterm("80x30+20+40", "left", background=hexed(LEFT_COLOUR))
    right = s.open_xterm(f"50x20+{HALF + 20}+40", "right", background=hexed(RIGHT_COLOUR))
    s.operator_opens()
    s.customer_opens()
    s.connect()

    # She shows the right one only.
    s.operator_asks("see", "control")
    s.customer.wait("consent.allow", 20)
    ids = monitor_ids(s, "consent.monitor.")
    check(len(ids) == 2, f"the consent offers {ids}")
    named = {i: s.customer.text(f"consent.monitor.{i}") for i in ids}
    stage.say(f"monitors: {named}")
    # The ids are given in the order of the monitors, the left one first.
    left_id, right_id = ids
    s.customer.click(f"consent.monitor.{right_id}")
    s.at_customer.screenshot(stage.folder / "consent.png")
    s.customer_allows()
    s.operator.wait("remote.picture")
    wait_until("the picture of one monitor", lambda: shown_size(s) == (HALF, HEIGHT), 10)
    wait_until("the right monitor", lambda: share_of(s, RIGHT_COLOUR) > 0.1, 10)
    check(share_of(s, LEFT_COLOUR) == 0, "the other monitor is seen")
    s.at_operator.screenshot(stage.folder / "one.png")

    # The operator's hands reach that one only, where he sees it.
    s.operator_may_type()
    x, y, width, height = s.window_area(right)
    left, top, shown_width, shown_height = s.picture_rect()
    at = left + (x - HALF + width // 2) * shown_width // HALF, top + (y + height // 2) * shown_height // HEIGHT
    s.at_operator.xdo("mousemove", *at, "sleep", 0.25, "click", 1)
    wait_until("the window to have the keyboard", lambda: s.customer_focus() == right, 10)
    s.at_operator.type("echo seen > " + str(stage.folder / "typed") + "\n")
    wait_until("what was typed", lambda: (stage.folder / "typed").exists(), 10)

    # He asks for the other one, and for all: nothing of it comes.
    if s.operator.has("tool.monitor"):
        for wanted in (left_id, 0):
            operator_chooses(s, wanted)
            for _ in range(8):
                check(share_of(s, LEFT_COLOUR) == 0 and shown_size(s) == (HALF, HEIGHT), f"the operator chose {wanted} and saw it")

    # Taken back and granted anew without a limit: the whole desktop, then each by the operator's choice.
    s.customer.click("panel.right.see.revoke")
    s.operator.wait_gone("remote.picture")
    s.operator_asks("see", "control", reason="to see both")
    s.customer.wait("consent.allow", 20)
    s.customer.click("consent.monitor.0")
    s.customer_allows()
    s.operator.wait("remote.picture")
    operator_chooses(s, 0)
    wait_until("both monitors", lambda: shown_size(s) == (2 * HALF, HEIGHT), 10)
    operator_chooses(s, left_id)
    wait_until("the left one", lambda: shown_size(s) == (HALF, HEIGHT) and share_of(s, LEFT_COLOUR) > 0.2, 10)
    check(share_of(s, RIGHT_COLOUR) == 0, "the right one is seen as well")
    s.at_operator.screenshot(stage.folder / "left.png")

    # Her pointer is where she sees it, though she does not move it while he changes what he looks at.
    s.at_customer.move(*POINTER)
    s.at_operator.move(2, 2)
    wait_until("her pointer", lambda: pointer_seen(s), 10)
    operator_chooses(s, right_id)
    s.at_operator.move(2, 2)
    wait_until("the right one", lambda: shown_size(s) == (HALF, HEIGHT) and share_of(s, RIGHT_COLOUR) > 0.1, 10)
    wait_until("no pointer there", lambda: not pointer_seen(s), 5)
    operator_chooses(s, left_id)
    s.at_operator.move(2, 2)
    wait_until("the left one again", lambda: shown_size(s) == (HALF, HEIGHT) and share_of(s, LEFT_COLOUR) > 0.2, 10)
    wait_until("her pointer again", lambda: pointer_seen(s), 5)

    # The one he looks at is unplugged in mid-session: he sees the whole again.
    xrandr("--delmonitor", "left")
    wait_until("the whole picture", lambda: shown_size(s) == (2 * HALF, HEIGHT) and share_of(s, RIGHT_COLOUR) > 0.05, 15)
    s.at_operator.screenshot(stage.folder / "unplugged.png")

    # She shows one only, and that one is unplugged: what is left was never granted.
    s.customer.click("panel.right.see.revoke")
    s.operator.wait_gone("remote.picture")
    s.operator_asks("see", "control", reason="to see the right one")
    s.customer.wait("consent.allow", 20)
    s.customer.click(f"consent.monitor.{right_id}")
    s.customer_allows()
    wait_until("the picture of one monitor", lambda: s.operator.has("remote.picture") and shown_size(s) == (HALF, HEIGHT), 10)
    xrandr("--delmonitor", "right")
    s.operator.wait_gone("remote.picture", 10)
    wait_until("the customer to be told", lambda: "is gone" in s.customer.all_text(), 10)
    s.at_customer.screenshot(stage.folder / "gone.png")
    s.customer.click("panel.stop")
    s.customer.wait("end.title")


if __name__ == "__main__":
    sys.exit(main(run, "monitors", "xdotool", "xwd", "xterm"))
