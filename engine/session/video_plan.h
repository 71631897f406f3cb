// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/clock.h"
#include "engine/ports/video.h"

namespace beside::session {

// How a region that moves is coded.
struct VideoChoice {
  bool full_colour = true;                     // 4:4:4
  ports::VideoEffort effort = ports::VideoEffort::Normal;
  bool av1 = false;                            // else H.264
  int scale = 1;                               // both sides are coded divided by it
  bool operator==(const VideoChoice&) const = default;
};

// What is known of it.
struct VideoFacts {
  std::int64_t pixels = 0;
  nanoseconds interval{33'333'333};            // between two pictures, as they change on the screen
  int line_kbps = 8000;
  bool photo = false;                          // most of it looks like a photo, not like drawings and text
  bool accept_444 = true;
  bool accept_av1 = false, accept_scaled = false;
  int least_scale = 1;                         // that the line asks for (LineQuality)
  nanoseconds paced{0};                        // at least between two pictures, because the line carries no more of them
  bool left_out = false;                       // pictures since the last one, because the line was full
};

// Chooses how to code a region that moves, from what coding took and what the line carries. Pure: no clock, no threads.
//
// 1. Coding takes a share of the time between two pictures by measurement. What does not fit is coded with less effort, then
//    without full colour. The first kOpening pictures of a film are not held against it: all that changed goes out as tiles meanwhile.
// 2. Drawings and text keep full colour as long as it fits. Photos do without: it costs half as many bytes again, and rests exact.
// 3. Most effort, which costs the viewer as well and both of them time before each picture is seen, only where it takes next to
//    nothing, or where the line carries less than half of what the picture is worth: there it makes more picture of the same bytes.
// 4. Where the line carries less than kAv1Below of what the picture is worth, AV1, if coding it fits half of the time and the viewer
//    decodes it: at 300 kbit/s it is 8 dB better on drawings and text that move and 1 dB on films, for more than twice the time. It stays until the
//    line carries kAv1Until of it.
//    What it codes much larger than it was told even so (noise) is H.264's, which can be coarser, for as long as that film plays;
//    what would take the line for kStops is not even sent.
// 5. At half size where the line asks for it, or where even the fastest way was measured too slow for kSlowFor: never to begin with, since a
//    machine is busiest while a film opens. Also on a narrow line that for kFewFor leaves so many pictures out that fewer than 20 a second
//    are left, until it carries twice as much: more pictures are worth more than their detail there.
// 6. A choice changes for the worse when measured too slow for kSlowFor, for the better when the better one should fit easily and
//    kBetterAfter passed; each change for the worse doubles that, so nothing swings.
class VideoPlan {
 public:
  static constexpr nanoseconds kSlowFor = seconds(1), kFewFor = milliseconds(500), kFew = milliseconds(50), kBetterAfter = seconds(5), kBetterAtMost = seconds(80);

  static constexpr int kOpening = 15;
  static constexpr nanoseconds kStops = milliseconds(300);

  static constexpr double kAv1Below = 0.2, kAv1Until = 0.33;

  // Knows what this one measured, and has chosen nothing yet: for another film.
  VideoPlan for_another() const;
  // For a new region.
  VideoChoice choose(const VideoFacts& facts) const;
  // A picture of so many pixels of the screen was coded so.
  void coded(const VideoChoice& how, std::int64_t pixels, nanoseconds took);
  // And took so many bytes; the encoder had been told this rate (nominal_kbps). Key pictures are not told.
  void sized(const VideoChoice& how, std::size_t bytes, int told_kbps);
  // Whether a picture, key pictures too, would stop the line for so long that it must not leave: only AV1's, which nothing made coarser.
  // That encoder cannot go on then, since it builds on what nobody has.
  bool stops_line(const VideoChoice& how, std::size_t bytes, int line_kbps);
  // Whether the region would now better be coded otherwise; equal to `now_coded`: no.
  VideoChoice reconsider(const VideoChoice& now_coded, const VideoFacts& facts, LocalTime now);
  // What coding a picture so should take.
  nanoseconds expected(const VideoChoice& how, std::int64_t pixels) const;
  // Whether the line leaves out so many of its pictures that they should be smaller.
  bool leaves_out() const;
  // The most that a region is worth, whatever the line carries: what it shows in motion is looked at for a moment only.
  static int worth_kbps(const VideoFacts& facts);
  // What to tell an encoder, which believes in 30 pictures a second, to use `kbps` at this interval.
  static int nominal_kbps(int kbps, nanoseconds interval);

 private:
  int least_scale(const VideoFacts& facts) const;
  void note_left_out(const VideoFacts& facts, LocalTime now);
  bool fits(const VideoChoice& how, const VideoFacts& facts, double share) const;
  std::vector<VideoChoice> ladder(const VideoFacts& facts, bool av1_now) const;   // best first
  double unit_ns_ = 8;                         // of a pixel with least effort in 4:2:0, measured
  int opening_ = kOpening;                     // pictures to come that may only make it less
  LocalTime changed_at_{}, slow_since_ = kNever;
  nanoseconds better_after_ = kBetterAfter;
  int av1_pictures_ = 0;                       // sized
  double av1_over_ = 0;                        // their bytes of what they were told, smoothed
  bool av1_too_large_ = false;
  bool whole_too_slow_ = false;                // even with least effort
  double left_out_ = 0;                        // share of pictures before which some were, smoothed
  LocalTime few_since_ = kNever;
  int half_below_kbps_ = 0;                    // because of that
  double recent_ns_ = 0;                       // of the newest pictures, smoothed; 0: none yet
};

}  // namespace beside::session
