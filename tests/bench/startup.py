#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the start of a process to its first usable window, and its memory 5 s later. startup.py [RUNS], 5 by default."""
import pathlib
import sys
import time

from measure import figure, figures, harness, memory
from harness import Display, Relay, Window, binary, wait_until


def tell_memory(scene, pid):
    rss, pss, driver = memory(pid)
    figure("startup", scene, "rss_after_5s", round(rss, 1), "MiB")
    figure("startup", scene, "pss_after_5s", round(pss, 1), "MiB")
    figure("startup", scene, "pss_of_graphics_driver", round(driver, 1), "MiB")


def window(stage, display, scene, words, label, runs, **env):
    times = []
    for n in range(runs):
        began = time.monotonic()
        w = Window(stage, f"{scene}-{n}", display, words, **env)
        wait_until(f"{scene}: {label}", lambda: w.has(label), 30, every=0.002)
        times.append((time.monotonic() - began) * 1000)
        if n == runs - 1:
            time.sleep(5)
            tell_memory(scene, w.pid)
        stage.end(w.child)
    figures("startup", scene, "to_first_usable_window", times, "ms")


def run(stage):
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    times = []
    for n in range(runs):
        began = time.monotonic()
        relay = Relay(stage)
        times.append((time.monotonic() - began) * 1000)
        if n < runs - 1:
            stage.end(relay.child)
    figures("startup", "relay", "to_ready", times, "ms")   # the first run makes certificate and database
    time.sleep(5)
    tell_memory("relay", relay.child.pid)
    display = Display(stage, "desk", (1280, 800))
    config = pathlib.Path(stage.folder, "beside.toml")
    config.write_text(f'relay = "{relay.address}"\nname = "Example Ltd"\n')
    window(stage, display, "customer", [binary("beside"), "--config", str(config)], "start.code", runs)
    window(stage, display, "operator", [binary("beside"), "operator", "--config", str(config)], "sign_in.login", runs)
    binary("beside-kiosk")
    from kiosk_people import Kiosk
    began = time.monotonic()
    kiosk = Kiosk(stage, address=relay.address)
    made = time.monotonic()
    wait_until("the kiosk's screen", lambda: kiosk.labels(), 30, every=0.002)
    # The session script and its window manager start first; the X server's own start is left out as far as it can be.
    figure("startup", "kiosk", "to_first_usable_window", round((time.monotonic() - made) * 1000, 1), "ms")
    figure("startup", "kiosk", "with_x_server_and_signing", round((time.monotonic() - began) * 1000, 1), "ms")
    time.sleep(5)
    for pid in kiosk.programs():
        tell_memory("kiosk", pid)


if __name__ == "__main__":
    sys.exit(harness.main(run, "bench_startup"))
