// SPDX-License-Identifier: GPL-3.0-or-later
#include <doctest/doctest.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "engine/net/address_watch.h"
#include "engine/net/udp_socket.h"
#include "tests/net/media_responder.h"
#include "tests/net/net_support.h"

using namespace beside;
using namespace beside::net;

namespace {

// Runs in a thread that has a network of its own, with nothing but a loopback interface that is up. False: not allowed here.
bool in_own_network(const std::function<void()>& work) {
  bool done = false;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) return;
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq lo{};
    std::strncpy(lo.ifr_name, "lo", sizeof lo.ifr_name - 1);
    lo.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
    const bool up = fd >= 0 && ::ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
    if (fd >= 0) ::close(fd);
    if (!up) return;
    work();
    done = true;
  }).join();
  return done;
}

// From now on what goes to 127.0.0.1 leaves with the address 127.0.0.`last`, as after a move to another network.
bool leave_from(std::uint8_t last) {
  struct {
    nlmsghdr header;
    rtmsg route;
    std::array<std::uint8_t, 64> attributes;
  } order{};
  order.header.nlmsg_type = RTM_NEWROUTE;
  order.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
  order.route.rtm_family = AF_INET;
  order.route.rtm_dst_len = 32;
  order.route.rtm_table = RT_TABLE_LOCAL;
  order.route.rtm_protocol = RTPROT_KERNEL;
  order.route.rtm_scope = RT_SCOPE_HOST;
  order.route.rtm_type = RTN_LOCAL;
  std::size_t used = 0;
  const auto add = [&](std::uint16_t type, std::array<std::uint8_t, 4> value) {
    rtattr attribute{};
    attribute.rta_len = RTA_LENGTH(4);
    attribute.rta_type = type;
    std::memcpy(order.attributes.data() + used, &attribute, sizeof attribute);
    std::memcpy(order.attributes.data() + used + RTA_LENGTH(0), value.data(), value.size());
    used += RTA_SPACE(4);
  };
  const std::uint32_t device = ::if_nametoindex("lo");
  std::array<std::uint8_t, 4> index{};
  std::memcpy(index.data(), &device, sizeof device);
  add(RTA_DST, {127, 0, 0, 1});
  add(RTA_PREFSRC, {127, 0, 0, last});
  add(RTA_OIF, index);
  order.header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof(rtmsg)) + used);
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return false;
  struct {
    nlmsghdr header;
    nlmsgerr error;
  } answer{};
  const bool taken = ::send(fd, &order, order.header.nlmsg_len, 0) > 0 && ::recv(fd, &answer, sizeof answer, 0) > 0 &&
                     answer.header.nlmsg_type == NLMSG_ERROR && answer.error.error == 0;
  ::close(fd);
  return taken;
}

}  // namespace

TEST_CASE("a change of this machine's addresses is told, and nothing while nothing changes") {
  const bool could = in_own_network([] {
    Loop loop;
    int told = 0;
    const auto watch = AddressWatch::create(loop, [&] { ++told; });
    CHECK(watch);
    if (!watch) return;
    while (loop.run_one(50ms)) continue;
    CHECK(told == 0);
    CHECK(leave_from(2));
    CHECK(run_until(loop, [&] { return told > 0; }));
  });
  if (!could) MESSAGE("skipped: no network namespaces here");
}

// A machine that moved found out by the silence that followed, 150 ms and three round trips later, and at rest not for seconds.
TEST_CASE("media that rests asks the relay from this machine's new address as soon as it has one") {
  const bool could = in_own_network([] {
    CHECK(leave_from(2));
    Loop loop;
    MediaResponder relay(loop);
    WatchedMedia media(loop, relay.config(), relay.ticket());
    CHECK(media.reaches(loop, MediaRung::Udp, MediaReason::Best));
    CHECK(media.echo(loop));
    while (loop.run_one(500ms)) continue;   // also the check that follows a change of rungs
    const auto before = relay.leg.bound_path();
    for (const std::uint8_t last : {std::uint8_t{3}, std::uint8_t{4}}) {
      CHECK(leave_from(last));
      CHECK(run_until(loop, [&] { return relay.udp_of[*relay.leg.bound_path()].address[15] == last; }, 2s));   // the next check of consent is 4.5 s away
    }
    CHECK(relay.leg.bound_path() != before);
    CHECK(media.echo(loop));
    CHECK(media.path->counters().roamed == 2);
  });
  if (!could) MESSAGE("skipped: no network namespaces here");
}

// Every packet of the minute after a move was refused by the kernel, and nobody looked.
TEST_CASE("a packet that this machine cannot send has the relay asked at once, not after a silence") {
  bool in_time = false;   // a busy machine may be late by itself
  for (int round = 0; round < 10 && !in_time; ++round) {
    Loop loop;
    MediaResponder relay(loop);
    WatchedMedia media(loop, relay.config(), relay.ticket());
    REQUIRE(media.reaches(loop, MediaRung::Udp, MediaReason::Best));
    REQUIRE(media.echo(loop));
    while (loop.run_one(400ms)) continue;
    const std::uint16_t port = relay.udp->local().port;
    relay.udp.reset();
    const LocalTime began = loop.now();
    (void)media.path->link().send_one(as_bytes("\x80media"));
    (void)media.path->link().send_one(as_bytes("\x80media"));   // refused: nobody listens there
    relay.listen(port);
    const std::uint64_t heard = relay.udp_heard;
    REQUIRE(run_until(loop, [&] { return relay.udp_heard > heard; }));
    in_time = loop.now() - began < 120ms;                       // silence alone tells after 150 ms
  }
  CHECK(in_time);
}
