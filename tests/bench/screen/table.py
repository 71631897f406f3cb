# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a table of what screen_bench printed: table.py < LINES. Beside / TigerVNC / GStreamer in each cell."""
import json
import sys

SYSTEMS = ("beside", "tigervnc", "gstreamer")
ROWS = (("change to shown p50, ms", "change_to_shown_p50", 1), ("change to shown p95, ms", "change_to_shown_p95", 1),
        ("exact p95, ms", "change_to_exact_p95", 1), ("not shown, of drawn", None, 0), ("kB per change", "bytes_per_change", 1000),
        ("luma / RGB PSNR in motion, dB", "psnr", 0), ("CPU of both ends, ms per change", "cpu", 0), ("relay CPU, ms per change", "relay_cpu_per_change", 1))


def cell(of, metric, scale):
    if metric is None:
        return f"{of['not_shown']} of {of['changes']}" if "changes" in of else "-"
    if metric == "psnr":
        return f"{of['luma_psnr_in_motion']} {of['rgb_psnr_in_motion']}" if "luma_psnr_in_motion" in of else "-"
    if metric == "cpu":
        return f"{of['sharer_cpu_per_change'] + of['viewer_cpu_per_change']:.1f}" if "sharer_cpu_per_change" in of else "-"
    return f"{of[metric] / scale:.3g}" if metric in of else "-"


def main():
    figures, scenes = {}, []
    for line in sys.stdin:
        if not line.startswith("{"):
            continue
        one = json.loads(line)
        if one["scene"] not in scenes:
            scenes.append(one["scene"])
        figures.setdefault((one["scene"], one["system"]), {})[one["metric"]] = one["value"]
    shown = [s for s in scenes if ("beside" in [b for a, b in figures if a == s]) and "change_to_shown_p50" in figures[s, "beside"] and s != "ladder"]
    print("| " + " | ".join(["Beside / TigerVNC / GStreamer", *shown]) + " |")
    print("|---" * (len(shown) + 1) + "|")
    for words, metric, scale in ROWS:
        cells = [" / ".join(cell(figures.get((s, system), {}), metric, scale) for system in SYSTEMS) for s in shown]
        if any(set(c) - set("-/ ") for c in cells):
            print("| " + " | ".join([words, *cells]) + " |")
    for system in SYSTEMS:
        idle = figures.get(("idle", system), {})
        if idle:
            print(f"idle {system}: " + ", ".join(f"{k} {v}" for k, v in idle.items() if not k.startswith("x_")))
    for (scene, system), of in figures.items():
        if scene == "ladder":
            print("ladder: " + ", ".join(f"{k} {v}" for k, v in of.items() if "ladder" in k or "probe" in k))
    print("machine: " + ", ".join(f"{k} {v}" for k, v in figures.get(("machine", "machine"), {}).items()))


if __name__ == "__main__":
    main()
