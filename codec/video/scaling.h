// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "engine/ports/video.h"

namespace beside::video {

// Video that is coded smaller than it is shown, so that a narrow line or a slow processor carries it. What rests is sent exactly
// anyway. Threads: as those of what is wrapped.

// Takes frames of shown_width x shown_height of `settings`, makes them smaller (each pixel the mean of those that it stands for)
// and hands them to `inner`, which codes width x height.
std::unique_ptr<ports::VideoEncoder> scale_before(std::unique_ptr<ports::VideoEncoder> inner, const ports::VideoSettings& settings);

// Gives the pictures of `inner` as width x height, smoothly.
std::unique_ptr<ports::VideoDecoder> scale_after(std::unique_ptr<ports::VideoDecoder> inner, int width, int height);

}  // namespace beside::video
