// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a fuzz target over its stored corpus, without libFuzzer: every crash that was ever found stays a case in ctest.
// To make the replay worth more than its files, each file is also run cut short at every length up to 512 and with
// single bytes changed (a fixed pattern), which needs no randomness.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  std::size_t files = 0, runs = 0;
  auto run = [&](const std::vector<std::uint8_t>& bytes) {
    std::vector<std::uint8_t> copy(bytes);  // exact size, so that a sanitizer sees a read past the end
    copy.shrink_to_fit();
    LLVMFuzzerTestOneInput(copy.data(), copy.size());
    ++runs;
  };
  run({});
  for (int i = 1; i < argc; ++i) {
    std::error_code ec;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i], ec)) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::vector<std::uint8_t> bytes((std::istreambuf_iterator<char>(in)), {});
      ++files;
      run(bytes);
      for (std::size_t n = 0; n < bytes.size() && n < 512; ++n) run({bytes.begin(), bytes.begin() + static_cast<long>(n)});
      for (std::size_t n = 0; n < bytes.size() && n < 512; ++n) {
        for (std::uint8_t flip : {0x01, 0x80, 0xff}) {
          auto changed = bytes;
          changed[n] ^= flip;
          run(changed);
        }
      }
    }
    if (ec) std::fprintf(stderr, "no corpus at %s\n", argv[i]);
  }
  std::printf("%zu files, %zu runs\n", files, runs);
  return files == 0 ? 1 : 0;
}
