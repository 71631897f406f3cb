// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// The XKB header of libxcb names a struct member with a C++ keyword.
#define explicit explicit_
#include <xcb/xkb.h>
#undef explicit
