// SPDX-License-Identifier: GPL-3.0-or-later
// Each compute pass beside a copy of as many bytes, at 3840x2160 in batches of 16 frames, turn about in one run: pass_bench
// [ROUNDS [WIDTHxHEIGHT [FRAMES]]]. Buffers are in the device's own memory; times are the device's timestamps where it has
// them. One JSON line per figure: ms_per_frame of pass and copy (medians of the rounds) and their ratio.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "codec/tiles/tiles.h"
#include "engine/base/clock.h"
#include "engine/gpu/change_detector.h"
#include "engine/gpu/compute_pass.h"
#include "engine/gpu/device.h"
#include "engine/gpu/resources.h"
#include "engine/gpu/vk_result.h"
#include "shaders/change_push.h"
#include "shaders/spirv/changed_cells_comp.h"

namespace {

using namespace beside;
using namespace beside::gpu;

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "pass_bench: %s\n", why.c_str());
  std::exit(1);
}
template <typename T>
T must(Result<T> result) {
  if (!result) stop(dump_error(result.error()));
  return std::move(*result);
}
void must(VkResult result) {
  if (result != VK_SUCCESS) stop(vk_text(result));
}

// Memory of the device's own, where the host need not see it.
struct Buffer {
  Buffer(const Device& of, VkDeviceSize bytes) : device(of) {
    auto info = vk_struct<VkBufferCreateInfo>(VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO);
    info.size = bytes;
    info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
    must(vkCreateBuffer(device.handle(), &info, nullptr, &handle));
    VkMemoryRequirements needs;
    vkGetBufferMemoryRequirements(device.handle(), handle, &needs);
    auto allocate = vk_struct<VkMemoryAllocateInfo>(VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO);
    allocate.allocationSize = needs.size;
    allocate.memoryTypeIndex = static_cast<std::uint32_t>(std::max(0, device.memory_type(needs.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT)));
    must(vkAllocateMemory(device.handle(), &allocate, nullptr, &memory));
    must(vkBindBufferMemory(device.handle(), handle, memory, 0));
  }
  ~Buffer() {
    vkDestroyBuffer(device.handle(), handle, nullptr);
    vkFreeMemory(device.handle(), memory, nullptr);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  const Device& device;
  VkBuffer handle = VK_NULL_HANDLE;
  VkDeviceMemory memory = VK_NULL_HANDLE;
};

class Timer {
 public:
  explicit Timer(const Device& device) : device_(device), commands_(must(Commands::create(device, "bench"))) {
    auto info = vk_struct<VkQueryPoolCreateInfo>(VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO);
    info.queryType = VK_QUERY_TYPE_TIMESTAMP;
    info.queryCount = 2;
    if (device.timestamp_ns() > 0) must(vkCreateQueryPool(device.handle(), &info, nullptr, &pool_));
  }
  ~Timer() {
    if (pool_ != VK_NULL_HANDLE) vkDestroyQueryPool(device_.handle(), pool_, nullptr);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  // Milliseconds of what `record` records.
  double run(const std::function<void(VkCommandBuffer)>& record) {
    const LocalTime began = local_now();
    must_run([&](VkCommandBuffer c) {
      if (pool_ != VK_NULL_HANDLE) {
        vkCmdResetQueryPool(c, pool_, 0, 2);
        vkCmdWriteTimestamp(c, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, pool_, 0);
      }
      record(c);
      if (pool_ != VK_NULL_HANDLE) vkCmdWriteTimestamp(c, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool_, 1);
    });
    const double wall = static_cast<double>((local_now() - began).count()) / 1e6;
    if (pool_ == VK_NULL_HANDLE) return wall;
    std::uint64_t stamps[2] = {};
    must(vkGetQueryPoolResults(device_.handle(), pool_, 0, 2, sizeof stamps, stamps, 8, VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT));
    return static_cast<double>(stamps[1] - stamps[0]) * device_.timestamp_ns() / 1e6;
  }

 private:
  void must_run(const std::function<void(VkCommandBuffer)>& record) {
    if (auto ran = commands_->run(record); !ran) stop(dump_error(ran.error()));
    if (auto done = commands_->wait(); !done) stop(dump_error(done.error()));
  }
  const Device& device_;
  std::unique_ptr<Commands> commands_;
  VkQueryPool pool_ = VK_NULL_HANDLE;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print(const std::string& scene, const std::string& system, const char* metric, double value, const char* unit) {
  std::printf("{\"bench\":\"passes\",\"scene\":\"%s\",\"system\":\"%s\",\"metric\":\"%s\",\"value\":%.4f,\"unit\":\"%s\"}\n", scene.c_str(), system.c_str(), metric,
              value, unit);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5, frames = argc > 3 ? std::max(1, std::atoi(argv[3])) : 16;
  int width = 3840, height = 2160;
  if (argc > 2 && std::sscanf(argv[2], "%dx%d", &width, &height) != 2) stop("WIDTHxHEIGHT");
  const auto device = must(Device::create({}));
  Timer timer(*device);
  const auto w = static_cast<std::uint32_t>(width), h = static_cast<std::uint32_t>(height);
  const VkDeviceSize picture = VkDeviceSize{4} * ((w + 15) / 16 * 16) * h;
  Buffer before(*device, picture), now(*device, picture), copy(*device, picture);

  struct Case {
    std::string name;
    VkDeviceSize read, written;
    std::function<void(VkCommandBuffer)> record;
  };
  std::vector<Case> cases;

  // Every tile; what lies in the buffers does not matter to the time, but that both are the same: nothing differs, as mostly.
  const std::uint32_t across = (w + 63) / 64, down = (h + 63) / 64;
  const auto jobs = must(HostBuffer::create(*device, std::size_t{8} * across * down, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, "jobs"));
  for (std::uint32_t i = 0; i < across * down; ++i) {
    auto* job = reinterpret_cast<std::uint32_t*>(jobs->data()) + 2 * i;
    const std::uint32_t tx = i % across, ty = i / across;
    job[0] = tx | ty << 16;
    job[1] = std::min(64U, w - 64 * tx) << 16 | std::min(64U, h - 64 * ty) << 24;
  }
  Buffer cells(*device, std::size_t{64} * across * down);
  const auto change = must(ComputePass::create(*device, spirv::changed_cells_comp, 4, sizeof(ChangePush), "changed cells"));
  const VkBuffer change_buffers[4] = {before.handle, now.handle, jobs->handle(), cells.handle};
  change->bind(change_buffers);
  const ChangePush change_push{across * down, (w + 15) / 16 * 4, (w + 15) / 16 * 4};
  cases.push_back({"changed_cells", 2 * picture + std::size_t{8} * across * down, std::size_t{64} * across * down, [&](VkCommandBuffer c) {
                     const std::uint32_t row = std::min<std::uint32_t>(change_push.jobs, BS_CHANGE_GROUPS_ACROSS);
                     change->record(c, &change_push, row, (change_push.jobs + row - 1) / row);
                   }});

  const auto push_for = [&](bool half) {
    ConvertPush push{};
    push.width = w;
    push.height = h;
    push.pixel_stride = (w + 15) / 16 * 16;
    push.chroma_shift = half ? 1 : 0;
    push.chroma_stride = ((half ? (w + 1) / 2 : w) + 3) / 4;
    push.luma_stride = half ? push.chroma_stride * 2 : push.chroma_stride;
    push.u_offset = push.luma_stride * h;
    push.v_offset = push.u_offset + push.chroma_stride * (half ? (h + 1) / 2 : h);
    return push;
  };
  const ConvertPush full = push_for(false), half = push_for(true);
  const auto bytes_of = [](const ConvertPush& p) { return VkDeviceSize{4} * (2 * p.v_offset - p.u_offset); };
  Buffer planes(*device, bytes_of(full));
  const auto to444 = must(BgrxToI444Pass::create(*device));
  const auto to420 = must(BgrxToI420Pass::create(*device));
  const auto back = must(PlanesToBgraPass::create(*device));
  to444->bind(now.handle, planes.handle);
  to420->bind(now.handle, planes.handle);
  back->bind(planes.handle, copy.handle);
  cases.push_back({"bgrx_to_i444", picture, bytes_of(full), [&](VkCommandBuffer c) { to444->record(c, full); }});
  cases.push_back({"bgrx_to_i420", picture, bytes_of(half), [&](VkCommandBuffer c) { to420->record(c, half); }});
  cases.push_back({"planes_to_bgra", bytes_of(full), picture, [&](VkCommandBuffer c) { back->record(c, full); }});

  // The same bytes in both buffers.
  (void)timer.run([&](VkCommandBuffer c) {
    const VkBufferCopy all{0, 0, picture};
    vkCmdCopyBuffer(c, now.handle, before.handle, 1, &all);
  });
  for (const Case& each : cases) {
    // As many bytes through the memory, half of them read and half written.
    const VkDeviceSize half_way = (each.read + each.written) / 2;
    const VkBufferCopy region{0, 0, std::min(half_way, picture)};
    const VkBufferCopy rest{0, 0, half_way - region.size};
    const auto batch_of_passes = [&](VkCommandBuffer c) {
      for (int i = 0; i < frames; ++i) each.record(c);
    };
    const auto batch_of_copies = [&](VkCommandBuffer c) {
      auto barrier = vk_struct<VkMemoryBarrier>(VK_STRUCTURE_TYPE_MEMORY_BARRIER);
      barrier.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
      barrier.dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
      for (int i = 0; i < frames; ++i) {
        vkCmdCopyBuffer(c, now.handle, copy.handle, 1, &region);
        if (rest.size > 0) vkCmdCopyBuffer(c, before.handle, copy.handle, 1, &rest);
        vkCmdPipelineBarrier(c, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1, &barrier, 0, nullptr, 0, nullptr);
      }
    };
    std::vector<double> passes, copies, ratios;
    (void)timer.run(each.record);   // shaders are compiled, pages are there
    for (int round = 0; round < rounds; ++round) {
      passes.push_back(timer.run(batch_of_passes) / frames);
      copies.push_back(timer.run(batch_of_copies) / frames);
      ratios.push_back(passes.back() / copies.back());
    }
    print(each.name, device->name(), "pass", median(passes), "ms_per_frame");
    print(each.name, device->name(), "copy", median(copies), "ms_per_frame");
    print(each.name, device->name(), "ratio", median(ratios), "x");
  }
  // What the program itself would choose here, on its own measure.
  const auto cpu = tiles::make_change_detector();
  auto pass = must(make_gpu_change_detector(*device, tiles::make_change_detector()));
  const DetectorCost cost = measure_detectors(*cpu, *pass);
  print("detector_1024x768", "CPU", "find", static_cast<double>(cost.cpu.count()) / 1e6, "ms");
  print("detector_1024x768", device->name(), "find", static_cast<double>(cost.pass.count()) / 1e6, "ms");
  print("detector_tile", device->name(), "find", static_cast<double>(cost.pass_least.count()) / 1e6, "ms");
  return 0;
}
