# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks share: figures as JSON lines, processor time and memory of a process from /proc, and a click whose
moment is known to the microsecond."""
import ctypes
import json
import os
import pathlib
import sys
import time

for folder in ("e2e_scenes", "kiosk"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / folder))

import harness  # noqa: E402  the scenes' stage, displays, windows and relay


def figure(bench, scene, metric, value, unit, system="beside", **more):
    print(json.dumps({"bench": bench, "scene": scene, "system": system, "metric": metric, "value": value, "unit": unit, **more}), flush=True)


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else None


def figures(bench, scene, metric, values, unit):
    """Median and 95th percentile of what was measured several times."""
    if values:
        figure(bench, scene, f"{metric}_p50", round(percentile(values, 50), 1), unit)
        figure(bench, scene, f"{metric}_p95", round(percentile(values, 95), 1), unit)


class Usage:
    """Processor time and wake-ups of a process and of each of its threads, from now to the call of since()."""

    def __init__(self, pid):
        self.pid = pid
        self.began = time.monotonic()
        self.threads = self.read()

    def read(self):
        out = {}
        for task in os.listdir(f"/proc/{self.pid}/task"):
            base = pathlib.Path(f"/proc/{self.pid}/task/{task}")
            try:
                name = (base / "comm").read_text().strip()
                run_ns = int((base / "schedstat").read_text().split()[0])
                slept = next(int(line.split()[1]) for line in (base / "status").read_text().splitlines()
                             if line.startswith("voluntary_ctxt_switches"))
            except OSError:
                continue
            out[task] = (name, run_ns, slept)
        return out

    def since(self):
        """(share of a core in percent, wake-ups per second, {thread name: (percent, wake-ups per second)})"""
        seconds = time.monotonic() - self.began
        by_name, total, woken = {}, 0.0, 0.0
        for task, (name, run_ns, slept) in self.read().items():
            _, run_before, slept_before = self.threads.get(task, (name, 0, 0))
            percent, wakes = (run_ns - run_before) / 1e7 / seconds, (slept - slept_before) / seconds
            before = by_name.get(name, (0.0, 0.0))
            by_name[name] = (before[0] + percent, before[1] + wakes)
            total += percent
            woken += wakes
        return total, woken, by_name


DRIVER = ("libvulkan", "libLLVM", "swrast", "libdrm", "libelf", "libsensors")


def memory(pid):
    """MiB: resident, proportional, and of the latter what is mapped from the graphics driver's files."""
    rss = pss = driver = 0
    name = ""
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text(errors="replace").splitlines():
        head = line.split(None, 5)
        if "-" in head[0] and not head[0].endswith(":"):
            name = head[5] if len(head) > 5 else ""
        elif head[0] == "Rss:":
            rss += int(head[1])
        elif head[0] == "Pss:":
            pss += int(head[1])
            if any(word in name for word in DRIVER):
                driver += int(head[1])
    return rss / 1024, pss / 1024, driver / 1024


class Finger:
    """Clicks at a display without starting a program for it; returns the moment of the release."""

    def __init__(self, display):
        self.x11, self.xtst = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        self.at = ctypes.c_void_p(self.x11.XOpenDisplay(display.name.encode()))
        if not self.at:
            raise harness.Failure(f"cannot open {display.name}")

    def move(self, x, y):
        self.xtst.XTestFakeMotionEvent(self.at, -1, int(x), int(y), ctypes.c_ulong(0))
        self.x11.XSync(self.at, 0)

    def click(self, pause=0.06):
        self.xtst.XTestFakeButtonEvent(self.at, 1, 1, ctypes.c_ulong(0))
        self.x11.XSync(self.at, 0)
        time.sleep(pause)
        moment = time.monotonic_ns()
        self.xtst.XTestFakeButtonEvent(self.at, 1, 0, ctypes.c_ulong(0))
        self.x11.XSync(self.at, 0)
        return moment // 1000

    def close(self):
        self.x11.XCloseDisplay(self.at)
