// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "engine/base/hidden_parts.h"
#include "engine/base/input_event.h"
#include "engine/base/rights.h"

// What people do, as values: views return them, the net thread carries them out.
namespace beside::session {

// ---- both ----
struct SetAddress { std::string address; };                          // beside://host:port#pin=...
struct DismissNotice { std::uint64_t id = 0; };
struct Quit {};

// ---- customer ----
struct EnterCode { std::string code; };                              // as typed; spaces and hyphens allowed
struct CancelConnecting {};
// Decides the ask: granted = what the person left ticked (empty: "Not now"). monitor_id narrows See and Control.
// from_click_at_us: LocalTime of the deciding click, for the 500 ms rule.
struct DecideAsk { std::uint32_t ask_id = 0; Rights granted; std::uint32_t monitor_id = 0; std::int64_t from_click_at_us = 0; };
struct RevokeRight { Rights rights; };
struct HideParts { HiddenParts parts; };                             // all that is hidden from now on, not only what is new
struct StopSession {};                                               // the panel's Stop
struct PanelClosed {};                                               // the person closed the panel's window
struct PanelVisibility { bool visible = true; };                     // from the shell's watch
struct ConfirmWords { std::uint32_t session = 0; bool same = false; };
struct SayToOperator { std::string text; };
struct CustomerTyping { bool typing = false; };
struct BackToStart {};                                               // from the end page (kiosk) or after a dead code

using CustomerCommand = std::variant<SetAddress, DismissNotice, Quit, EnterCode, CancelConnecting, DecideAsk, RevokeRight,
                                     HideParts, StopSession, PanelClosed, PanelVisibility, ConfirmWords,
                                     SayToOperator, CustomerTyping, BackToStart>;

// ---- operator ----
struct SignIn { std::string login; std::string password; };
struct SignInWithToken { std::string token; };                       // base64url, from a token file
struct Redeem { std::string invitation; std::string display_name; std::string password; };
struct SignOut {};
struct NewSession { std::uint32_t valid_minutes = 0; Rights ask_on_connect; std::string reason; };
struct AskRights { std::uint32_t session = 0; Rights rights; std::string reason; };
struct WithdrawAsk { std::uint32_t session = 0; };
struct GiveBackRight { std::uint32_t session = 0; Rights rights; };
struct ChooseMonitor { std::uint32_t session = 0; std::uint32_t monitor_id = 0; };
struct SendInput { std::uint32_t session = 0; InputEvent event; };
struct SayToCustomer { std::uint32_t session = 0; std::string text; };
struct OperatorTyping { std::uint32_t session = 0; bool typing = false; };
struct MarkChatRead { std::uint32_t session = 0; };
struct EndSession { std::uint32_t session = 0; };
struct DismissSession { std::uint32_t session = 0; };                // from the list, once ended
struct PictureShown { std::uint32_t session = 0; std::uint64_t number = 0; std::int64_t shown_at_us = 0; };
struct RefreshPicture { std::uint32_t session = 0; };
struct WatchPicture { std::uint32_t session = 0; };                  // his pointer moved over the picture: it is veiled early now
// Keeps a picture of the screen once it is exact; as_it_is: at once. ForgetScreenshot gives up or has seen what came of it.
struct TakeScreenshot { std::uint32_t session = 0; bool as_it_is = false; };
struct ForgetScreenshot { std::uint32_t session = 0; };
struct WatchLadder { bool on = false; };                             // somebody looks at the latency figures: twice a second

using OperatorCommand = std::variant<SetAddress, DismissNotice, Quit, SignIn, SignInWithToken, Redeem, SignOut, NewSession,
                                     AskRights, WithdrawAsk, GiveBackRight, ChooseMonitor, SendInput, SayToCustomer,
                                     OperatorTyping, MarkChatRead, EndSession, DismissSession, ConfirmWords, PictureShown,
                                     RefreshPicture, WatchPicture, TakeScreenshot, ForgetScreenshot, WatchLadder>;

}  // namespace beside::session
