#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# setup.sh SET...: installs the packages of the sets named (scripts/packages.txt). Costs nothing when all are there.
# No service that a package brings is started. Without root or sudo it names what is missing and how to get it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
missing=()
for set in "$@"; do
  while read -r name kind _; do
    [[ -z $name || $name == \#* || $kind != "$set" ]] && continue
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$name")
  done < "$here/packages.txt"
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo)
  elif command -v sudo >/dev/null && [[ -t 0 ]]; then
    as_root=(sudo)
  else
    echo "These packages are missing: ${missing[*]}" >&2
    echo "Somebody with administrator's rights can install them with:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
fi
echo "Installing: ${missing[*]}"
# A policy-rc.d that says 101 keeps dpkg from starting any service; it is taken away again, unless somebody had one.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
  "${as_root[@]}" chmod +x $policy
  trap '"${as_root[@]}" rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
install() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; }
install >/tmp/beside-setup.$$ 2>&1 || { "${as_root[@]}" apt-get update -q >/dev/null; install; }
rm -f /tmp/beside-setup.$$
