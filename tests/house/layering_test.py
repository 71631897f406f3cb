#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds every include of the rooms against tests/layering.txt, and the house's size rules against the files.

Prints one line per violation and exits 1 if there is any. Also proves itself: a made-up wrong include must be found.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
SYSTEM = re.compile(r'^(c?[a-z_0-9]+|fmt/(core|format)\.h|tl/expected\.hpp|(sys|net|netinet|arpa|linux|asm)/[a-z_0-9/-]+\.h|'
                    r'(unistd|fcntl|errno|signal|pthread|poll|dlfcn|time|stdlib|string|stdint|limits|termios|pwd|grp|ifaddrs|sched|spawn|'
                    r'netdb|locale|math|stdio|malloc|utime|dirent|glob|getopt|iconv|langinfo|ctype|stddef|stdarg|endian|byteswap|'
                    r'immintrin|x86intrin|semaphore|ucontext|execinfo|libgen|wchar|fnmatch|syslog)\.h)$')


def read_table():
    table = {}
    for line in (ROOT / "tests/layering.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        room, rooms, third = (part.strip() for part in line.split(":"))
        table[room] = (rooms.split(), third.split())
    return table


def room_of(path, table):
    best = ""
    for room in table:
        if (path == room or path.startswith(room + "/")) and len(room) > len(best):
            best = room
    return best


def check(path, text, table):
    room = room_of(path, table)
    if not room:
        return []
    rooms, third = table[room]
    found = []
    for _, name in INCLUDE.findall(text):
        if re.match(r"^(engine|ui|capture|codec|relay|shaders|tests)/", name):
            home = room_of(name, table) or name.split("/")[0]
            allowed = home == room or any(name == a or name.startswith(a + "/") for a in rooms)
            if not allowed:
                found.append(f"{path}: {room} may not include {name}")
        elif SYSTEM.match(name) or ((ROOT / path).parent / name).exists():
            continue
        elif not any(name.startswith(prefix) for prefix in third):
            found.append(f"{path}: {room} may not include the third-party header {name}")
    return found


def main():
    table = read_table()
    wrong = []
    files = [p for top in ("engine", "ui", "capture", "codec", "relay", "shaders") for p in (ROOT / top).rglob("*")
             if p.suffix in (".h", ".cpp")]
    for file in files:
        path = file.relative_to(ROOT).as_posix()
        text = file.read_text()
        wrong += check(path, text, table)
        lines = text.count("\n")
        if lines > 800:
            wrong.append(f"{path}: {lines} lines, 800 is the wall")
        if "SPDX-License-Identifier: GPL-3.0-or-later" not in text[:200]:
            wrong.append(f"{path}: no licence line")
        # What GLSL includes as well has a guard of its own: glslc knows no #pragma once.
        if file.suffix == ".h" and "#pragma once" not in text and not path.startswith("shaders/"):
            wrong.append(f"{path}: no #pragma once")
    for readme in ROOT.glob("*/**/README.md"):
        if "build" in readme.parts:
            continue
        if len(readme.read_text().splitlines()) > 40:
            wrong.append(f"{readme.relative_to(ROOT)}: more than 40 lines")
    if len((ROOT / "CMakeLists.txt").read_text().splitlines()) >= 150:
        wrong.append("CMakeLists.txt: 150 lines or more")
    for bad in ("common", "utils", "helpers", "misc"):
        for top in ("engine", "ui", "capture", "codec", "relay"):
            if (ROOT / top / bad).exists():
                wrong.append(f"{top}/{bad}: no such room")
    # the test can fail:
    assert check("engine/wire/x.cpp", '#include "engine/e2e/cpace.h"\n', table)
    assert check("relay/core/x.cpp", "#include <boost/asio.hpp>\n", table)
    assert not check("relay/core/x.cpp", '#include "engine/flow/link.h"\n#include <vector>\n#include <sys/stat.h>\n', table)
    print("\n".join(sorted(wrong)) or f"{len(files)} files keep the layering")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
