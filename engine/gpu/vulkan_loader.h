// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/base/result.h"

namespace beside::gpu {

// Opens libvulkan.so.1 and fills the table behind every vk* symbol that this program or libimgui.a calls
// (vulkan_symbols.h). Nothing links the library, so that a machine without it gets a sentence and not a linker error.
// Any thread; the first call does the work, later ones return its result. Calling a vk* function before it succeeded
// is a mistake of ours and asserts.
// Errors: Environment, whose detail names the package to install.
Result<void> load_vulkan();

}  // namespace beside::gpu
