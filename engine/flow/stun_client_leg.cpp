// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/stun_client_leg.h"
