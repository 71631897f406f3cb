// SPDX-License-Identifier: GPL-3.0-or-later
// What a hostile relay may send to either role, and what a hostile but authenticated other end may send inside. The first
// byte chooses: 0 the customer's relay, 1 the operator's relay, 2 the customer's peer, 3 the operator's peer. Then messages
// by u16 lengths; a length with its top bit set is a step of the clock instead (its low bits, in 10 ms).
// Whatever comes: no crash, and nothing in the gate that nobody decided to grant.
#include <array>
#include <cstdlib>

#include "codec/tiles/tiles.h"
#include "engine/wire/session_message.h"
#include "tests/support/role_bench.h"

using namespace beside;
using namespace beside::test;

namespace {

// A pipe whose other end is the fuzzer.
class FuzzControl final : public ports::RelayControl {
 public:
  explicit FuzzControl(FuzzControl*& self) : self_(self) { self_ = this; }
  ~FuzzControl() override { self_ = nullptr; }
  void open(Handlers given) override { handlers = std::move(given); }
  bool send(Bytes) override { return !closed; }
  void close() override { closed = true; }
  void reconnect_now() override { reconnects++; }
  void reconnect_later() override { reconnects++; }
  void set_eager(bool) override {}
  std::string describe() const override { return "fuzz"; }
  Handlers handlers;
  bool closed = false;
  int reconnects = 0;

 private:
  FuzzControl*& self_;
};

// Open at once; plaintext in and out as it is.
class OpenChannel final : public ports::SecureChannel {
 public:
  ports::ChannelState state() const override { return ports::ChannelState::Open; }
  ports::ChannelFault fault() const override { return ports::ChannelFault::None; }
  bool guess_spent() const override { return true; }
  Result<void> receive(ByteSpan bytes, LocalTime) override {
    in_.insert(in_.end(), bytes.begin(), bytes.end());
    return {};
  }
  Bytes take_outgoing() override { return std::exchange(out_, {}); }
  void peer_gone(LocalTime) override {}
  void poll(LocalTime) override {}
  LocalTime next_deadline() const override { return kNever; }
  Result<void> send(ByteSpan plaintext) override {
    out_.insert(out_.end(), plaintext.begin(), plaintext.end());
    return {};
  }
  Bytes take_plaintext() override { return std::exchange(in_, {}); }
  Result<void> export_key(std::string_view, ByteSpan, MutableByteSpan) const override { return {}; }
  std::array<std::string, 4> check_words(std::string_view) const override { return {}; }

 private:
  Bytes in_, out_;
};
class ClearSealer final : public ports::Sealer {
 public:
  Result<void> seal_rtp(Bytes&) override { return {}; }
  Result<void> open_rtp(Bytes&) override { return {}; }
  Result<void> seal_rtcp(Bytes&) override { return {}; }
  Result<void> open_rtcp(Bytes&) override { return {}; }
  Bytes seal_chat(ByteSpan plaintext, ByteSpan) override { return to_bytes(plaintext); }
  Result<Bytes> open_chat(ByteSpan sealed, ByteSpan, ports::End) override { return to_bytes(sealed); }
};
class FuzzMedia final : public session::MediaPort {
 public:
  FuzzMedia(FuzzMedia*& self, Handlers handlers) : handlers_(std::move(handlers)), self_(self) { self_ = this; }
  ~FuzzMedia() override {
    if (self_ == this) self_ = nullptr;
  }
  bool send(std::span<const ByteSpan>) override { return true; }
  std::size_t max_datagram() const override { return 1200; }
  void set_ticket(const control::Ticket&) override {}
  void probe_now() override {}
  void datagram(ByteSpan bytes) {
    const auto deliver = handlers_.datagram;   // the link may drop its port meanwhile
    deliver(bytes);
  }

 private:
  Handlers handlers_;
  FuzzMedia*& self_;
};
class NoSource final : public ports::FrameSource {
 public:
  Result<DesktopLayout> layout() override { return DesktopLayout{1, 64, 48, {{1, {0, 0, 64, 48}, "one", true}}}; }
  Result<void> start(const ports::Grant&, std::uint32_t) override { std::abort(); }   // nobody granted anything
  void stop() override {}
  Result<std::optional<ports::Frame>> next(LocalTime) override { std::abort(); }
  void cancel() override {}
  void request_full() override {}
  void on_cursor(std::function<void(const ports::CursorImage&)>, std::function<void(ports::CursorPosition)>) override {}
  void on_layout(std::function<void(const DesktopLayout&)>) override {}
  std::string describe() const override { return "none"; }
};

// May be made beforehand, but there is nothing to encode.
class NoEncoder final : public ports::VideoEncoder {
 public:
  Bytes sps() const override { return {0x67, 1}; }
  Bytes pps() const override { return {0x68, 1}; }
  std::string name() const override { return "none"; }
  ports::VideoCodec codec() const override { return ports::VideoCodec::H264_444; }
  Result<ports::EncodedPicture> encode(const ports::Frame&, bool) override { std::abort(); }
  Result<void> set_target_kbps(int) override { return {}; }
};

struct World {
  ManualClock clock;
  std::mutex mutex;
  std::deque<std::function<void()>> tasks;
  FuzzControl* control = nullptr;
  FuzzMedia* media = nullptr;
  std::uint8_t counter = 0;

  void fill(session::CommonPorts& p) {
    p.clock = &clock;
    p.make_relay = [this](const wire::RelayAddress&) { return std::make_unique<FuzzControl>(control); };
    p.make_channel = [](session::ChannelRequest) -> Result<std::unique_ptr<ports::SecureChannel>> { return std::make_unique<OpenChannel>(); };
    p.make_sealer = [](const ports::SecureChannel&, ports::End, std::string) -> Result<std::unique_ptr<ports::Sealer>> {
      return std::make_unique<ClearSealer>();
    };
    p.make_media = [this](const control::Ticket&, session::MediaPort::Handlers h) { return std::make_unique<FuzzMedia>(media, std::move(h)); };
    p.random = [this](MutableByteSpan out) {
      for (auto& b : out) b = ++counter;
    };
    p.post = [this](std::function<void()> task) {
      std::lock_guard lock(mutex);
      tasks.push_back(std::move(task));
    };
    p.wake = [] {};
    p.solve_hashcash = [this](Bytes, std::function<void(Bytes)> done) { tasks.push_back([done] { done(Bytes(8, 0)); }); };
    p.make_journal = [] { return std::unique_ptr<ports::Journal>(); };
    p.identity.build_id = Bytes(32, 'b');
    p.language = "en";
  }
  void drain() {
    for (;;) {
      std::deque<std::function<void()>> ready;
      {
        std::lock_guard lock(mutex);
        ready.swap(tasks);
      }
      if (ready.empty()) return;
      for (auto& t : ready) t();
    }
  }
};

const char kSession[] = "01890000-0000-7000-8000-000000000001";

control::Ticket ticket() {
  control::Ticket t;
  t.set_ufrag(std::string(16, 'u'));
  t.set_password(std::string(32, 'p'));
  return t;
}

void check(bool good) {
  if (!good) std::abort();
}

// Feeds the input. `inside`: each piece is a message of the peer's (flag 0x2000: bytes of the stream as they are, which may
// end it all; 0x4000: a datagram). Else an Envelope of the relay's (0x4000: the line came up, 0x2000: went down before).
template <typename Role>
void feed(World& world, Role& role, ByteReader in, bool inside, const ports::RightsGate* gate) {
  std::uint64_t seq = 10, offset = 0;
  while (in.remaining() >= 2) {
    const std::uint16_t head = in.u16();
    if ((head & 0x8000) != 0) {
      world.clock.advance(milliseconds(10) * (head & 0x7fff));
    } else if (world.control != nullptr) {
      const ByteSpan piece = in.bytes(std::min<std::size_t>(head & 0x0fff, in.remaining()));
      if (inside && (head & 0x4000) != 0) {
        if (world.media != nullptr) world.media->datagram(piece);
      } else if (inside) {
        const bool raw = (head & 0x2000) != 0;
        if (!raw && !wire::parse_inner(piece)) continue;   // else the first mistake would end it all
        Bytes framed;
        ByteWriter w(framed);
        if (!raw) {
          w.u8(2);   // a whole message (engine/flow/inner_mux.cpp)
          w.u8(0);
          w.u24(static_cast<std::uint32_t>(piece.size()));
        }
        w.bytes(piece);
        control::Envelope e;
        e.mutable_tunnel()->set_session_id(kSession);
        e.mutable_tunnel()->set_offset(offset);
        e.mutable_tunnel()->set_data(as_text(framed).data(), framed.size());
        offset += framed.size();
        world.control->handlers.message(wire::serialize_envelope(e));
      } else {
        if ((head & 0x4000) != 0) world.control->handlers.up();
        else if ((head & 0x2000) != 0) world.control->handlers.down(Error{ErrorKind::Environment, "net/connect", "fuzz"});
        auto message = wire::parse_envelope(piece);
        if (message && wire::is_sequenced(*message)) message->set_seq(++seq);   // else the first one would end it all
        world.control->handlers.message(message ? wire::serialize_envelope(*message) : to_bytes(piece));
      }
    }
    world.drain();
    role.poll(world.clock.now());
    world.drain();
    if (gate != nullptr) check(gate->now().empty());
  }
  role.shut_down();
}

control::Envelope numbered(control::Envelope e, std::uint64_t seq) {
  e.set_seq(seq);
  return e;
}

void say(World& world, const control::Envelope& e) {
  if (world.control != nullptr) world.control->handlers.message(wire::serialize_envelope(e));
  world.drain();
}

void welcome(World& world) {
  world.control->handlers.up();
  control::Envelope e;
  e.mutable_welcome()->set_protocol(1);
  e.mutable_welcome()->set_relay_name("relay.example");
  e.mutable_welcome()->set_resume_token(std::string(32, 'r'));
  say(world, e);
}

// The relay's first messages carry 1..10, so that feed() goes on from there.
void pad(World& world, std::uint64_t from) {
  for (std::uint64_t seq = from; seq <= 10; ++seq) {
    control::Envelope e;
    e.mutable_relay_notice();
    say(world, numbered(e, seq));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const int which = data[0] & 3;
  World world;
  const wire::RelayAddress address{"relay.example", 443, {}};
  if (which == 0 || which == 2) {
    ports::RightsGate gate;
    Published<session::CustomerSnapshot> published;
    session::CustomerPorts ports;
    world.fill(ports);
    ports.gate = &gate;
    ports.make_source = []() -> Result<std::unique_ptr<ports::FrameSource>> { return std::make_unique<NoSource>(); };
    ports.make_tile_tools = [] {
      return session::TileTools{tiles::make_tile_encoder(), tiles::make_change_detector(), tiles::make_move_finder(), tiles::make_tile_classifier()};
    };
    ports.make_encoder = [](const ports::VideoSettings&) -> Result<std::unique_ptr<ports::VideoEncoder>> { return std::make_unique<NoEncoder>(); };
    ports.make_desktop = [&]() -> Result<std::unique_ptr<ports::Desktop>> { return fail(ErrorKind::Environment, "fuzz/desktop"); };
    session::CustomerRole role(std::move(ports), address, "", "", published);
    welcome(world);
    role.handle(session::EnterCode{wire::make_code("482", SecretText("123456"))});
    std::uint64_t seq = 1;
    if (which == 2 || (data[0] & 4) != 0) {
      control::Envelope e;
      e.mutable_joined()->set_request_id(1);
      e.mutable_joined()->set_session_id(kSession);
      e.mutable_joined()->set_leg_token(std::string(32, 'l'));
      *e.mutable_joined()->mutable_ticket() = ticket();
      say(world, numbered(e, seq++));
    }
    pad(world, seq);
    feed(world, role, ByteReader(ByteSpan(data + 1, size - 1)), which == 2, &gate);
    world.drain();
    check(gate.now().empty());
  } else {
    Published<session::OperatorSnapshot> published;
    session::OperatorPorts ports;
    world.fill(ports);
    ports.make_decoder = [](const session::ReceiveParams&) -> Result<std::unique_ptr<ports::VideoDecoder>> {
      return fail(ErrorKind::Environment, "fuzz/decoder");
    };
    ports.make_tile_decoder = [] { return tiles::make_tile_decoder(); };
    ports.cursor_shape = [](std::uint32_t, const ports::CursorImage& image) {
      check(image.bgra.size() == static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) * 4);
    };
    ports.cursor_position = [](std::uint32_t, ports::CursorPosition) {};
    ports.gone = [](std::uint32_t) {};
    ports.past_sessions = [] { return std::vector<session::PastSession>(); };
    session::OperatorRole role(std::move(ports), address, "", published);
    welcome(world);
    role.handle(session::SignIn{"olga", "Correct-Horse-1"});
    control::Envelope e;
    e.mutable_signed_in()->set_request_id(1);
    e.mutable_signed_in()->set_operator_id(kSession);
    e.mutable_signed_in()->set_login("olga");
    e.mutable_signed_in()->set_token(std::string(32, 't'));
    say(world, numbered(e, 1));
    role.handle(session::NewSession{0, Rights(Right::Control), "to help"});
    std::uint64_t seq = 2;
    if (which == 3 || (data[0] & 4) != 0) {
      control::Envelope made;
      made.mutable_session_created()->set_request_id(2);
      made.mutable_session_created()->set_session_id(kSession);
      made.mutable_session_created()->set_locator("482");
      made.mutable_session_created()->set_valid_s(600);
      made.mutable_session_created()->set_leg_token(std::string(32, 'l'));
      *made.mutable_session_created()->mutable_ticket() = ticket();
      say(world, numbered(made, seq++));
    }
    pad(world, seq);
    feed(world, role, ByteReader(ByteSpan(data + 1, size - 1)), which == 3, nullptr);
    world.drain();
  }
  return 0;
}
