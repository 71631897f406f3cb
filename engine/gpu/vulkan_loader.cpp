// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/vulkan_loader.h"

#include <dlfcn.h>

#include <cstdint>
#include <mutex>
#include <string>

#include "engine/gpu/vulkan_symbols.h"

// libimgui.a calls the vk* functions by name. Each name is defined here as one indirect jump through a table slot, which
// leaves all argument registers and the stack as they are, so that no signature has to be repeated. Hidden visibility:
// no shared library of the process is ever bound to these instead of to the real ones.
namespace beside::gpu {
namespace {

// Where every slot points before load_vulkan() succeeded.
[[noreturn]] void called_too_early() { assert_failed("Vulkan is called before load_vulkan() succeeded", __FILE__, __LINE__); }

}  // namespace
}  // namespace beside::gpu

extern "C" {
#define BS_SLOT(name) __attribute__((visibility("hidden"))) void (*bs_slot_##name)() = beside::gpu::called_too_early;
BS_VULKAN_SYMBOLS(BS_SLOT)
#undef BS_SLOT
}

#if defined(__x86_64__)
#define BS_JUMP(name)                                                                          \
  asm(".text\n.p2align 4\n.globl " #name "\n.hidden " #name "\n.type " #name ", @function\n" #name \
      ":\n  endbr64\n  jmp *bs_slot_" #name "(%rip)\n.size " #name ", .-" #name "\n");
#elif defined(__aarch64__)
// x16 is the register that the procedure call standard leaves to such veneers.
#define BS_JUMP(name)                                                                             \
  asm(".text\n.p2align 4\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" #name   \
      ":\n  hint #34\n  adrp x16, bs_slot_" #name "\n  ldr x16, [x16, :lo12:bs_slot_" #name "]\n  br x16\n" \
      ".size " #name ", .-" #name "\n");
#else
#error "write the jump of this architecture here"
#endif
BS_VULKAN_SYMBOLS(BS_JUMP)
#undef BS_JUMP

namespace beside::gpu {
namespace {

Result<void> open_library() {
  void* library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);  // stays open for the life of the process
  if (library == nullptr) {
    return fail(ErrorKind::Environment, "gpu/loader: open",
                "The Vulkan loader is missing: install the packages libvulkan1 and mesa-vulkan-drivers.");
  }
  const char* missing = nullptr;
  struct Entry {
    const char* name;
    void (**slot)();
  };
  const Entry entries[] = {
#define BS_ENTRY(name) {#name, &bs_slot_##name},
      BS_VULKAN_SYMBOLS(BS_ENTRY)
#undef BS_ENTRY
  };
  for (const Entry& entry : entries) {
    void* symbol = dlsym(library, entry.name);
    if (symbol == nullptr) {
      missing = entry.name;
      continue;
    }
    *entry.slot = reinterpret_cast<void (*)()>(symbol);
  }
  if (missing != nullptr) {
    return fail(ErrorKind::Environment, "gpu/loader: symbols",
                std::string("The Vulkan loader is too old (no ") + missing + "): update the package libvulkan1.");
  }
  return {};
}

}  // namespace

Result<void> load_vulkan() {
  static const Result<void> result = open_library();
  return result;
}

}  // namespace beside::gpu
