// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/result.h"
#include "engine/ports/frame.h"

namespace beside::picture {

// Writes B, G, R, X pixels as an RGB PNG, lossless. `comment` becomes its text "Comment"; empty: none. The file is there whole or
// not at all (a name beside it, then a rename) and is the user's alone (mode 0600). Blocks on the disk; some 50 ms for 1080p.
// Errors: Environment, with what the system said.
Result<void> write_png(const std::filesystem::path& file, const ports::PixelBuffer& pixels, const std::string& comment = {});

}  // namespace beside::picture
