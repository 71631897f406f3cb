// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <cstring>

#include "codec/tiles/tiles.h"

namespace beside::tiles {
namespace {

using ports::kCellSide;
using ports::Move;
using ports::PixelBuffer;

// An anchor is a pixel chosen by what stands around it, so that the same content has the same anchors wherever it stands. What
// the shadow's anchors and the frame's have in common votes for a vector.
constexpr int kAnchorWidth = 24;              // pixels that an anchor's name is made of
constexpr std::size_t kTableBits = 14, kTableSize = 1u << kTableBits;
constexpr std::size_t kEnoughAnchors = 3000;  // of the shadow, which is searched every 16th row, then those between, until
constexpr std::int64_t kMostPixels = 1'200'000;   // so many are found or looked at
constexpr int kPhases[16] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};
constexpr int kEvery = 5;                     // rows of the frame that are asked; no common factor with 16
// Much that changed is asked in passing first: where it moved, a part of its rows and of the shadow's have far more in common
// than chance gives them; where it did not (another page), all the rest need not be read.
constexpr std::int64_t kMuch = 150'000;       // pixels
constexpr std::size_t kFewAnchors = 600;
constexpr int kSparsely = 3;                  // of the rows that are asked, every so manieth; odd, for the same reason
constexpr std::size_t kMostVectors = 4;       // tried per frame
constexpr int kLeastVotes = 5;
constexpr int kLeastPixels = 3000;            // of a move: less is coded as quickly
constexpr int kLeastWrongCells = 12;         // of 16x16 that a move puts right
constexpr std::size_t kMostMoves = 24;
constexpr std::uint32_t kColour = 0x00ffffff;

std::uint32_t load(const std::uint8_t* p) {
  std::uint32_t v;
  std::memcpy(&v, p, 4);
  return v & kColour;
}
const std::uint8_t* at(const PixelBuffer& p, int x, int y) { return p.row(y) + std::ptrdiff_t{4} * x; }

struct Anchor {
  std::uint32_t name = 0;   // 0: free
  std::int16_t x = 0, y = 0;
  bool ambiguous = false;
};
struct Vote {
  int dx = 0, dy = 0, count = 0;
};

// Calls found(x, name) for each anchor of a row between `left` and `right`. The row below counts as well, since uprights and
// enlarged pictures have equal rows; so there must be one.
template <class Found>
void anchors_of_row(const PixelBuffer& p, int y, int left, int right, Found&& found) {
  const std::uint8_t* row = p.row(y);
  std::uint32_t before = load(row + std::ptrdiff_t{4} * left);
  for (int x = left + 1; x + kAnchorWidth <= right; ++x) {
    const std::uint32_t pixel = load(row + std::ptrdiff_t{4} * x);
    if (pixel == before) continue;
    const std::uint32_t mixed = (pixel * 0x9e3779b1u) ^ (before * 0x85ebca6bu);
    before = pixel;
    // One edge in eight is looked at closely; which, only its surroundings say.
    const std::uint32_t further = load(row + std::ptrdiff_t{4} * (x + 5)) * 0xc2b2ae35u ^ load(row + std::ptrdiff_t{4} * (x + 11)) * 0x27d4eb2fu;
    if (((mixed ^ further) * 0x9e3779b1u >> 29) != 0) continue;
    std::uint64_t h = 0;
    for (int i = 0; i < kAnchorWidth; i += 2) {
      std::uint64_t two;
      std::memcpy(&two, row + std::ptrdiff_t{4} * (x + i), 8);
      h = (h ^ (two & 0x00ffffff00ffffffu)) * 0x9e3779b97f4a7c15u;
      h ^= h >> 29;
    }
    for (int i = 0; i < kAnchorWidth; i += 6) {
      std::uint64_t two;
      std::memcpy(&two, row + p.stride + std::ptrdiff_t{4} * (x + i), 8);
      h = (h ^ (two & 0x00ffffff00ffffffu)) * 0xc2b2ae3d27d4eb4fu;
    }
    const auto name = static_cast<std::uint32_t>(h >> 32);
    found(x, name == 0 ? 1u : name);
  }
}

class Finder final : public ports::MoveFinder {
 public:
  void find(PixelBuffer& shadow, const PixelBuffer& frame, std::span<const Rect> changed, std::vector<Move>& moves) override {
    moves.clear();
    picture_ = {0, 0, std::min(shadow.width, frame.width), std::min(shadow.height, frame.height)};
    Rect all;
    std::int64_t pixels = 0;
    searched_.clear();
    for (const Rect& wanted : changed) {
      const Rect r = wanted.clipped_to(picture_);
      if (r.empty()) continue;
      searched_.push_back(r);
      all = all.united_with(r);
      pixels += std::int64_t{r.width} * r.height;
    }
    if (pixels < kLeastPixels) return;
    ports::join_rects(searched_, 60);
    const std::span<const Vote> vectors = vote(shadow, frame);
    for (const Vote& v : vectors) {
      if (moves.size() >= kMostMoves) break;
      carry_out(shadow, frame, all, v.dx, v.dy, moves);
    }
  }

 private:
  // The best vectors, best first: what the frame has at (x, y) stood at (x - dx, y - dy).
  std::span<const Vote> vote(const PixelBuffer& shadow, const PixelBuffer& frame) {
    table_.assign(kTableSize, Anchor{});
    anchors_ = 0;
    looked_at_ = 0;
    std::int64_t much = 0;
    for (const Rect& r : searched_) much += std::int64_t{r.width} * r.height;
    std::span<const int> phases = kPhases;
    if (much >= kMuch) {
      std::size_t first = 0;
      while (first < phases.size() && anchors_ < kFewAnchors) note_anchors(shadow, phases.subspan(first++, 1));
      ask(frame, kEvery * kSparsely);
      if (votes_.empty() || votes_[0].count < kLeastVotes) return {};
      phases = phases.subspan(first);
    }
    note_anchors(shadow, phases);
    ask(frame, kEvery);
    std::size_t good = 0;
    while (good < std::min(votes_.size(), kMostVectors) && votes_[good].count >= kLeastVotes && votes_[good].count * 16 >= votes_[0].count) ++good;
    return {votes_.data(), good};
  }

  void note_anchors(const PixelBuffer& shadow, std::span<const int> phases) {
    for (const int phase : phases) {
      if (anchors_ >= kEnoughAnchors) break;
      for (const Rect& r : searched_) {
        for (int y = r.y + (phase - r.y % 16 + 16) % 16; y < r.bottom() - 1 && looked_at_ < kMostPixels; y += 16) {
          looked_at_ += r.width;
          anchors_of_row(shadow, y, r.x, r.right(), [&](int x, std::uint32_t name) {
            Anchor& a = table_[name >> (32 - kTableBits)];
            if (a.name == 0) {
              a = {name, static_cast<std::int16_t>(x), static_cast<std::int16_t>(y), false};
              ++anchors_;
            } else if (a.name == name) {
              a.ambiguous = true;
            }
          });
        }
      }
    }
  }

  // Votes, most first, of every so manieth row of the frame.
  void ask(const PixelBuffer& frame, int every) {
    votes_.clear();
    for (const Rect& r : searched_) {
      for (int y = r.y + kEvery / 2; y < r.bottom() - 1; y += every) {
        anchors_of_row(frame, y, r.x, r.right(), [&](int x, std::uint32_t name) {
          const Anchor& a = table_[name >> (32 - kTableBits)];
          if (a.name != name || a.ambiguous || (a.x == x && a.y == y)) return;
          count(x - a.x, y - a.y);
        });
      }
    }
    std::sort(votes_.begin(), votes_.end(), [](const Vote& a, const Vote& b) { return a.count > b.count; });
  }
  void count(int dx, int dy) {
    for (Vote& v : votes_) {
      if (v.dx == dx && v.dy == dy) {
        ++v.count;
        return;
      }
    }
    if (votes_.size() < 256) votes_.push_back({dx, dy, 1});
  }

  // The cells of `all` that this vector explains become rectangles, these grow by what their borders have left, and each is
  // carried out in the shadow unless an earlier one wrote what it reads.
  void carry_out(PixelBuffer& shadow, const PixelBuffer& frame, const Rect& all, int dx, int dy, std::vector<Move>& moves) {
    const Rect reachable = picture_.clipped_to({dx, dy, picture_.width, picture_.height});   // destinations whose source exists
    const Rect area = all.clipped_to(reachable);
    if (area.empty()) return;
    rects_.clear();
    collect(shadow, frame, area, dx, dy);
    for (Rect& r : rects_) {
      grow(shadow, frame, area, dx, dy, r);
      shrink(shadow, frame, r);
    }
    for (std::size_t i = 0; i < rects_.size(); ++i) {
      for (std::size_t k = i + 1; k < rects_.size(); ++k) trim(rects_[k], rects_[i]);
    }
    // Read before it is overwritten: the rectangles that lie ahead in the direction of the move go first.
    std::sort(rects_.begin(), rects_.end(), [&](const Rect& a, const Rect& b) { return a.x * dx + a.y * dy > b.x * dx + b.y * dy; });
    std::size_t first = moves.size();
    for (const Rect& to : rects_) {
      if (moves.size() >= kMostMoves || std::int64_t{to.width} * to.height < kLeastPixels) continue;
      const Rect from{to.x - dx, to.y - dy, to.width, to.height};
      const bool read_later = std::any_of(moves.begin() + static_cast<std::ptrdiff_t>(first), moves.end(), [&](const Move& m) {
        return !from.clipped_to({m.x, m.y, m.from.width, m.from.height}).empty();
      });
      if (read_later || !worth_it(shadow, frame, to)) continue;
      const Move move{from, to.x, to.y};
      ports::move_pixels(shadow, move);
      moves.push_back(move);
    }
  }

  static bool same_moved(const PixelBuffer& shadow, const PixelBuffer& frame, const Rect& to, int dx, int dy) {
    for (int y = to.y; y < to.bottom(); ++y)
      if (!ports::same_row(at(shadow, to.x - dx, y - dy), at(frame, to.x, y), to.width)) return false;
    return true;
  }

  // Which cells of a row of them this vector explains. Where much moved whole rows of pixels agree, which is seen at once.
  void find_same_cells(const PixelBuffer& shadow, const PixelBuffer& frame, const Rect& row, int dx, int dy) {
    const int cells = (row.width + kCellSide - 1) / kCellSide;
    same_cells_.assign(static_cast<std::size_t>(cells), 1);
    int left = cells;
    for (int y = row.y; y < row.bottom() && left > 0; ++y) {
      const std::uint8_t *from = at(shadow, row.x - dx, y - dy), *to = at(frame, row.x, y);
      if (std::memcmp(from, to, static_cast<std::size_t>(row.width) * 4) == 0) continue;
      for (int i = 0; i < cells; ++i) {
        std::uint8_t& same = same_cells_[static_cast<std::size_t>(i)];
        const std::ptrdiff_t offset = std::ptrdiff_t{4} * i * kCellSide;
        if (same == 0 || ports::same_row(from + offset, to + offset, std::min(kCellSide, row.width - i * kCellSide))) continue;
        same = 0;
        --left;
      }
    }
  }

  // Rows of cells into runs, runs of the same width below each other into rectangles.
  void collect(const PixelBuffer& shadow, const PixelBuffer& frame, const Rect& area, int dx, int dy) {
    open_.clear();
    for (int y = area.y; y < area.bottom(); y += kCellSide) {
      const int height = std::min(kCellSide, area.bottom() - y);
      find_same_cells(shadow, frame, {area.x, y, area.width, height}, dx, dy);
      runs_.clear();
      Rect run;
      for (int x = area.x, i = 0; x < area.right(); x += kCellSide, ++i) {
        const Rect cell{x, y, std::min(kCellSide, area.right() - x), height};
        if (same_cells_[static_cast<std::size_t>(i)] != 0) {
          run = run.united_with(cell);
        } else if (!run.empty()) {
          runs_.push_back(run);
          run = {};
        }
      }
      if (!run.empty()) runs_.push_back(run);
      next_.clear();
      for (const Rect& r : runs_) {
        auto above = std::find_if(open_.begin(), open_.end(), [&](const Rect& o) {
          const int both = std::min(o.right(), r.right()) - std::max(o.x, r.x);
          return !o.empty() && both * 8 >= std::max(o.width, r.width) * 7;
        });
        if (above == open_.end()) {
          next_.push_back(r);
          continue;
        }
        // Nearly as wide: the narrower of both goes on, the few cells beside it are coded.
        const int left = std::max(above->x, r.x), right = std::min(above->right(), r.right());
        next_.push_back({left, above->y, right - left, r.bottom() - above->y});
        *above = {};
      }
      for (const Rect& o : open_) {
        if (!o.empty()) rects_.push_back(o);
      }
      std::swap(open_, next_);
    }
    rects_.insert(rects_.end(), open_.begin(), open_.end());
    std::sort(rects_.begin(), rects_.end(), [](const Rect& a, const Rect& b) { return a.width * a.height > b.width * b.height; });
    if (rects_.size() > kMostMoves) rects_.resize(kMostMoves);
  }

  void grow(const PixelBuffer& shadow, const PixelBuffer& frame, const Rect& area, int dx, int dy, Rect& r) {
    const auto same = [&](const Rect& edge) { return same_moved(shadow, frame, edge, dx, dy); };
    for (int i = 0; i < kCellSide && r.y > area.y && same({r.x, r.y - 1, r.width, 1}); ++i) --r.y, ++r.height;
    for (int i = 0; i < kCellSide && r.bottom() < area.bottom() && same({r.x, r.bottom(), r.width, 1}); ++i) ++r.height;
    for (int i = 0; i < kCellSide && r.x > area.x && same({r.x - 1, r.y, 1, r.height}); ++i) --r.x, ++r.width;
    for (int i = 0; i < kCellSide && r.right() < area.right() && same({r.right(), r.y, 1, r.height}); ++i) ++r.width;
  }
  static bool worth_it(const PixelBuffer& shadow, const PixelBuffer& frame, const Rect& to) {
    int wrong = 0;
    for (int y = to.y; y < to.bottom(); y += kCellSide) {
      for (int x = to.x; x < to.right() && wrong < kLeastWrongCells; x += kCellSide)
        wrong += ports::same_pixels(shadow, frame, Rect{x, y, kCellSide, kCellSide}.clipped_to(to)) ? 0 : 1;
    }
    return wrong >= kLeastWrongCells;
  }
  // Leaves out at the sides what is right already.
  static void shrink(const PixelBuffer& shadow, const PixelBuffer& frame, Rect& r) {
    const auto right_already = [&](const Rect& edge) { return ports::same_pixels(shadow, frame, edge); };
    while (r.height > 0 && right_already({r.x, r.y, r.width, 1})) ++r.y, --r.height;
    while (r.height > 0 && right_already({r.x, r.bottom() - 1, r.width, 1})) --r.height;
    while (r.height > 0 && r.width > kCellSide && right_already({r.x, r.y, kCellSide, r.height})) r.x += kCellSide, r.width -= kCellSide;
    while (r.height > 0 && r.width > kCellSide && right_already({r.right() - kCellSide, r.y, kCellSide, r.height})) r.width -= kCellSide;
  }
  // Takes the common part out of `r` where it is a whole side; leaves nothing of it otherwise.
  static void trim(Rect& r, const Rect& other) {
    const Rect common = r.clipped_to(other);
    if (common.empty()) return;
    if (common.width == r.width && common.y == r.y) {
      r.y += common.height;
      r.height -= common.height;
    } else if (common.width == r.width && common.bottom() == r.bottom()) {
      r.height -= common.height;
    } else if (common.height == r.height && common.x == r.x) {
      r.x += common.width;
      r.width -= common.width;
    } else if (common.height == r.height && common.right() == r.right()) {
      r.width -= common.width;
    } else {
      r = {};
    }
  }

  Rect picture_;
  std::vector<Anchor> table_;
  std::size_t anchors_ = 0;                    // in it
  std::int64_t looked_at_ = 0;                 // pixels of the shadow
  std::vector<Vote> votes_;
  std::vector<Rect> searched_, rects_, open_, runs_, next_;
  std::vector<std::uint8_t> same_cells_;       // of one row of cells
};

}  // namespace

std::unique_ptr<ports::MoveFinder> make_move_finder() { return std::make_unique<Finder>(); }

}  // namespace beside::tiles
