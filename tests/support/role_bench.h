// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "capture/synthetic/synthetic_desktop.h"
#include "capture/synthetic/synthetic_source.h"
#include "engine/session/customer_role.h"
#include "engine/session/operator_role.h"
#include "tests/support/relay_double.h"

namespace beside::test {

class RoleBench;

// Pictures without a codec: SPS, PPS and one slice that holds nothing but a mark.
std::unique_ptr<ports::VideoEncoder> make_mark_encoder();
std::unique_ptr<ports::VideoDecoder> make_mark_decoder();

// One client's line to the relay, in memory. A cut line tries again every 250 ms, as the real one does in a session.
class MemoryControl final : public ports::RelayControl {
 public:
  MemoryControl(RoleBench& bench, bool& line_works) : bench_(bench), line_works_(line_works) {}
  ~MemoryControl() override { hang_up(); }
  void open(Handlers handlers) override;
  bool send(Bytes message) override;
  void close() override;
  void reconnect_now() override;
  void reconnect_later() override { reconnect_now(); }
  void set_eager(bool) override {}
  std::string describe() const override { return "memory"; }
  void cut();                                // as when the network goes: down() is called, then it tries again

 private:
  void hang_up();
  void dial();
  RoleBench& bench_;
  bool& line_works_;
  Handlers handlers_;
  std::uint64_t connection_ = 0;
  bool closed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

struct CustomerSeat {
  Published<session::CustomerSnapshot> published;
  ports::RightsGate* gate = nullptr;
  std::shared_ptr<ports::RightsGate> shared_gate = std::make_shared<ports::RightsGate>();
  capture::SyntheticDesktop* desktop = nullptr;       // while a session is live
  int desktops_made = 0, sources_made = 0;
  capture::SyntheticOptions screen{64, 48, capture::Scene::Still, 33'333'333ns, 0, 1, nullptr};   // to be set before a session
  std::vector<HiddenParts> hidden;                    // each order to hide, the newest last
  std::vector<ports::JournalLine> journal;
  MemoryControl* control = nullptr;
  bool line_works = true;
  std::unique_ptr<session::CustomerRole> role;
  session::CustomerSnapshot now() const { return *published.read(); }
};

struct OperatorSeat {
  Published<session::OperatorSnapshot> published;
  std::vector<ports::JournalLine> journal;
  MemoryControl* control = nullptr;
  bool line_works = true;
  std::atomic<bool> decodes{true};                    // video
  std::atomic<int> pictures{0};                       // times that the canvas had news
  std::shared_ptr<ports::Canvas> canvas;
  std::vector<ports::CursorPosition> cursor;
  struct Kept { std::unique_ptr<ports::PixelBuffer> pixels; std::string comment; };
  std::vector<Kept> kept;                             // pictures, in order
  std::unique_ptr<session::OperatorRole> role;
  session::OperatorSnapshot now() const { return *published.read(); }
  session::SessionView view(std::size_t at = 0) const { return published.read()->sessions.at(at); }
};

// Real roles with their real channels and seals, on a clock that the test moves and a relay that the test owns.
class RoleBench {
 public:
  RoleBench();
  ~RoleBench();
  ManualClock clock;
  RelayDouble relay{clock};
  int path_probes = 0;                       // how often an end had its way to the relay tried
  std::vector<std::function<void(session::Rung, session::RungReason)>> ways;   // sets a media path's, in the order in which they were made
  std::uint64_t random_seed = 0;             // 0: the system's generator; else what the roles draw can be repeated

  CustomerSeat& add_customer();
  OperatorSeat& add_operator();              // signed in
  std::uint32_t new_session(OperatorSeat& seat, session::NewSession order = {});   // runs until its code is there; local id
  // Types the code, runs for a second; true when both are live.
  bool join(CustomerSeat& customer, OperatorSeat& seat, const std::string& code, std::size_t at = 0);
  // The operator asks, the customer allows.
  bool grant(CustomerSeat& customer, OperatorSeat& seat, Rights rights, std::size_t at = 0);

  void settle();                             // all that can happen now
  void run(nanoseconds span);                // moves the clock from deadline to deadline
  bool run_until(const std::function<bool()>& done, nanoseconds span);
  // Lets the threads of capture and codec work: at most five seconds of real time, which the clock does not outrun.
  bool wait_until(const std::function<bool()>& done);

  // For the fakes. Any thread.
  void post(std::function<void()> task);
  void later(nanoseconds delay, std::function<void()> task);

 private:
  session::CommonPorts common(MemoryControl*& control, bool& line_works, std::vector<ports::JournalLine>& journal, const char* person);
  void poll_roles();
  bool drain();
  LocalTime next_deadline() const;

  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
  std::atomic<bool> woken_{false};
  std::multimap<LocalTime, std::function<void()>> timers_;
  std::vector<std::unique_ptr<CustomerSeat>> customers_;
  std::vector<std::unique_ptr<OperatorSeat>> operators_;
};

}  // namespace beside::test
