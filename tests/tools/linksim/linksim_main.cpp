// SPDX-License-Identifier: GPL-3.0-or-later
// beside-linksim NS/DEVICE NS/DEVICE [SEED]: a bad line between two network namespaces, for tests. Never installed.
//
// It makes a TUN device in each namespace (the caller gives them addresses and routes) and carries packets between them as
// a LinkModel for each direction decides; "up" is from the first to the second. Orders are lines on stdin, answers and
// events are JSON lines on stdout, t_us is CLOCK_MONOTONIC as in beside-headless:
//   up|down|both KEY=NUMBER ...    see orders.h; answered by "set"
//   outage MS|on|off               nothing passes either way
//   address INSIDE OUTSIDE|off     the second end sees another address of the first (NAT rebinding)
//   stats                          answered by "stats"
//   quit, or end of stdin
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <queue>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tools/linksim/address_change.h"
#include "tests/tools/linksim/orders.h"
#include "tests/tools/linksim/tun_device.h"

namespace beside::linksim {
namespace {

using test::LinkModel;
constexpr std::size_t kLargestPacket = 65'536;
constexpr const char* kFates[] = {"passed", "lost", "burst_lost", "queue_full", "outage", "too_big"};
static_assert(std::size(kFates) == static_cast<std::size_t>(LinkModel::Fate::kCount));

struct OnTheWay {
  LocalTime at;
  std::uint64_t order;  // equal times leave as they came
  std::size_t to;       // index of the device
  Bytes packet;
  bool operator<(const OnTheWay& other) const { return at != other.at ? at > other.at : order > other.order; }
};

struct Direction {
  LinkModel model;
  std::array<std::uint64_t, static_cast<std::size_t>(LinkModel::Fate::kCount)> fates{};
  std::uint64_t bytes = 0, refused = 0;  // passed; not taken by the far device
  nanoseconds worst_queue{0};
};

class Line {
 public:
  Line(int a, int b, std::uint64_t seed) : tun_{a, b}, ways_{Direction{LinkModel(seed * 2)}, Direction{LinkModel(seed * 2 + 1)}} {}
  int run();

 private:
  void tell(const std::string& event, const std::string& more = {}) const {
    std::printf("{\"event\":\"%s\",\"t_us\":%lld%s%s}\n", event.c_str(), static_cast<long long>(to_us(local_now())), more.empty() ? "" : ",",
                more.c_str());
    std::fflush(stdout);
  }
  void complain(const std::string& why) const { tell("error", "\"why\":\"" + why + "\""); }
  void take(std::size_t from);
  void deliver(LocalTime now);
  bool read_orders();
  void obey(const std::string& line);
  void stats() const;

  int tun_[2];
  Direction ways_[2];  // up: from the first device
  std::optional<AddressChange> address_;
  std::priority_queue<OnTheWay> queue_;
  std::uint64_t order_ = 0;
  std::string unread_;
  bool quit_ = false;
};

void Line::take(std::size_t from) {
  static Bytes buffer(kLargestPacket);
  Direction& way = ways_[from];
  for (int many = 0; many < 256; ++many) {
    const ssize_t got = ::read(tun_[from], buffer.data(), buffer.size());
    if (got <= 0) return;
    const MutableByteSpan packet = MutableByteSpan(buffer).first(static_cast<std::size_t>(got));
    const LocalTime now = local_now();
    const auto verdict = way.model.offer(packet.size(), now);
    ++way.fates[static_cast<std::size_t>(verdict.fate)];
    way.worst_queue = std::max(way.worst_queue, way.model.queue_delay(now));
    if (verdict.fate != LinkModel::Fate::Passed) continue;
    if (address_ && from == 1 && address_->gone(packet)) {
      ++way.refused;
      continue;
    }
    way.bytes += packet.size();
    if (address_) from == 0 ? address_->outwards(packet) : address_->inwards(packet);
    if (verdict.again != kNever) queue_.push({verdict.again, order_++, 1 - from, to_bytes(packet)});
    queue_.push({verdict.at, order_++, 1 - from, to_bytes(packet)});
  }
}

void Line::deliver(LocalTime now) {
  for (; !queue_.empty() && queue_.top().at <= now; queue_.pop()) {
    const OnTheWay& next = queue_.top();
    if (::write(tun_[next.to], next.packet.data(), next.packet.size()) < 0) ++ways_[1 - next.to].refused;
  }
}

void Line::stats() const {
  std::string out;
  for (std::size_t i = 0; i < 2; ++i) {
    const Direction& way = ways_[i];
    out += std::string(i == 0 ? "" : ",") + "\"" + (i == 0 ? "up" : "down") + "\":{\"bytes\":" + std::to_string(way.bytes) +
           ",\"refused\":" + std::to_string(way.refused) + ",\"worst_queue_us\":" + std::to_string(way.worst_queue.count() / 1000);
    for (std::size_t fate = 0; fate < way.fates.size(); ++fate) out += std::string(",\"") + kFates[fate] + "\":" + std::to_string(way.fates[fate]);
    out += "}";
  }
  tell("stats", out);
}

void Line::obey(const std::string& line) {
  std::istringstream in(line);
  std::string what, rest, other;
  in >> what;
  std::getline(in, rest);
  std::istringstream words(rest);
  if (what == "up" || what == "down" || what == "both") {
    for (std::size_t i = 0; i < 2; ++i) {
      if (what == (i == 0 ? "down" : "up")) continue;
      auto setting = ways_[i].model.setting();
      if (auto read = read_setting(rest, setting); !read) return complain(read.error().detail);
      ways_[i].model.set(setting);
      ways_[i].worst_queue = nanoseconds(0);
    }
    return tell("set");
  }
  if (what == "outage" && words >> other) {
    const LocalTime end = other == "on" ? kNever : other == "off" ? LocalTime::min() : local_now() + milliseconds(std::atoll(other.c_str()));
    // What is on the way when the line breaks is lost with it.
    if (end != LocalTime::min()) queue_ = {};
    for (Direction& way : ways_) way.model.outage_until(end);
    return tell("outage", "\"until_us\":" + std::to_string(end == kNever || end == LocalTime::min() ? 0 : to_us(end)));
  }
  if (what == "address" && words >> other) {
    std::string outside;
    address_.reset();
    if (other != "off" && (!(words >> outside) || !(address_ = AddressChange::parse(other, outside)))) return complain("two addresses of one family");
    return tell("address");
  }
  if (what == "stats") return stats();
  if (what == "quit") {
    quit_ = true;
    return;
  }
  complain("no such order");
}

bool Line::read_orders() {
  char piece[4096];
  const ssize_t got = ::read(STDIN_FILENO, piece, sizeof piece);
  if (got <= 0) return false;
  unread_.append(piece, static_cast<std::size_t>(got));
  for (std::size_t end; (end = unread_.find('\n')) != std::string::npos; unread_.erase(0, end + 1)) obey(unread_.substr(0, end));
  return unread_.size() < 65'536;
}

int Line::run() {
  tell("ready");
  while (!quit_) {
    timespec patience{};
    const timespec* until = nullptr;
    if (!queue_.empty()) {
      const auto wait = std::max<std::int64_t>((queue_.top().at - local_now()).count(), 0);
      patience = {static_cast<time_t>(wait / 1'000'000'000), static_cast<long>(wait % 1'000'000'000)};
      until = &patience;
    }
    std::array<pollfd, 3> ready{{{tun_[0], POLLIN, 0}, {tun_[1], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
    if (::ppoll(ready.data(), ready.size(), until, nullptr) < 0 && errno != EINTR) return 1;
    for (std::size_t i = 0; i < 2; ++i)
      if ((ready[i].revents & POLLIN) != 0) take(i);
    deliver(local_now());
    if ((ready[2].revents & (POLLIN | POLLHUP)) != 0 && !read_orders()) break;
  }
  stats();
  return 0;
}

}  // namespace
}  // namespace beside::linksim

int main(int argc, char** argv) {
  using namespace beside;
  if (argc < 3) {
    std::fprintf(stderr, "beside-linksim NAMESPACE/DEVICE NAMESPACE/DEVICE [SEED]\n");
    return 2;
  }
  int tuns[2] = {-1, -1};
  for (int i = 0; i < 2; ++i) {
    const std::string place = argv[i + 1];
    const auto slash = place.find('/');
    const auto opened = linksim::open_tun(place.substr(0, slash), slash == std::string::npos ? "" : place.substr(slash + 1));
    if (!opened) {
      std::fprintf(stderr, "beside-linksim: %s\n", opened.error().detail.c_str());
      return 77;
    }
    tuns[i] = *opened;
  }
  ::prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);  // the usual 50 us would show as delay
  linksim::Line line(tuns[0], tuns[1], argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
  return line.run();
}
