// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ui/app/kiosk_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace beside;
  const auto parsed = app::parse_kiosk_file({reinterpret_cast<const char*>(data), size});
  if (!parsed) {
    if (parsed.error().detail.empty()) std::abort();   // whoever set the kiosk up is told what is wrong
    return 0;
  }
  // Whatever was written: a kiosk knows one relay by its key, has an application, and speaks at least one language.
  if (!parsed->settings.relay || !parsed->settings.relay->pin || parsed->languages.empty()) std::abort();
  if (parsed->command.empty() && parsed->window.empty()) std::abort();
  return 0;
}
