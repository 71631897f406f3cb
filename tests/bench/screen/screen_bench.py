#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon a change on the sharer's screen is on the viewer's, what it costs in bytes and processor time, side by side in one run:
Beside through its relay and encrypted, and TigerVNC direct and in the clear.

screen_bench.py [--idle SECONDS] [--rounds N] [--systems beside,tigervnc]

Each system has a sharer's screen and a viewer's screen of its own (all of one size each, the same scene on both), so neither
disturbs the other while it rests; blocks of changes alternate between them. The viewer's picture is watched in its X server's
memory-mapped framebuffer. Without TigerVNC only Beside is measured, and what is missing is named.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from measure import figure, harness, memory, percentile  # noqa: E402
from harness import Display, wait_until  # noqa: E402
from people import Session  # noqa: E402
import probe  # noqa: E402

SHARER, VIEWER = (1280, 800), (1960, 1020)
TYPED_PER_BLOCK, FLIPS_PER_BLOCK, SCROLLS_PER_BLOCK, SCROLL_HZ = 20, 8, 60, 30
LONGEST_S = 0.3         # a change not shown by then counts as missed
FLIP_LONGEST_S = 1.0


def processor_s(pid):
    """Processor time of a process and all its threads so far, ended ones too."""
    return time.clock_gettime_ns(~pid << 3 | 2) / 1e9       # the id that clock_getcpuclockid() makes


def watched_display(stage, who):
    folder = stage.folder / f"fb-{who}"
    folder.mkdir()
    display = Display(stage, who, VIEWER, extra=("-fbdir", str(folder)))
    return display, probe.Framebuffer(folder)


class Beside:
    name = "beside"

    def __init__(self, stage):
        s = self.session = Session(stage)
        for unused in (s.at_operator, s.at_customer):
            stage.end(unused.server)
        stage.displays.clear()
        self.sharer = Display(stage, "bench-customer", SHARER)
        self.viewer, self.frame = watched_display(stage, "bench-operator")
        s.at_customer, s.at_operator = self.sharer, self.viewer
        s.operator_opens()
        s.customer_opens()
        s.connect()
        s.share("see")
        s.one_to_one()
        x, y, width, height = s.customer.outer()
        # The customer's panel stays in front of everything: the scene goes where it is not.
        spots = [(left, top) for left in (20, SHARER[0] - probe.SIZE[0] - 20) for top in (20, SHARER[1] - probe.SIZE[1] - 20)]
        free = [p for p in spots if p[0] >= x + width or p[0] + probe.SIZE[0] <= x or p[1] >= y + height or p[1] + probe.SIZE[1] <= y]
        harness.check(free, f"the customer's panel at {x},{y} {width}x{height} leaves no room for the scene")
        self.spot = free[0]
        self.ends = {"sharer": s.customer.pid, "viewer": s.operator.pid}
        self.between = {"relay": s.relay.child.pid}

    def traffic(self):
        """(bytes, packets) so far, both ways: what the relay forwarded, UDP payload."""
        now = self.session.relay.metrics()
        return now["forwarded_bytes_total"], now["forwarded_datagrams_total"]

    def close(self):
        self.session.customer.click("panel.stop")
        self.session.customer.wait("end.title", 5)


class TigerVnc:
    name = "tigervnc"

    def __init__(self, stage, spot):
        self.spot, self.between = spot, {}
        self.sharer = Display(stage, "vnc-sharer", SHARER)
        self.viewer, self.frame = watched_display(stage, "vnc-viewer")
        self.port = harness.free_port()
        server = stage.start("vnc-server", ["X0tigervnc", "-display", self.sharer.name, "-SecurityTypes", "None", "-localhost", "-rfbport", str(self.port)],
                             self.sharer.env)
        wait_until("the VNC server to listen", lambda: str(self.port) in stage.log("vnc-server"), 15)
        viewer = stage.start("vnc-window", ["xtigervncviewer", "-RemoteResize=0", f"127.0.0.1::{self.port}"], self.viewer.env)
        wait_until("the VNC viewer's window", lambda: self.viewer.windows_titled("TigerVNC"), 15)
        self.ends = {"sharer": server.pid, "viewer": viewer.pid}

    def traffic(self):
        """(bytes, packets) so far, both ways: TCP payload and segments as the server's socket counted them."""
        if shutil.which("ss") is None:
            return 0, 0
        out = subprocess.run(["ss", "-tinH", "state", "established", f"( sport = :{self.port} )"], stdout=subprocess.PIPE, check=True).stdout.decode()

        def number(key):
            return sum(int(n) for n in re.findall(rf"\b{key}:(\d+)", out))
        return number("bytes_sent") + number("bytes_received"), number("segs_out") + number("segs_in")

    def close(self):
        pass


class Record:
    """What one system did in one kind of scene, over all its blocks."""

    def __init__(self):
        self.times_ms, self.missed, self.changes, self.seconds = [], 0, 0, 0.0
        self.exact_ms, self.never_exact = [], 0
        self.bytes = self.packets = 0
        self.cpu = {}


class Measured:
    """Counts bytes and processor time of a system around a block."""

    def __init__(self, system, record):
        self.system, self.record = system, record

    def pids(self):
        s = self.system
        return {**s.ends, **s.between, "x_sharer": s.sharer.server.pid, "x_viewer": s.viewer.server.pid}

    def __enter__(self):
        self.traffic, self.began = self.system.traffic(), time.monotonic()
        self.cpu = {who: processor_s(pid) for who, pid in self.pids().items()}

    def __exit__(self, *_):
        for who, pid in self.pids().items():
            self.record.cpu[who] = self.record.cpu.get(who, 0.0) + processor_s(pid) - self.cpu[who]
        self.record.seconds += time.monotonic() - self.began
        now = self.system.traffic()
        self.record.bytes += now[0] - self.traffic[0]
        self.record.packets += now[1] - self.traffic[1]


def watch(look, moment, longest_s):
    """Milliseconds from the moment until look() is true, None if it takes too long."""
    end = moment + int(longest_s * 1e9)
    while True:
        if look():
            return (time.monotonic_ns() - moment) / 1e6
        if time.monotonic_ns() > end:
            return None
        time.sleep(probe.NAP_S)


def rest(system, scene, seconds=0.7):
    wait_until(f"{system.name} to show the scene", lambda: system.frame.page(scene) == scene.top, 20)
    time.sleep(seconds)


def add(record, took):
    record.changes += 1
    if took is None:
        record.missed += 1
    else:
        record.times_ms.append(took)


def typing(system, scene, record, dice):
    scene.page(scene.top)
    scene.empty_line()
    time.sleep(1.0)
    with Measured(system, record):
        for _ in range(TYPED_PER_BLOCK):
            time.sleep(dice.uniform(0.06, 0.14))
            x, y, rows = scene.next_letter()
            harness.check(not system.frame.shows(x, y, rows), "the letter is shown before it is typed")
            moment = scene.type()
            add(record, watch(lambda: system.frame.shows(x, y, rows), moment, LONGEST_S))


def page_flip(system, scene, record, dice):
    scene.page(scene.top)
    rest(system, scene)
    with Measured(system, record):
        for _ in range(FLIPS_PER_BLOCK):
            time.sleep(dice.uniform(0.4, 0.6))
            moment = scene.page(scene.top + 97)
            add(record, watch(lambda: system.frame.page(scene) == scene.top, moment, FLIP_LONGEST_S))
            exact_rows = 0

            def exact():
                nonlocal exact_rows
                exact_rows = system.frame.exact_from(scene, exact_rows)
                return exact_rows == probe.SIZE[1]
            took = watch(exact, moment, FLIP_LONGEST_S)
            if took is None or system.frame.exact_from(scene, 0) != probe.SIZE[1]:
                record.never_exact += 1
            else:
                record.exact_ms.append(took)


def scrolling(system, scene, record, _):
    scene.page(scene.top)
    rest(system, scene)
    drawn, seen = {}, {}
    with Measured(system, record):
        due = time.monotonic() + 0.1
        while len(drawn) < SCROLLS_PER_BLOCK or time.monotonic() < due + LONGEST_S:
            if len(drawn) < SCROLLS_PER_BLOCK and time.monotonic() >= due:
                moment = scene.scroll()
                drawn[scene.top] = moment
                due += 1 / SCROLL_HZ
            shown = system.frame.page(scene)
            if shown in drawn and shown not in seen:
                seen[shown] = time.monotonic_ns()
            if len(seen) == SCROLLS_PER_BLOCK:
                break
            time.sleep(probe.NAP_S)
    for top, moment in drawn.items():
        took = (seen[top] - moment) / 1e6 if top in seen else None
        add(record, took if took is not None and took <= LONGEST_S * 1e3 else None)
    rest(system, scene)


def report(scene, system, record):
    def say(metric, value, unit):
        figure("screen", scene, metric, value, unit, system)
    if record.times_ms:
        for percent in (50, 95):
            say(f"change_to_shown_p{percent}", round(percentile(record.times_ms, percent), 2), "ms")
    if record.exact_ms or record.never_exact:
        for percent in (50, 95) if record.exact_ms else ():
            say(f"change_to_exact_p{percent}", round(percentile(record.exact_ms, percent), 2), "ms")
        say("not_exact_after_1_s", record.never_exact, "changes")
    say("changes", record.changes, "changes")
    say("not_shown", record.missed, "changes")
    if record.packets:
        say("bytes_per_change", round(record.bytes / record.changes), "bytes")
        say("packets_per_change", round(record.packets / record.changes, 1), "packets")
    for who, seconds in record.cpu.items():
        say(f"{who}_cpu_per_change", round(seconds * 1e3 / record.changes, 3), "ms")
        say(f"{who}_cpu", round(seconds, 4), "s")
    both = record.cpu["sharer"] + record.cpu["viewer"]
    say("both_ends_cpu", round(both, 4), "s")
    say("both_ends_cpu_share", round(100 * both / record.seconds, 2), "percent_of_a_core")


def idle(systems, seconds):
    """All at once: nobody does anything."""
    records = {s.name: Record() for s in systems}
    around = [Measured(s, records[s.name]) for s in systems]
    for m in around:
        m.__enter__()
    time.sleep(seconds)
    for m in around:
        m.__exit__()
    for s in systems:
        record = records[s.name]
        for who, used in record.cpu.items():
            figure("screen", "idle", f"{who}_cpu", round(100 * used / record.seconds, 3), "percent_of_a_core", s.name)
        figure("screen", "idle", "bytes", round(record.bytes / record.seconds, 1), "bytes_per_second", s.name)
        figure("screen", "idle", "packets", round(record.packets / record.seconds, 2), "packets_per_second", s.name)
        for who, pid in {**s.ends, **s.between}.items():
            figure("screen", "idle", f"{who}_pss", round(memory(pid)[1], 1), "MiB", s.name)


def run(stage):
    words = argparse.ArgumentParser()
    words.add_argument("--idle", type=float, default=20.0, help="seconds of rest that are measured")
    words.add_argument("--rounds", type=int, default=5, help="blocks per scene and system")
    words.add_argument("--systems", default="beside,tigervnc")
    words = words.parse_args()
    wanted = words.systems.split(",")
    missing = [p for p in ("X0tigervnc", "xtigervncviewer") if shutil.which(p) is None]
    if "tigervnc" in wanted and missing:
        print(f"skipped: tigervnc, {' and '.join(missing)} not installed", flush=True)
    if shutil.which("ss") is None:
        print("skipped: TigerVNC's bytes, ss is not installed", flush=True)
    probe.sharpen_sleep()
    systems = [Beside(stage)]
    if "tigervnc" in wanted and not missing:
        systems.append(TigerVnc(stage, systems[0].spot))
    scenes = {}
    for s in systems:
        # An X server without a screen draws its pointer into the picture.
        s.sharer.move(SHARER[0] - 2, SHARER[1] - 2)
        s.viewer.move(VIEWER[0] - 2, VIEWER[1] - 2)
        scenes[s.name] = probe.Scene(s.sharer, *s.spot)
        wait_until(f"{s.name} to show the scene", lambda: s.frame.find(scenes[s.name]), 20, every=0.2)
        stage.say(f"{s.name} shows the scene from {s.frame.origin} on")
    time.sleep(3)       # what a session does once at its start is over
    for s in systems:
        # TigerVNC's viewer shows a hint over the picture for its first seconds.
        wait_until(f"{s.name} to show the scene to the bit", lambda: s.frame.exact_from(scenes[s.name], 0) == probe.SIZE[1], 20)
        began = time.monotonic()
        s.frame.exact_from(scenes[s.name], 0)
        # change_to_exact is later than the truth by up to this.
        figure("screen", "machine", "exact_check", round((time.monotonic() - began) * 1e3, 2), "ms", s.name)
    figure("screen", "machine", "load_1min", round(os.getloadavg()[0], 2), "processes", "machine")
    idle(systems, words.idle)
    dice = random.Random(3)
    for name, play in (("typing", typing), ("scroll", scrolling), ("page_flip", page_flip)):
        records = {s.name: Record() for s in systems}
        for _ in range(words.rounds):
            for s in systems:
                play(s, scenes[s.name], records[s.name], dice)
        for s in systems:
            report(name, s.name, records[s.name])
    figure("screen", "machine", "load_1min_after", round(os.getloadavg()[0], 2), "processes", "machine")
    for s in systems:
        scenes[s.name].close()
        s.close()


if __name__ == "__main__":
    sys.exit(harness.main(run, "bench_screen"))
