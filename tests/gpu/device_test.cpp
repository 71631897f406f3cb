// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <array>
#include <cstdio>
#include <set>
#include <string>

#include "engine/gpu/vulkan_loader.h"
#include "engine/gpu/vulkan_symbols.h"
#include "tests/gpu/gpu_fixture.h"

using namespace beside;
using namespace beside::gpu;

namespace {

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
  pclose(pipe);
  return out;
}

std::string self() {
  std::array<char, 4096> path{};
  const ssize_t n = readlink("/proc/self/exe", path.data(), path.size() - 1);
  return n > 0 ? std::string(path.data(), static_cast<std::size_t>(n)) : std::string();
}

}  // namespace

TEST_CASE("a program with this room needs no libvulkan to start and exports no vk symbol") {
  const std::string dynamic = output_of(std::string(BESIDE_READELF) + " -d '" + self() + "' 2>/dev/null");
  REQUIRE(dynamic.find("NEEDED") != std::string::npos);
  CHECK(dynamic.find("libvulkan") == std::string::npos);
  const std::string symbols = output_of(std::string(BESIDE_READELF) + " --dyn-syms -W '" + self() + "' 2>/dev/null");
  CHECK(symbols.find(" vkCreateInstance") == std::string::npos);
}

TEST_CASE("every vk symbol that libimgui.a calls has its jump") {
  const std::set<std::string> ours = {
#define BS_NAME(name) #name,
      BS_VULKAN_SYMBOLS(BS_NAME)
#undef BS_NAME
  };
  const std::string wanted = output_of(
      "nm -u \"$(pkg-config --variable=libdir imgui 2>/dev/null)/libimgui.a\" 2>/dev/null | grep -o 'vk[A-Z][A-Za-z0-9]*' | sort -u");
  if (wanted.empty()) {
    MESSAGE("skipped: libimgui.a is not installed");
    return;
  }
  std::size_t at = 0;
  int count = 0;
  while (at < wanted.size()) {
    const std::size_t end = wanted.find('\n', at);
    const std::string name = wanted.substr(at, end - at);
    CAPTURE(name);
    CHECK(ours.count(name) == 1);
    ++count;
    at = end == std::string::npos ? wanted.size() : end + 1;
  }
  CHECK(count >= 40);
}

TEST_CASE("software ranks behind every other kind of device") {
  CHECK(device_rank(device_kind(VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU)) < device_rank(device_kind(VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU)));
  CHECK(device_rank(device_kind(VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU)) < device_rank(device_kind(VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU)));
  for (auto type : {VK_PHYSICAL_DEVICE_TYPE_OTHER, VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU}) {
    CHECK(device_rank(device_kind(type)) < device_rank(device_kind(VK_PHYSICAL_DEVICE_TYPE_CPU)));
  }
}

TEST_CASE("a device that cannot be had is an error that names the package") {
  DeviceOptions options;
  options.instance_extensions = {"VK_BESIDE_no_such_extension"};
  auto device = Device::create(options);
  REQUIRE_FALSE(device);
  CHECK(device.error().kind == ErrorKind::Environment);
  const std::string& detail = device.error().detail;
  CHECK((detail.find("mesa-vulkan-drivers") != std::string::npos || detail.find("libvulkan1") != std::string::npos));
}

TEST_CASE("a device opens without a surface and the validation layer is silent") {
  Device* device = test_device();
  if (device == nullptr) return;
  CHECK(!device->name().empty());
  CHECK(device->max_image_side_px() >= 4096);
  CHECK(load_vulkan());
  CHECK(device->validation_messages() == 0);
}
