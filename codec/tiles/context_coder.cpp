// SPDX-License-Identifier: GPL-3.0-or-later
#include "codec/tiles/context_coder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>
#include <vector>

#include "codec/tiles/range_coder.h"

namespace beside::tiles {
namespace {

constexpr int kPad = 2;                     // pixels beside a row that neighbours may name
constexpr std::size_t kTableBits = 14, kTableSize = 1u << kTableBits;
constexpr std::uint32_t kColour = 0x00ffffff;
constexpr int kIndexBits = 10;
constexpr std::size_t kMostColours = std::size_t{1} << kIndexBits;
constexpr std::size_t kLeastLongest = 16;   // bytes of a row, until longer ones were seen
constexpr int kRowsAgain = 6;               // at most so many are coded twice where a part ends
constexpr std::size_t kMostTouched = 2048;  // slots that are emptied one by one
constexpr std::size_t kFinderSize = 4 * kMostColours;   // of the hash table that finds a colour's index

// The colour that followed a context, in the lower 24 bits, and above how often in a row (0: never, the slot is empty).
using Slot = std::uint32_t;
constexpr std::uint32_t kSurest = 7;
inline std::uint32_t sureness(Slot slot) { return slot >> 24; }
inline void remember(Slot& slot, std::uint32_t colour) {
  if ((slot & kColour) == colour && slot >> 24 != 0) {
    if (slot >> 24 < kSurest) slot += 1u << 24;
  } else {
    slot = slot >> 24 > 2 ? (slot & kColour) | 1u << 24 : colour | 1u << 24;   // a sure one gets a second chance
  }
}

struct Neighbours {
  std::uint32_t w, n, nw, ne, ww, nn;
};
// The first place in [from, to) that does not hold the colour; `to` if all do. Two pixels at a time.
inline int same_until(const std::uint32_t* row, int from, int to, std::uint32_t colour) {
  const std::uint64_t twice = std::uint64_t{colour} << 32 | colour;
  while (from + 4 <= to) {
    std::uint64_t a, b;
    std::memcpy(&a, row + from, 8);
    std::memcpy(&b, row + from + 2, 8);
    if (((a ^ twice) | (b ^ twice)) != 0) break;
    from += 4;
  }
  while (from < to && row[from] == colour) ++from;
  return from;
}
inline std::size_t hash_wide(const Neighbours& a) {
  const std::uint64_t h = (std::uint64_t{a.w} << 32 | a.n) * 0x9e3779b97f4a7c15u ^ (std::uint64_t{a.nw} << 32 | a.ne) * 0xc2b2ae3d27d4eb4fu ^
                          (std::uint64_t{a.ww} << 32 | a.nn) * 0x165667b19e3779f9u;
  return static_cast<std::size_t>((h * 0xff51afd7ed558ccdu) >> (64 - kTableBits));
}
inline std::size_t hash_narrow(const Neighbours& a) {
  const std::uint64_t h = (std::uint64_t{a.w} << 32 | a.n) * 0x9e3779b97f4a7c15u;
  return static_cast<std::size_t>((h ^ h >> 29) * 0xff51afd7ed558ccdu >> (64 - kTableBits));
}

}  // namespace

// All that is learned while coding; plain memory, so that it is kept and put back by copying it.
struct ContextCoder::Model {
  struct Learned {
    Chance whole[2][12];                    // a flat stretch goes on: by the last one, by its length
    Chance guess[5][8][4][2];               // a candidate is right: which, how sure, beside which neighbour, the one before was
    Chance known;                           // a colour seen before
    Chance index[kMostColours];
    Chance red[6][9], blue[6][9];           // how far beside the line, by how far the last ones were
  };
  Learned learned;
  Slot wide[kTableSize] = {};
  Slot narrow[kTableSize] = {};
  std::uint32_t colours[kMostColours] = {};
  std::size_t colour_count = 0;
  std::uint16_t finder[kFinderSize] = {};   // index + 1
  bool whole_before = true, hit_before = true;
  std::uint32_t ground = 0, ink = kColour;  // of the text at hand, as far as it shows
  std::size_t off_line = 0;
  struct Touched {
    std::uint16_t wide, narrow;
  };
  Touched touched[kMostTouched] = {};       // slots, the first ones since the last reset
  std::size_t touched_count = 0;

  // As if nothing had been learned. What a glyph touched is little beside the tables.
  void forget() {
    static const Learned fresh;
    std::memcpy(&learned, &fresh, sizeof learned);
    if (touched_count < kMostTouched) {
      for (std::size_t i = 0; i < touched_count; ++i) wide[touched[i].wide] = narrow[touched[i].narrow] = 0;
    } else {
      std::memset(wide, 0, sizeof wide);
      std::memset(narrow, 0, sizeof narrow);
    }
    if (colour_count > 0) std::memset(finder, 0, sizeof finder);
    colour_count = touched_count = 0;
    whole_before = hit_before = true;
    ground = 0;
    ink = kColour;
    off_line = 0;
  }

  std::uint16_t* find(std::uint32_t colour) {
    std::size_t at = colour * 0x9e3779b1u >> (30 - kIndexBits);
    while (finder[at] != 0 && colours[finder[at] - 1] != colour) at = (at + 1) % kFinderSize;
    return &finder[at];
  }

  template <class Coder>
  std::uint32_t tree(Coder& coder, Chance* chances, std::uint32_t value) {
    std::uint32_t node = 1;
    for (int i = kIndexBits - 1; i >= 0; --i) node = node << 1 | (coder.bit(chances[node], (value >> i & 1) != 0) ? 1u : 0u);
    return node & (kMostColours - 1);
  }

  // A difference of -128..127 around a prediction, modulo 256: its size class, then sign and the bits below the highest.
  template <class Coder>
  std::uint32_t near_value(Coder& coder, Chance (*chances)[9], std::uint32_t predicted, std::uint32_t actual) {
    const int difference = static_cast<std::int8_t>(actual - predicted);
    const int size = difference < 0 ? -difference : difference;
    const int wanted = std::bit_width(static_cast<unsigned>(size));
    Chance* chance = chances[off_line];
    int got = 0;
    while (got < 8 && coder.bit(chance[got], got < wanted)) ++got;
    off_line = static_cast<std::size_t>(std::min((static_cast<int>(off_line) + got + 1) / 2, 5));
    if (got == 0) return predicted & 255;
    const bool negative = coder.even_bits(difference < 0 ? 1 : 0, 1) != 0;
    const std::uint32_t high = 1u << (got - 1);
    const std::uint32_t found = high | coder.even_bits(static_cast<std::uint32_t>(size) & (high - 1), got - 1);
    return (negative ? predicted - found : predicted + found) & 255;
  }

  // Anti-aliased edges lie between the ground and the ink, so from one channel follow the other two nearly.
  std::uint32_t on_line(std::uint32_t green, int shift) const {
    const int ground_green = channel(ground, 8), span = channel(ink, 8) - ground_green;
    const int from = channel(ground, shift), reach = channel(ink, shift) - from;
    if (span == 0) return static_cast<std::uint32_t>(channel(ink, shift));
    const int moved = (static_cast<int>(green) - ground_green) * reach;
    const int rounded = (2 * std::abs(moved) + std::abs(span)) / (2 * std::abs(span));
    return static_cast<std::uint32_t>(std::clamp(from + ((moved < 0) != (span < 0) ? -rounded : rounded), 0, 255));
  }
  static int channel(std::uint32_t colour, int shift) { return static_cast<int>(colour >> shift & 255); }
  static int distance(std::uint32_t a, std::uint32_t b) {
    return std::abs(channel(a, 0) - channel(b, 0)) + std::abs(channel(a, 8) - channel(b, 8)) + std::abs(channel(a, 16) - channel(b, 16));
  }

  template <class Coder>
  std::uint32_t new_colour(Coder& coder, std::uint32_t actual) {
    const std::uint32_t green = coder.even_bits(actual >> 8 & 255, 8);
    const std::size_t before = off_line;
    const std::uint32_t red = near_value(coder, learned.red, on_line(green, 16), actual >> 16);
    const std::uint32_t blue = near_value(coder, learned.blue, on_line(green, 0), actual & 255);
    const std::uint32_t colour = red << 16 | green << 8 | blue;
    if (off_line > before || distance(colour, ground) > distance(ink, ground)) ink = colour;
    return colour;
  }

  // A colour that no guess named.
  template <class Coder>
  std::uint32_t any_colour(Coder& coder, std::uint32_t actual) {
    std::uint16_t* place = find(actual);
    if (colour_count > 0 && coder.bit(learned.known, *place != 0)) {
      const std::uint32_t index = tree(coder, learned.index, *place - 1u);
      return colours[std::min<std::size_t>(index, colour_count - 1)];
    }
    const std::uint32_t colour = new_colour(coder, actual);
    place = find(colour);
    if (*place == 0 && colour_count < kMostColours) {
      colours[colour_count++] = colour;
      *place = static_cast<std::uint16_t>(colour_count);
    }
    return colour;
  }

  // One pixel outside flat stretches; `not_this` is a colour that it cannot have (above 24 bits: none).
  template <class Coder>
  std::uint32_t pixel(Coder& coder, const Neighbours& near, std::uint32_t actual, std::uint32_t not_this) {
    const std::size_t wide_at = hash_wide(near), narrow_at = hash_narrow(near);
    if (touched_count < kMostTouched) touched[touched_count++] = {static_cast<std::uint16_t>(wide_at), static_cast<std::uint16_t>(narrow_at)};
    Slot& wide_slot = wide[wide_at];
    Slot& narrow_slot = narrow[narrow_at];
    const std::uint32_t guess = wide_slot & kColour;
    std::uint32_t tried[6] = {not_this};
    std::size_t tries = 1;
    if (sureness(wide_slot) != 0 && guess != not_this) {
      if (coder.bit(chance_of(0, wide_slot, near), actual == guess)) {
        hit_before = true;
        remember(wide_slot, guess);
        remember(narrow_slot, guess);
        return guess;
      }
      tried[tries++] = guess;
    }
    const std::uint32_t colour = less_likely(coder, near, narrow_slot, tried, tries, actual);
    hit_before = false;
    remember(wide_slot, colour);
    remember(narrow_slot, colour);
    return colour;
  }
  Chance& chance_of(std::size_t which, Slot candidate, const Neighbours& near) {
    const std::uint32_t guess = candidate & kColour;
    const std::size_t beside = (guess == near.w ? 1u : 0u) + (guess == near.n ? 2u : 0u);
    return learned.guess[which][sureness(candidate)][beside][hit_before ? 1 : 0];
  }
  template <class Coder>
  std::uint32_t less_likely(Coder& coder, const Neighbours& near, Slot narrow_slot, std::uint32_t* tried, std::size_t tries, std::uint32_t actual) {
    const Slot candidates[4] = {narrow_slot, near.w | 1u << 24, near.n | 1u << 24, near.ne | 1u << 24};
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint32_t guess = candidates[i] & kColour;
      if (sureness(candidates[i]) == 0 || std::find(tried, tried + tries, guess) != tried + tries) continue;
      if (coder.bit(chance_of(i + 1, candidates[i], near), actual == guess)) return guess;
      tried[tries++] = guess;
    }
    return any_colour(coder, actual);
  }

  // One row; `now` holds the pixels (encoding) or gets them.
  template <bool kEncodes, class Coder>
  void row(Coder& coder, std::uint32_t* now, const std::uint32_t* above, const std::uint32_t* above2, int width) {
    now[-1] = now[-2] = above[0];
    int flat_end = 0;                       // above[x] has one colour up to here
    for (int x = 0; x < width;) {
      const Neighbours near{now[x - 1], above[x], above[x - 1], above[x + 1], now[x - 2], above2[x]};
      std::uint32_t not_this = kColour + 1;
      if (near.w == near.n && near.n == near.nw && near.n == near.ne) {
        if (flat_end <= x) {
          flat_end = x + 1;
          flat_end = same_until(above, flat_end, width + 1, near.n);
        }
        ground = near.w;
        const int length = flat_end - 1 - x;   // at least 1, since near.ne is the same
        int same = 0;
        if constexpr (kEncodes) {
          same = same_until(now, x, x + length, near.w) - x;
        }
        const auto size = static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(length)));
        const bool whole = coder.bit(learned.whole[whole_before ? 1 : 0][std::min<std::size_t>(size, 11)], same == length);
        whole_before = whole;
        if (whole) {
          same = length;
        } else {
          const int bits = std::bit_width(static_cast<unsigned>(length - 1));
          same = static_cast<int>(coder.even_bits(static_cast<std::uint32_t>(same), bits));
          same = std::min(same, length - 1);   // hostile bytes name more than there is
          not_this = near.w;
        }
        if constexpr (!kEncodes) std::fill(now + x, now + x + same, near.w);
        x += same;
        if (whole) continue;
      }
      const Neighbours here{now[x - 1], above[x], above[x - 1], above[x + 1], now[x - 2], above2[x]};
      const std::uint32_t colour = pixel(coder, here, kEncodes ? now[x] : 0, not_this);
      if constexpr (!kEncodes) now[x] = colour;
      ++x;
    }
    now[width] = now[width + 1] = now[width - 1];
  }
};

static_assert(std::is_trivially_copyable_v<ContextCoder::Model>);

struct ContextCoder::Work {
  Model now;
  Model before_call, before_row;            // for undo() and for a row that had no room
  std::vector<std::uint32_t> rows[3];

  void start_rows(int width, std::uint32_t colour) {
    for (auto& row : rows) row.assign(static_cast<std::size_t>(width) + 2 * kPad, colour);
  }
};

ContextCoder::ContextCoder() : work_(std::make_unique<Work>()) {}
ContextCoder::~ContextCoder() = default;

void ContextCoder::reset() { work_->now.forget(); }

void ContextCoder::undo() { std::memcpy(&work_->now, &work_->before_call, sizeof(Model)); }

int ContextCoder::encode(const std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height, std::size_t most_bytes, Bytes& out) {
  Work& w = *work_;
  Model& m = w.now;
  w.before_call = m;
  const std::size_t begin = out.size();
  RangeEncoder coder(out);
  std::uint32_t first;
  std::memcpy(&first, bgrx, 4);
  first = m.any_colour(coder, first & kColour);
  w.start_rows(width, first);
  std::uint32_t* now = w.rows[0].data() + kPad;
  std::uint32_t* above = w.rows[1].data() + kPad;
  std::uint32_t* above2 = w.rows[2].data() + kPad;
  const auto load = [&](std::uint32_t* to, int y) {
    std::memcpy(to, bgrx + y * stride, static_cast<std::size_t>(width) * 4);
    for (int x = 0; x < width; ++x) to[x] &= kColour;
    to[-1] = to[-2] = y > 0 ? above[0] : first;
    to[width] = to[width + 1] = to[width - 1];
  };
  const auto turn = [&] {
    std::uint32_t* oldest = above2;
    above2 = above;
    above = now;
    now = oldest;
  };
  // What a row that has no room has taught cannot be taken back. So where the end may be near all is kept, and the rows from
  // there to the last good one are coded again, which gives the same bytes.
  const RangeEncoder::Mark start = coder.mark();
  RangeEncoder::Mark kept_mark = start, good = start;
  int kept_row = 0, rows = 0;
  const Model* kept = &w.before_call;
  std::size_t before = RangeEncoder::most_bytes(start), longest = kLeastLongest;   // bytes of a row
  for (; rows < height; ++rows) {
    if (rows > 0 && rows - kept_row >= kRowsAgain && before - begin + 3 * longest > most_bytes) {
      w.before_row = m;
      kept = &w.before_row;
      kept_row = rows;
      kept_mark = good;
    }
    load(now, rows);
    m.row<true>(coder, now, above, above2, width);
    const RangeEncoder::Mark mark = coder.mark();
    const std::size_t bytes = RangeEncoder::most_bytes(mark);
    if (bytes - begin > most_bytes) break;
    longest = std::max(longest, bytes - before);
    before = bytes;
    good = mark;
    turn();
  }
  if (rows == 0) {
    out.resize(begin);
    undo();
    return 0;
  }
  coder.return_to(good);
  if (rows < height) {
    m = *kept;
    if (kept == &w.before_call) (void)m.any_colour(coder, first);
    coder.return_to(kept_mark);
    for (auto& row : w.rows) std::fill(row.begin(), row.end(), first);
    for (int y = std::max(kept_row - 2, 0); y < rows; ++y) {
      load(now, y);
      if (y >= kept_row) m.row<true>(coder, now, above, above2, width);
      turn();
    }
  }
  coder.finish(begin);
  return rows;
}

void ContextCoder::decode(ByteSpan bytes, std::uint8_t* bgrx, std::ptrdiff_t stride, int width, int height) {
  Work& w = *work_;
  Model& m = w.now;
  RangeDecoder coder(bytes);
  w.start_rows(width, m.any_colour(coder, 0));
  std::uint32_t* now = w.rows[0].data() + kPad;
  std::uint32_t* above = w.rows[1].data() + kPad;
  std::uint32_t* above2 = w.rows[2].data() + kPad;
  for (int y = 0; y < height; ++y) {
    m.row<false>(coder, now, above, above2, width);
    std::uint8_t* to = bgrx + y * stride;
    for (int x = 0; x < width; ++x) {
      const std::uint32_t pixel = now[x] | 0xff000000u;
      std::memcpy(to + std::ptrdiff_t{4} * x, &pixel, 4);
    }
    std::uint32_t* oldest = above2;
    above2 = above;
    above = now;
    now = oldest;
  }
}

}  // namespace beside::tiles
