#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# build.sh [TARGET...]: configures the release folder when needed and builds the targets (all without any).
set -euo pipefail
cd "$(dirname "$0")/.."
[[ -f build/release/build.ninja ]] || cmake --preset release >/dev/null
cmake --build build/release --parallel "$(nproc)" ${1:+--target "$@"}
