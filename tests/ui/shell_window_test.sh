#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shell_window_test.sh PROGRAM: runs it in an X server of its own with a small window manager. 77: what it needs is missing.
for need in Xvfb icewm xdotool; do
  command -v "$need" >/dev/null || { echo "skipped: $need is not installed"; exit 77; }
done
work=$(mktemp -d) || exit 1
Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp 3>"$work/display" >/dev/null 2>&1 &
server=$!
manager=
cleanup() {
  [ -n "$manager" ] && kill "$manager" 2>/dev/null
  kill "$server" 2>/dev/null
  wait 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT INT TERM
tries=0
while [ ! -s "$work/display" ] && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
[ -s "$work/display" ] || { echo "skipped: no X server"; exit 77; }
DISPLAY=:$(cat "$work/display"); export DISPLAY
HOME=$work icewm >/dev/null 2>&1 &
manager=$!
tries=0
until xprop -root _NET_SUPPORTING_WM_CHECK 2>/dev/null | grep -q 0x || [ $tries -ge 50 ]; do sleep 0.1; tries=$((tries + 1)); done
"$1"
