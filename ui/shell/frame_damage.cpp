// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/frame_damage.h"

#include <imgui.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "ui/shell/triangle_bounds.h"

namespace beside::shell {
namespace {

constexpr int kTile = 32;

std::uint64_t bits_of(float a, float b) { return std::uint64_t{std::bit_cast<std::uint32_t>(a)} << 32 | std::bit_cast<std::uint32_t>(b); }

}  // namespace

std::uint64_t mix_stamp(std::uint64_t stamp, std::uint64_t value) {
  stamp = (stamp ^ value) * 0x9fb21c651e98df25U;
  return stamp ^ stamp >> 29;
}

void FrameDamage::mark(const Rect& area, std::uint64_t hash) {
  if (area.empty()) return;
  for (int ty = area.y / kTile; ty <= (area.bottom() - 1) / kTile; ++ty) {
    for (int tx = area.x / kTile; tx <= (area.right() - 1) / kTile; ++tx) {
      std::uint64_t& tile = fresh_[static_cast<std::size_t>(ty * columns_ + tx)];
      tile = mix_stamp(tile, hash);
    }
  }
}

Rect FrameDamage::update(const ImDrawData& data, int width, int height, std::uint32_t ground, std::span<const Drawn> drawn) {
  const Rect whole{0, 0, width, height};
  columns_ = (width + kTile - 1) / kTile;
  rows_ = (height + kTile - 1) / kTile;
  std::uint64_t seed = mix_stamp(0x243f6a8885a308d3U, ground);
  seed = mix_stamp(seed, static_cast<std::uint64_t>(width) << 32 | static_cast<std::uint32_t>(height));
  fresh_.assign(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_), seed);
  Rect changed;
  bool all_known = true;
  for (int l = 0; l < data.CmdListsCount; ++l) {
    const ImDrawList& list = *data.CmdLists[l];
    for (const ImDrawCmd& command : list.CmdBuffer) {
      if (command.UserCallback == ImDrawCallback_ResetRenderState) continue;
      if (command.UserCallback != nullptr) {
        const auto found = std::find_if(drawn.begin(), drawn.end(), [&](const Drawn& d) { return d.data == command.UserCallbackData; });
        if (found == drawn.end()) {
          all_known = false;
          continue;
        }
        for (const Rect& part : found->parts) mark(part.clipped_to(whole), found->stamp);
        for (const Rect& r : found->changed) {
          for (const Rect& part : found->parts) changed = changed.united_with(r.clipped_to(part).clipped_to(whole));
        }
        continue;
      }
      const ImVec4& c = command.ClipRect;
      const Rect clip = around(c.x, c.y, c.z, c.w).clipped_to(whole);
      if (clip.empty()) continue;
      // Exactly as it is, since half pixels of a clip move what is seen.
      const std::uint64_t state = mix_stamp(mix_stamp(std::bit_cast<std::uintptr_t>(command.TextureId), bits_of(c.x, c.y)), bits_of(c.z, c.w));
      for (unsigned i = 0; i + 2 < command.ElemCount; i += 3) {
        std::uint64_t hash = state;
        const Bounds at = bounds_of(list, command, i, [&](const ImDrawVert& v) {
          hash = mix_stamp(mix_stamp(mix_stamp(hash, bits_of(v.pos.x, v.pos.y)), bits_of(v.uv.x, v.uv.y)), v.col);
        });
        if (!(at.right >= at.left) || at.right < -1e8F || at.left > 1e8F || at.bottom < -1e8F || at.top > 1e8F) continue;
        mark(around(std::max(at.left, -1e6F), std::max(at.top, -1e6F), std::min(at.right, 1e6F), std::min(at.bottom, 1e6F)).clipped_to(clip), hash);
      }
    }
  }
  if (known_.size() != fresh_.size() || !all_known) {
    changed = whole;
  } else {
    for (int ty = 0; ty < rows_; ++ty) {
      for (int tx = 0; tx < columns_; ++tx) {
        const auto i = static_cast<std::size_t>(ty * columns_ + tx);
        if (known_[i] != fresh_[i]) changed = changed.united_with(Rect{tx * kTile, ty * kTile, kTile, kTile}.clipped_to(whole));
      }
    }
  }
  if (all_known) known_.swap(fresh_);
  else known_.clear();
  return changed;
}

}  // namespace beside::shell
