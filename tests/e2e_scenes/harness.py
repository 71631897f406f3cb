# SPDX-License-Identifier: GPL-3.0-or-later
"""What every scene needs: X servers of its own, the real programs, people who click and type, and a look at what is left.

A scene is a Python file with run(stage), started by `main(run, ...)`. Everything that it starts gets a private HOME, a
private TMPDIR and a mark in its environment, so that what is left behind can be found. Waiting is always for something
(wait_until) with a time-out; there is no fixed sleep. A failing scene copies its folder to $BESIDE_ARTEFACTS and says where.
Exit code 77: skipped, with the name of what is missing.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

POLL = 0.02


class Failure(Exception):
    """The scene did not see what it must see."""


class Skipped(Exception):
    """Something that the scene needs is not on this machine."""


def need(*programs):
    for name in programs:
        if shutil.which(name) is None:
            raise Skipped(f"{name} is not installed")


def wait_until(what, look, seconds=20.0, every=POLL):
    """Calls look() until it gives something true and returns that; `what` says what was waited for."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= end:
            raise Failure(f"waited {seconds:g} s in vain for: {what}")
        time.sleep(every)


def check(good, what):
    if not good:
        raise Failure(what)


def binary(name):
    folder = os.environ.get("BESIDE_BIN", "build/release/bin")
    path = pathlib.Path(folder) / name
    if not path.exists():
        raise Skipped(f"{path} is not built")
    return str(path.resolve())


class Stage:
    """A folder, a mark in the environment, and all processes of one scene."""

    def __init__(self, name):
        self.name = name
        self.mark = f"{name}-{uuid.uuid4().hex}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"beside-{name}-"))
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        self.children = []          # (name, Popen), in order of start
        self.displays = []
        self.windows = []
        self.figures = []
        self.began = time.monotonic()

    # ---- processes ----

    def environment(self, who, display=None, **more):
        home = self.folder / who
        home.mkdir(exist_ok=True)
        out = {k: v for k, v in os.environ.items()
               if k in ("PATH", "LD_LIBRARY_PATH", "VK_ICD_FILENAMES", "VK_DRIVER_FILES", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                        "TSAN_OPTIONS", "LD_PRELOAD", "BESIDE_LOG", "BESIDE_TRACE")}
        out.update(HOME=str(home), XDG_DATA_HOME=str(home / "data"), XDG_CONFIG_HOME=str(home / "config"),
                   XDG_CACHE_HOME=str(home / "cache"), XDG_RUNTIME_DIR=str(home), TMPDIR=str(self.temporary), LANG="C.UTF-8",
                   LANGUAGE="en", BESIDE_SCENE=self.mark)
        if display is not None:
            out["DISPLAY"] = display.name
        out.update(more)
        return out

    def start(self, name, words, env, netns=None, **more):
        if netns:
            words = ["ip", "netns", "exec", netns] + words
        log = open(self.folder / f"{name}.log", "ab")
        child = subprocess.Popen(words, env=env, stdout=more.pop("stdout", log), stderr=log, stdin=more.pop("stdin", subprocess.DEVNULL),
                                 **more)
        log.close()
        self.children.append((name, child))
        return child

    def log(self, name):
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def end(self, child, seconds=20.0, number=signal.SIGTERM):
        """Ends one of our processes; returns its exit status."""
        if child.poll() is None:
            child.send_signal(number)
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                return None
        return child.returncode

    # ---- figures and ends ----

    def figure(self, metric, value, unit):
        """Kept with the log of the run: one JSON line per figure, never an assertion."""
        self.figures.append({"bench": "scene", "scene": self.name, "system": "beside", "metric": metric, "value": value, "unit": unit})
        print(json.dumps(self.figures[-1]), flush=True)

    def say(self, text):
        print(f"[{time.monotonic() - self.began:7.2f}] {text}", flush=True)

    def keep_artefacts(self):
        for display in self.displays:
            try:
                display.screenshot(self.folder / f"{display.who}.png")
            except Exception as e:  # a dead server has no screen
                print(f"no screenshot of {display.who}: {e}")
        base = os.environ.get("BESIDE_ARTEFACTS", "")
        if not base:
            print(f"artefacts: {self.folder}")
            return
        target = pathlib.Path(base) / self.name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder, target, symlinks=True, ignore=lambda d, names: [
            n for n in names if not (pathlib.Path(d, n).is_file() or pathlib.Path(d, n).is_dir())])
        print(f"artefacts: {target}")

    def close(self, keep=False):
        for _, child in reversed(self.children):
            self.end(child, 3.0)
        for pid in marked_processes(self.mark):  # grandchildren of window managers, shells
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not keep or os.environ.get("BESIDE_ARTEFACTS"):
            shutil.rmtree(self.folder, ignore_errors=True)


def marked_processes(mark):
    """Process ids with this mark in their environment, our own excepted."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            if mark.encode() in pathlib.Path("/proc", entry, "environ").read_bytes():
                found.append(int(entry))
        except OSError:
            pass
    return found


def main(run, name, *programs):
    """Runs one scene: exit status 0, 1 or 77."""
    stage = None
    try:
        need("Xvfb", "xdotool", "icewm", "xwd", *programs)
        stage = Stage(name)
        run(stage)
        stage.say("scene passed")
        stage.close()
        return 0
    except Skipped as e:
        print(f"skipped: {e}")
        if stage:
            stage.close()
        return 77
    except BaseException as e:
        if isinstance(e, Failure):
            where = traceback.extract_tb(e.__traceback__)
            line = next((f for f in reversed(where) if "harness" not in f.filename), where[-1])
            print(f"FAILED at {pathlib.Path(line.filename).name}:{line.lineno}: {e}")
        else:
            traceback.print_exc()
        if stage:
            stage.keep_artefacts()
            for log_name, _ in stage.children:
                tail = stage.log(log_name).strip().splitlines()[-8:]
                if tail and not log_name.startswith("x-"):
                    print(f"--- {log_name}.log\n" + "\n".join(tail))
            stage.close(keep=True)
        return 1


# ---- screens ----

class Screen:
    """Pixels of a root window: rows of B, G, R, X bytes."""

    def __init__(self, dump):
        head = struct.unpack(">25I", dump[:100])
        header_size, _, _, depth, self.width, self.height = head[:6]
        self.stride, colours = head[12], head[19]
        # With windows of several visuals on the screen xwd packs three bytes a pixel.
        self.pixel = head[11] // 8
        if self.pixel not in (3, 4) or head[7] != 0:
            raise Skipped(f"a root window of {head[11]} bits a pixel")
        self.data = dump[header_size + colours * 12:]

    def row(self, x, y, width):
        """Four bytes a pixel: B, G, R and one without meaning."""
        if y < 0 or y >= self.height:
            return b""
        left, right = max(x, 0), min(x + width, self.width)
        at = y * self.stride
        packed = self.data[at + left * self.pixel:at + right * self.pixel]
        if self.pixel == 4:
            return packed
        out = bytearray(len(packed) // 3 * 4)
        out[0::4], out[1::4], out[2::4] = packed[0::3], packed[1::3], packed[2::3]
        return bytes(out)


class Display:
    """An X server of one's own with a small window manager: who sits at it drives it with real X events."""

    def __init__(self, stage, who, size=(1280, 800), layout="us", manager=True, extra=()):
        self.stage, self.who, self.size = stage, who, size
        self.touched = 0.0          # when somebody last moved the mouse or pressed a key here
        read, write = os.pipe()
        # Keys repeat late: where the machine stalls between the going down and up of a key of xdotool's, it would be two keys.
        stage.start(f"x-{who}", ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size[0]}x{size[1]}x24", "-nolisten", "tcp",
                                 "-noreset", "-ardelay", "20000", *extra], stage.environment(who), pass_fds=(write,))
        self.server = stage.children[-1][1]
        os.close(write)
        number = b""
        os.set_blocking(read, False)

        def answered():
            nonlocal number
            try:
                number += os.read(read, 16)
            except BlockingIOError:
                pass
            return number.endswith(b"\n")
        wait_until("the X server", answered, 15)
        os.close(read)
        self.name = ":" + number.decode().strip()
        self.env = stage.environment(who, self)
        stage.displays.append(self)
        if layout != "us":
            self.set_layout(layout)
        if manager:
            config = stage.folder / who / "icewm"
            config.mkdir(exist_ok=True)
            (config / "preferences").write_text("ShowTaskBar=0\nShowSplash=0\nClickToFocus=1\nFocusOnClickClient=1\nRaiseOnClickClient=1\n"
                                                "TaskBarShowWindowIcons=0\nEdgeSwitch=0\nConfirmLogout=0\n")
            # An operator works in a large window.
            (config / "winoptions").write_text("beside-operator.startMaximized: 1\n")
            stage.start(f"wm-{who}", ["icewm"], dict(self.env, ICEWM_PRIVCFG=str(config)))
            wait_until("the window manager", lambda: "0x" in self.ask("xprop", "-root", "_NET_SUPPORTING_WM_CHECK"), 15)

    def ask(self, *words):
        done = subprocess.run(words, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20)
        return done.stdout.decode(errors="replace")

    def set_layout(self, layout):
        need("setxkbmap")
        subprocess.run(["setxkbmap", layout], env=self.env, check=True, timeout=10, stderr=subprocess.DEVNULL)

    def xdo(self, *words):
        self.touched = time.monotonic()
        subprocess.run(["xdotool", *[str(w) for w in words]], env=self.env, check=True, timeout=60)
        self.touched = time.monotonic()

    def move(self, x, y):
        self.xdo("mousemove", int(x), int(y))

    def click(self, x, y, button=1):
        self.xdo("mousemove", int(x), int(y), "click", button)

    def key(self, *keys):
        for key in keys:
            self.xdo("key", "--delay", "12", key)

    def type(self, text):
        self.xdo("type", "--delay", "20", text)

    def grab(self):
        return Screen(subprocess.run(["xwd", "-root", "-silent"], env=self.env, stdout=subprocess.PIPE, check=True, timeout=20).stdout)

    def screenshot(self, path):
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "x11grab", "-video_size", f"{self.size[0]}x{self.size[1]}", "-i", self.name,
                        "-frames:v", "1", str(path)], check=True, timeout=20, stdin=subprocess.DEVNULL)

    def windows_titled(self, title):
        out = self.ask("xdotool", "search", "--onlyvisible", "--name", title)
        return [int(w) for w in out.split()]


def psnr(a, at_a, b, at_b, size, leave_out=()):
    """Peak signal-to-noise ratio in dB over every second pixel of every second row, B, G and R; leave_out: rectangles
    (x, y, width, height) relative to the compared area that do not count. Equal pictures: 99."""
    import math
    width, height = size
    error, count = 0, 0
    for y in range(0, height, 2):
        left, right = a.row(at_a[0], at_a[1] + y, width), b.row(at_b[0], at_b[1] + y, width)
        if len(left) != len(right):
            return 0.0
        skip = [(x, x + w) for x, top, w, h in leave_out if top <= y < top + h]
        if left == right and not skip:
            count += 3 * ((width + 1) // 2)
            continue
        for x in range(0, width, 2):
            if any(x0 <= x < x1 for x0, x1 in skip):
                continue
            for c in range(3):
                d = left[x * 4 + c] - right[x * 4 + c]
                error += d * d
            count += 3
    if count == 0 or error == 0:
        return 99.0
    return 10 * math.log10(255 * 255 * count / error)


# ---- windows of ours ----

class Window:
    """One of our programs with a window, found by name: its widget map says where everything is."""

    def __init__(self, stage, name, display, words, netns=None, **env):
        self.stage, self.name, self.display = stage, name, display
        self.map_file = stage.folder / f"{name}.map.json"
        self.env = stage.environment(display.who, display, BESIDE_UI_MAP=str(self.map_file), BESIDE_SCALE="1", **env)
        self.child = stage.start(name, words, self.env, netns=netns)
        stage.windows.append(self)
        self.pid = self.child.pid

    def map(self):
        try:
            return json.loads(self.map_file.read_text())
        except (OSError, ValueError):
            return {"widgets": []}

    def find(self, label):
        for widget in self.map()["widgets"]:
            if widget["label"] == label and not widget.get("hidden"):
                return widget
        return None

    def has(self, label):
        return self.find(label) is not None

    def labels(self):
        return [w["label"] for w in self.map()["widgets"]]

    def wait(self, label, seconds=20.0, enabled=False):
        def look():
            if self.child.poll() is not None:
                raise Failure(f"{self.name} has ended with status {self.child.returncode} while {label} was awaited")
            widget = self.find(label)
            return widget if widget and (not enabled or widget["enabled"]) else None
        try:
            return wait_until(f"{self.name}: {label}", look, seconds)
        except Failure as e:
            raise Failure(f"{e}; on screen: {', '.join(dict.fromkeys(self.labels()))}") from None

    def wait_gone(self, label, seconds=20.0):
        wait_until(f"{self.name}: {label} to go", lambda: not self.has(label), seconds)

    def wait_text(self, label, pattern, seconds=20.0):
        """Waits until a widget shows text that matches; returns the match."""
        def look():
            widget = self.find(label)
            return re.search(pattern, widget.get("text", "")) if widget else None
        try:
            return wait_until(f"{self.name}: {label} to say /{pattern}/", look, seconds)
        except Failure as e:
            widget = self.find(label)
            raise Failure(f"{e}; it says {widget.get('text') if widget else 'nothing: it is not there'!r}") from None

    def text(self, label):
        widget = self.find(label)
        return widget.get("text", "") if widget else ""

    def all_text(self):
        return "\n".join(w.get("text", "") for w in self.map()["widgets"])

    def middle(self, label, seconds=20.0, enabled=False):
        x, y, width, height = self.settled(label, seconds, enabled)
        return x + width // 2, y + height // 2

    def settled(self, label, seconds=20.0, enabled=False):
        """The rectangle of a widget once it no longer moves (a window that has just been mapped is still placed)."""
        last, since = None, 0.0

        def look():
            nonlocal last, since
            widget = self.wait(label, seconds, enabled)
            if widget["rect"] != last or self.map().get("placing"):
                last, since = widget["rect"], time.monotonic()
            return last if time.monotonic() - since >= 0.25 else None
        return wait_until(f"{self.name}: {label} to rest", look, seconds + 5)

    def click(self, label, seconds=20.0, button=1):
        self.display.click(*self.middle(label, seconds, enabled=True), button)

    def fill(self, label, text, seconds=20.0):
        """Clicks into a field and types."""
        self.click(label, seconds)
        wait_until(f"{self.name}: {label} to have the keyboard",
                   lambda: (self.find(label) or {}).get("focused") and self.map().get("keyboard"), 20)
        self.display.type(text)

    def ended(self, seconds=20.0):
        wait_until(f"{self.name} to end", lambda: self.child.poll() is not None, seconds)
        return self.child.returncode

    def outer(self):
        """The whole window with 40 pixels around it for frame and shadow, in root pixels: what may be hatched."""
        data = self.map()
        if not data["widgets"]:
            return 0, 0, 0, 0
        x0 = min(w["rect"][0] for w in data["widgets"])
        y0 = min(w["rect"][1] for w in data["widgets"])
        x1 = max(w["rect"][0] + w["rect"][2] for w in data["widgets"])
        y1 = max(w["rect"][1] + w["rect"][3] for w in data["widgets"])
        return x0 - 40, y0 - 60, x1 - x0 + 80, y1 - y0 + 100


# ---- the relay ----

class Relay:
    """beside-relay with a data folder of its own; it can be killed and started again on the same port. `descriptors`: as many as it
    may open (its hard limit); None: as the machine has it."""

    def __init__(self, stage, host="127.0.0.1", netns=None, more=(), env=None, descriptors=None):
        self.limit = ["prlimit", f"--nofile={descriptors}:{descriptors}"] if descriptors else []
        self.stage, self.host, self.netns, self.more, self.env = stage, host, netns, list(more), env or {}
        self.data = stage.folder / "relay-data"
        self.logins = set()
        self.program = binary("beside-relay")
        self.metrics_port = free_port()
        self.port = 0
        self.child = None
        self.start()

    def start(self):
        before = self.stage.log("relay").count("Ready.")
        self.child = self.stage.start("relay", [*self.limit, self.program, "--data", str(self.data), "--listen", self.host, "--port", str(self.port),
                                                "--metrics-port", str(self.metrics_port), *self.more],
                                      self.stage.environment("relay-home", **self.env), netns=self.netns)

        def ready():
            if self.child.poll() is not None:
                raise Failure("the relay ended: " + self.stage.log("relay")[-400:])
            return self.stage.log("relay").count("Ready.") > before
        wait_until("the relay to be ready", ready, 15)
        self.address = (self.data / "address").read_text().strip()
        self.port = int(re.match(r"beside://[^#]*?:(\d+)", self.address).group(1))

    def kill(self):
        self.stage.end(self.child, number=signal.SIGKILL)

    def command(self, *words, stdin=""):
        done = subprocess.run([self.program, "--data", str(self.data), *words], input=stdin.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=self.stage.environment("relay-home", **self.env), timeout=30)
        check(done.returncode == 0, f"beside-relay {' '.join(words)}: {done.stdout.decode()}")
        return done.stdout.decode()

    def add_operator(self, login="ada", name="Ada Berger", password="Correct-Horse-7"):
        if login in self.logins:
            return
        self.logins.add(login)
        self.command("operator", "add", "--login", login, "--name", name, "--password-stdin", stdin=password + "\n")

    def token(self, login="ada"):
        path = self.stage.folder / f"token-{login}"
        self.command("operator", "token", "--login", login, "--out", str(path))
        return str(path)

    def metrics(self):
        with socket.create_connection(("127.0.0.1", self.metrics_port), 5) as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            raw = b""
            while chunk := s.recv(65536):
                raw += chunk
        out = {}
        for line in raw.decode(errors="replace").splitlines():
            if line.startswith("beside_relay_"):
                key, _, value = line.rpartition(" ")
                out[key.removeprefix("beside_relay_")] = float(value)
        return out


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
