// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/gpu/change_detector.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "engine/gpu/compute_pass.h"
#include "engine/gpu/device.h"
#include "shaders/change_push.h"
#include "shaders/spirv/changed_cells_comp.h"

namespace beside::gpu {
namespace {

using ports::PixelBuffer;

constexpr VkBufferUsageFlags kStorage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;
constexpr int kCellsAcross = BS_CHANGE_TILE / BS_CHANGE_CELL;
constexpr std::int64_t kLargestPicture = 64'000'000;   // pixels; nothing larger is sent (TileSender::kMostPixels)
static_assert(BS_CHANGE_TILE == ports::kTileSide && BS_CHANGE_CELL == ports::kCellSide);

// A picture's memory as a buffer of the device; null where the device will not have it.
class PictureView final : public ports::DeviceView {
 public:
  PictureView(const Device& of, std::unique_ptr<ImportedBuffer> what) : device(of), buffer(std::move(what)) {}
  const Device& device;
  const std::unique_ptr<ImportedBuffer> buffer;
};

// What the device reads of one picture.
struct Source {
  VkBuffer buffer = VK_NULL_HANDLE;
  std::uint32_t stride = 0;   // groups of four pixels
};

class GpuDetector final : public ports::ChangeDetector {
 public:
  GpuDetector(const Device& device, std::unique_ptr<ports::ChangeDetector> cpu, std::int64_t least_pixels, bool in_place)
      : device_(device), cpu_(std::move(cpu)), least_pixels_(least_pixels), in_place_(in_place && device.host_import_alignment() != 0) {}

  Result<void> create() {
    auto pass = ComputePass::create(device_, spirv::changed_cells_comp, 4, sizeof(ChangePush), "changed cells");
    if (!pass) return fail(pass);
    auto commands = Commands::create(device_, "change detection");
    if (!commands) return fail(commands);
    pass_ = std::move(*pass);
    commands_ = std::move(*commands);
    return {};
  }
  // What was made without a twin, to be measured, gets it.
  void take_twin(std::unique_ptr<ports::ChangeDetector> cpu, std::int64_t least_pixels, std::string why) {
    cpu_ = std::move(cpu);
    least_pixels_ = least_pixels;
    why_ = std::move(why);
  }
  bool failed() const { return failed_; }

  void find(const PixelBuffer& shadow, const PixelBuffer& frame, std::span<const Rect> where, std::vector<Rect>& changed) override {
    changed.clear();
    const int width = std::min(shadow.width, frame.width), height = std::min(shadow.height, frame.height);
    ports::tile_boxes(width, height, where, boxes_);
    std::erase_if(boxes_, [](const Rect& box) { return box.empty(); });
    std::int64_t pixels = 0;
    for (const Rect& box : boxes_) pixels += std::int64_t{box.width} * box.height;
    if (pixels == 0) return;
    if (!failed_ && pixels >= least_pixels_ && fits(shadow) && fits(frame)) {
      const auto found = find_by_pass(shadow, frame, changed);
      if (found) return;
      // A lost device comes back with the next session's shell; till then the twin does as well.
      failed_ = true;
      changed.clear();
      BS_LOG(Warn, "gpu", "change detection goes on on the CPU: {}", dump_error(found.error()));
    }
    if (cpu_) cpu_->find(shadow, frame, boxes_, changed);
  }

  std::string describe() const override {
    if (failed_) return "CPU, the graphics device failed";
    return fmt::format("passes on {}, {}{}", device_.name(), in_place_ ? "in place" : "by copy", why_);
  }

 private:
  bool fits(const PixelBuffer& p) const {
    return p.height > 0 && std::uint64_t{static_cast<std::uint64_t>((p.width + 3) / 4)} * 16 * static_cast<std::uint64_t>(p.height) <= device_.max_storage_bytes() &&
           p.page_bytes <= device_.max_storage_bytes() && p.width <= 65535 && p.height <= 65535;
  }

  Result<void> find_by_pass(const PixelBuffer& shadow, const PixelBuffer& frame, std::vector<Rect>& changed) {
    auto before = source(shadow, copies_[0], "change shadow");
    if (!before) return fail(before);
    auto now = source(frame, copies_[1], "change frame");
    if (!now) return fail(now);
    const std::size_t count = boxes_.size();
    if (auto ok = grow_storage(device_, jobs_, count * 8, "change jobs"); !ok) return ok;
    if (auto ok = grow_storage(device_, cells_, count * BS_CHANGE_CELLS * 4, "change cells"); !ok) return ok;
    auto* job = reinterpret_cast<std::uint32_t*>(jobs_->data());
    for (const Rect& box : boxes_) {
      const int tx = box.x / BS_CHANGE_TILE, ty = box.y / BS_CHANGE_TILE, left = box.x - tx * BS_CHANGE_TILE, top = box.y - ty * BS_CHANGE_TILE;
      *job++ = static_cast<std::uint32_t>(tx | ty << 16);
      *job++ = static_cast<std::uint32_t>(left | top << 8 | (left + box.width) << 16 | (top + box.height) << 24);
    }
    const ChangePush push{static_cast<std::uint32_t>(count), before->stride, now->stride};
    const std::uint32_t across = std::min<std::uint32_t>(push.jobs, BS_CHANGE_GROUPS_ACROSS);
    const VkBuffer buffers[4] = {before->buffer, now->buffer, jobs_->handle(), cells_->handle()};
    pass_->bind(buffers);
    if (auto ran = commands_->run([&](VkCommandBuffer c) { pass_->record(c, &push, across, (push.jobs + across - 1) / across); }); !ran) return ran;
    if (auto done = commands_->wait(); !done) return done;
    const auto* cells = reinterpret_cast<const std::uint32_t*>(cells_->data());
    for (std::size_t i = 0; i < count; ++i) rects_of_tile(boxes_[i], cells + i * BS_CHANGE_CELLS, changed);
    return {};
  }

  // The picture itself, or a copy of what lies in boxes_.
  Result<Source> source(const PixelBuffer& picture, std::unique_ptr<HostBuffer>& copy, std::string_view name) {
    if (in_place_ && picture.page_bytes != 0 && picture.stride % 16 == 0) {
      const auto* known = dynamic_cast<const PictureView*>(picture.device_view.get());
      if (known == nullptr || &known->device != &device_) {
        auto imported = ImportedBuffer::create(device_, picture.memory.get(), picture.page_bytes, kStorage, name);
        if (!imported) {
          BS_LOG(Info, "gpu", "pictures are copied for the device: {}", dump_error(imported.error()));
          in_place_ = false;
        } else {
          picture.device_view = std::make_unique<PictureView>(device_, std::move(*imported));
        }
        known = dynamic_cast<const PictureView*>(picture.device_view.get());
      }
      if (in_place_ && known != nullptr) return Source{known->buffer->handle(), static_cast<std::uint32_t>(picture.stride / 16)};
    }
    const std::size_t stride = static_cast<std::size_t>((picture.width + 3) / 4) * 16;
    if (auto ok = grow_storage(device_, copy, stride * static_cast<std::size_t>(picture.height), name); !ok) return fail(ok);
    for (const Rect& box : boxes_) {
      for (int y = box.y; y < box.bottom(); ++y)
        std::memcpy(copy->data() + static_cast<std::size_t>(y) * stride + static_cast<std::size_t>(box.x) * 4, picture.row(y) + std::ptrdiff_t{4} * box.x,
                    static_cast<std::size_t>(box.width) * 4);
    }
    return Source{copy->handle(), static_cast<std::uint32_t>(stride / 16)};
  }

  // Joins the cells of a tile as the twin does: side by side, then downwards where a run is as wide as the one above.
  static void rects_of_tile(const Rect& box, const std::uint32_t* cells, std::vector<Rect>& changed) {
    struct Run {
      Rect area;    // cells, cut to the box
      Rect tight;   // what of them changed
    };
    const int left = box.x / BS_CHANGE_TILE * BS_CHANGE_TILE, up = box.y / BS_CHANGE_TILE * BS_CHANGE_TILE;
    Run open[kCellsAcross];
    int open_count = 0;
    for (int cy = 0; cy < kCellsAcross; ++cy) {
      Run runs[kCellsAcross];
      int run_count = 0;
      Run run;
      for (int cx = 0; cx <= kCellsAcross; ++cx) {
        const std::uint32_t bounds = cx < kCellsAcross ? cells[cy * kCellsAcross + cx] : 0;
        if (bounds != 0) {
          const Rect cell{left + cx * BS_CHANGE_CELL, up + cy * BS_CHANGE_CELL, BS_CHANGE_CELL, BS_CHANGE_CELL};
          const int x = static_cast<int>(bounds & 255), y = static_cast<int>(bounds >> 8 & 255);
          run.area = run.area.united_with(cell.clipped_to(box));
          run.tight = run.tight.united_with({cell.x + x, cell.y + y, static_cast<int>(bounds >> 16 & 255) - x, static_cast<int>(bounds >> 24) - y});
        } else if (!run.area.empty()) {
          runs[run_count++] = run;
          run = {};
        }
      }
      for (int i = 0; i < open_count; ++i) {
        Run* below = std::find_if(runs, runs + run_count, [&](const Run& r) { return r.area.x == open[i].area.x && r.area.width == open[i].area.width; });
        if (below == runs + run_count) {
          changed.push_back(open[i].tight);
        } else {
          below->area = below->area.united_with(open[i].area);
          below->tight = below->tight.united_with(open[i].tight);
        }
      }
      std::copy_n(runs, run_count, open);
      open_count = run_count;
    }
    for (int i = 0; i < open_count; ++i) changed.push_back(open[i].tight);
  }

  const Device& device_;
  std::unique_ptr<ports::ChangeDetector> cpu_;
  std::int64_t least_pixels_;
  bool in_place_, failed_ = false;
  std::string why_;
  std::vector<Rect> boxes_;   // what is to be looked at, one per tile
  std::unique_ptr<ComputePass> pass_;
  std::unique_ptr<HostBuffer> copies_[2], jobs_, cells_;
  std::unique_ptr<Commands> commands_;   // last: destroyed first, and waits for what uses the buffers
};

// The CPU's detector with the reason why it was taken.
class Told final : public ports::ChangeDetector {
 public:
  Told(std::unique_ptr<ports::ChangeDetector> inner, std::string words) : inner_(std::move(inner)), words_(std::move(words)) {}
  void find(const PixelBuffer& shadow, const PixelBuffer& frame, std::span<const Rect> where, std::vector<Rect>& changed) override {
    inner_->find(shadow, frame, where, changed);
  }
  std::string describe() const override { return words_; }

 private:
  std::unique_ptr<ports::ChangeDetector> inner_;
  std::string words_;
};

double ms(nanoseconds t) { return static_cast<double>(t.count()) / 1e6; }

}  // namespace

Result<std::unique_ptr<ports::ChangeDetector>> make_gpu_change_detector(const Device& device, std::unique_ptr<ports::ChangeDetector> cpu,
                                                                        std::int64_t least_pixels, bool in_place) {
  auto detector = std::make_unique<GpuDetector>(device, std::move(cpu), least_pixels, in_place);
  if (auto made = detector->create(); !made) return fail(made);
  return std::unique_ptr<ports::ChangeDetector>(std::move(detector));
}

std::optional<std::int64_t> passes_pay_from(const DetectorCost& cost) {
  // Both taken as a line: the twin begins at nothing, the pass at what a submission costs.
  const double gain = static_cast<double>((cost.cpu - (cost.pass - cost.pass_least)).count());
  if (cost.pixels <= 0 || gain <= 0) return std::nullopt;
  const double from = std::ceil(static_cast<double>(std::max<std::int64_t>(0, cost.pass_least.count())) / gain * static_cast<double>(cost.pixels));
  if (from > static_cast<double>(kLargestPicture)) return std::nullopt;
  return static_cast<std::int64_t>(from);
}

DetectorCost measure_detectors(ports::ChangeDetector& cpu, ports::ChangeDetector& pass) {
  constexpr int kWidth = 1024, kHeight = 768, kTurns = 3;
  auto shadow = ports::make_pixel_buffer(kWidth, kHeight), frame = ports::make_pixel_buffer(kWidth, kHeight);
  std::uint32_t state = 1;
  for (int y = 0; y < kHeight; ++y) {
    for (int i = 0; i < 4 * kWidth; ++i) shadow->row(y)[i] = static_cast<std::uint8_t>((state = state * 1664525U + 1013904223U) >> 24);
    std::memcpy(frame->row(y), shadow->row(y), std::size_t{4} * kWidth);
    if (y % 64 < 12) frame->row(y)[4 * ((y * 17) % kWidth)] ^= 1;   // some tiles of each row have changed
  }
  const Rect whole{0, 0, kWidth, kHeight}, tile{0, 0, ports::kTileSide, ports::kTileSide};
  std::vector<Rect> changed;
  const auto least = [&](ports::ChangeDetector& detector, const Rect& where, int turns) {
    nanoseconds best = 1h;
    for (int turn = 0; turn < turns; ++turn) {
      const LocalTime began = local_now();
      detector.find(*shadow, *frame, {&where, 1}, changed);
      best = std::min<nanoseconds>(best, local_now() - began);
    }
    return best;
  };
  DetectorCost cost;
  cost.pixels = std::int64_t{kWidth} * kHeight;
  cost.cpu = least(cpu, whole, kTurns);
  pass.find(*shadow, *frame, {&whole, 1}, changed);   // memory is made, shaders are compiled
  cost.pass = least(pass, whole, 1);
  if (cost.pass < 4 * cost.cpu) cost.pass = std::min(cost.pass, least(pass, whole, kTurns));   // else no turn would change it
  cost.pass_least = least(pass, tile, kTurns);
  return cost;
}

std::unique_ptr<ports::ChangeDetector> choose_change_detector(const Device* device, std::unique_ptr<ports::ChangeDetector> cpu) {
  if (device == nullptr) return std::make_unique<Told>(std::move(cpu), "CPU, no graphics device");
  auto passes = std::make_unique<GpuDetector>(*device, nullptr, 0, true);
  if (auto made = passes->create(); !made) {
    BS_LOG(Info, "gpu", "no pass for change detection: {}", dump_error(made.error()));
    return std::make_unique<Told>(std::move(cpu), "CPU, the graphics device refused the pass");
  }
  const DetectorCost cost = measure_detectors(*cpu, *passes);
  const std::string figures = fmt::format("{:.2f} ms, pass {:.2f} ms", ms(cost.cpu), ms(cost.pass));
  std::unique_ptr<ports::ChangeDetector> chosen;
  if (passes->failed()) {
    chosen = std::make_unique<Told>(std::move(cpu), "CPU, the graphics device failed");
  } else if (const auto from = passes_pay_from(cost)) {
    passes->take_twin(std::move(cpu), *from, fmt::format(", from {} pixels on (CPU {})", *from, figures));
    chosen = std::move(passes);
  } else {
    chosen = std::make_unique<Told>(std::move(cpu), fmt::format("CPU ({})", figures));
  }
  BS_LOG(Info, "gpu", "change detection: {}", chosen->describe());
  return chosen;
}

}  // namespace beside::gpu
