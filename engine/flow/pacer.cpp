// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/pacer.h"
#include "engine/flow/link.h"
