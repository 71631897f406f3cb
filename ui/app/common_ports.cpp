// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/common_ports.h"

#include <thread>

#include "engine/base/log.h"
#include "engine/crypto/hashcash.h"
#include "engine/crypto/random.h"
#include "engine/e2e/code_channel.h"
#include "engine/e2e/srtp_sealer.h"
#include "engine/flow/link.h"
#include "engine/journal/file_journal.h"
#include "engine/net/media_path.h"
#include "engine/net/relay_control.h"

namespace beside::app {
namespace {

net::RelayRoute route_to(const wire::RelayAddress& address, const Settings& settings) {
  net::RelayRoute out;
  out.address = address;
  out.extra_ca_file = settings.extra_ca_file;
  if (!settings.proxy.empty()) {
    if (auto proxy = net::parse_proxy(settings.proxy)) out.proxy = *proxy;
    else BS_LOG(Error, "settings", "proxy: {}", dump_error(proxy.error()));
  }
  return out;
}

net::MediaTicket native_ticket(const control::Ticket& ticket) {
  // The host that a ticket may name is not followed: a relay that was taken over shall not send our packets elsewhere.
  net::MediaTicket out;
  out.udp_port = static_cast<std::uint16_t>(ticket.udp_port());
  out.ufrag = ticket.ufrag();
  out.password = ticket.password();
  if (ticket.expires_in_s() > 0) out.expires = local_now() + seconds(ticket.expires_in_s());
  return out;
}

session::Rung rung_of(net::MediaRung rung) {
  switch (rung) {
    case net::MediaRung::None: return session::Rung::None;
    case net::MediaRung::Udp: return session::Rung::Udp;
    case net::MediaRung::Tls: return session::Rung::Tls;
    case net::MediaRung::TlsProxy: return session::Rung::TlsProxy;
  }
  return session::Rung::None;
}

session::RungReason reason_of(net::MediaReason reason) {
  switch (reason) {
    case net::MediaReason::Best: return session::RungReason::Best;
    case net::MediaReason::UdpBlocked: return session::RungReason::UdpBlocked;
    case net::MediaReason::UdpNotOffered:
    case net::MediaReason::PolicyTls: return session::RungReason::UdpNotTriedByPolicy;
    case net::MediaReason::Starting:
    case net::MediaReason::Unreachable:
    case net::MediaReason::Expired: break;
  }
  return session::RungReason::StillTrying;
}

// One hashcash at a time, on a thread that ends with it.
class HashcashSolver {
 public:
  explicit HashcashSolver(NetThread& net) : net_(net) {}
  ~HashcashSolver() { stop(); }
  void solve(Bytes challenge, std::function<void(Bytes)> done) {
    stop();
    cancel_ = false;
    worker_ = std::thread([this, challenge = std::move(challenge), done = std::move(done)] {
      auto answer = crypto::solve_hashcash(challenge, 20, cancel_);
      if (answer) net_.post([done, found = std::move(*answer)] { done(found); });
    });
  }

 private:
  void stop() {
    cancel_ = true;
    if (worker_.joinable()) worker_.join();
  }
  NetThread& net_;
  std::atomic<bool> cancel_{false};
  std::thread worker_;
};

class NetMedia final : public session::MediaPort {
 public:
  NetMedia(NetThread& net, net::MediaPathConfig config, const control::Ticket& ticket, Handlers handlers)
      : handlers_(std::move(handlers)), ways_(config.control.ways) {
    path_ = net::MediaPath::create(net.loop(), std::move(config), native_ticket(ticket),
                                   {[this, &net](ByteSpan d) {
                                      net.deadline_moved();   // feedback is due soon; nothing else would ask for it
                                      handlers_.datagram(d);
                                    },
                                    [this](const net::MediaPath::State& s) {
                                      handlers_.state(rung_of(s.rung), reason_of(s.reason));
                                      if (s.reason == net::MediaReason::Expired) handlers_.ticket_expired();
                                    }});
    path_->start();
  }
  bool send(std::span<const ByteSpan> burst) override { return path_->link().send(burst); }
  std::size_t max_datagram() const override { return path_->link().max_datagram(); }
  void set_ticket(const control::Ticket& ticket) override { path_->set_ticket(native_ticket(ticket)); }
  void probe_now() override { path_->probe_now(); }
  LocalTime arrived() const override { return path_->arrived(); }
  std::string failures() const override { return ways_->failures(); }

 private:
  Handlers handlers_;
  std::shared_ptr<const net::WayBook> ways_;   // the control connection's too
  std::unique_ptr<net::MediaPath> path_;
};

}  // namespace

session::CommonPorts make_common_ports(NetThread& thread, const TimeSource& clock, const Settings& settings,
                                       const ClientIdentity& identity) {
  session::CommonPorts ports;
  ports.clock = &clock;
  // The media path goes to wherever the control connection last went.
  auto route = std::make_shared<net::RelayRoute>();
  ports.make_relay = [&thread, settings, route](const wire::RelayAddress& where) {
    *route = route_to(where, settings);
    return net::make_relay_control(thread.loop(), {*route, "/v1/control"});
  };
  ports.make_channel = [](session::ChannelRequest request) {
    e2e::CodeChannelConfig config;
    config.role = request.role;
    config.secret_digits = std::move(request.secret);
    config.relay_name = request.relay_name;
    config.locator = request.locator;
    config.capabilities = std::move(request.capabilities);
    return e2e::make_code_channel(std::move(config), local_now());
  };
  ports.make_sealer = [](const ports::SecureChannel& channel, ports::End self, std::string session_id) {
    return e2e::make_sealer(channel, self, std::move(session_id));
  };
  ports.make_media = [&thread, route, tls_only = settings.tls_only](const control::Ticket& ticket,
                                                                       session::MediaPort::Handlers handlers) {
    net::MediaPathConfig config;
    config.control = *route;
    config.tls_only = tls_only;
    return std::make_unique<NetMedia>(thread, std::move(config), ticket, std::move(handlers));
  };
  ports.random = [](MutableByteSpan out) { crypto::random_bytes(out); };
  ports.post = [&thread](std::function<void()> task) { thread.post(std::move(task)); };
  ports.post_unhurried = [&thread](std::function<void()> task) { thread.post_unhurried(std::move(task)); };
  ports.wake = [&thread] { thread.wake(); };
  ports.solve_hashcash = [solver = std::make_shared<HashcashSolver>(thread)](Bytes challenge, std::function<void(Bytes)> done) {
    solver->solve(std::move(challenge), std::move(done));
  };
  ports.make_journal = [&clock, directory = identity.journal_directory]() -> std::unique_ptr<ports::Journal> {
    auto journal = journal::FileJournal::open({directory, 30, 8u << 20, {}}, clock);
    if (!journal) {
      BS_LOG(Error, "journal", "{}", dump_error(journal.error()));
      return nullptr;
    }
    return std::move(*journal);
  };
  ports.identity.role = identity.role;
  ports.identity.program = identity.program;
  ports.identity.version = kVersion;
  ports.identity.locale = identity.language;
  ports.identity.build_id = build_id();
  ports.person = identity.person;
  ports.organisation = settings.company.substr(0, 64);   // what Introduce carries
  while (!is_utf8(ports.organisation)) ports.organisation.pop_back();
  ports.language = identity.language;
  ports.system = system_description();
  return ports;
}

}  // namespace beside::app
