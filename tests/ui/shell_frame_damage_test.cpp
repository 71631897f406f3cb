// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>
#include <imgui.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "ui/shell/frame_damage.h"

using namespace beside;
using namespace beside::shell;

namespace {

constexpr int kWide = 300, kHigh = 200;

struct Shape {
  Rect at;
  ImU32 colour = 0;
};

// What ImGui would hand over, without a window.
struct Frame {
  Frame() : list(nullptr) {
    context = ImGui::CreateContext();
    ImGui::GetIO().IniFilename = nullptr;   // no file beside the test
    int w = 0, h = 0;
    unsigned char* pixels = nullptr;
    ImGui::GetIO().Fonts->GetTexDataAsRGBA32(&pixels, &w, &h);
    ImGui::GetIO().DisplaySize = {kWide, kHigh};
    ImGui::NewFrame();
    list = ImDrawList(ImGui::GetDrawListSharedData());
  }
  ~Frame() {
    ImGui::EndFrame();
    ImGui::DestroyContext(context);
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  Rect look(const std::function<void(ImDrawList&)>& draw, std::span<const FrameDamage::Drawn> drawn = {}, std::uint32_t ground = 0, int width = kWide) {
    list._ResetForNewFrame();
    list.PushTextureID(ImGui::GetIO().Fonts->TexID);
    list.PushClipRect({0, 0}, {static_cast<float>(kWide), static_cast<float>(kHigh)});
    draw(list);
    ImDrawData data;
    ImDrawList* lists[] = {&list};
    data.Valid = true;
    data.CmdLists = lists;
    data.CmdListsCount = 1;
    return damage.update(data, width, kHigh, ground, drawn);
  }
  Rect look(const std::vector<Shape>& shapes) {
    return look([&](ImDrawList& l) {
      for (const Shape& s : shapes) l.AddRectFilled({static_cast<float>(s.at.x), static_cast<float>(s.at.y)}, {static_cast<float>(s.at.right()), static_cast<float>(s.at.bottom())}, s.colour);
    });
  }
  ImGuiContext* context = nullptr;
  ImDrawList list;
  FrameDamage damage;
};

// Opaque rectangles, painted by hand.
std::vector<ImU32> painted(const std::vector<Shape>& shapes) {
  std::vector<ImU32> out(static_cast<std::size_t>(kWide * kHigh));
  for (const Shape& s : shapes) {
    const Rect r = s.at.clipped_to({0, 0, kWide, kHigh});
    for (int y = r.y; y < r.bottom(); ++y)
      for (int x = r.x; x < r.right(); ++x) out[static_cast<std::size_t>(y * kWide + x)] = s.colour;
  }
  return out;
}

const Rect kWhole{0, 0, kWide, kHigh};

}  // namespace

TEST_CASE("outside of the box nothing differs, whatever comes, goes, moves or changes its place in the order") {
  Frame frame;
  std::uint32_t state = 7;
  const auto dice = [&](int limit) { return static_cast<int>((state = state * 1664525U + 1013904223U) >> 8) % limit; };
  std::vector<Shape> shapes = {{kWhole, 0xff202020}};
  auto before = painted(shapes);
  CHECK(frame.look(shapes) == kWhole);
  int smaller = 0;
  for (int step = 0; step < 400; ++step) {
    const auto some = [&] { return shapes.begin() + 1 + dice(static_cast<int>(shapes.size()) - 1); };
    switch (shapes.size() < 4 ? 0 : dice(5)) {
      case 0: shapes.push_back({{dice(kWide) - 10, dice(kHigh) - 10, 1 + dice(60), 1 + dice(40)}, 0xff000000U | static_cast<ImU32>(dice(1 << 24))}); break;
      case 1: shapes.erase(some()); break;
      case 2: some()->colour ^= 0x10; break;
      case 3: some()->at.x += 3; break;
      default: std::iter_swap(some(), some()); break;
    }
    const Rect box = frame.look(shapes);
    const auto now = painted(shapes);
    int missed = 0;
    for (int y = 0; y < kHigh; ++y)
      for (int x = 0; x < kWide; ++x)
        if (!box.contains(x, y) && now[static_cast<std::size_t>(y * kWide + x)] != before[static_cast<std::size_t>(y * kWide + x)]) ++missed;
    CHECK(missed == 0);
    CHECK(box.clipped_to(kWhole) == box);
    smaller += box.width * box.height < kWide * kHigh / 3 ? 1 : 0;
    before = now;
    CHECK(frame.look(shapes).empty());   // the same again is nothing
  }
  CHECK(smaller > 250);
}

TEST_CASE("a letter that changes is a small box, and what is clipped away is none") {
  Frame frame;
  const auto text = [&](const char* word, float clip_right) {
    return frame.look([&](ImDrawList& l) {
      l.AddRectFilled({0, 0}, {kWide, kHigh}, 0xff303030);
      l.PushClipRect({0, 0}, {clip_right, kHigh}, true);
      l.AddText({40, 100}, 0xffffffff, word);
      l.PopClipRect();
    });
  };
  text("abcdefgh", kWide);
  const Rect letter = text("abcxefgh", kWide);
  CHECK_FALSE(letter.empty());
  CHECK(letter.width <= 64);
  CHECK(letter.height <= 64);
  CHECK(text("abcxefgh", kWide).empty());
  text("abcxefgh", 60);
  CHECK(text("abcxefgX", 60).empty());   // its last letter lies beyond the clip
}

TEST_CASE("a picture drawn by a callback counts by its stamp, and by what changed of it") {
  Frame frame;
  int token = 0;
  const auto look = [&](std::uint64_t stamp, std::vector<Rect> changed, const Rect& part = {32, 32, 128, 96}) {
    const FrameDamage::Drawn drawn{&token, {part}, stamp, std::move(changed)};
    return frame.look([&](ImDrawList& l) {
      l.AddRectFilled({0, 0}, {kWide, kHigh}, 0xff303030);
      l.AddCallback([](const ImDrawList*, const ImDrawCmd*) {}, &token);
      l.AddCallback(ImDrawCallback_ResetRenderState, nullptr);
    }, {&drawn, 1});
  };
  look(1, {});
  CHECK(look(1, {}).empty());
  CHECK(look(2, {}) == Rect{32, 32, 128, 96});
  CHECK(look(2, {{50, 60, 7, 9}}) == Rect{50, 60, 7, 9});
  CHECK(look(2, {{150, 60, 70, 9}}) == Rect{150, 60, 10, 9});   // cut to where it is drawn
  CHECK(look(2, {{200, 60, 7, 9}}).empty());
  CHECK(look(2, {}, {64, 32, 96, 96}) == Rect{32, 32, 32, 96});   // it left a part
  const auto unknown = [&] { return frame.look([&](ImDrawList& l) { l.AddCallback([](const ImDrawList*, const ImDrawCmd*) {}, &frame); }); };
  CHECK(unknown() == kWhole);
  CHECK(unknown() == kWhole);
}

TEST_CASE("another ground, another size and lost pixels are everything") {
  Frame frame;
  const auto nothing = [](ImDrawList&) {};
  CHECK(frame.look(nothing) == kWhole);
  CHECK(frame.look(nothing).empty());
  CHECK(frame.look(nothing, {}, 5) == kWhole);
  CHECK(frame.look(nothing, {}, 5, 290) == Rect{0, 0, 290, kHigh});   // as many tiles, another size
  CHECK(frame.look(nothing, {}, 5, 290).empty());
  frame.damage.reset();
  CHECK(frame.look(nothing, {}, 5, 290) == Rect{0, 0, 290, kHigh});
}
