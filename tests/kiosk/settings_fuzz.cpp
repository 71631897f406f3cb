// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ui/app/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace beside;
  const auto parsed = app::parse_settings({reinterpret_cast<const char*>(data), size}, "beside.toml");
  // An error names the file, so that somebody can mend it.
  if (!parsed && parsed.error().detail.find("beside.toml") == std::string::npos) std::abort();
  return 0;
}
