#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sets everything up, builds, and shows the main job: a relay, an operator, and a customer whose small desktop the operator
# sees and steers. On a desktop it stays until you close the operator's window; only the nested customer is driven by a
# script, nothing is injected into your own display. Without a display everything runs in virtual ones, is driven by real X
# events, and leaves out/demo.png and out/demo.mkv of the operator's window.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh demo
scripts/build.sh beside beside-relay

bin=$PWD/build/release/bin
work=$(mktemp -d "${TMPDIR:-/tmp}/beside-demo.XXXXXX")
pids=()
finish() {
  trap - EXIT INT TERM
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[i]}" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
die() {
  echo "demo: $1" >&2
  for log in relay operator customer; do
    [[ -s $work/$log.log ]] && { echo "--- $log:" >&2; tail -n 15 "$work/$log.log" >&2; }
  done
  exit 1
}
# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local until=$((SECONDS + $1)); shift
  until "$@" 2>/dev/null; do
    ((SECONDS < until)) || return 1
    sleep 0.1
  done
}
# start_x NAME COMMAND...: starts an X server with -displayfd and sets NAME to its display.
start_x() {
  local -n shown=$1; shift
  local fd_file=$work/display.$RANDOM
  "$@" -displayfd 3 3>"$fd_file" >/dev/null 2>&1 &
  pids+=($!)
  wait_for 15 test -s "$fd_file" || die "$1 did not start"
  shown=:$(<"$fd_file")
}
# widget MAP LABEL: "x y width height" of a widget that is drawn now.
widget() { sed -n "s/^{\"label\":\"$2\",.*\"rect\":\[\([-0-9]*\),\([-0-9]*\),\([0-9]*\),\([0-9]*\)\],\"enabled\":true.*/\1 \2 \3 \4/p" "$1" | head -1 | grep .; }
text_of() { sed -n "s/^{\"label\":\"$2\",.*\"text\":\"\([^\"]*\)\".*/\1/p" "$1" | head -1 | grep .; }
# press DISPLAY MAP LABEL: moves the pointer onto the widget, once it has come to rest, and clicks.
press() {
  local x y w h before= now
  wait_for 20 widget "$2" "$3" >/dev/null || die "no \"$3\" on the screen"
  for _ in $(seq 40); do
    now=$(widget "$2" "$3" || true)
    [[ -n $now && $now == "$before" ]] && break
    before=$now
    sleep 0.2
  done
  read -r x y w h <<<"$now"
  DISPLAY=$1 xdotool mousemove --sync $((x + w / 2)) $((y + h / 2)) sleep 0.1 click 1 2>/dev/null || die "cannot press \"$3\""
}

# ---- relay ----
"$bin/beside-relay" --data "$work/relay" --listen 127.0.0.1 --port 0 >"$work/relay.log" 2>&1 &
pids+=($!)
address() { grep -o 'beside://[^ ]*#pin=[A-Za-z0-9_-]*' "$work/relay.log" | head -1 | grep .; }
wait_for 15 address >/dev/null || die "the relay did not start"
relay=$(address)
"$bin/beside-relay" --data "$work/relay" operator add --login demo --name "Olga from support" --password-stdin <<<"Demo-$RANDOM-Passw" >/dev/null \
  || die "no operator account"
"$bin/beside-relay" --data "$work/relay" operator token --login demo --out "$work/token" >/dev/null || die "no sign-in token"
printf 'relay = "%s"\nname = "Example Support"\n' "$relay" >"$work/beside.toml"

# ---- displays ----
films=
if [[ -n ${DISPLAY:-} ]] && xdpyinfo >/dev/null 2>&1; then
  operator_display=$DISPLAY
  start_x customer_display Xephyr -screen 1280x800 -title "Beside demo: the customer's desktop" -ac -br -no-host-grab
else
  films=yes
  start_x operator_display Xvfb -screen 0 1280x800x24 -ac -nolisten tcp
  start_x customer_display Xvfb -screen 0 1280x800x24 -ac -nolisten tcp
fi
desktop() { DISPLAY=$customer_display HOME=$work "$@" >/dev/null 2>&1 & pids+=($!); }
mkdir -p "$work/.icewm"
printf 'ShowTaskBar=1\nTaskBarShowWorkspaces=0\nTaskBarShowCPUStatus=0\nTaskBarShowNetStatus=0\nTaskBarShowMailboxStatus=0\nDesktopBackgroundColor="rgb:3C/55/6E"\n' >"$work/.icewm/preferences"
desktop icewm --no-session
desktop xterm -geometry 86x26+30+40 -fa "JetBrains Mono" -fs 11 -title "Terminal" -e bash --norc
desktop xclock -geometry 150x150+1060+560

# ---- operator and customer ----
DISPLAY=$operator_display XDG_DATA_HOME=$work/operator BESIDE_UI_MAP=$work/operator.json "$bin/beside" operator --config "$work/beside.toml" \
  --token-file "$work/token" --new-session --ask see,point,control --reason "to show you where the setting is" >"$work/operator.log" 2>&1 &
operator=$!
pids+=($operator)
code() { text_of "$work/operator.json" code.value; }
wait_for 30 code >/dev/null || die "the operator's window shows no code"
DISPLAY=$customer_display XDG_DATA_HOME=$work/customer BESIDE_UI_MAP=$work/customer.json "$bin/beside" --config "$work/beside.toml" \
  >"$work/customer.log" 2>&1 &
pids+=($!)
press "$customer_display" "$work/customer.json" start.code
DISPLAY=$customer_display xdotool type --delay 60 "$(code | tr -d ' ')"
film=
if [[ -n $films ]]; then
  mkdir -p out
  size=$(DISPLAY=$operator_display xdpyinfo | sed -n 's/ *dimensions: *\([0-9x]*\) pixels.*/\1/p')
  ffmpeg -v error -y -f x11grab -framerate 15 -video_size "$size" -i "$operator_display" -c:v libx264 -preset veryfast -crf 23 -pix_fmt yuv420p \
    out/demo.mkv </dev/null >"$work/film.log" 2>&1 &
  film=$!
fi
press "$customer_display" "$work/customer.json" start.connect
wait_for 30 widget "$work/customer.json" consent.allow >/dev/null || die "the customer was not asked"
press "$customer_display" "$work/customer.json" consent.allow
wait_for 20 widget "$work/customer.json" panel.stop >/dev/null || die "no session"
wait_for 20 widget "$work/operator.json" remote.picture >/dev/null || die "no picture at the operator's"

if [[ -z $films ]]; then
  cat <<TRY

Beside is running: the operator's window is on your desktop, the customer's desktop is the nested window.
  - click into the picture in the operator's window and type: it goes to the customer's terminal
  - write something in the chat, at either end
  - in the nested window: take back a right in the panel, or press Stop, or Esc three times
  - close the operator's window to end the demo
TRY
  wait "$operator" || true
  exit 0
fi

# Nobody is watching: drive the operator's window by real X events.
sleep 1
read -r x y w h < <(widget "$work/operator.json" remote.picture)
at() { DISPLAY=$operator_display xdotool mousemove --sync $((x + w * $1 / 1000)) $((y + h * $2 / 1000)) "${@:3}"; }
at 250 250 sleep 0.3 click 1 sleep 0.5
DISPLAY=$operator_display xdotool type --delay 40 'clear; printf "\nHello from the other side: %s\n" "$(date +%F)" | tee '"$work"'/proof; cal 2>/dev/null || ls /'
DISPLAY=$operator_display xdotool key Return
wait_for 10 test -s "$work/proof" || die "what the operator typed did not arrive in the customer's terminal"
for step in $(seq 0 12); do at $((300 + step * 30)) $((250 + step * 25)); sleep 0.05; done
sleep 1.5
ffmpeg -v error -y -f x11grab -video_size "$size" -i "$operator_display" -frames:v 1 out/demo.png </dev/null
kill -INT "$film" 2>/dev/null || true
wait "$film" 2>/dev/null || true
press "$customer_display" "$work/customer.json" panel.stop
wait_for 10 widget "$work/customer.json" end.quit >/dev/null || die "no end page"
echo "The operator saw and steered the customer's desktop: $(<"$work/proof")"
echo "Look at out/demo.png and out/demo.mkv."
