# SPDX-License-Identifier: GPL-3.0-or-later
"""A kiosk for the scenes: its signed file, and the X session as it is shipped, in an X server without a window manager."""
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e_scenes"))

from harness import Display, Window, binary, check, wait_until  # noqa: E402

SESSION = pathlib.Path(__file__).resolve().parents[2] / "assets" / "kiosk" / "beside-kiosk-session"
TERMINAL = ["/usr/bin/xterm", "-T", "app", "-fn", "fixed", "-bg", "#204060", "-fg", "white", "-b", "4", "-e", "sh", "-i"]


class Kiosk(Window):
    """beside-kiosk under the shipped session script; `child` is the script, `program()` the program that runs now."""

    def __init__(self, stage, address="beside://127.0.0.1:9#pin=" + "A" * 43, size=(1080, 1920), command=TERMINAL, more="", sign=True):
        self.binary = binary("beside-kiosk")
        folder = stage.folder / "etc"
        folder.mkdir(exist_ok=True)
        self.file = folder / "kiosk.toml"
        self.key = folder / "key"
        if not self.key.exists():
            self.run_tool("--make-key", self.key)
        self.file.write_text(f'entry = "code"\nname = "Example Bank"\ndepartments = ["Help desk"]\nrelay = "{address}"\n'
                             f'languages = ["en", "de", "it"]\n{more}\n[application]\ncommand = {json.dumps(command)}\n')
        self.file.chmod(0o644)
        if sign:
            self.run_tool("--sign", self.file, "--key", self.key)
        display = Display(stage, "kiosk", size, manager=False)
        super().__init__(stage, "kiosk-window", display,
                         [str(SESSION), "--file", str(self.file), "--public-key", str(self.key) + ".pub", "--verbose"],
                         BESIDE_KIOSK_PROGRAM=self.binary, PS1="$ ")

    def run_tool(self, *words):
        subprocess.run([self.binary, *map(str, words)], check=True, stdout=subprocess.DEVNULL, timeout=20)

    def programs(self):
        """Process ids of the kiosk programs that belong to this scene."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and os.readlink(f"/proc/{entry}/exe") == self.binary and \
                        self.stage.mark.encode() in pathlib.Path("/proc", entry, "environ").read_bytes():
                    found.append(int(entry))
            except OSError:
                pass
        return found

    def top_levels(self):
        """Visible children of the root, lowest last: (id, title, (x, y, width, height))."""
        out = []
        for line in self.display.ask("xwininfo", "-root", "-children").splitlines():
            m = re.match(r"\s+(0x[0-9a-f]+) (\".*?\"|\(has no name\)).*?(\d+)x(\d+)\+(-?\d+)\+(-?\d+)  \+(-?\d+)\+(-?\d+)", line)
            if m and "IsViewable" in self.display.ask("xwininfo", "-id", m.group(1)) and \
                    "InputOnly" not in self.display.ask("xwininfo", "-id", m.group(1)):
                out.append((m.group(1), m.group(2).strip('"'), (int(m.group(7)), int(m.group(8)), int(m.group(3)), int(m.group(4)))))
        return out

    def covers_all(self):
        """Our window is on top and as large as the screen."""
        tops = self.top_levels()
        return bool(tops) and tops[0][1] == "Example Bank" and tops[0][2] == (0, 0, *self.display.size)

    def wait_covering(self, what, seconds=10.0):
        wait_until(f"the kiosk's screen {what}", self.covers_all, seconds, every=0.1)

    def has_focus(self):
        focus = self.display.ask("xdotool", "getwindowfocus").strip()
        tops = self.top_levels()
        return bool(tops) and focus.isdigit() and int(focus) == int(tops[0][0], 16)


__all__ = ["Kiosk", "check", "wait_until"]
