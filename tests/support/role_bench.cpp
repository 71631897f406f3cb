// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/role_bench.h"

#include <thread>

#include "codec/tiles/tiles.h"
#include "engine/crypto/hash.h"
#include "engine/crypto/random.h"
#include "engine/e2e/code_channel.h"
#include "engine/e2e/srtp_sealer.h"

namespace beside::test {
namespace {

using session::NewSession;

// Keeps its lines in a vector of the test's; the head is a plain hash chain.
class MemoryJournal final : public ports::Journal {
 public:
  explicit MemoryJournal(std::vector<ports::JournalLine>& lines) : lines_(lines) {}
  void begin(const std::string&, const std::string&) override { add({ports::JournalKind::SessionBegan, {}, {}}); }
  void add(const ports::JournalLine& line) override {
    lines_.push_back(line);
    Bytes all(head_.begin(), head_.end());
    all.push_back(static_cast<std::uint8_t>(line.kind));
    all.insert(all.end(), line.text.begin(), line.text.end());
    head_ = crypto::sha256(all);
    ++count_;
  }
  std::array<std::uint8_t, 32> head() const override { return head_; }
  std::uint64_t lines() const override { return count_; }
  std::array<std::uint8_t, 32> receipt(ByteSpan customer, ByteSpan operator_) const override {
    Bytes both = to_bytes(customer);
    both.insert(both.end(), operator_.begin(), operator_.end());
    return crypto::sha256(both);
  }
  void end() override {}
  std::string path() const override { return "memory"; }

 private:
  std::vector<ports::JournalLine>& lines_;
  std::array<std::uint8_t, 32> head_{};
  std::uint64_t count_ = 0;
};

class MemoryMedia final : public session::MediaPort {
 public:
  MemoryMedia(RoleBench& bench, const control::Ticket& ticket, Handlers handlers)
      : bench_(bench), ufrag_(ticket.ufrag()), handlers_(std::move(handlers)) {
    bench_.relay.attach_media(ufrag_, [this, &bench, alive = alive_](Bytes bytes) {
      bench.post([this, alive, bytes = std::move(bytes)] {
        if (*alive) handlers_.datagram(bytes);
      });
    });
    bench_.post([this, alive = alive_] {
      if (*alive) handlers_.state(session::Rung::Udp, session::RungReason::Best);
    });
    bench_.ways.push_back([this, alive = alive_](session::Rung rung, session::RungReason reason) {
      if (*alive) handlers_.state(rung, reason);
    });
  }
  ~MemoryMedia() override {
    *alive_ = false;
    bench_.relay.detach_media(ufrag_);
  }
  bool send(std::span<const ByteSpan> burst) override {
    for (ByteSpan packet : burst) {
      bench_.post([&bench = bench_, ufrag = ufrag_, bytes = to_bytes(packet)] { bench.relay.datagram(ufrag, bytes); });
    }
    return true;
  }
  std::size_t max_datagram() const override { return 1200; }
  void set_ticket(const control::Ticket&) override {}
  void probe_now() override { ++bench_.path_probes; }

 private:
  RoleBench& bench_;
  const std::string ufrag_;
  Handlers handlers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Pictures without a codec: SPS, PPS and one slice that holds a mark.
class MarkEncoder final : public ports::VideoEncoder {
 public:
  Bytes sps() const override { return {0x67, 1, 2, 3}; }
  Bytes pps() const override { return {0x68, 4, 5}; }
  std::string name() const override { return "marks"; }
  ports::VideoCodec codec() const override { return ports::VideoCodec::H264_444; }
  Result<ports::EncodedPicture> encode(const ports::Frame& frame, bool) override {
    ports::EncodedPicture out;
    out.annex_b = {0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 5, 0, 0, 0, 1, 0x65};
    out.annex_b.insert(out.annex_b.end(), 3000, 0x5a);
    out.key = true;
    out.captured_at = frame.captured_at;
    return out;
  }
  Result<void> set_target_kbps(int) override { return {}; }
};
class MarkDecoder final : public ports::VideoDecoder {
 public:
  Result<std::optional<ports::DecodedPicture>> decode(ByteSpan) override {
    ports::DecodedPicture picture;
    picture.number = ++number_;
    return std::optional<ports::DecodedPicture>(picture);
  }

 private:
  std::uint64_t number_ = 0;
};

}  // namespace

std::unique_ptr<ports::VideoEncoder> make_mark_encoder() { return std::make_unique<MarkEncoder>(); }
std::unique_ptr<ports::VideoDecoder> make_mark_decoder() { return std::make_unique<MarkDecoder>(); }

// ---- the line ----

void MemoryControl::open(Handlers handlers) {
  handlers_ = std::move(handlers);
  dial();
}

void MemoryControl::dial() {
  bench_.post([this, alive = alive_] {
    if (!*alive || closed_ || connection_ != 0) return;
    if (!line_works_) {
      handlers_.down(Error{ErrorKind::Environment, "net/connect", "no line"});
      bench_.later(250ms, [this, alive] {
        if (*alive) dial();
      });
      return;
    }
    connection_ = bench_.relay.connect([this, alive, id = std::make_shared<std::uint64_t>(0), &bench = bench_](Bytes bytes) {
      bench.post([this, alive, bytes = std::move(bytes)] {
        if (*alive && connection_ != 0) handlers_.message(bytes);
      });
    });
    handlers_.up();
  });
}

bool MemoryControl::send(Bytes message) {
  if (connection_ == 0) return false;
  bench_.post([&bench = bench_, id = connection_, message = std::move(message)] { bench.relay.receive(id, message); });
  return true;
}

void MemoryControl::hang_up() {
  if (!*alive_) return;
  *alive_ = false;
  if (connection_ != 0) bench_.post([&bench = bench_, id = connection_] { bench.relay.disconnect(id); });
}

void MemoryControl::close() {
  closed_ = true;
  if (connection_ != 0) bench_.post([&bench = bench_, id = connection_] { bench.relay.disconnect(id); });
  connection_ = 0;
}

void MemoryControl::reconnect_now() {
  if (closed_) return;
  if (connection_ != 0) bench_.post([&bench = bench_, id = connection_] { bench.relay.disconnect(id); });
  connection_ = 0;
  dial();
}

void MemoryControl::cut() {
  if (connection_ == 0) return;
  bench_.relay.disconnect(connection_);
  connection_ = 0;
  handlers_.down(Error{ErrorKind::Environment, "net/connect", "the line was cut"});
  if (!closed_) dial();
}

// ---- the bench ----

RoleBench::RoleBench() = default;

RoleBench::~RoleBench() {
  for (auto& c : customers_) c->role.reset();
  for (auto& o : operators_) o->role.reset();
  while (drain()) {
  }
}

session::CommonPorts RoleBench::common(MemoryControl*& control, bool& line_works, std::vector<ports::JournalLine>& journal,
                                       const char* person) {
  session::CommonPorts ports;
  ports.clock = &clock;
  ports.make_relay = [this, &control, &line_works](const wire::RelayAddress&) {
    auto made = std::make_unique<MemoryControl>(*this, line_works);
    control = made.get();
    return made;
  };
  ports.make_channel = [this](session::ChannelRequest request) {
    e2e::CodeChannelConfig config;
    config.role = request.role;
    config.secret_digits = std::move(request.secret);
    config.relay_name = request.relay_name;
    config.locator = request.locator;
    config.capabilities = std::move(request.capabilities);
    return e2e::make_code_channel(std::move(config), clock.now());
  };
  ports.make_sealer = [](const ports::SecureChannel& channel, ports::End self, std::string id) {
    return e2e::make_sealer(channel, self, std::move(id));
  };
  ports.make_media = [this](const control::Ticket& ticket, session::MediaPort::Handlers handlers) {
    return std::make_unique<MemoryMedia>(*this, ticket, std::move(handlers));
  };
  ports.random = [this](MutableByteSpan out) {
    if (random_seed == 0) return crypto::random_bytes(out);
    for (auto& byte : out) {
      random_seed = random_seed * 6364136223846793005ull + 1442695040888963407ull;
      byte = static_cast<std::uint8_t>(random_seed >> 56);
    }
  };
  ports.post = [this](std::function<void()> task) { post(std::move(task)); };
  ports.wake = [this] { woken_ = true; };
  ports.solve_hashcash = [this](Bytes, std::function<void(Bytes)> done) { post([done] { done(Bytes(8, 0)); }); };
  ports.make_journal = [&journal] { return std::make_unique<MemoryJournal>(journal); };
  ports.identity.program = "beside";
  ports.identity.version = "1";
  ports.identity.build_id = Bytes(32, 'b');
  ports.person = person;
  ports.language = "en";
  ports.system = "Debian GNU/Linux 12, X11";
  return ports;
}

CustomerSeat& RoleBench::add_customer() {
  customers_.push_back(std::make_unique<CustomerSeat>());
  CustomerSeat& seat = *customers_.back();
  seat.gate = seat.shared_gate.get();
  session::CustomerPorts ports;
  static_cast<session::CommonPorts&>(ports) = common(seat.control, seat.line_works, seat.journal, "Carla Customer");
  ports.identity.role = control::ROLE_CUSTOMER;
  ports.gate = seat.gate;
  ports.hide = [&seat](HiddenParts parts) { seat.hidden.push_back(std::move(parts)); };
  ports.make_source = [&seat]() -> Result<std::unique_ptr<ports::FrameSource>> {
    ++seat.sources_made;
    return capture::make_synthetic_source(seat.screen, seat.shared_gate);
  };
  ports.make_encoder = [](const ports::VideoSettings&) -> Result<std::unique_ptr<ports::VideoEncoder>> {
    return std::make_unique<MarkEncoder>();
  };
  ports.make_tile_tools = [] {
    return session::TileTools{tiles::make_tile_encoder(), tiles::make_change_detector(), tiles::make_move_finder(), tiles::make_tile_classifier()};
  };
  ports.make_desktop = [this, &seat]() -> Result<std::unique_ptr<ports::Desktop>> {
    const int width = seat.screen.width, height = seat.screen.height;
    DesktopLayout layout{1, width, height, {{1, {0, 0, width, height}, "one", true}}};
    auto made = std::make_unique<capture::SyntheticDesktop>(layout, seat.shared_gate, std::make_shared<ports::OwnWindows>(), clock);
    ++seat.desktops_made;
    seat.desktop = made.get();
    return std::unique_ptr<ports::Desktop>(std::move(made));
  };
  seat.role = std::make_unique<session::CustomerRole>(std::move(ports), wire::RelayAddress{"relay.example", 443, {}}, "", "", seat.published);
  settle();
  return seat;
}

OperatorSeat& RoleBench::add_operator() {
  operators_.push_back(std::make_unique<OperatorSeat>());
  OperatorSeat& seat = *operators_.back();
  session::OperatorPorts ports;
  static_cast<session::CommonPorts&>(ports) = common(seat.control, seat.line_works, seat.journal, "Olga");
  ports.identity.role = control::ROLE_OPERATOR;
  ports.make_decoder = [&seat](const session::ReceiveParams&) -> Result<std::unique_ptr<ports::VideoDecoder>> {
    if (!seat.decodes) return fail(ErrorKind::Environment, "bench", "no decoder");
    return std::make_unique<MarkDecoder>();
  };
  ports.make_tile_decoder = [] { return tiles::make_tile_decoder(); };
  ports.to_pixels = [](const ports::Planes&, std::uint8_t*, std::ptrdiff_t) -> Result<void> { return fail(ErrorKind::Environment, "bench"); };
  ports.canvas = [&seat](std::uint32_t, std::shared_ptr<ports::Canvas> canvas) { seat.canvas = std::move(canvas); };
  ports.canvas_changed = [&seat](std::uint32_t) { ++seat.pictures; };
  ports.cursor_shape = [](std::uint32_t, ports::CursorImage) {};
  ports.cursor_position = [&seat](std::uint32_t, ports::CursorPosition at) { seat.cursor.push_back(at); };
  ports.gone = [](std::uint32_t) {};
  ports.save_picture = [this, &seat](std::unique_ptr<ports::PixelBuffer> pixels, std::string comment, std::function<void(Result<std::string>)> done) {
    seat.kept.push_back({std::move(pixels), std::move(comment)});
    post([done = std::move(done), n = seat.kept.size()] { done("picture-" + std::to_string(n)); });
  };
  ports.past_sessions = [] { return std::vector<session::PastSession>(); };
  seat.role = std::make_unique<session::OperatorRole>(std::move(ports), wire::RelayAddress{"relay.example", 443, {}}, "", seat.published);
  settle();
  seat.role->handle(session::SignIn{"olga", "Correct-Horse-1"});
  settle();
  return seat;
}

std::uint32_t RoleBench::new_session(OperatorSeat& seat, NewSession order) {
  seat.role->handle(order);
  settle();
  const auto snapshot = seat.now();
  return snapshot.sessions.empty() ? 0 : snapshot.sessions.back().local_id;
}

bool RoleBench::join(CustomerSeat& customer, OperatorSeat& seat, const std::string& code, std::size_t at) {
  customer.role->handle(session::EnterCode{code});
  return run_until([&] {
    return customer.now().stage == session::CustomerStage::Live && seat.view(at).stage == session::SessionStage::Live &&
           !seat.view(at).peer.name.empty() && !customer.now().peer.name.empty();
  }, 5s);
}

bool RoleBench::grant(CustomerSeat& customer, OperatorSeat& seat, Rights rights, std::size_t at) {
  const bool swaps = customer.now().ask.has_value();
  const std::uint32_t before = swaps ? customer.now().ask->id : 0;
  seat.role->handle(session::AskRights{seat.view(at).local_id, rights, "to help"});
  if (!run_until([&] { return customer.now().ask.has_value() && customer.now().ask->id != before; }, 3s)) return false;
  if (swaps) run(session::ConsentMachine::kSwapGuard);
  customer.role->handle(session::DecideAsk{customer.now().ask->id, rights, 0, 0});
  return run_until([&] { return (rights - seat.view(at).granted).empty(); }, 3s);
}

void RoleBench::post(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
}

void RoleBench::later(nanoseconds delay, std::function<void()> task) { timers_.emplace(clock.now() + delay, std::move(task)); }

bool RoleBench::drain() {
  std::deque<std::function<void()>> ready;
  {
    std::lock_guard lock(mutex_);
    ready.swap(tasks_);
  }
  for (auto& task : ready) task();
  return !ready.empty();
}

void RoleBench::poll_roles() {
  woken_ = false;
  for (auto& c : customers_) {
    if (c->role) c->role->poll(clock.now());
  }
  for (auto& o : operators_) {
    if (o->role) o->role->poll(clock.now());
  }
}

void RoleBench::settle() {
  poll_roles();
  for (int round = 0; round < 20'000; ++round) {
    while (!timers_.empty() && timers_.begin()->first <= clock.now()) {
      auto task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
      woken_ = true;
    }
    const bool ran = drain();
    if (!ran && !woken_) return;
    poll_roles();
  }
}

LocalTime RoleBench::next_deadline() const {
  LocalTime next = kNever;
  for (const auto& c : customers_) {
    if (c->role) next = std::min(next, c->role->next_deadline());
  }
  for (const auto& o : operators_) {
    if (o->role) next = std::min(next, o->role->next_deadline());
  }
  if (!timers_.empty()) next = std::min(next, timers_.begin()->first);
  return next;
}

void RoleBench::run(nanoseconds span) {
  (void)run_until([] { return false; }, span);
}

bool RoleBench::run_until(const std::function<bool()>& done, nanoseconds span) {
  const LocalTime end = clock.now() + span;
  for (;;) {
    settle();
    if (done()) return true;
    if (clock.now() >= end) return false;
    const LocalTime next = std::min(next_deadline(), end);
    clock.advance(next > clock.now() + 1ms ? next - clock.now() : nanoseconds(1ms));
  }
}

bool RoleBench::wait_until(const std::function<bool()>& done) {
  const LocalTime begin = local_now();
  for (LocalTime last = begin, now = begin; now < begin + 5s; last = now, now = local_now()) {
    run(std::clamp<nanoseconds>(now - last, 1ms, 20ms));
    if (done()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

}  // namespace beside::test
