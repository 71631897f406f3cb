// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/input_event.h"
#include "engine/session/snapshot.h"

// The names that scripts and events use for values of the session room: snake_case, never translated.
namespace beside::headless {

const char* name_of(session::CustomerStage stage);
const char* name_of(session::OperatorStage stage);
const char* name_of(session::SessionStage stage);
const char* name_of(session::Verified verified);
const char* name_of(session::Rung rung);
const char* name_of(session::RungReason reason);
const char* name_of(session::EndView::Cause cause);
std::string name_of(session::NoticeKind kind);

std::vector<std::string> names_of(Rights rights);
// nullopt: a name that is no right.
std::optional<Rights> rights_named(const std::vector<std::string>& names);
std::optional<InputKind> input_kind_named(const std::string& name);

}  // namespace beside::headless
