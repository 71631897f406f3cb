# SPDX-License-Identifier: GPL-3.0-or-later
"""No Vulkan loader, and a loader without a driver: both programs say which package is missing, in a plain box and on stderr."""
import pathlib
import subprocess
import sys

from places import NOBODY, Display, Skipped, binary, box_says, config, main


def loaders():
    found = subprocess.run(["ldconfig", "-p"], stdout=subprocess.PIPE, env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}).stdout.decode()
    return sorted({str(pathlib.Path(line.split(" => ")[1]).resolve()) for line in found.splitlines() if "libvulkan.so.1 " in line})


def run(stage):
    display = Display(stage, "desk", (900, 600))
    file = config(stage, NOBODY)
    programs = {"customer": [binary("beside"), "--config", file], "operator": [binary("beside"), "operator", "--config", file]}

    # A driver list that names nothing: the loader is there, no device is.
    for who, words in programs.items():
        env = stage.environment("desk", display, VK_ICD_FILENAMES="/nonexistent", VK_DRIVER_FILES="/nonexistent")
        box_says(stage, display, f"{who}-no-driver", words, env, "mesa-vulkan-drivers")

    # The loader's file is hidden by an empty one, for this one process only.
    if subprocess.run(["unshare", "-rm", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skipped("private mount namespaces (unshare -rm); the case without a driver passed")
    nothing = stage.folder / "nothing"
    nothing.touch()
    hide = " && ".join(f"mount --bind {nothing} {path}" for path in loaders())
    for who, words in programs.items():
        hidden = ["unshare", "-rm", "sh", "-c", f'{hide} && exec "$@"', "sh", *words]
        box_says(stage, display, f"{who}-no-loader", hidden, stage.environment("desk", display), "libvulkan1")


if __name__ == "__main__":
    sys.exit(main(run, "environment_no_vulkan", "unshare"))
