// SPDX-License-Identifier: GPL-3.0-or-later
// The whole engines as the programs assemble them, over real TLS WebSockets, with a relay that attacks at the other end.
#include <filesystem>
#include <thread>

#include "capture/synthetic/synthetic_source.h"
#include "engine/gpu/converter.h"
#include "engine/net/loop.h"
#include "tests/hostile/verdict.h"
#include "ui/app/customer_engine.h"
#include "ui/app/operator_engine.h"

using namespace beside;
using namespace beside::test;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "beside-hostile-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
};

// The relay's loop runs on this thread while something is waited for; the engines have their own.
struct Stage {
  Folder folder;
  SystemClock clock;
  net::Loop loop;
  RelayDouble relay{clock};
  net::TlsIdentity identity = *net::TlsIdentity::create_self_signed("127.0.0.1", unix_now_ms());
  SocketFront front{loop, relay, identity};
  int joins = 0;
  std::atomic<int> desktops{0};
  std::unique_ptr<app::CustomerEngine> customer;
  std::unique_ptr<app::OperatorEngine> op;
  std::string code;

  Stage() {
    relay.lies.join = [this](control::JoinSession&) {
      ++joins;
      return true;
    };
    app::Settings settings;
    settings.relay = wire::RelayAddress{"127.0.0.1", front.port(), identity.spki_sha256()};
    app::CustomerEngineConfig c;
    c.settings = settings;
    c.identity = {control::ROLE_CUSTOMER, "beside", "Carla Customer", "en", folder.path / "customer"};
    c.converter = gpu::make_cpu_converter();
    c.make_source = [](std::shared_ptr<const ports::RightsGate> gate) -> Result<std::unique_ptr<ports::FrameSource>> {
      capture::SyntheticOptions options;
      options.width = 64;
      options.height = 48;
      options.scene = capture::Scene::Still;
      return capture::make_synthetic_source(options, std::move(gate));
    };
    c.make_desktop = [this](std::shared_ptr<const ports::RightsGate> gate,
                            std::shared_ptr<const ports::OwnWindows> own) -> Result<std::unique_ptr<ports::Desktop>> {
      ++desktops;
      DesktopLayout layout{1, 64, 48, {{1, {0, 0, 64, 48}, "one", true}}};
      return std::unique_ptr<ports::Desktop>(std::make_unique<capture::SyntheticDesktop>(layout, gate, own, clock));
    };
    customer = std::make_unique<app::CustomerEngine>(std::move(c), [] {});
    app::OperatorEngineConfig o;
    o.settings = settings;
    o.identity = {control::ROLE_OPERATOR, "beside", "Olga", "en", folder.path / "operator"};
    o.cursor_shape = [](std::uint32_t, ports::CursorImage) {};
    o.cursor_position = [](std::uint32_t, ports::CursorPosition) {};
    o.gone = [](std::uint32_t) {};
    op = std::make_unique<app::OperatorEngine>(std::move(o), [] {});
    REQUIRE(wait([&] { return op->snapshot()->relay_up; }));
    op->command(session::SignIn{"olga", "Correct-Horse-1"});
    REQUIRE(wait([&] { return op->snapshot()->stage == session::OperatorStage::Console; }));
    op->command(session::NewSession{});
    REQUIRE(wait([&] { return !op->snapshot()->sessions.empty() && !view().code.empty(); }));
    code = view().code;
  }
  session::SessionView view() const { return op->snapshot()->sessions.at(0); }
  bool wait(const std::function<bool()>& done, nanoseconds within = 8s) {
    const LocalTime until = local_now() + within;
    while (!done() && local_now() < until) (void)loop.run_one(10ms);
    return done();
  }
  void type() { customer->command(session::EnterCode{code}); }
  // No channel, no desktop; the code is dead at both ends.
  void refused(NoticeKind customer_hears, NoticeKind operator_hears) {
    CHECK(wait([&] { return customer->snapshot()->notice.kind == customer_hears; }));
    CHECK(wait([&] { return view().notice.kind == operator_hears && !view().code.empty() && view().code != code; }));
    CHECK(view().code_replaces_dead_one);
    CHECK(view().stage == SessionStage::WaitingForCustomer);
    CHECK(wait([&] { return customer->snapshot()->stage == CustomerStage::Start; }));
    CHECK(desktops == 0);
    const int before = joins;
    type();
    CHECK(wait([&] { return customer->snapshot()->notice.kind == NoticeKind::CodeUsed; }));
    CHECK(joins == before);
  }
};

}  // namespace

TEST_CASE("engines over a relay on sockets that does its work are brought together") {
  Stage s;
  s.type();
  REQUIRE(s.wait([&] { return s.customer->snapshot()->stage == CustomerStage::Live && !s.view().peer.name.empty(); }));
  CHECK(s.customer->snapshot()->peer.check_words == s.view().peer.check_words);
  CHECK(s.desktops == 1);
}

TEST_CASE("engines notice a relay on sockets that answers both with an exchange of its own") {
  for (int run = 0; run < 3; ++run) {
    Stage s;
    std::string guess = s.code.substr(s.code.size() - 2, 1) == "7" ? "000000" : "777777";   // wrong in its last digit at least
    TwoFaces evil(s.relay, s.clock, guess);
    s.type();
    s.refused(NoticeKind::CodeWrong, NoticeKind::SomebodyTriedWrongCode);
    CHECK_FALSE(evil.opened_anything());
  }
}

TEST_CASE("engines notice a relay on sockets that changes the certificates after the exchange") {
  Stage s;
  CertificateSwap evil(s.relay, s.clock);
  s.type();
  s.refused(NoticeKind::CodeTampered, NoticeKind::CodeTampered);
  CHECK(evil.saw_tls());
}
