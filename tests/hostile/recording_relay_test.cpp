// SPDX-License-Identifier: GPL-3.0-or-later
// What a relay could keep of a session: everything that a double was sent, and everything that passes the real program,
// lies in its memory or on its disk. None of a hundred planted secrets is in there; and neither end learns where the other is.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "capture/synthetic/synthetic_source.h"
#include "codec/tiles/tiles.h"
#include "tests/hostile/secrets.h"
#include "tests/hostile/tap.h"
#include "tests/support/role_bench.h"
#include "ui/app/common_ports.h"

using namespace beside;
using namespace beside::test;
namespace fs = std::filesystem;

namespace {

constexpr Rights kAll = Right::See | Right::Point | Rights(Right::Control);

std::string only_digits(const std::string& code) {
  std::string out;
  for (char c : code) {
    if (c != ' ') out.push_back(c);
  }
  return out;
}

InputEvent typed(const std::string& seven) {
  InputEvent e;
  e.kind = InputKind::Text;
  e.layout_generation = 1;
  std::copy_n(seven.begin(), std::min<std::size_t>(7, seven.size()), e.text.begin());
  return e;
}

// The same for the double and for the real relay: what is said, typed and shown in the session.
struct Script {
  std::vector<std::string> by_customer, by_operator, keys, reasons;
  Script() {
    for (int i = 0; i < 32; ++i) {
      by_customer.push_back("customer line " + std::to_string(i) + " Gurkensalat");
      by_operator.push_back("operator line " + std::to_string(i) + " Apfelmus");
    }
    for (int i = 10; i < 36; ++i) keys.push_back("Kz" + std::to_string(i * 977) + "q");
    for (int i = 0; i < 8; ++i) reasons.push_back("the reason number " + std::to_string(i));
  }
  void plant(SecretSearch& search, const std::string& code, const session::CustomerSnapshot& c, const std::string& operator_organisation) const {
    for (const auto* all : {&by_customer, &by_operator, &keys, &reasons}) {
      for (const auto& text : *all) search.plant(text);
    }
    search.plant(code);
    search.plant(only_digits(code));
    const std::string digits = only_digits(code);
    search.plant(digits.substr(digits.size() - 7, 6));
    const auto& words = c.peer.check_words;
    search.plant(words[0] + " " + words[1]);
    search.plant(words[1] + " " + words[2]);
    search.plant(words[2] + " " + words[3]);
    search.plant("Carla Customer");
    search.plant(operator_organisation);
    search.plant("Debian GNU/Linux 12, planted");
  }
};

void plant_heads(SecretSearch& search, const session::EndView& end) {
  REQUIRE(end.receipt_hex.size() == 64);
  search.plant(end.receipt_hex);
  search.plant(to_string(ByteSpan(*from_hex(end.receipt_hex))));
}

std::string joined(const std::vector<std::string>& all) {
  std::string out;
  for (const auto& s : all) out += s + "; ";
  return out;
}

}  // namespace

TEST_CASE("the search finds a secret in each of its forms") {
  SecretSearch search;
  search.plant("Geheimnis?>1");
  const std::string hay = "xxxxxx";
  for (const std::string& form : {std::string("Geheimnis?>1"), to_hex(as_bytes("Geheimnis?>1")), to_base64url(as_bytes("Geheimnis?>1")),
                                  to_base64url(as_bytes("a" + std::string("Geheimnis?>1") + "bc")),
                                  to_base64url(as_bytes("ab" + std::string("Geheimnis?>1") + "c")), std::string("R2VoZWltbmlzPz4x")}) {
    CAPTURE(form);
    CHECK(search.find_in(as_bytes(hay + form + hay)).size() == 1);
  }
  CHECK(search.find_in(as_bytes(std::string("G\0e\0h\0e\0i\0m\0n\0i\0s\0?\0>\0001\0", 24))).size() == 1);
  CHECK(search.find_in(as_bytes("Geheimnis?>2 and more")).empty());
}

TEST_CASE("a relay that keeps all it is sent has kept none of the secrets") {
  RoleBench bench;
  bench.relay.keep_records = true;
  OperatorSeat& op = bench.add_operator();
  CustomerSeat& customer = bench.add_customer();
  (void)bench.new_session(op);
  const std::string code = op.view().code;
  REQUIRE(bench.join(customer, op, code));
  const Script script;
  SecretSearch search;
  script.plant(search, code, customer.now(), "Debian GNU/Linux 12, X11");
  const std::uint32_t id = op.view().local_id;
  for (const auto& reason : script.reasons) {
    op.role->handle(session::AskRights{id, kAll, reason});
    bench.run(100ms);
  }
  REQUIRE(bench.grant(customer, op, kAll));
  for (const auto& text : script.keys) op.role->handle(session::SendInput{id, typed(text)});
  for (std::size_t i = 0; i < script.by_customer.size(); ++i) {
    customer.role->handle(session::SayToOperator{script.by_customer[i]});
    op.role->handle(session::SayToCustomer{id, script.by_operator[i]});
    customer.role->handle(session::CustomerTyping{i % 2 == 0});   // as people do between their lines
    bench.run(20ms);
  }
  CHECK(bench.wait_until([&] { return op.pictures > 0 && op.view().chat.size() == 64; }));
  CHECK(customer.now().chat.size() == 64);
  CHECK(customer.desktop->injected().size() == script.keys.size());
  op.role->handle(session::EndSession{id});
  bench.run(2s);
  plant_heads(search, customer.now().end);

  CHECK(search.planted() >= 100);
  for (const Bytes* record : {&bench.relay.received, &bench.relay.sent}) {
    CHECK(record->size() > 20'000);
    const auto found = search.find_in(*record);
    CHECK_MESSAGE(found.empty(), joined(found));
  }
  SecretSearch known;   // what it must know, to see that the search can fail
  known.plant("Correct-Horse-1");
  CHECK(known.find_in(bench.relay.received).size() == 1);
  SecretSearch told;
  told.plant("Olga from support");
  CHECK(told.find_in(bench.relay.sent).size() == 1);
}

namespace {

// A client of the real net room with a role on its own thread, as the programs have it; what it receives is written down.
template <typename Role, typename Snapshot, typename Ports>
struct Person {
  SystemClock clock;
  app::NetThread thread;
  Published<Snapshot> published;
  std::mutex mutex;
  Bytes received;                              // plaintext Envelopes and sealed datagrams, as they came
  std::unique_ptr<Role> role;                  // net thread

  void keep(ByteSpan bytes) {
    std::lock_guard lock(mutex);
    received.insert(received.end(), bytes.begin(), bytes.end());
  }
  Bytes taken() {
    std::lock_guard lock(mutex);
    return received;
  }
  void start(const app::Settings& settings, const app::ClientIdentity& identity, std::function<void(Ports&)> complete) {
    Ports ports;
    static_cast<session::CommonPorts&>(ports) = app::make_common_ports(thread, clock, settings, identity);
    ports.system = "Debian GNU/Linux 12, planted";
    struct Ear final : ports::RelayControl {
      Ear(Person& e, std::unique_ptr<ports::RelayControl> i) : end(e), inner(std::move(i)) {}
      void open(Handlers h) override {
        inner->open({h.up, [this, h](Bytes b) { end.keep(b); h.message(std::move(b)); }, h.down});
      }
      bool send(Bytes m) override { return inner->send(std::move(m)); }
      void close() override { inner->close(); }
      void reconnect_now() override { inner->reconnect_now(); }
      void reconnect_later() override { inner->reconnect_later(); }
      void set_eager(bool e) override { inner->set_eager(e); }
      std::string describe() const override { return inner->describe(); }
      Person& end;
      std::unique_ptr<ports::RelayControl> inner;
    };
    ports.make_relay = [this, make = ports.make_relay](const wire::RelayAddress& a) { return std::make_unique<Ear>(*this, make(a)); };
    ports.make_media = [this, make = ports.make_media](const control::Ticket& t, session::MediaPort::Handlers h) {
      h.datagram = [this, deliver = h.datagram](ByteSpan d) {
        keep(d);
        deliver(d);
      };
      return make(t, std::move(h));
    };
    complete(ports);
    thread.start({[this, ports = std::move(ports), settings]() mutable {
                    if constexpr (std::is_same_v<Role, session::CustomerRole>) {
                      role = std::make_unique<Role>(std::move(ports), settings.relay, "", "", published);
                    } else {
                      role = std::make_unique<Role>(std::move(ports), settings.relay, "", published);
                    }
                  },
                  [this](LocalTime now) { role->poll(now); }, [this] { return role->next_deadline(); },
                  [this] { role->wind_down(); }, [this] { return role->wound_down(); }, [this] { role->shut_down(); },
                  [this] { role.reset(); }});
  }
  template <typename Command>
  void command(Command c) {
    thread.post([this, c] { role->handle(c); });
  }
  Snapshot now() const { return *published.read(); }
};

struct Relay {
  fs::path data;
  pid_t pid = -1;
  Relay() {
    std::string name = (fs::temp_directory_path() / "beside-recording-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    data = name;
  }
  int run(const std::vector<std::string>& arguments, const std::string& input, bool wait) {
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
      dup2(pipe_ends[0], 0);
      const int null = open("/dev/null", O_WRONLY);
      dup2(null, 1);
      close(pipe_ends[0]);
      close(pipe_ends[1]);
      std::vector<std::string> all = {BESIDE_RELAY, "--data", data.string()};
      all.insert(all.end(), arguments.begin(), arguments.end());
      std::vector<char*> argv;
      for (auto& a : all) argv.push_back(a.data());
      argv.push_back(nullptr);
      execv(BESIDE_RELAY, argv.data());
      _exit(127);
    }
    close(pipe_ends[0]);
    (void)!write(pipe_ends[1], input.data(), input.size());
    close(pipe_ends[1]);
    if (!wait) {
      pid = child;
      return 0;
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }
  ~Relay() {
    if (pid > 0) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    fs::remove_all(data);
  }
  std::string text(const fs::path& file) const {
    std::ifstream in(data / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // All writable memory of the process, or nothing where the kernel refuses.
  Bytes memory() const {
    Bytes out;
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    const int fd = open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
    for (std::string line; fd >= 0 && std::getline(maps, line);) {
      unsigned long long from = 0, to = 0;
      char rights[5] = {};
      if (std::sscanf(line.c_str(), "%llx-%llx %4s", &from, &to, rights) != 3 || rights[0] != 'r' || rights[1] != 'w') continue;
      const std::size_t at = out.size();
      out.resize(at + (to - from));
      const ssize_t n = pread(fd, out.data() + at, to - from, static_cast<off_t>(from));
      out.resize(at + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    }
    if (fd >= 0) close(fd);
    return out;
  }
  Bytes disk() const {
    Bytes out;
    for (const auto& entry : fs::recursive_directory_iterator(data)) {
      if (!entry.is_regular_file()) continue;
      const std::string all = text(fs::relative(entry.path(), data));
      out.insert(out.end(), all.begin(), all.end());
    }
    return out;
  }
};

bool wait_for(const std::function<bool()>& done, nanoseconds within = 15s) {
  const LocalTime until = local_now() + within;
  while (!done()) {
    if (local_now() > until) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof here;
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&here), sizeof here) == 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&here), &length);
  close(fd);
  return ntohs(here.sin_port);
}

// An address as text, as bytes either way round, and as STUN's XOR-MAPPED-ADDRESS hides it (RFC 8489 14.2).
SecretSearch address_search(const std::string& ip) {
  in_addr raw{};
  inet_pton(AF_INET, ip.c_str(), &raw);
  std::uint8_t b[4];
  std::memcpy(b, &raw, 4);
  const std::uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};
  std::string plain, turned, hidden;
  for (std::size_t i = 0; i < 4; ++i) {
    plain.push_back(static_cast<char>(b[i]));
    turned.push_back(static_cast<char>(b[3 - i]));
    hidden.push_back(static_cast<char>(b[i] ^ cookie[i]));
  }
  SecretSearch out;
  for (const auto& s : {ip, plain, turned, hidden}) out.plant(s);
  return out;
}

}  // namespace

TEST_CASE("the real relay keeps, stores and remembers none of the secrets, and no end learns the other's address") {
  Relay relay;
  const std::uint16_t port = free_port();
  Tap customer_tap("127.0.0.5", "127.0.0.2", port), operator_tap("127.0.0.6", "127.0.0.3", port);
  if (!customer_tap.works() || !operator_tap.works()) {
    MESSAGE("skipped: 127.0.0.2 to 127.0.0.6 cannot be bound here");
    return;
  }
  relay.run({"--listen", "127.0.0.1", "--port", std::to_string(port)}, "", false);
  REQUIRE(wait_for([&] { return !relay.text("address").empty(); }));
  REQUIRE(relay.run({"operator", "add", "--login", "recorded", "--name", "Olga Recorded", "--password-stdin"}, "Kupfer-Wolke-77\n", true) == 0);
  const fs::path token_file = relay.data.string() + ".token";
  REQUIRE(relay.run({"operator", "token", "--login", "recorded", "--out", token_file.string()}, "", true) == 0);
  std::ifstream token_in(token_file);
  std::string token;
  token_in >> token;
  fs::remove(token_file);
  std::string address = relay.text("address");
  while (!address.empty() && (address.back() == '\n' || address.back() == ' ')) address.pop_back();
  auto parsed = wire::parse_relay_address(address);
  REQUIRE(parsed);

  const fs::path journals = relay.data.string() + ".journals";   // not the relay's
  auto customer = std::make_unique<Person<session::CustomerRole, session::CustomerSnapshot, session::CustomerPorts>>();
  auto op = std::make_unique<Person<session::OperatorRole, session::OperatorSnapshot, session::OperatorPorts>>();
  auto gate = std::make_shared<ports::RightsGate>();
  std::atomic<int> injected{0}, pictures{0};
  std::atomic<capture::SyntheticDesktop*> desktop{nullptr};
  app::Settings settings;
  settings.relay = *parsed;
  settings.relay->host = "127.0.0.5";
  customer->start(settings, {control::ROLE_CUSTOMER, "beside", "Carla Customer", "en", journals / "customer"}, [&](session::CustomerPorts& p) {
    p.gate = gate.get();
    p.make_source = [gate]() -> Result<std::unique_ptr<ports::FrameSource>> {
      capture::SyntheticOptions options;
      options.width = 64;
      options.height = 48;
      options.scene = capture::Scene::Still;
      return capture::make_synthetic_source(options, gate);
    };
    p.make_tile_tools = [] {
      return session::TileTools{tiles::make_tile_encoder(), tiles::make_change_detector(), tiles::make_move_finder(), tiles::make_tile_classifier()};
    };
    p.make_encoder = [](const ports::VideoSettings&) -> Result<std::unique_ptr<ports::VideoEncoder>> { return make_mark_encoder(); };
    p.make_desktop = [&, gate]() -> Result<std::unique_ptr<ports::Desktop>> {
      auto made = std::make_unique<capture::SyntheticDesktop>(DesktopLayout{1, 64, 48, {{1, {0, 0, 64, 48}, "one", true}}}, gate,
                                                              std::make_shared<ports::OwnWindows>(), customer->clock);
      desktop = made.get();
      return std::unique_ptr<ports::Desktop>(std::move(made));
    };
  });
  settings.relay->host = "127.0.0.6";
  settings.company = "Planted Support Ltd";
  op->start(settings, {control::ROLE_OPERATOR, "beside", "Olga", "en", journals / "operator"}, [&](session::OperatorPorts& p) {
    p.make_decoder = [](const session::ReceiveParams&) -> Result<std::unique_ptr<ports::VideoDecoder>> { return make_mark_decoder(); };
    p.make_tile_decoder = [] { return tiles::make_tile_decoder(); };
    p.canvas_changed = [&](std::uint32_t) { ++pictures; };
    p.cursor_shape = [](std::uint32_t, const ports::CursorImage&) {};
    p.cursor_position = [](std::uint32_t, ports::CursorPosition) {};
    p.gone = [](std::uint32_t) {};
    p.past_sessions = [] { return std::vector<session::PastSession>(); };
  });
  REQUIRE(wait_for([&] { return op->now().relay_up && customer->now().relay_up; }));
  op->command(session::SignInWithToken{token});
  REQUIRE(wait_for([&] { return op->now().stage == session::OperatorStage::Console; }));
  op->command(session::NewSession{});
  REQUIRE(wait_for([&] { return !op->now().sessions.empty() && !op->now().sessions[0].code.empty(); }));
  const std::string code = op->now().sessions[0].code;
  customer->command(session::EnterCode{code});
  const auto view = [&] { return op->now().sessions.at(0); };
  REQUIRE(wait_for([&] {
    return customer->now().stage == session::CustomerStage::Live && !view().peer.name.empty() &&
           customer->now().media.rung == session::Rung::Udp && view().media.rung == session::Rung::Udp;
  }));

  const Script script;
  SecretSearch search;
  script.plant(search, code, customer->now(), "Planted Support Ltd");
  const std::uint32_t id = view().local_id;
  for (std::size_t i = 0; i < script.reasons.size(); ++i) {
    op->command(session::AskRights{id, kAll, script.reasons[i]});
    REQUIRE(wait_for([&] { return customer->now().ask && customer->now().ask->reason == script.reasons[i]; }));
  }
  std::this_thread::sleep_for(session::ConsentMachine::kSwapGuard);   // each question took the place of the one before
  customer->command(session::DecideAsk{customer->now().ask->id, kAll, 0, 0});
  REQUIRE(wait_for([&] { return view().granted == kAll; }));
  for (const auto& text : script.keys) op->command(session::SendInput{id, typed(text)});
  for (std::size_t i = 0; i < script.by_customer.size(); ++i) {
    customer->command(session::SayToOperator{script.by_customer[i]});
    op->command(session::SayToCustomer{id, script.by_operator[i]});
  }
  CHECK(wait_for([&] { return customer->now().chat.size() == 64 && view().chat.size() == 64; }));
  CHECK(wait_for([&] { return pictures > 0; }));
  CHECK(wait_for([&] { return desktop.load()->injected().size() == script.keys.size(); }));
  const Bytes alive = relay.memory();        // while the session lives
  const Bytes disk_alive = relay.disk();
  op->command(session::EndSession{id});
  CHECK(wait_for([&] { return customer->now().end.receipt_matches && view().end.receipt_matches; }));
  plant_heads(search, customer->now().end);
  const Bytes after = relay.memory();
  kill(relay.pid, SIGTERM);
  int status = 0;
  waitpid(relay.pid, &status, 0);
  relay.pid = -1;
  CHECK(WIFEXITED(status));
  const Bytes disk_after = relay.disk();
  customer->thread.stop();
  op->thread.stop();

  CHECK(search.planted() >= 100);
  CHECK(customer_tap.datagrams() > 0);
  CHECK(operator_tap.datagrams() > 0);
  const std::vector<std::pair<const char*, Bytes>> records = {
      {"customer to relay", customer_tap.to_relay()}, {"relay to customer", customer_tap.from_relay()},
      {"operator to relay", operator_tap.to_relay()}, {"relay to operator", operator_tap.from_relay()},
      {"memory in the session", alive}, {"memory after it", after}, {"disk in the session", disk_alive}, {"disk after it", disk_after}};
  for (const auto& [name, record] : records) {
    CAPTURE(name);
    if (std::string(name).starts_with("memory") && record.empty()) {
      MESSAGE("skipped: the kernel does not let us read the relay's memory");
      continue;
    }
    CHECK(record.size() > 5'000);
    const auto found = search.find_in(record);
    CHECK_MESSAGE(found.empty(), joined(found));
  }
  // What it must know is found: the search can fail.
  SecretSearch known;
  known.plant("Olga Recorded");
  CHECK(known.find_in(disk_alive).size() == 1);
  if (!alive.empty()) CHECK(known.find_in(alive).size() == 1);

  // Whatever each end was given, in the clear and on the wire, does not hold the other's address.
  const SecretSearch operator_address = address_search("127.0.0.3"), customer_address = address_search("127.0.0.2");
  CHECK(customer->taken().size() > 5'000);
  CHECK(op->taken().size() > 5'000);
  CHECK_MESSAGE(operator_address.find_in(customer->taken()).empty(), "the customer was told where the operator is");
  CHECK_MESSAGE(customer_address.find_in(op->taken()).empty(), "the operator was told where the customer is");
  CHECK(operator_address.find_in(customer_tap.from_relay()).empty());
  CHECK(customer_address.find_in(operator_tap.from_relay()).empty());
  SecretSearch own = address_search("127.0.0.2");
  CHECK_FALSE(own.find_in(alive).empty());   // the relay itself knows it: the search can fail here too
  customer.reset();
  op.reset();
  fs::remove_all(journals);
}
