// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/ports/change_detector.h"

namespace beside::gpu {

class Device;

// The change detector as a compute pass: the rectangles of its CPU twin `cpu` (codec/tiles), to the bit and in its order.
// Pictures are read where they lie (VK_EXT_external_memory_host) if the device can, else what is to be looked at is copied
// first. The twin takes what is smaller than `least_pixels`, what the device's buffers cannot hold, and everything once
// the device has failed. `device` must outlive it and every PixelBuffer that it was given.
// Errors: Environment where the device refuses the pass.
Result<std::unique_ptr<ports::ChangeDetector>> make_gpu_change_detector(const Device& device, std::unique_ptr<ports::ChangeDetector> cpu,
                                                                        std::int64_t least_pixels = 0, bool in_place = true);

// What comparing costs on this machine.
struct DetectorCost {
  std::int64_t pixels = 0;        // of the whole picture that was compared
  nanoseconds cpu{}, pass{};      // for all of it
  nanoseconds pass_least{};       // for one tile
};
// From how many pixels on the pass is the quicker one; nothing where it never is for a picture that can be sent. Pure.
std::optional<std::int64_t> passes_pay_from(const DetectorCost& cost);
// Both, measured on one small picture: least of three each, fewer of what is hopeless. Some milliseconds; any thread.
DetectorCost measure_detectors(ports::ChangeDetector& cpu, ports::ChangeDetector& pass);

// `cpu` itself, or the pass with it: whatever measure_detectors() finds quicker. Without a device (nullptr) `cpu`.
// describe() of what comes back says which and why. Called on the thread that will use it.
std::unique_ptr<ports::ChangeDetector> choose_change_detector(const Device* device, std::unique_ptr<ports::ChangeDetector> cpu);

}  // namespace beside::gpu
