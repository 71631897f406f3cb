// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/net/media_path.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/log.h"
#include "engine/flow/link.h"
#include "engine/net/media_rung.h"

namespace beside::net {

const char* to_string(MediaRung rung) {
  switch (rung) {
    case MediaRung::None: return "none";
    case MediaRung::Udp: return "udp";
    case MediaRung::Tls: return "tls";
    case MediaRung::TlsProxy: return "tls_proxy";
  }
  return "unknown";
}
const char* to_string(MediaReason reason) {
  switch (reason) {
    case MediaReason::Best: return "best";
    case MediaReason::Starting: return "starting";
    case MediaReason::UdpBlocked: return "udp_blocked";
    case MediaReason::UdpNotOffered: return "udp_not_offered";
    case MediaReason::PolicyTls: return "policy_tls";
    case MediaReason::Unreachable: return "unreachable";
    case MediaReason::Expired: return "expired";
  }
  return "unknown";
}

namespace {

constexpr std::size_t kLeastDatagram = 1200;    // what every rung takes
constexpr nanoseconds kGiveUp = 12s;            // a race in which nobody wins
constexpr nanoseconds kFirstBackOff = 500ms, kLongestBackOff = 15s;
constexpr nanoseconds kLookAgain = 1s;          // how often the rung in use is judged
constexpr nanoseconds kSuspect = 7s;            // a consent check (5 s, +10 %) and its answer are overdue
constexpr nanoseconds kLinger = 1s;             // what is under way on the old rung still arrives
constexpr nanoseconds kUnanswered = 150ms;      // sent all that time, plus three round trips, and nothing came: ask the relay
constexpr nanoseconds kDoubtPace = 20ms;        // how often the relay is asked then, so that loss alone says nothing
constexpr nanoseconds kPrepare = 60ms;          // or two round trips without an answer: another carrier is brought up
constexpr nanoseconds kPrepareTcp = 500ms;
constexpr nanoseconds kGiveWay = 100ms;         // or two round trips more: it may ask for the leg

// Rungs lie best first. Invariants:
// 1. At most one rung is in use; media goes out there only.
// 2. The relay binds the leg to whichever way proved itself last. So nothing worse than the rung in use asks anything,
//    unless that rung is suspected of being dead.
// 3. A better rung that binds takes over; what it replaces lingers for a second without asking.
// 4. The rungs over TCP are there twice. The second of a kind runs only while the first is in use and suspected: after a hole TCP
//    waits for its timers, a new connection does not. When it binds, it takes the first one's place.
class Path final : public MediaPath, private flow::Link {
 public:
  Path(Loop& loop, MediaPathConfig config, MediaTicket ticket, Handlers handlers)
      : loop_(loop), config_(std::move(config)), ticket_(std::move(ticket)), handlers_(std::move(handlers)), starter_(loop),
        patience_(loop), give_up_(loop), better_(loop), judge_(loop), linger_(loop), confirm_(loop), quiet_(loop), doubt_(loop) {
    const auto proxy = proxy_of(config_.control);
    if (!proxy) BS_LOG(Warn, "net", "media goes without a proxy: {}", proxy.error().detail);
    add([&](MediaRungRunner::Handlers h) { return MediaRungRunner::make_udp(loop_, config_, ticket_, counters_, std::move(h)); });
    add([&](MediaRungRunner::Handlers h) {
      return MediaRungRunner::make_tls(loop_, config_, ticket_, counters_, std::nullopt, std::move(h));
    });
    if (proxy && *proxy)
      add([&](MediaRungRunner::Handlers h) {
        return MediaRungRunner::make_tls(loop_, config_, ticket_, counters_, *proxy, std::move(h));
      });
    first_twin_ = rungs_.size();
    for (std::size_t i = 1; i < first_twin_; ++i)
      add([&, i](MediaRungRunner::Handlers h) {
        return MediaRungRunner::make_tls(loop_, config_, ticket_, counters_, i == 2 ? *proxy : std::nullopt, std::move(h));
      });
  }

  void start() override { race(); }
  void set_ticket(MediaTicket ticket) override {
    ticket_ = std::move(ticket);
    for (auto& rung : rungs_) rung->renew();
    if (current_ == kNone) race();
  }
  void probe_now() override {
    if (current_ == kNone) return race();
    doubt();
    try_better();
  }
  flow::Link& link() override { return *this; }
  State state() const override { return state_; }
  LocalTime arrived() const override { return arrived_; }
  const Counters& counters() const override { return counters_; }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};

  template <typename Make>
  void add(Make make) {
    const std::size_t id = rungs_.size();
    place_.push_back(id);
    MediaRungRunner::Handlers h;
    h.bound = [this, id] { on_bound(place_[id]); };
    h.datagram = [this, id](ByteSpan datagram) {
      // A timer that finds all well costs more than setting it anew.
      if (std::exchange(unanswered_since_, kNever) != kNever) quiet_.cancel();
      arrived_ = rungs_[place_[id]]->arrived();
      if (handlers_.on_datagram) handlers_.on_datagram(datagram);
    };
    h.failed = [this, id] { on_failed(place_[id]); };
    rungs_.push_back(make(std::move(h)));
  }

  // flow::Link
  bool send(std::span<const ByteSpan> datagrams) override {
    if (current_ != kNone) {
      if (unanswered_since_ == kNever) {
        unanswered_since_ = loop_.now();
        if (!quiet_.armed()) quiet_.after(answer_patience(), [this] { look_whether_answered(); });
      }
      return rungs_[current_]->send(datagrams);
    }
    counters_.dropped_no_rung += datagrams.size();
    return false;
  }
  std::size_t max_datagram() const override { return current_ == kNone ? kLeastDatagram : rungs_[current_]->max_datagram(); }

  bool udp_allowed() const { return !config_.tls_only && ticket_.udp_port != 0; }
  bool allowed(std::size_t index) const {
    if (index == 0) return udp_allowed();
    return index < first_twin_ || (suspected_ && current_ == first_of(index));
  }
  std::size_t first_of(std::size_t twin) const { return twin - first_twin_ + 1; }

  void race() {
    give_up_.after(kGiveUp, [this] { nobody_won(); });
    race_started_ = loop_.now();
    if (state_.rung == MediaRung::None && state_.reason != MediaReason::Unreachable && state_.reason != MediaReason::Expired)
      publish(MediaRung::None, MediaReason::Starting);
    start_from(0);
  }
  // Starts the first rung at or after `index` that may run and does not yet, then the next one 250 ms later.
  void start_from(std::size_t index) {
    while (index < rungs_.size() && (!allowed(index) || (rungs_[index]->running() && !rungs_[index]->held()))) ++index;
    if (index >= rungs_.size()) {
      if (current_ == kNone && !any_running()) nobody_won();
      return;
    }
    // Armed first: start() may fail at once and lead back here.
    starter_.after(config_.stagger, [this, index] { start_from(index + 1); });
    rungs_[index]->start();
  }

  void on_bound(std::size_t index) {
    if (index == current_) return trust();
    if (current_ != kNone && index > current_ && !suspected_) return rungs_[index]->stop();  // invariant 2
    if (index >= first_twin_) {                                                              // invariant 4
      const std::size_t first = first_of(index);
      for (std::size_t& at : place_) at = at == index ? first : at == first ? index : at;
      std::swap(rungs_[index], rungs_[first]);
      current_ = index;
      index = first;
    }
    suspected_ = doubted_ = false;
    doubt_.cancel();
    unanswered_since_ = kNever;
    give_up_.cancel();
    starter_.cancel();
    back_off_ = kFirstBackOff;
    const std::size_t old = std::exchange(current_, index);
    for (std::size_t worse = index + 1; worse < rungs_.size(); ++worse)
      if (worse != old) rungs_[worse]->stop();
    retire(old);
    // A request of another rung may have been under way when this one was bound and have taken the leg from it: one more
    // check shows it, and the leg comes back.
    confirm_.after(300ms, [this] {
      if (current_ != kNone) rungs_[current_]->probe(kDoubtPace);
    });
    settle();
    judge_.after(kLookAgain, [this] { judge(); });
  }

  void retire(std::size_t old) {
    if (old == kNone) return;
    rungs_[old]->linger();
    lingering_ = old;
    linger_.after(kLinger, [this, old] {
      // Not when it was ended and started anew meanwhile: it may be the only way left.
      if (old != current_ && lingering_ == old) rungs_[old]->stop();
      lingering_ = kNone;
    });
  }
  void stop_from(std::size_t index) {
    starter_.cancel();
    for (; index < rungs_.size(); ++index) rungs_[index]->stop();
  }

  bool any_running() const {
    return std::any_of(rungs_.begin(), rungs_.end(), [](const auto& rung) { return rung->running(); });
  }
  bool better_running() const {
    for (std::size_t i = 0; i < current_ && i < rungs_.size(); ++i)
      if (rungs_[i]->running()) return true;
    return false;
  }

  // After a rung came into use: better ones get what is left of their patience, then a new try every 30 s.
  void settle() {
    if (!better_running()) return no_better();
    publish(rungs_[current_]->kind(), MediaReason::Starting);
    const nanoseconds waited = loop_.now() - race_started_;
    patience_.after(std::max<nanoseconds>(config_.udp_patience - waited, 0ns), [this] { no_better(); });
  }
  void no_better() {
    if (current_ == kNone) return;
    patience_.cancel();
    for (std::size_t i = 0; i < current_; ++i)
      if (rungs_[i]->running()) rungs_[i]->give_up();
    publish(rungs_[current_]->kind(), why_not_better());
    if (current_ == 0 || (current_ == 1 && !udp_allowed())) return better_.cancel();
    better_.after(config_.retry_better, [this] { try_better(); });
  }
  MediaReason why_not_better() const {
    if (current_ == 0) return MediaReason::Best;
    if (config_.tls_only) return MediaReason::PolicyTls;
    return ticket_.udp_port == 0 ? MediaReason::UdpNotOffered : MediaReason::UdpBlocked;
  }
  void try_better() {
    if (current_ == kNone || current_ == 0) return;
    race_started_ = loop_.now();
    for (std::size_t i = 0; i < current_; ++i)
      if (allowed(i)) rungs_[i]->start();
    // The state stays as it was: nothing has changed for the person yet.
    patience_.after(config_.udp_patience, [this] { no_better(); });
  }

  // The ends answer each other all the time (feedback, acknowledgements). A translator that gave us another address, or a move to
  // another network, shows as silence first; a Binding request then tells the relay where we are now.
  nanoseconds answer_patience() const { return kUnanswered + 3 * rungs_[current_]->rtt(); }
  void look_whether_answered() {
    if (current_ == kNone || unanswered_since_ == kNever) return;
    const nanoseconds waited = loop_.now() - unanswered_since_;
    if (waited >= answer_patience()) {
      doubt();
      unanswered_since_ = kNever;  // until something is sent again
      return;
    }
    quiet_.after(answer_patience() - waited, [this] { look_whether_answered(); });
  }

  // The relay is asked on the rung in use. Its answer ends the doubt (trust()); without one the next carrier is brought up, and then
  // may take the leg: UDP that dies is replaced within half a second, as a rule, and nothing is replaced that only loses packets.
  void doubt() {
    rungs_[current_]->probe(kDoubtPace);
    // A program that was stopped for half a minute learns here that its consent ran out: that rung has failed, and others began.
    if (current_ == kNone || std::exchange(doubted_, true)) return;
    const nanoseconds rtt = rungs_[current_]->rtt();
    // Over TCP a lost packet alone is a silence of some hundred milliseconds.
    const nanoseconds patience = rungs_[current_]->kind() == MediaRung::Udp ? kPrepare : kPrepareTcp;
    doubt_.after(std::max<nanoseconds>(patience, 2 * rtt), [this, rtt] {
      if (current_ == kNone) return;
      const std::size_t next = current_ + 1;
      if (next < first_twin_) rungs_[next]->start(true);
      doubt_.after(std::max<nanoseconds>(kGiveWay, 2 * rtt), [this] { suspect(); });
    });
  }
  void trust() {
    doubt_.cancel();
    if (!std::exchange(doubted_, false) && !suspected_) return;
    suspected_ = false;
    stop_from(current_ + 1);
  }
  void suspect() {
    if (current_ == kNone || std::exchange(suspected_, true)) return;
    doubted_ = true;
    rungs_[current_]->probe(kDoubtPace);
    // What lingers there is over now.
    for (std::size_t worse = current_ + 1; worse < rungs_.size(); ++worse)
      if (!rungs_[worse]->held()) {
        rungs_[worse]->stop();
        if (worse == lingering_) lingering_ = kNone;
      }
    start_from(current_ + 1);
  }

  // A consent check and its answer are overdue though nothing was sent that would have shown it.
  void judge() {
    if (current_ == kNone) return;
    if (loop_.now() - rungs_[current_]->last_answer() > kSuspect) suspect();
    judge_.after(kLookAgain, [this] { judge(); });
  }

  void on_failed(std::size_t index) {
    if (index == current_) {
      current_ = kNone;
      suspected_ = doubted_ = false;
      doubt_.cancel();
      judge_.cancel();
      better_.cancel();
      patience_.cancel();
      publish(MediaRung::None, MediaReason::Starting);
      return race();
    }
    if (current_ != kNone) {
      if (suspected_ && index > current_ && !starter_.armed()) starter_.after(config_.stagger, [this] { start_from(current_ + 1); });
      if (!better_running() && patience_.armed()) no_better();
      return;
    }
    if (!any_running() && !starter_.armed()) nobody_won();
  }

  void nobody_won() {
    // UDP goes on asking, four small packets a second: after a hole of half a minute the session is back within a round trip
    // and 250 ms, not when the next race begins.
    starter_.cancel();
    const bool udp_goes_on = udp_allowed() && rungs_[0]->running();
    if (udp_goes_on) config_.control.ways->failed(Way::Udp, WayFailure::NoAnswer);
    for (std::size_t i = udp_goes_on ? 1 : 0; i < rungs_.size(); ++i) rungs_[i]->give_up();
    publish(MediaRung::None, loop_.now() >= ticket_.expires ? MediaReason::Expired : MediaReason::Unreachable);
    give_up_.after(back_off_, [this] { race(); });
    back_off_ = std::min(back_off_ * 2, kLongestBackOff);
  }

  void publish(MediaRung rung, MediaReason reason) {
    const State next{rung, reason};
    if (next == state_) return;
    state_ = next;
    if (handlers_.on_state) handlers_.on_state(state_);
  }

  Loop& loop_;
  MediaPathConfig config_;
  MediaTicket ticket_;
  Handlers handlers_;
  Counters counters_;
  State state_;
  Timer starter_, patience_, give_up_, better_, judge_, linger_, confirm_, quiet_, doubt_;
  // UDP, TLS, and TLS through the proxy when there is one; then the twins of those over TCP.
  std::vector<std::unique_ptr<MediaRungRunner>> rungs_;
  std::vector<std::size_t> place_;                       // of each rung as it was made, in rungs_
  std::size_t first_twin_ = 0;
  std::size_t current_ = kNone;
  bool doubted_ = false, suspected_ = false;
  std::size_t lingering_ = kNone;    // what linger_ will end
  LocalTime race_started_{}, unanswered_since_ = kNever, arrived_ = LocalTime::min();
  nanoseconds back_off_ = kFirstBackOff;
};

}  // namespace

std::unique_ptr<MediaPath> MediaPath::create(Loop& loop, MediaPathConfig config, MediaTicket ticket, Handlers handlers) {
  return std::make_unique<Path>(loop, std::move(config), std::move(ticket), std::move(handlers));
}

}  // namespace beside::net
