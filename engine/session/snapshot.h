// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/geometry.h"
#include "engine/base/hidden_parts.h"
#include "engine/base/rights.h"
#include "engine/session/notice.h"

// What the views draw: immutable values, published by the net thread, read by main. Everything a person sees of the
// session is in here, except the picture itself.
namespace beside::session {

enum class Verified : std::uint8_t {
  No,            // nobody is known yet, or not proven
  ByCode,        // the code that the operator gave by voice proved both ends to each other
  ByWords,       // both compared the check words
};
enum class Rung : std::uint8_t { None, Udp, Tls, TlsProxy };
enum class RungReason : std::uint8_t { Best, UdpBlocked, UdpNotTriedByPolicy, StillTrying, ProxyOnly };

struct ChatLine {
  std::uint64_t seq = 0;       // the relay's order; 0 while not yet acknowledged
  bool mine = false;
  bool system = false;
  std::string text;            // UTF-8
  std::int64_t at_unix_ms = 0;
  bool pending = false;        // sent, not yet ordered by the relay
  bool after_gap = false;      // what the peer said before it did not come, or comes late: the relay withheld or reordered it
};

struct PeerView {
  std::string name;            // as the peer calls himself
  std::string organisation;    // claimed
  std::string system;          // customer's: "Debian GNU/Linux 12, X11"
  Verified verified = Verified::No;
  std::array<std::string, 4> check_words;
};

struct MediaView {
  Rung rung = Rung::None;
  RungReason reason = RungReason::StillTrying;
  int rtt_ms = -1;             // end to end; -1 unknown
  std::string encoder;         // "libx264 4:4:4"
  int width = 0, height = 0;
  std::uint64_t frames = 0, bytes = 0, lost_packets = 0, key_requests = 0;
  std::string capture;         // how the screen is read and compared, as the customer's end says
  int most_fps = 0;            // of video, where the line cannot carry more; 0: as many as there are
  int video_scale = 1;         // both sides of video are divided by it there
  int datagram_bytes = 0;      // the largest that is known to get through; 0: not known
  Rung peer_rung = Rung::None; // the other end's, as it says; None: it did not
  RungReason peer_reason = RungReason::StillTrying;
  std::string failed_ways;     // which ways out failed here and why, in words of the log
};

// Latency ladder: p50 and p95 in microseconds over the last 5 s, cumulative from capture; -1 unknown.
struct LadderView {
  struct Step { std::int64_t p50_us = -1, p95_us = -1; };
  Step decided, encoded, sent, received, decoded, shown;
};

struct EndView {
  enum class Cause : std::uint8_t {
    CustomerStop, CustomerKeys, PanelClosed, OperatorEnded, PeerLost, CodeDead, Error, RelayEnded, Expired,
  };
  Cause cause = Cause::Error;
  struct Use { Right right = Right::See; std::int64_t granted_ms = 0; bool used = false; };
  std::vector<Use> uses;       // rights that were granted, and for how long
  std::int64_t duration_ms = 0;
  std::string journal_path;
  std::string receipt_hex;     // from both ends' journals, the same at both; only our own head while the other's is missing
  bool receipt_matches = false;  // the other end said that it holds the same one
};

// ---- customer ----

enum class CustomerStage : std::uint8_t {
  NeedAddress,   // no company known: ask for the relay's address
  Start,         // code entry
  Connecting,    // to the relay, or looking for the code
  Securing,      // CPace and inner TLS
  Live,          // an operator is connected; rights may or may not be granted
  Ended,         // one page of what happened
};

struct AskView {
  std::uint32_t id = 0;
  Rights rights;
  std::string reason;
};

struct CustomerSnapshot {
  CustomerStage stage = CustomerStage::Start;
  std::string company;         // from beside.toml; else the relay's word for itself
  std::string relay;           // "host:port"
  bool relay_pinned = false;
  bool relay_up = false;
  Notice notice;               // the newest that matters; None when none
  std::string code_prefill;    // from the command line or a link
  PeerView peer;
  std::optional<AskView> ask;  // waiting for the person's decision
  Rights granted;              // in force now
  Rights in_use;               // used within the last 1.2 s, a screen as long as it is shown: the live mark
  Rights paused;               // granted, but paused by a gap or a hidden panel
  bool control_paused_by_me = false;
  std::uint32_t monitor_id = 0;  // what is shared; 0 the whole desktop
  HiddenParts hidden;          // what the person keeps to himself
  std::uint32_t pictures_kept = 0;   // by the operator, so far
  std::int64_t picture_kept_unix_ms = 0;   // the last one
  DesktopLayout layout;
  std::string capture_limits;  // empty, or what is missing
  bool screen_available = true;  // false on Wayland or without a display
  LocalTime started_at{};
  std::vector<ChatLine> chat;
  bool peer_typing = false;
  bool recovering = false;     // the line is down; the session goes on by itself
  std::int64_t recovering_since_ms = 0;
  MediaView media;
  EndView end;
  std::string journal_dir;
};

// ---- operator ----

enum class OperatorStage : std::uint8_t { NeedAddress, SignIn, SigningIn, Redeem, Console };
enum class SessionStage : std::uint8_t { WaitingForCustomer, Securing, Live, Recovering, Ended };

struct SessionView {
  std::uint32_t local_id = 0;  // for commands
  SessionStage stage = SessionStage::WaitingForCustomer;
  std::string code;            // "482 913 5074", only while waiting
  bool code_replaces_dead_one = false;  // "somebody tried a wrong code"
  LocalTime code_expires_at{};
  PeerView peer;
  std::uint32_t namesake = 0;           // 2 and up: which of the customers who go by this name
  Notice notice;
  Rights offered = kBuiltRights;        // what the customer's system can share at all
  Rights granted, paused, asked;        // asked: waiting for the customer's decision
  Rights refused;                       // of the last answer
  std::string ask_reason;
  bool control_paused_by_customer = false;
  std::uint32_t refused_events = 0;     // over the customer's panel
  DesktopLayout layout;
  std::uint32_t monitor_id = 0;
  struct Hidden {
    std::uint32_t windows = 0, monitors = 0, areas = 0;
    bool one_window = false;                // all but one window is hidden
    bool any() const { return one_window || windows + monitors + areas > 0; }
  };
  // A picture of the screen that the operator keeps: waits until all of it is exact.
  struct Kept {
    enum class State : std::uint8_t { None, Waiting, NotExact, Saving, Saved, Failed };
    State state = State::None;
    std::string text;                   // Saved: the file; Failed: why
    int inexact_permille = 0;           // of the picture
    Rect inexact;                       // picture pixels, where that is
  };
  Kept kept;
  Hidden hidden;                        // parts of the screen that the customer keeps to himself
  LocalTime started_at{};
  std::vector<ChatLine> chat;
  bool peer_typing = false;
  std::uint32_t unread = 0;
  MediaView media;
  LadderView ladder;
  bool picture_current = true;          // false: older than 500 ms while something should come
  NoticeKind stale_why = NoticeKind::None;
  EndView end;
};

struct PastSession {
  std::string file;
  std::string peer;
  std::int64_t began_unix_ms = 0, duration_ms = 0;
  Rights used;
};

struct OperatorSnapshot {
  OperatorStage stage = OperatorStage::SignIn;
  std::string company, relay;
  std::string relay_address;            // whole, with its pin: what a program needs to come back
  bool relay_pinned = false;
  bool relay_up = false;
  Notice notice;
  std::string login, display_name;
  std::vector<SessionView> sessions;    // in order of creation, ended ones until dismissed
  std::vector<PastSession> past;        // newest first, 200 at most
  std::string journal_dir;
};

}  // namespace beside::session
