# SPDX-License-Identifier: GPL-3.0-or-later
"""A session at a kiosk: the panel at the edge, and an operator who sees and steers one application and nothing else."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from kiosk_people import Kiosk, check, wait_until
from harness import Display, Relay, main
from people import Session


def grey(pixel):
    """The hatch is of two greys, coding allowed for."""
    b, g, r = pixel[:3]
    return max(b, g, r) - min(b, g, r) < 24 and 90 < g < 165


class AtKiosk(Session):
    """A Session whose customer stands at a kiosk."""

    def __init__(self, stage, size):
        self.stage = stage
        self.relay = Relay(stage)
        self.relay.add_operator()
        self.operator_netns = None
        self.at_operator = Display(stage, "operator", (1800, 1000))
        self.customer = Kiosk(stage, self.relay.address, size)
        self.at_customer = self.customer.display
        self.operator, self.code = None, ""

    def types_code(self):
        self.customer.click("kiosk.begin", 30)
        self.customer.wait("kiosk.pad.1")
        for digit in self.code:
            self.customer.click(f"kiosk.pad.{digit}")
        self.shot("code")
        self.customer.click("kiosk.pad.done")

    def shot(self, name):
        folder = os.environ.get("BESIDE_KIOSK_PICTURES")
        if folder:
            self.at_customer.screenshot(pathlib.Path(folder) / f"{name}_{self.at_customer.size[0]}.png")

    def tops(self):
        return {title: area for _, title, area in self.customer.top_levels()}

    def pixel_at_operator(self, x, y):
        left, top = self.to_operator(x, y)
        width, height = self.at_operator.size
        raw = subprocess.run(["ffmpeg", "-v", "error", "-f", "x11grab", "-draw_mouse", "0", "-video_size", f"{width}x{height}", "-i",
                              self.at_operator.name, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "bgr0", "-"],
                             check=True, timeout=20, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
        at = (int(top) * width + int(left)) * 4
        return raw[at:at + 4]

    def app_colour(self, x, y):
        b, g, r = self.pixel_at_operator(x, y)[:3]
        return abs(r - 0x20) < 40 and abs(g - 0x40) < 40 and abs(b - 0x60) < 40


def run(stage):
    wide = "--wide" in sys.argv
    s = AtKiosk(stage, (1920, 1080) if wide else (1080, 1920))
    # A busy machine may delay a release past the server's own repeat.
    subprocess.run(["xset", "r", "off"], env=s.at_customer.env, check=True, timeout=10)
    s.operator_opens()
    s.customer.wait("kiosk.begin", 30, enabled=True)
    wait_until("the application under it", lambda: "app" in s.tops(), 15)
    s.shot("idle")
    s.new_code()
    s.types_code()
    s.customer.wait("panel.stop", 20)
    s.operator.wait("tool.ask", 20)
    s.shot("panel_alone")
    stage.say("asking")
    s.operator_asks("see", "control")
    s.customer.wait("consent.allow", 15)
    check(s.customer.covers_all(), "consent does not fill the screen")
    s.shot("consent")
    s.customer_allows()
    wait_until("the picture", lambda: s.operator.has("remote.picture"), 20)
    s.customer.wait("panel.stop", 10)
    s.shot("panel")

    stage.say("only the application is seen")
    tops = s.tops()
    panel, app = tops["Example Bank"], tops["app"]
    overlap = not (panel[0] >= app[0] + app[2] or app[0] >= panel[0] + panel[2] or panel[1] >= app[1] + app[3] or app[1] >= panel[1] + panel[3])
    check(not overlap, f"panel {panel} and application {app} overlap")
    middle = (app[0] + app[2] * 3 // 4, app[1] + app[3] * 3 // 4)
    wait_until("the application in the operator's picture", lambda: s.app_colour(*middle), 10)
    for x, y in ((panel[0] + panel[2] // 2, panel[1] + panel[3] // 2), (panel[0] + 30, panel[1] + 30), (panel[0] + panel[2] - 30, panel[1] + panel[3] - 30)):
        wait_until(f"hatching over the panel at {x},{y}", lambda at=(x, y): grey(s.pixel_at_operator(*at)), 5)

    stage.say("the screen changes its size and back: panel and application go on to fill it")
    full = s.at_customer.size

    def filled():
        width, height = s.at_customer.size
        panel, app = s.tops()["Example Bank"], s.tops()["app"]
        return (panel[2] * panel[3] + app[2] * app[3] == width * height and panel[0] + panel[2] == width and panel[1] + panel[3] == height and
                (s.operator.find("remote.picture") or {}).get("text") == f"{width}x{height}")
    if shutil.which("xrandr"):
        for words in (["--newmode", "less", "60", "801", "811", "821", "831", "903", "904", "905", "906"], ["--addmode", "screen", "less"],
                      ["--output", "screen", "--mode", "less"], ["--output", "screen", "--mode", f"{full[0]}x{full[1]}"]):
            subprocess.run(["xrandr", *words], env=s.at_customer.env, check=True, timeout=10, stderr=subprocess.DEVNULL)
            if words[0] == "--output":
                s.at_customer.size = (801, 903) if words[-1] == "less" else full
                wait_until(f"a full screen of {s.at_customer.size}", filled, 10)
                quiet = time.monotonic() + 0.6   # the shell's own care for panels must not undo it
                wait_until("it to last", lambda: not filled() or time.monotonic() > quiet, 5)
                check(filled(), f"{s.tops()} on {s.at_customer.size}")
        wait_until("the panel where it was", lambda: s.tops()["Example Bank"] == panel, 5)

    stage.say("the operator types into the application")
    s.operator_may_type()
    s.operator_clicks_at(*middle)
    wait_until("the operator's keys to go to the customer", lambda: (s.operator.find("remote") or {}).get("focused"), 5)
    proof = stage.folder / "proof"
    s.at_operator.type(f"echo steered >{proof}\n")
    wait_until("what the operator typed to be done", lambda: proof.exists() and proof.read_text() == "steered\n", 10)

    stage.say("the operator cannot press what is on the panel")
    x, y = s.customer.middle("panel.stop")
    for _ in range(3):
        s.operator_clicks_at(x, y)
    check(s.customer.has("panel.stop"), "the operator ended the session with the panel's own button")
    wait_until("the refused clicks to be shown to the operator", lambda: re.search(r"[1-9]", s.operator.text("status.refused")), 5)

    stage.say("keys go only while the application has the keyboard")
    s.customer.display.click(panel[0] + panel[2] // 2, panel[1] + panel[3] - 12)   # the customer touches the panel
    wait_until("the panel to have the keyboard", lambda: s.customer.has_focus(), 5)
    s.operator_may_type()
    left, top = s.to_operator(*middle)
    s.at_operator.move(left, top)
    leak = stage.folder / "leak"
    s.at_operator.type(f"echo leak >{leak}\n")
    time_up = time.monotonic() + 1.5
    wait_until("time for keys to arrive", lambda: time.monotonic() > time_up, 5)
    check((s.operator.find("remote") or {}).get("focused"), "the operator's keys did not go to the customer")
    check(not leak.exists(), "keys reached the application while it did not have the keyboard")

    stage.say("the panel cannot be hidden; Stop ends the session")
    subprocess.run(["xdotool", "windowunmap", s.customer.top_levels()[0][0]], env=s.at_customer.env, timeout=20)
    wait_until("the panel again", lambda: "Example Bank" in s.tops(), 5)
    s.customer.wait("panel.stop")
    s.customer.click("panel.chat")
    s.customer.wait("kiosk.keys.space", 5)
    s.shot("chat")
    s.customer.click("panel.stop")
    wait_until("the session to end", lambda: s.customer.covers_all(), 10)
    s.shot("end")
    s.customer.wait_gone("panel.stop")


if __name__ == "__main__":
    raise SystemExit(main(run, "kiosk_session", "xwininfo", "xterm", "xset", "ffmpeg"))
