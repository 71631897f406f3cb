// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"

struct ImFont;

namespace beside::kit {

enum class Face : std::uint8_t { Text, Strong, Mono };
enum class Size : std::uint8_t { Small, Body, Large, Huge };  // 13, 15, 18, 28 px at scale 1

// The font atlas: Inter (text, strong), JetBrains Mono, Font Awesome merged into every text face. Files are found
// through fontconfig; a missing one is an Environment error that names the Debian package. Starts with Latin; glyphs
// that drawn text needs are added between frames, from other system fonts where ours lack them. What no font has is
// drawn as a box and never asked for again.
//
// Owned by the main thread; the ImGui context must outlive it. ImFont pointers are valid until update() returns true.
class Fonts {
 public:
  // Needs a current ImGui context; fills its atlas. scale: the monitor's content scale.
  static Result<std::unique_ptr<Fonts>> create(float scale);
  ~Fonts();
  Fonts(const Fonts&) = delete;
  Fonts& operator=(const Fonts&) = delete;

  ImFont* get(Face face, Size size) const;
  // Notes the code points of text that is drawn this frame. Widgets call it; cheap for text that was seen before.
  void need(std::string_view utf8);
  // Another monitor: takes effect at the next update().
  void set_scale(float scale);
  float scale() const;
  // Between frames. True: the atlas was rebuilt; upload its texture anew before drawing, and draw one more frame.
  bool update();
  bool waiting() const;  // update() would rebuild: the shell draws another frame soon

 private:
  struct Impl;
  explicit Fonts(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Decodes one code point of UTF-8 at `at` and moves on; U+FFFD for what is not UTF-8.
char32_t next_code_point(std::string_view utf8, std::size_t& at);

}  // namespace beside::kit
