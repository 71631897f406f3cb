// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/flow/tunnel_stream.h"
