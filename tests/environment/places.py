# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenes of bad environments share: the real program where something is missing, and what it says of it."""
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e_scenes"))

from harness import Display, Failure, Relay, Skipped, Stage, Window, binary, check, main, need, wait_until  # noqa: E402,F401


def config(stage, relay, more="", name="beside.toml"):
    path = pathlib.Path(stage.folder, name)
    path.write_text(f'relay = "{relay}"\nname = "Example Ltd"\n{more}')
    return str(path)


NOBODY = "beside://127.0.0.1:9#pin=" + "A" * 43


def dies(stage, words, env, seconds=20):
    """Runs a program that must end by itself without anybody's help; returns (exit status, what it wrote)."""
    done = subprocess.run(words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
    text = done.stdout.decode(errors="replace")
    stage.say(f"exit {done.returncode}: {text.strip()}")
    return done.returncode, text


def box_says(stage, display, name, words, env, pattern):
    """Starts a program that can only tell what is wrong: in a plain box and on stderr. Closes the box by Return and checks
    that the program then ends with an exit status that is not 0."""
    child = stage.start(name, words, env)
    windows = []

    def look():
        windows[:] = display.windows_titled("^Beside")
        return windows or child.poll() is not None
    wait_until("the box", look, 20)
    said = stage.log(name)
    check(re.search(pattern, said), f"stderr says {said!r}")
    check(windows, f"{name} ended with status {child.poll()} and showed no box")
    picture(stage, display, name)
    display.xdo("windowfocus", "--sync", windows[0], "key", "Return")
    wait_until("the program to end", lambda: child.poll() is not None, 10)
    check(child.returncode != 0, "a program that could not start ended with status 0")
    stage.say(f"{name}: {said.strip()}")


def keep(stage, name):
    """With BESIDE_SCENE_PICTURES=FOLDER what was on the screen is kept to be looked at."""
    folder = os.environ.get("BESIDE_SCENE_PICTURES", "")
    if folder:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        (pathlib.Path(folder) / f"{stage.name}-{name}").write_bytes((stage.folder / name).read_bytes())


def picture(stage, display, name):
    if not os.environ.get("BESIDE_SCENE_PICTURES", ""):
        return
    # By xwd, since other grabbers want extensions that a scene may have taken away.
    dump = stage.folder / f"{name}.xwd"
    subprocess.run(["xwd", "-root", "-silent", "-out", str(dump)], env=display.env, check=True, timeout=20)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(dump), str(stage.folder / f"{name}.png")], check=True, timeout=20,
                   stdin=subprocess.DEVNULL)
    keep(stage, f"{name}.png")
