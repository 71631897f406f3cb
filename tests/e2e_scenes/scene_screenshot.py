# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator keeps a picture: it waits until all of it is exact, is the customer's screen to the bit, and the customer is told."""
import pathlib
import subprocess
import sys

from harness import check, main, wait_until
from people import Session


def differing(screen, png, leave_out):
    """Pixels in which a PNG and a screen differ, but for some rectangles."""
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", str(png), "-pix_fmt", "bgra", "-f", "rawvideo", "-"], stdout=subprocess.PIPE, check=True,
                         stdin=subprocess.DEVNULL).stdout
    check(len(raw) == screen.width * screen.height * 4, f"a picture of {len(raw)} bytes")
    wrong = 0
    for y in range(screen.height):
        row, kept = screen.row(0, y, screen.width), raw[y * screen.width * 4:(y + 1) * screen.width * 4]
        for x in range(screen.width):
            if row[4 * x:4 * x + 3] != kept[4 * x:4 * x + 3] and not any(a <= x < a + w and b <= y < b + h for a, b, w, h in leave_out):
                wrong += 1
    return wrong


def run(stage):
    s = Session(stage)
    s.open_xterm("60x20+10+30", "work", "sh", "-c", "ls -l /etc | head -18; sleep 100")
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.share("see")
    s.at_customer.move(5, s.at_customer.size[1] - 5)
    s.operator.click("tool.screenshot")
    words = s.operator.wait_text("kept.words", r"/.*\.png", 20)
    file = pathlib.Path(next(w for w in s.operator.text("kept.words").replace(". ", " ").split() if w.endswith(".png")))
    check(file.exists(), f"{file} is not there: {words}")
    check(file.stat().st_mode & 0o077 == 0, "others may read the picture")
    stage.say(f"kept as {file.name}, {file.stat().st_size} bytes")
    s.customer.wait("panel.pictures_kept")
    s.at_operator.screenshot(stage.folder / "operator-kept.png")
    s.at_customer.screenshot(stage.folder / "customer-told.png")
    x, y, width, height = s.customer.outer()
    wrong = differing(s.at_customer.grab(), file, [(x, y, width, height), (0, s.at_customer.size[1] - 40, 40, 40)])
    check(wrong == 0, f"{wrong} pixels of the picture are not the customer's")
    s.operator.wait_gone("kept.words")   # by itself

    # What always moves is never exact: it is said, and nothing is kept unasked.
    s.open_xterm("50x12+10+420", "busy", "sh", "-c", "while :; do head -c 3000 /dev/urandom | base64; done")
    before = len(list(file.parent.glob("*.png")))
    s.operator.click("tool.screenshot")
    shown = wait_until("the end of the wait", lambda: s.operator.has("kept.as_it_is") or "to the bit" in s.operator.text("kept.words"), 20)
    if s.operator.has("kept.as_it_is"):
        stage.say(s.operator.text("kept.words"))
        check(len(list(file.parent.glob("*.png"))) == before, "a picture was kept that is not exact")
        s.at_operator.screenshot(stage.folder / "operator-not-exact.png")
        s.operator.click("kept.as_it_is")
        s.operator.wait_text("kept.words", r"\.png")
    check(shown, "nothing was said")
    s.customer.click("panel.stop")
    s.customer.wait("end.pictures_kept")


if __name__ == "__main__":
    sys.exit(main(run, "screenshot", "xterm", "ffmpeg"))
