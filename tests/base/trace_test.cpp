// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/trace.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "engine/base/thread_role.h"

using namespace beside;

namespace {
std::string whole(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::size_t count(const std::string& in, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + 1)) ++n;
  return n;
}
}  // namespace

// One process has one trace for good: all of it in one case.
TEST_CASE("a trace is written only when asked for, is a whole array after each write, and belongs to its owner") {
  ::unsetenv("BESIDE_TRACE");
  trace::open("test");
  CHECK_FALSE(trace::on());
  trace::span("nobody asked", LocalTime{}, LocalTime{1us});

  std::string folder = (std::filesystem::temp_directory_path() / "beside-trace-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  ::setenv("BESIDE_TRACE", folder.c_str(), 1);
  trace::open("test");
  REQUIRE(trace::on());
  const std::filesystem::path path = folder + "/beside-test-" + std::to_string(getpid()) + ".json";
  struct stat info{};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);

  const LocalTime from = LocalTime{} + 5s;
  for (int i = 0; i < 2; ++i) {
    std::thread([&] {
      name_this_thread("a\"b");
      trace::span("work", from, from + 1500us, 7);
      trace::step("ladder", "coded", from, from + 2ms, 7);
      trace::value("target bit/s", from, 1.5e6);
    }).join();   // a thread that ends hands over what it has
    const std::string text = whole(path);
    CHECK(text.starts_with("[\n{"));
    CHECK(text.ends_with("}\n]\n"));
    CHECK(count(text, "]") == 1);
    CHECK(count(text, "\n{") == count(text, ",\n") + 1);
    const std::size_t times = static_cast<std::size_t>(i) + 1;
    CHECK(count(text, R"("ph":"X","name":"work")") == times);
    CHECK(count(text, R"("ts":5000000.000,"dur":1500.000,"args":{"number":7})") == times);
    CHECK(count(text, R"("ph":"e","cat":"ladder","name":"coded","id":7)") == times);
    CHECK(count(text, R"("args":{"value":1500000})") == times);
    CHECK(count(text, R"("name":"a?b")") == times);
    CHECK(count(text, "nobody asked") == 0);
  }
  std::filesystem::remove_all(folder);
  ::unsetenv("BESIDE_TRACE");
}
