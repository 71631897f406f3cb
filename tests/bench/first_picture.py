#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the customer's click on Allow to the first picture on the operator's screen, over loopback, with the real programs.
first_picture.py [RUNS [WIDTHxHEIGHT...]], 10 runs of 1280x800 and 1920x1080 by default. Each run is a fresh customer."""
import re
import sys
import time

from measure import Finger, figure, figures, harness
from harness import Display, wait_until
from people import Session

STAGES = ["decided", "captured", "grabbed", "encoded", "received", "decoded", "shown"]


def last(text, pattern, start=0):
    found = re.findall(pattern, text[start:])
    return int(found[-1]) if found else None


def one_size(stage, runs, size, session):
    scene = f"{size[0]}x{size[1]}"
    s = session
    s.at_customer = Display(stage, f"customer-{scene}", size)
    s.open_xterm("100x40+20+40", f"text-{scene}", "sh", "-c", "ls -l /usr/bin | head -38; sleep 86400")
    totals, parts, bytes_sent = [], {}, []
    finger = Finger(s.at_customer)
    began = 0.0
    for n in range(runs):
        # The relay admits five codes a minute from one address.
        time.sleep(max(0.0, 12.5 - (time.monotonic() - began)))
        began = time.monotonic()
        log_at = len(stage.log("operator-window"))
        name = f"customer-{scene}-{n}"
        s.customer_opens("--verbose", name=name)
        s.new_code()
        s.customer_types_code()
        s.customer.wait("panel.stop", 20)
        s.operator.wait("tool.ask", 20)
        s.operator_asks("see")
        x, y = s.customer.middle("consent.allow", 15, enabled=True)
        finger.move(x, y)
        clicked = finger.click()
        wait_until("the first picture", lambda: "first picture shown_us=" in stage.log("operator-window")[log_at:], 20)
        mine, theirs = stage.log(name), stage.log("operator-window")[log_at:]
        moments = {"decided": last(mine, r"decided clicked_us=\d+ at_us=(\d+)"),
                   "captured": re.search(r"first tiles captured_us=(\d+)", mine),
                   "encoded": re.search(r"first tiles .*sent_us=(\d+)", mine), "received": re.search(r"first picture received_us=(\d+)", theirs),
                   "decoded": re.search(r"decoded_us=(\d+)", theirs), "shown": re.search(r"first picture shown_us=(\d+)", theirs)}
        before = clicked
        for key in STAGES:
            found = moments.get(key)
            moment = found if isinstance(found, int) else int(found.group(1)) if found else None
            if moment is None:
                continue
            parts.setdefault(key, []).append((moment - before) / 1000)
            before = moment
        totals.append((before - clicked) / 1000)
        made = re.search(r"encoder for \S+ at_us=(\d+) took_us=(\d+)", mine)
        if made:
            parts.setdefault("encoder_made", []).append(int(made.group(2)) / 1000)
        size_sent = re.search(r"key picture .* bytes=(\d+)", mine)
        if size_sent:
            bytes_sent.append(int(size_sent.group(1)))
        s.customer.click("panel.stop")
        s.customer.wait("end.title", 5)
        stage.end(s.customer.child)
        s.operator.wait("ended.heading", 5)
    figures("first_picture", scene, "click_to_shown", totals, "ms")
    for key in STAGES:
        figures("first_picture", scene, f"to_{key}", parts.get(key, []), "ms")
    figures("first_picture", scene, "encoder_made", parts.get("encoder_made", []), "ms")
    figures("first_picture", scene, "bytes", bytes_sent, "bytes")
    figure("first_picture", scene, "click_to_shown_goal_p95", 150, "ms")
    finger.close()


def run(stage):
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    sizes = [tuple(int(v) for v in word.split("x")) for word in sys.argv[2:]] or [(1280, 800), (1920, 1080)]
    s = Session(stage)
    s.operator_opens(True, "--verbose")
    for size in sizes:
        one_size(stage, runs, size, s)


if __name__ == "__main__":
    sys.exit(harness.main(run, "bench_first_picture", "xterm"))
