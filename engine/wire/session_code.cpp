// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/session_code.h"
