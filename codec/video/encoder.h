// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/ports/converter.h"
#include "engine/ports/video.h"

namespace beside::video {

struct EncoderPreferences {
  bool hardware = true;                      // try hardware first (4:2:0 only: no hardware encoder of ours gives 4:4:4)
  int threads = 0;                           // slices per picture as well; 0 = cores, at most 4
  int quality = 23;                          // finest quantiser of libx264, capped by the target rate; lower is better
};

// One encoder that was considered: chosen when reason is empty, otherwise why not.
struct EncoderProbe {
  std::string name;
  std::string reason;
  bool hardware = false;                     // was looked for
};

// Makes the best encoder that works here; where AV1 is asked for and not to be had, one of H.264. `probes` (may be null) receives what was tried, in order. The first picture
// is always a key picture. A later error means that this encoder is done: make another one (hardware = false).
// Errors: Environment when none opens; Refused for sizes outside 16..8192.
Result<std::unique_ptr<ports::VideoEncoder>> make_video_encoder(const ports::VideoSettings& settings,
                                                                const EncoderPreferences& preferences,
                                                                std::shared_ptr<ports::Converter> converter,
                                                                std::vector<EncoderProbe>* probes = nullptr);

}  // namespace beside::video
