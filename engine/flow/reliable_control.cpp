// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/reliable_control.h"
