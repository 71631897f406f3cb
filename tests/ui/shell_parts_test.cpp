// SPDX-License-Identifier: GPL-3.0-or-later
// What the shell's pictures need and no display: what our frame covers, what is left, and what is marked as not exact.
#include <doctest/doctest.h>
#include <imgui.h>

#include <vector>

#include "engine/ports/canvas.h"
#include "ui/shell/swapchain.h"
#include "ui/shell/covered.h"
#include "ui/shell/exact_marks.h"
#include "ui/shell/remote_control.h"

namespace beside::shell {
namespace {

const int kMark = 0;
void nothing(const ImDrawList*, const ImDrawCmd*) {}

// One ImGui frame of 400 x 300 in which `before` and `after` draw into one window around the picture's callback.
class Frame {
 public:
  Frame() {
    ImGui::CreateContext();
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.DisplaySize = {400, 300};
    unsigned char* pixels = nullptr;
    int width = 0, height = 0;
    io.Fonts->GetTexDataAsRGBA32(&pixels, &width, &height);
    ImGui::NewFrame();
    ImGui::SetNextWindowPos({0, 0});
    ImGui::SetNextWindowSize({400, 300});
    ImGui::Begin("below", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove);
    list_ = ImGui::GetWindowDrawList();
  }
  ~Frame() { ImGui::DestroyContext(); }
  ImDrawList& list() { return *list_; }
  void picture() { list_->AddCallback(&nothing, const_cast<int*>(&kMark)); }
  std::vector<Rect> covered(const Rect& area) {
    ImGui::End();
    ImGui::Render();
    return covered_parts(*ImGui::GetDrawData(), &kMark, area);
  }

 private:
  ImDrawList* list_ = nullptr;
};

bool covers(const std::vector<Rect>& parts, int x, int y) {
  for (const Rect& r : parts) {
    if (r.contains(x, y)) return true;
  }
  return false;
}
std::int64_t area_of(const std::vector<Rect>& parts) {
  std::int64_t sum = 0;
  for (const Rect& r : parts) sum += std::int64_t{r.width} * r.height;
  return sum;
}
const Rect kArea{50, 50, 300, 200};

}  // namespace

TEST_CASE("what is drawn before the picture does not cover it, what is drawn after does") {
  Frame frame;
  frame.list().AddRectFilled({0, 0}, {400, 300}, IM_COL32(9, 9, 9, 255));
  frame.picture();
  frame.list().AddRectFilled({100, 100}, {140, 120}, IM_COL32(9, 9, 9, 255));
  const auto parts = frame.covered(kArea);
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].clipped_to({100, 100, 40, 20}) == Rect{100, 100, 40, 20});
  CHECK(area_of(parts) <= 42 * 22);
}

TEST_CASE("a frame around the picture covers its edges alone") {
  Frame frame;
  frame.picture();
  frame.list().AddRect({50, 50}, {350, 250}, IM_COL32(9, 9, 9, 255), 0, 0, 2);
  const auto parts = frame.covered(kArea);
  CHECK(covers(parts, 50, 150));
  CHECK(covers(parts, 349, 150));
  CHECK(covers(parts, 200, 249));
  CHECK_FALSE(covers(parts, 60, 60));
  CHECK_FALSE(covers(parts, 200, 150));
  CHECK(area_of(parts) < 6 * 1000);
}

TEST_CASE("what is transparent or clipped away covers nothing") {
  Frame frame;
  frame.picture();
  frame.list().AddRectFilled({60, 60}, {340, 240}, IM_COL32(9, 9, 9, 0));
  frame.list().PushClipRect({0, 0}, {50, 300}, true);
  frame.list().AddRectFilled({0, 0}, {400, 300}, IM_COL32(9, 9, 9, 255));
  frame.list().PopClipRect();
  CHECK(frame.covered(kArea).empty());
}

TEST_CASE("a window on top covers, and what covers everything is one box") {
  for (const bool whole : {false, true}) {
    Frame frame;
    frame.picture();
    ImGui::SetNextWindowPos({whole ? 0.0F : 200.0F, whole ? 0.0F : 150.0F});
    ImGui::SetNextWindowSize({400, 300});
    ImGui::Begin("above", nullptr, ImGuiWindowFlags_NoDecoration);
    ImGui::End();
    const auto parts = frame.covered(kArea);
    CHECK(covers(parts, 300, 200));
    CHECK(covers(parts, 60, 60) == whole);
    CHECK(left_over(kArea, parts).empty() == whole);
  }
}

TEST_CASE("hundreds of scattered marks become few boxes that hold them all") {
  Frame frame;
  frame.picture();
  std::vector<ImVec2> at;
  for (int i = 0; i < 300; ++i) at.push_back({static_cast<float>(55 + i * 37 % 290), static_cast<float>(55 + i * 53 % 190)});
  for (const ImVec2& p : at) frame.list().AddRectFilled(p, {p.x + 2, p.y + 2}, IM_COL32(9, 9, 9, 255));
  const auto parts = frame.covered(kArea);
  CHECK(parts.size() <= 24);
  for (const ImVec2& p : at) CHECK(covers(parts, static_cast<int>(p.x), static_cast<int>(p.y)));
}

TEST_CASE("without the picture's command everything counts as covered") {
  Frame frame;
  const auto parts = frame.covered(kArea);
  REQUIRE(parts.size() == 1);
  CHECK(parts[0] == kArea);
}

TEST_CASE("what is left over and what covers are the whole, without overlap") {
  const std::vector<Rect> holes{{60, 60, 50, 50}, {100, 100, 30, 200}, {0, 0, 55, 400}, {500, 500, 9, 9}};
  const auto parts = left_over(kArea, holes);
  for (int y = 50; y < 250; ++y) {
    for (int x = 50; x < 350; ++x) {
      int in = 0;
      for (const Rect& r : parts) in += r.contains(x, y) ? 1 : 0;
      REQUIRE(in == (covers(holes, x, y) ? 0 : 1));
    }
  }
}

TEST_CASE("changes never overlap, hold all that was added, and stay few") {
  std::vector<Rect> changes, added;
  std::uint32_t random = 5;
  const auto next = [&](int below) { return static_cast<int>((random = random * 1664525U + 1013904223U) >> 8) % below; };
  for (int i = 0; i < 400; ++i) {
    added.push_back({next(5000), next(5000), 1 + next(20), 1 + next(20)});
    add_change(changes, added.back());
    REQUIRE(changes.size() <= 48);
    for (std::size_t a = 0; a < changes.size(); ++a) {
      for (std::size_t b = a + 1; b < changes.size(); ++b) REQUIRE(changes[a].clipped_to(changes[b]).empty());
    }
  }
  for (const Rect& r : added) {
    bool held = false;
    for (const Rect& c : changes) held = held || r.clipped_to(c) == r;
    CHECK(held);
  }
  add_change(changes, {});
  CHECK(changes.size() <= 48);
}

TEST_CASE("only what stays inexact for long is marked, one box for cells that touch") {
  ports::Canvas canvas;
  canvas.reset(640, 360, 1, 0);
  canvas.mark({0, 0, 640, 360}, true);
  LocalTime now{seconds(100)};
  ExactMarks marks;
  marks.reset(640, 360, now);
  const Rect whole{0, 0, 640, 360};
  marks.update(canvas, {&whole, 1}, now);
  CHECK(marks.next(now) == kNever);
  CHECK(marks.groups(now + 10s).empty());

  const Rect video{64, 64, 128, 96}, typing{400, 300, 20, 20};
  canvas.mark(video, false);
  canvas.mark(typing, false);
  marks.update(canvas, {&video, 1}, now);
  marks.update(canvas, {&typing, 1}, now);
  CHECK(marks.groups(now).empty());
  CHECK(marks.next(now) == now + ExactMarks::kPatience);
  now += 60ms;
  canvas.mark(typing, true);
  marks.update(canvas, {&typing, 1}, now);
  now += ExactMarks::kPatience;
  canvas.mark({64, 64, 16, 16}, false);   // goes on moving: not younger by that
  marks.update(canvas, {&video, 1}, now);
  const auto groups = marks.groups(now);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0] == video);
  CHECK(marks.next(now) == kNever);
  canvas.mark(video, true);
  marks.update(canvas, {&video, 1}, now);
  CHECK(marks.groups(now).empty());
}

TEST_CASE("a column and a row that wait are marked each where they are, and a blurred page in several places") {
  ports::Canvas canvas;
  canvas.reset(1280, 800, 1, 0);
  const Rect whole{0, 0, 1280, 800};
  canvas.mark(whole, true);
  const LocalTime now{seconds(7)};
  ExactMarks marks;
  marks.reset(1280, 800, now);
  const Rect column{0, 0, 48, 800}, row{0, 752, 1280, 48};
  canvas.mark(column, false);
  canvas.mark(row, false);
  marks.update(canvas, {&whole, 1}, now);
  auto boxes = marks.groups(now + ExactMarks::kPatience);
  std::int64_t area = 0;
  bool left = false, below = false;
  for (const Rect& box : boxes) {
    area += std::int64_t{box.width} * box.height;
    CHECK(std::max(box.width, box.height) <= ExactMarks::kFarthest);
    left = left || (box.right() <= 64 && box.bottom() < 700);   // its corner lies in the column, not over what is exact
    below = below || (box.y >= 736 && box.right() > 700);
  }
  CHECK(left);
  CHECK(below);
  const std::int64_t inexact = 48 * 752 + 1280 * 48;
  CHECK(area >= inexact);
  CHECK(area <= inexact * 5 / 4);
  for (int y = 8; y < 800; y += 16)
    for (int x = 8; x < 1280; x += 16)
      if (!canvas.exact({x, y, 1, 1}))
        CHECK(std::any_of(boxes.begin(), boxes.end(), [&](const Rect& box) { return box.contains(x, y); }));

  canvas.mark(whole, false);
  marks.update(canvas, {&whole, 1}, now);
  boxes = marks.groups(now + ExactMarks::kPatience);
  CHECK(boxes.size() == 4);
  for (const Rect& box : boxes) CHECK(box.right() % 640 == 0);
  CHECK(mark_fits(16, 800, 9));    // one column of cells
  CHECK_FALSE(mark_fits(16, 16, 9));
}

TEST_CASE("marks of a picture that was made anew ask for patience again and stay within it") {
  ports::Canvas canvas;
  canvas.reset(100, 70, 1, 0);
  ExactMarks marks;
  const LocalTime now{seconds(5)};
  marks.reset(100, 70, now);
  const Rect beyond{-50, -50, 5000, 5000};
  marks.update(canvas, {&beyond, 1}, now);
  CHECK(marks.groups(now + 99ms).empty());
  const auto groups = marks.groups(now + 100ms);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0] == Rect{0, 0, 100, 70});
  marks.reset(0, 0, now);
  marks.update(canvas, {&beyond, 1}, now);
  CHECK(marks.groups(now + 10s).empty());
}

// The pointer moves within the picture without a frame that could tell what of ours lies there.
TEST_CASE("A press on what of ours lies on the picture is not the customer's, also before the next frame") {
  std::vector<InputEvent> events;
  RemoteControl control([&](std::uint32_t, const InputEvent& e) { events.push_back(e); }, [](char) {});
  RemoteView view;
  view.session = 7;
  view.width = 800;
  view.height = 600;
  view.input = RemoteInput::Control;
  view.hovered = true;
  view.covered = {{10, 10, 200, 50}};
  control.set_view(view, RemotePlacement::place(view, 800, 600, 0, 0));
  control.pointer(300, 300);
  CHECK(control.over_picture(300, 300));
  control.pointer(20, 20);
  CHECK_FALSE(control.over_picture(20, 20));
  (void)control.button(1, true);
  (void)control.button(1, false);
  control.flush();
  for (const InputEvent& e : events) CHECK(e.kind != InputKind::ButtonDown);
}

}  // namespace beside::shell

TEST_CASE("no frame waits for a vertical blank where the display can do without") {
  using beside::shell::choose_present_mode;
  constexpr auto kFifo = VK_PRESENT_MODE_FIFO_KHR, kRelaxed = VK_PRESENT_MODE_FIFO_RELAXED_KHR, kMailbox = VK_PRESENT_MODE_MAILBOX_KHR,
                 kImmediate = VK_PRESENT_MODE_IMMEDIATE_KHR;
  using Modes = std::vector<VkPresentModeKHR>;
  CHECK(choose_present_mode(Modes{kFifo, kRelaxed, kImmediate, kMailbox}, false) == kMailbox);
  CHECK(choose_present_mode(Modes{kFifo, kRelaxed, kImmediate}, false) == kImmediate);
  CHECK(choose_present_mode(Modes{kFifo, kMailbox, kImmediate}, true) == kImmediate);
  CHECK(choose_present_mode(Modes{kMailbox, kFifo}, true) == kMailbox);
  CHECK(choose_present_mode(Modes{kFifo, kRelaxed}, false) == kFifo);
  CHECK(choose_present_mode(Modes{}, true) == kFifo);
}
