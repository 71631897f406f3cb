#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds tests and fuzz replays with ASan and UBSan and runs them. Without an argument: those of the rooms that read foreign
# bytes and hold no large library (what CI has time for). `sanitize.sh all`: every test that needs no window.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ -f build/dev/build.ninja ]] || cmake --preset dev >/dev/null
if [[ ${1:-} == all ]]; then
  cmake --build build/dev --parallel "$(nproc)" --target beside_sanitize
  ctest --test-dir build/dev --output-on-failure --parallel 2 -L sanitize
else
  targets=(base_test wire_test flow_test)
  for source in tests/wire/*_fuzz.cpp tests/flow/*_fuzz.cpp; do targets+=("$(basename "$source" .cpp)"); done
  cmake --build build/dev --parallel "$(nproc)" --target "${targets[@]}"
  ctest --test-dir build/dev --output-on-failure --parallel 2 -R "^($(IFS='|'; echo "${targets[*]}"))\$"
fi
