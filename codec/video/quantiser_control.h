// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace beside::video {

// What: chooses the quantiser of each H.264 picture, so that a picture takes what the line carries in a nominal interval, and what one
// took too much is taken back from those that follow. Pure: no clock, no encoder. Quantisers are H.264's, 0..51, higher is coarser,
// and libx264's above them, up to 69: there it takes away what is fine before it codes with 51.
//
// The model: log2(bytes) falls by one for so many steps of the quantiser, measured on films (kSteps, kKeySteps), from a point that each
// coded picture tells anew. How much the picture differs from the one before (`change`: mean of the luma's differences) tells of a change of
// scene before it is coded; such a picture teaches nothing about those that follow.
//
// 1. Never finer than the wanted quality, never coarser than kCoarsest.
// 2. It becomes coarser as fast as it must, and finer by kMostFiner a picture, since what is uneven is seen; twice that after one that took
//    less than half of its share.
// 3. A picture that took more than kTooLarge of its share although it was not coarsest is to be coded again, as a key picture: the
//    encoder cannot take the first one back, and what jumps so gains little from the one before. Once, twice where that was far from enough; and nothing as fine is tried
//    for kNotTried pictures, twice as many the next time: noise takes 28 kB at 51 and 1 kB at 52. A key picture that was too large
//    even so (noise takes 234 kB at 59 and 0.3 kB at 66) makes the next ones coarser.
class QuantiserControl {
 public:
  static constexpr int kCoarsest = 69;
  static constexpr double kTooLarge = 2.5;       // of a nominal picture
  static constexpr int kMostFiner = 3;
  static constexpr int kNotTried = 30;

  // `finest`: the wanted quality as a quantiser; `pixels` of the picture.
  QuantiserControl(int finest, std::int64_t pixels);
  // kbit/s at `pictures` a second.
  void set_target(int kbps, int pictures);
  // For the next picture.
  int choose(bool key, double change);
  // What came of it: the quantiser to code it with once more, as a key picture; none: it may go.
  std::optional<int> coded(bool key, std::size_t bytes);
  // Whether the last picture is about as fine as wanted.
  bool refined() const;

 private:
  double key_budget() const;
  int key_least() const;
  void keep(bool key, double bytes);
  const int finest_;
  double target_ = 0;                // bytes of a nominal picture
  double debt_ = 0;                  // bytes that earlier pictures took too much; below 0: less
  double key_level_;                 // log2 of the bytes of a key picture at quantiser 0
  std::optional<double> level_;      // of another
  double change_ = 0;                // of pictures lately
  bool jumped_ = false, small_ = false;
  int again_ = 0;                    // times that this picture was coded again
  int least_ = 0, least_for_ = 0, not_tried_ = kNotTried;    // not finer for so many pictures
  int key_least_ = 0, key_least_for_ = 0;                    // the same of key pictures
  double wild_ = 0;                  // change_ when one was too large
  int fitted_ = 0;                   // of the last picture that was not too large
  int quantiser_, steady_;           // of the last picture; of the last that was no jump
};

}  // namespace beside::video
