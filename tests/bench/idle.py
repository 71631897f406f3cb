#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A live session over a desktop where nothing moves: what it costs. idle.py [SECONDS], 60 by default; once with the operator's
pointer beside the picture and once with it resting on the picture, where it had moved until some seconds before."""
import sys
import time

from measure import Usage, figure, harness
from people import Session

GOALS = {"customer": 0.5, "operator": 0.5, "relay": 0.2}   # percent of a core, from the issue


def run(stage):
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    s = Session(stage)
    s.open_xterm("80x24+20+40", "work", "sleep", "86400")
    s.operator_opens()
    s.customer_opens()
    s.connect()
    s.share("see", "control")
    s.wait_alike("the picture", 30)
    for scene, place in (("static_desktop", None), ("pointer_on_picture", (400, 300))):
        if place:
            s.at_operator.move(*s.to_operator(*place))
        time.sleep(7)      # refinements, cursor, tool tips come to rest, and nobody watches the line any more
        measure(s, scene, seconds)
    s.customer.click("panel.stop")
    s.customer.wait("end.title", 5)


def measure(s, scene, seconds):
    processes = {"customer": s.customer.pid, "operator": s.operator.pid, "relay": s.relay.child.pid}
    before = s.relay.metrics()
    usages = {name: Usage(pid) for name, pid in processes.items()}
    time.sleep(seconds)
    results = {name: usage.since() for name, usage in usages.items()}
    after = s.relay.metrics()
    for name, (percent, wakes, threads) in results.items():
        figure("idle", scene, f"{name}_cpu", round(percent, 3), "percent_of_a_core")
        figure("idle", scene, f"{name}_cpu_goal", GOALS[name], "percent_of_a_core")
        figure("idle", scene, f"{name}_wakeups", round(wakes, 1), "per_second")
        for thread, (share, woken) in sorted(threads.items(), key=lambda t: -t[1][0]):
            if share >= 0.005 or woken >= 0.5:
                figure("idle", f"{scene}/{name}/{thread}", "cpu", round(share, 3), "percent_of_a_core")
                figure("idle", f"{scene}/{name}/{thread}", "wakeups", round(woken, 1), "per_second")
    for key in sorted(after):
        change = after[key] - before.get(key, 0)
        if change and ("packet" in key or "byte" in key or "datagram" in key):
            figure("idle", f"{scene}/relay", key, round(change / seconds, 2), "per_second")


if __name__ == "__main__":
    sys.exit(harness.main(run, "bench_idle", "xterm"))
