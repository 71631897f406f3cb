// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/video/ffmpeg.h"

extern "C" {
#include <libavutil/log.h>
}

namespace beside::video {

std::string ffmpeg_text(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  return av_strerror(error, text, sizeof text) == 0 ? text : "error " + std::to_string(error);
}

void silence_ffmpeg() { av_log_set_level(AV_LOG_QUIET); }

}  // namespace beside::video
