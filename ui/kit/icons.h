// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// Font Awesome 4.7 (package fonts-font-awesome), the code points that our screens use.
namespace beside::kit::icon {
constexpr const char* kNone = "";
constexpr const char* kEye = "\uf06e";
constexpr const char* kEyeSlash = "\uf070";
constexpr const char* kPointer = "\uf245";
constexpr const char* kKeyboard = "\uf11c";
constexpr const char* kHand = "\uf25a";
constexpr const char* kStop = "\uf04d";
constexpr const char* kPause = "\uf04c";
constexpr const char* kPlay = "\uf04b";
constexpr const char* kSend = "\uf1d8";
constexpr const char* kChat = "\uf0e6";
constexpr const char* kShield = "\uf132";
constexpr const char* kLock = "\uf023";
constexpr const char* kWarning = "\uf071";
constexpr const char* kInfo = "\uf05a";
constexpr const char* kCheck = "\uf00c";
constexpr const char* kCross = "\uf00d";
constexpr const char* kCopy = "\uf0c5";
constexpr const char* kSearch = "\uf002";
constexpr const char* kMonitor = "\uf108";
constexpr const char* kClock = "\uf017";
constexpr const char* kUser = "\uf007";
constexpr const char* kUsers = "\uf0c0";
constexpr const char* kPhone = "\uf095";
constexpr const char* kSave = "\uf0c7";
constexpr const char* kGear = "\uf013";
constexpr const char* kDown = "\uf107";
constexpr const char* kUp = "\uf106";
constexpr const char* kLeft = "\uf104";
constexpr const char* kRight = "\uf105";
constexpr const char* kPlus = "\uf067";
constexpr const char* kMinus = "\uf068";
constexpr const char* kExpand = "\uf065";
constexpr const char* kCompress = "\uf066";
constexpr const char* kHistory = "\uf1da";
constexpr const char* kSignOut = "\uf08b";
constexpr const char* kSignIn = "\uf090";
constexpr const char* kGlobe = "\uf0ac";
constexpr const char* kPlug = "\uf1e6";
constexpr const char* kRefresh = "\uf021";
constexpr const char* kMore = "\uf142";
constexpr const char* kPencil = "\uf040";
constexpr const char* kFile = "\uf15b";
constexpr const char* kLink = "\uf0c1";
constexpr const char* kBackspace = "\uf177";
constexpr const char* kFilter = "\uf0b0";
constexpr const char* kFlag = "\uf024";
constexpr const char* kSignal = "\uf012";
constexpr const char* kTextSize = "\uf031";
constexpr const char* kCamera = "\uf030";
constexpr const char* kLanguage = "\uf1ab";
}  // namespace beside::kit::icon
