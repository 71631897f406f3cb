# SPDX-License-Identifier: GPL-3.0-or-later
"""No display: the programs say so on stderr and end; nothing hangs and nothing crashes."""
import sys

from places import NOBODY, binary, check, config, dies, main


def run(stage):
    file = config(stage, NOBODY)
    for who, words in {"customer": [], "operator": ["operator"]}.items():
        for how, more in {"unset": {}, "nobody there": {"DISPLAY": ":987"}, "nonsense": {"DISPLAY": "no such display"}}.items():
            env = stage.environment("desk", None, **more)
            env.pop("WAYLAND_DISPLAY", None)
            status, said = dies(stage, [binary("beside"), *words, "--config", file], env)
            check(status == 1, f"{who}, DISPLAY {how}: exit status {status}")
            check("cannot reach a display" in said and "DISPLAY" in said, f"{who}, DISPLAY {how}: {said!r}")


if __name__ == "__main__":
    sys.exit(main(run, "environment_no_display"))
