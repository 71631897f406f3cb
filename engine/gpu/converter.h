// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "engine/base/side_thread.h"
#include "engine/ports/converter.h"

namespace beside::gpu {

class Device;

// The CPU twin of the compute passes: same integers, same result to the bit. Any machine.
std::unique_ptr<ports::Converter> make_cpu_converter(std::string why = "chosen");
// The compute passes, or the CPU twin when the device is absent (nullptr), of type CPU (there a pass costs ten times
// as much) or refuses the passes; describe() says which and why. `device` must outlive it.
std::unique_ptr<ports::Converter> make_converter(const Device* device);
// The compute passes on any device; for tests and measurements. Errors: Environment.
Result<std::unique_ptr<ports::Converter>> make_gpu_converter(const Device& device);

// Planes -> B, G, R, 255 on the CPU (BT.709 limited, nearest chroma): screenshots, thumbnails, tests.
// With `side` a large picture is done on two threads.
Result<void> planes_to_bgra_cpu(const ports::Planes& planes, std::uint8_t* bgra, int stride_bytes, SideThread* side = nullptr);
// The same as a compute pass; each channel within 1 of the twin.
Result<void> planes_to_bgra_gpu(const Device& device, const ports::Planes& planes, std::uint8_t* bgra, int stride_bytes);

}  // namespace beside::gpu
