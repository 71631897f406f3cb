// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/wire/h264.h"
