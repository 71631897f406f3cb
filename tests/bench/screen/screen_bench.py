#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon a change on the sharer's screen is on the viewer's, what it costs in bytes and processor time, side by side in one run:
Beside through its relay and encrypted, TigerVNC direct and in the clear, a GStreamer pipeline of x264 and SRTP direct.

screen_bench.py [--idle SECONDS] [--rounds N] [--systems beside,tigervnc,gstreamer] [--scenes typing,...] [--large]

Each system has a sharer's screen and a viewer's screen of its own (all of one size each, the same scene on both), so neither
disturbs the other while it rests; blocks of changes alternate between them. The viewer's picture is watched in its X server's
memory-mapped framebuffer. What is not installed is named and left out. --large: 1920x1080 with a page of 1440x960.

Where the operator's latency ladder is open it is held against what is seen from outside: it begins when the X server drew the
change, which the server tells to the millisecond, and the probe just before it was asked to.
"""
import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from measure import figure, harness, memory, percentile  # noqa: E402
from harness import wait_until  # noqa: E402
import moving  # noqa: E402
import peers  # noqa: E402
import probe  # noqa: E402

TYPED_PER_BLOCK, FLIPS_PER_BLOCK, MOVES_PER_BLOCK, MOVE_HZ = 20, 8, 60, 30
LONGEST_S = 0.3         # a change not shown by then counts as missed
FLIP_LONGEST_S = 1.0
SAMPLES_PER_BLOCK = 12  # of a film's pictures, for their likeness
FILM_NAP_S = 250e-6     # between two looks at a film: looking all the time takes half a core from those who are looked at
SAME_PHASE = 10         # pictures of a film; then a pause that is a part of an interval longer: who grabs at a rate of his own is else lucky or not


def processor_s(pid):
    """Processor time of a process and all its threads so far, ended ones too."""
    return time.clock_gettime_ns(~pid << 3 | 2) / 1e9       # the id that clock_getcpuclockid() makes


class Record:
    """What one system did in one kind of scene, over all its blocks."""

    def __init__(self):
        self.times_ms, self.missed, self.changes, self.seconds = [], 0, 0, 0.0
        self.exact_ms, self.never_exact = [], 0
        self.bytes = self.packets = 0
        self.cpu = {}
        self.likeness = []                      # (luma, RGB) in dB, in motion
        self.ladder = []                        # (its p50, its p95, the probe's p50, the probe's p95), ms, per block


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


def rest(system, stage, seconds=0.7):
    scene = stage.scene
    wait_until(f"{system.name} to show the scene", lambda: system.frame.page(scene) == scene.top, 20)
    time.sleep(seconds)


def add(record, took):
    record.changes += 1
    if took is None:
        record.missed += 1
    else:
        record.times_ms.append(took)


def letter_shown(system, x, y, rows):
    return system.frame.shows(x, y, rows) if system.exact else system.frame.resembles(x, y, rows)


def typing(system, played, record, dice):
    scene = played.scene
    scene.page(scene.top)
    scene.empty_line()
    time.sleep(1.0)
    with Measured(system, record):
        for _ in range(TYPED_PER_BLOCK):
            time.sleep(dice.uniform(0.06, 0.14))
            x, y, rows = scene.next_letter()
            harness.check(not letter_shown(system, x, y, rows), "the letter is shown before it is typed")
            moment = scene.type()
            add(record, watch(lambda: letter_shown(system, x, y, rows), moment, LONGEST_S))


def page_flip(system, played, record, dice):
    scene = played.scene
    scene.page(scene.top)
    rest(system, played)
    with Measured(system, record):
        for _ in range(FLIPS_PER_BLOCK):
            time.sleep(dice.uniform(0.4, 0.6))
            moment = scene.page(scene.top + 97)
            add(record, watch(lambda: system.frame.page(scene) == scene.top, moment, FLIP_LONGEST_S))
            if not system.exact:
                continue
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


def in_motion(system, record, step, shown, at_sight=None, nap_s=probe.NAP_S, pause=lambda n: 0.0, first_s=0.1):
    """MOVES_PER_BLOCK changes at MOVE_HZ; shown(drawn) tells which of the drawn ones is seen, None for none of them. pause(n): seconds
    that the change after the nth comes later; first_s: seconds before the first."""
    drawn, seen, order = {}, {}, []
    with Measured(system, record):
        due = time.monotonic() + first_s
        while len(drawn) < MOVES_PER_BLOCK or time.monotonic() < due + LONGEST_S:
            if len(drawn) < MOVES_PER_BLOCK and time.monotonic() >= due:
                key, moment = step()
                drawn[key] = moment
                order.append(key)
                due += 1 / MOVE_HZ + pause(len(drawn))
            now = shown(order[-4:])
            if now is not None and now in drawn and now not in seen:
                seen[now] = time.monotonic_ns()
                if at_sight:
                    at_sight(now)
            if len(seen) == MOVES_PER_BLOCK:
                break
            time.sleep(nap_s)
    times = []
    for key, moment in drawn.items():
        took = (seen[key] - moment) / 1e6 if key in seen else None
        took = took if took is not None and took <= LONGEST_S * 1e3 else None
        add(record, took)
        times += [took] if took is not None else []
    return times


def scrolling(system, played, record, _):
    scene = played.scene
    scene.page(scene.top)
    rest(system, played)

    def step():
        moment = scene.scroll()
        return scene.top, moment
    in_motion(system, record, step, lambda drawn: system.frame.page(scene))
    rest(system, played)


def dragging(system, played, record, _):
    dragged = played.dragged
    dragged.show()
    time.sleep(1.0)
    in_motion(system, record, dragged.step, lambda drawn: next((n for n in reversed(drawn) if dragged.shown_at(system.frame, n)), None))
    dragged.hide()
    played.scene.page(played.scene.top)
    rest(system, played)


def film_plays(system, record, film, dice):
    newest, samples, count = {}, [], 0      # newest: a picture's number -> its last showing, for they come again

    def step():
        nonlocal count
        count += 1
        number, moment = film.step()
        newest[number] = (count, number)
        return newest[number], moment

    def at_sight(key):
        if len(samples) < SAMPLES_PER_BLOCK and key[0] % 5 == 2:
            rows = film.sample(system.frame)
            if film.shown(system.frame) == key[1]:
                samples.append((key[1], rows))
    def pause(n):
        return dice.uniform(0, 1 / MOVE_HZ) if n % SAME_PHASE == 0 else 0.0
    in_motion(system, record, step, lambda drawn: newest.get(film.shown(system.frame)), at_sight, FILM_NAP_S, pause, first_s=0)     # the film plays on: no rest
    record.likeness += [film.distance(number, rows) for number, rows in samples]


def film_in_window(system, played, record, dice):
    played.film.show()
    for _ in range(2 * MOVE_HZ):                # until it is known for a film
        played.film.step()
        time.sleep(1 / MOVE_HZ)
    film_plays(system, record, played.film, dice)
    played.film.hide()
    played.scene.page(played.scene.top)
    rest(system, played, 1.0)


def film_on_whole_screen(system, played, record, dice):
    film = played.whole_film()
    played.scene.hide()
    film.lay_below()
    for _ in range(2 * MOVE_HZ):
        film.step()
        time.sleep(1 / MOVE_HZ)
    film_plays(system, record, film, dice)
    film.hide()
    played.scene.show()
    played.scene.page(played.scene.top)
    rest(system, played, 1.5)


class Played:
    """All that is drawn on one system's sharer's screen."""

    def __init__(self, system, screen, panel):
        self.system, self.screen, self.panel = system, screen, panel
        self.scene = probe.Scene(system.sharer, *system.spot)
        self._film = self._whole = self._dragged = None

    @property
    def film(self):
        self._film = self._film or moving.Film(self.scene, *self.system.spot, (640, 480))
        return self._film

    @property
    def dragged(self):
        self._dragged = self._dragged or moving.Dragged(self.scene)
        return self._dragged

    def whole_film(self):
        self._whole = self._whole or moving.Film(self.scene, 0, 0, self.screen, self.panel)
        return self._whole


def ladder_agrees(system, played, record, dice, seconds=6.0):
    """Typing for as long as the ladder looks back, with the ladder open, and what it then says beside what was seen."""
    scene, times = played.scene, []
    scene.page(scene.top)
    scene.empty_line()
    system.ladder_opens()
    system.viewer.move(system.viewer.size[0] - 2, system.viewer.size[1] - 2)
    time.sleep(1.0)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if scene.typed >= 60:
            scene.empty_line()
            time.sleep(0.5)
        time.sleep(dice.uniform(0.06, 0.14))
        x, y, rows = scene.next_letter()
        moment = scene.type()
        took = watch(lambda: letter_shown(system, x, y, rows), moment, LONGEST_S)
        add(record, took)
        if took is not None:
            times.append((time.monotonic(), took))
    time.sleep(0.6)             # it is drawn twice a second
    told = system.ladder_shown_ms()
    recent = [took for at, took in times if at > end + 0.6 - 5.0]
    system.ladder_closes()
    if told and recent:
        record.ladder.append((*told, percentile(recent, 50), percentile(recent, 95)))


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
    if record.likeness:
        for which, name in ((0, "luma"), (1, "rgb")):
            say(f"{name}_psnr_in_motion", round(percentile([l[which] for l in record.likeness], 50), 1), "dB")
    for told50, told95, seen50, seen95 in record.ladder:
        say("ladder_shown_p50", told50, "ms")
        say("probe_shown_p50", round(seen50, 2), "ms")
        say("ladder_shown_p95", told95, "ms")
        say("probe_shown_p95", round(seen95, 2), "ms")
        near = all(abs(told - seen) <= max(1.0, 0.05 * seen) for told, seen in ((told50, seen50), (told95, seen95)))
        say("ladder_agrees_within_1_ms_or_5_percent", int(near), "yes")
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


SCENES = {"typing": typing, "scroll": scrolling, "drag": dragging, "film": film_in_window, "film_whole_screen": film_on_whole_screen, "page_flip": page_flip}


def systems_wanted(names, stage, sharer, viewer):
    beside = peers.Beside(stage, sharer, viewer)
    systems = [beside]
    for peer in (peers.TigerVnc, peers.GStreamer):
        if peer.name not in names:
            continue
        missing = [p for p in peer.programs if shutil.which(p) is None]
        missing += [e for e in getattr(peer, "elements", ()) if not missing and subprocess.run(["gst-inspect-1.0", e], stdout=subprocess.DEVNULL,
                                                                                                stderr=subprocess.DEVNULL).returncode != 0]
        if missing:
            print(f"skipped: {peer.name}, {' and '.join(missing)} not installed", flush=True)
        else:
            systems.append(peer(stage, sharer, viewer, beside.spot))
    return systems, beside.session.customer.outer()


def command_line():
    words = argparse.ArgumentParser()
    words.add_argument("--idle", type=float, default=20.0, help="seconds of rest that are measured")
    words.add_argument("--rounds", type=int, default=5, help="blocks per scene and system")
    words.add_argument("--systems", default="beside,tigervnc,gstreamer")
    words.add_argument("--scenes", default=",".join(SCENES))
    words.add_argument("--large", action="store_true", help="1920x1080, a page of 1440x960; only scrolling and flipping pages by default")
    words = words.parse_args()
    if unknown := set(words.scenes.split(",")) - set(SCENES):
        sys.exit(f"unknown scene: {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    return words


def run(stage, words):
    sharer, viewer = (1280, 800), (1960, 1020)
    if words.large:
        sharer, viewer = (1920, 1080), (2600, 1300)
        probe.set_grid(180, 60)
        if words.scenes == ",".join(SCENES):
            words.scenes = "scroll,page_flip"
    if shutil.which("ss") is None:
        print("skipped: TigerVNC's bytes, ss is not installed", flush=True)
    probe.sharpen_sleep()
    systems, panel = systems_wanted(words.systems.split(","), stage, sharer, viewer)
    played = {}
    for s in systems:
        # An X server without a screen draws its pointer into the picture.
        s.sharer.move(sharer[0] - 2, sharer[1] - 2)
        s.viewer.move(viewer[0] - 2, viewer[1] - 2)
        played[s.name] = Played(s, sharer, panel)
        scene = played[s.name].scene
        if s.exact:
            wait_until(f"{s.name} to show the scene", lambda: s.frame.find(scene), 20, every=0.2)
        else:
            harness.check(s.place(), f"{s.name} does not show the picture at its own size")
            wait_until(f"{s.name} to show the scene", lambda: s.frame.page(scene) == scene.top, 20, every=0.2)
            s.rest()
        stage.say(f"{s.name} shows the scene from {s.frame.origin} on")
    time.sleep(3)       # what a session does once at its start is over
    for s in systems:
        if not s.exact:
            continue
        # TigerVNC's viewer shows a hint over the picture for its first seconds.
        wait_until(f"{s.name} to show the scene to the bit", lambda: s.frame.exact_from(played[s.name].scene, 0) == probe.SIZE[1], 20)
        began = time.monotonic()
        s.frame.exact_from(played[s.name].scene, 0)
        # change_to_exact is later than the truth by up to this.
        figure("screen", "machine", "exact_check", round((time.monotonic() - began) * 1e3, 2), "ms", s.name)
    figure("screen", "machine", "load_1min", round(os.getloadavg()[0], 2), "processes", "machine")
    idle([s for s in systems if s.exact], words.idle)
    for s in systems:
        if not s.exact:
            s.wake()
            time.sleep(2)
            idle([s], min(words.idle, 10.0))
            s.rest()
    dice = random.Random(3)
    for name in words.scenes.split(","):
        records = {s.name: Record() for s in systems}
        for _ in range(words.rounds):
            for s in [s for s in systems if s.name in records]:
                s.wake()
                if not s.exact:
                    time.sleep(1.0)
                try:
                    SCENES[name](s, played[s.name], records[s.name], dice)
                except harness.Failure as why:
                    if s.name == "beside":
                        raise
                    # A peer that shows nothing any more is not measured to its end, and ends nobody else's scene.
                    print(f"left out: {s.name} in {name}, {why}", flush=True)
                    records.pop(s.name)
                s.rest()
        for s in systems:
            if s.name in records:
                report(name, s.name, records[s.name])
    ladder = Record()
    for _ in range(min(words.rounds, 3)):
        with Measured(systems[0], ladder):
            ladder_agrees(systems[0], played["beside"], ladder, dice)
    report("ladder", "beside", ladder)
    figure("screen", "machine", "load_1min_after", round(os.getloadavg()[0], 2), "processes", "machine")
    for s in systems:
        played[s.name].scene.close()
        s.close()


if __name__ == "__main__":
    wanted = command_line()
    sys.exit(harness.main(lambda stage: run(stage, wanted), "bench_screen"))
