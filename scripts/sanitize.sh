#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the tests and fuzz replays of the rooms without windows with ASan and UBSan, and runs them.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ -f build/dev/build.ninja ]] || cmake --preset dev >/dev/null
cmake --build build/dev --parallel "$(nproc)" --target beside_sanitize
ctest --test-dir build/dev --output-on-failure --parallel 2 -L sanitize
