// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engine/base/rights.h"
#include "engine/session/snapshot.h"

// Figures as people read them, in the current language.
namespace beside::views {

// Every right, in the order in which people read them.
inline constexpr std::array kRightsInOrder{Right::See,         Right::Point,           Right::Control,     Right::ClipboardToOperator,
                                    Right::ClipboardToCustomer, Right::FilesToOperator, Right::FilesToCustomer, Right::SystemSound,
                                    Right::Microphone,  Right::Camera,          Right::Record,      Right::Restart};

std::string minutes_text(std::int64_t minutes);        // "under a minute", "1 minute", "12 minutes", "1 h 05 min"
std::string duration_text(std::int64_t milliseconds);  // as minutes_text, seconds below one minute
std::string size_text(std::uint64_t bytes);            // "1.4 MB" (decimal; the language's decimal sign)
std::string clock_text(std::int64_t unix_ms);          // "14:05", local time
std::string right_name(Right right);                   // "See the screen"
std::string right_detail(Right right);                 // what that means, one sentence for the customer
std::string right_doing(Right right);                  // "is looking at your screen" (live line)
const char* right_icon(Right right);
std::string verified_text(session::Verified verified);  // one sentence
std::string rung_text(session::Rung rung);
std::string rung_reason_text(session::RungReason reason);
// The other end's way and why, to follow its name.
std::string peer_way_text(const session::MediaView& media);
std::string end_cause_text(session::EndView::Cause cause);
std::string monitor_text(const MonitorInfo& monitor);  // "Monitor 1 (1920 x 1080, main)"

}  // namespace beside::views
