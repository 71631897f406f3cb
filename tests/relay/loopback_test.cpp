// SPDX-License-Identifier: GPL-3.0-or-later
// The real beside-relay on loopback with small clients of our own rooms: one scene from sign-in to SIGTERM.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>

#include "engine/flow/link.h"
#include "engine/flow/reliable_control.h"
#include "engine/net/media_path.h"
#include "engine/net/relay_control.h"

using namespace beside;

namespace {

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "beside-relay-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

struct RelayProcess {
  pid_t pid = -1;
  void start(const std::filesystem::path& data, std::uint16_t port) {
    std::filesystem::remove(data / "address");
    const std::string port_text = std::to_string(port), folder = data.string();
    pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      const int null = open("/dev/null", O_WRONLY);
      dup2(null, 1);
      execl(BESIDE_RELAY, BESIDE_RELAY, "--data", folder.c_str(), "--listen", "127.0.0.1", "--port", port_text.c_str(),
            static_cast<char*>(nullptr));
      _exit(127);
    }
  }
  // The exit status, or -1 when a signal ended it.
  int end(int signal_number) {
    if (pid < 0) return -1;
    kill(pid, signal_number);
    int status = 0;
    waitpid(pid, &status, 0);
    pid = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  ~RelayProcess() { (void)end(SIGKILL); }
};

bool run_until(net::Loop& loop, const std::function<bool()>& done, nanoseconds within = 20s) {
  const LocalTime until = local_now() + within;
  while (!done()) {
    if (local_now() > until) return false;
    (void)loop.run_one(20ms);
  }
  return true;
}

net::RelayRoute route_to(const wire::RelayAddress& address) {
  net::RelayRoute route;
  route.address = address;
  route.use_environment_proxy = false;
  return route;
}

struct Client {
  net::Loop& loop;
  control::Role role;
  flow::ReliableControl reliable;
  std::unique_ptr<ports::RelayControl> wire;
  std::deque<control::Envelope> inbox;
  std::optional<control::Goodbye> goodbye;
  std::string resume_token;
  int welcomes = 0;
  bool resumed = false;

  Client(net::Loop& l, const wire::RelayAddress& address, control::Role r) : loop(l), role(r) {
    wire = net::make_relay_control(loop, {route_to(address), "/v1/control"});
    wire->open({[this] { up(); }, [this](Bytes m) { message(m); }, [this](Error) { reliable.disconnected(); }});
    wire->set_eager(true);
  }
  ~Client() { wire->close(); }
  void up() {
    reliable.connected();
    control::Envelope e;
    auto& h = *e.mutable_hello();
    h.set_protocol_min(1);
    h.set_protocol_max(1);
    h.set_program("test");
    h.set_version("1");
    h.set_build_id(std::string(32, 'b'));
    h.set_role(role);
    h.set_resume_token(resume_token);
    h.set_last_seq(reliable.last_received());
    send(std::move(e));
  }
  void message(const Bytes& bytes) {
    auto got = reliable.receive(bytes, local_now());
    REQUIRE_MESSAGE(got, dump_error(got.error()));
    if (*got) {
      if ((*got)->has_welcome()) {
        const auto& w = (*got)->welcome();
        resume_token = w.resume_token();
        resumed = w.resumed();
        if (resumed) CHECK(reliable.resume(w.last_seq(), local_now()));
        else reliable.restart(local_now(), false);
        ++welcomes;
      } else if ((*got)->has_goodbye()) {
        goodbye = (*got)->goodbye();
      } else {
        inbox.push_back(std::move(**got));
      }
    }
    flush();
  }
  void flush() {
    for (Bytes& m : reliable.take_outgoing(local_now())) (void)wire->send(std::move(m));
  }
  void send(control::Envelope e) {
    REQUIRE(reliable.send(std::move(e), local_now()));
    flush();
  }
  // The next message of that kind; others before it are dropped.
  control::Envelope expect(control::Envelope::BodyCase kind) {
    control::Envelope found;
    const bool came = run_until(loop, [&] {
      while (!inbox.empty()) {
        found = std::move(inbox.front());
        inbox.pop_front();
        if (found.body_case() == kind) return true;
        if (found.has_refused()) FAIL("refused: ", int(found.refused().reason()));
      }
      return false;
    });
    REQUIRE_MESSAGE(came, "waited for kind ", int(kind));
    return found;
  }
};

struct Media {
  std::unique_ptr<net::MediaPath> path;
  std::deque<Bytes> got;
  Media(net::Loop& loop, const wire::RelayAddress& address, const control::Ticket& ticket, bool tls_only) {
    net::MediaPathConfig config;
    config.control = route_to(address);
    config.tls_only = tls_only;
    net::MediaTicket t;
    t.udp_port = static_cast<std::uint16_t>(ticket.udp_port());
    t.ufrag = ticket.ufrag();
    t.password = ticket.password();
    path = net::MediaPath::create(loop, config, t, {[this](ByteSpan d) { got.push_back(to_bytes(d)); }, [](const auto&) {}});
    path->start();
  }
  bool send(const Bytes& datagram) { return path->link().send_one(datagram); }
};

// RTP-like datagrams are sent until one arrives: UDP may lose some.
bool passes(net::Loop& loop, Media& from, Media& to, std::uint8_t mark) {
  const Bytes datagram{0x80, mark, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
  to.got.clear();
  LocalTime next{};
  return run_until(loop, [&] {
    if (local_now() >= next) {
      (void)from.send(datagram);
      next = local_now() + 20ms;
    }
    return !to.got.empty() && to.got.front() == datagram;
  });
}

void try_media(net::Loop& loop, const wire::RelayAddress& address, const control::Ticket& a, const control::Ticket& b,
               bool a_tls, bool b_tls) {
  Media x(loop, address, a, a_tls), y(loop, address, b, b_tls);
  const auto rung = [](bool tls) { return tls ? net::MediaRung::Tls : net::MediaRung::Udp; };
  REQUIRE(run_until(loop, [&] { return x.path->state().rung == rung(a_tls) && y.path->state().rung == rung(b_tls); }));
  CHECK(passes(loop, x, y, 1));
  CHECK(passes(loop, y, x, 2));
}

wire::RelayAddress address_of(net::Loop& loop, const std::filesystem::path& data) {
  std::string line;
  REQUIRE(run_until(loop, [&] {
    std::ifstream in(data / "address");
    return static_cast<bool>(std::getline(in, line)) && line.size() > 50;
  }));
  auto parsed = wire::parse_relay_address(line);
  REQUIRE(parsed);
  return *parsed;
}

control::Envelope rejoin(const std::string& session, const std::string& token) {
  control::Envelope e;
  e.mutable_rejoin_session()->set_request_id(9);
  e.mutable_rejoin_session()->set_session_id(session);
  e.mutable_rejoin_session()->set_leg_token(token);
  return e;
}

void try_tunnel(Client& from, Client& to, const std::string& session, const std::string& text) {
  control::Envelope e;
  e.mutable_tunnel()->set_session_id(session);
  e.mutable_tunnel()->set_data(text);
  from.send(std::move(e));
  CHECK(to.expect(control::Envelope::kTunnel).tunnel().data() == text);
}

}  // namespace

TEST_CASE("a session lives through sign-in, join, tunnel, chat, both kinds of media, kill -9 and SIGTERM") {
  Folder folder;
  net::Loop loop;
  RelayProcess relay;
  relay.start(folder.path, 0);
  wire::RelayAddress address = address_of(loop, folder.path);
  REQUIRE(std::system(("printf 'Corr3ct-Horse!\\n' | " BESIDE_RELAY " --data '" + folder.path.string() +
                       "' operator add --login demo --password-stdin >/dev/null").c_str()) == 0);

  Client op(loop, address, control::ROLE_OPERATOR), customer(loop, address, control::ROLE_CUSTOMER);
  REQUIRE(run_until(loop, [&] { return op.welcomes == 1 && customer.welcomes == 1; }));
  control::Envelope e;
  e.mutable_sign_in()->set_request_id(1);
  e.mutable_sign_in()->set_login("Demo");
  e.mutable_sign_in()->set_password("Corr3ct-Horse!");
  op.send(e);
  CHECK(op.expect(control::Envelope::kSignedIn).signed_in().token().size() == 32);
  e.Clear();
  e.mutable_new_session()->set_request_id(2);
  op.send(e);
  const auto created = op.expect(control::Envelope::kSessionCreated).session_created();
  CHECK(created.locator().size() == 3);
  CHECK(created.leg_token().size() == 32);
  e.Clear();
  e.mutable_join_session()->set_request_id(3);
  e.mutable_join_session()->set_locator(created.locator());
  customer.send(e);
  const auto joined = customer.expect(control::Envelope::kJoined).joined();
  CHECK(joined.session_id() == created.session_id());
  CHECK(op.expect(control::Envelope::kPeerState).peer_state().present());

  try_tunnel(op, customer, joined.session_id(), "from the operator");
  try_tunnel(customer, op, joined.session_id(), "from the customer");
  e.Clear();
  e.mutable_chat()->set_session_id(joined.session_id());
  e.mutable_chat()->set_client_id(std::string(16, 'c'));
  e.mutable_chat()->set_sealed("sealed");
  op.send(e);
  CHECK(op.expect(control::Envelope::kChatDelivered).chat_delivered().seq() == 1);
  CHECK(customer.expect(control::Envelope::kChatDelivered).chat_delivered().sealed() == "sealed");
  try_media(loop, address, created.ticket(), joined.ticket(), false, false);
  try_media(loop, address, created.ticket(), joined.ticket(), true, true);
  try_media(loop, address, created.ticket(), joined.ticket(), false, true);

  CHECK(relay.end(SIGKILL) == -1);
  op.welcomes = customer.welcomes = 0;
  relay.start(folder.path, address.port);
  const LocalTime killed = local_now();
  REQUIRE(run_until(loop, [&] { return op.welcomes == 1 && customer.welcomes == 1; }));
  CHECK(local_now() - killed < 5s);
  CHECK_FALSE(op.resumed);
  op.send(rejoin(created.session_id(), created.leg_token()));
  const auto back = op.expect(control::Envelope::kRejoined).rejoined();
  customer.send(rejoin(joined.session_id(), joined.leg_token()));
  const auto customer_back = customer.expect(control::Envelope::kRejoined).rejoined();
  CHECK(customer_back.peer_present());
  CHECK(op.expect(control::Envelope::kPeerState).peer_state().present());
  CHECK(back.ticket().ufrag() == created.ticket().ufrag());
  try_tunnel(customer, op, joined.session_id(), "after the restart");
  try_media(loop, address, back.ticket(), customer_back.ticket(), false, false);

  const LocalTime asked = local_now();
  kill(relay.pid, SIGTERM);
  CHECK(run_until(loop, [&] { return op.goodbye && customer.goodbye; }, 3s));
  CHECK(op.goodbye->reason() == control::Goodbye::SHUTTING_DOWN);
  CHECK(op.goodbye->restart_in_ms() > 0);
  CHECK(relay.end(0) == 0);
  CHECK(local_now() - asked < 2s);
}
