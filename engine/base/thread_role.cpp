// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/thread_role.h"

#include <pthread.h>

#include <string>

namespace beside {

void name_this_thread(std::string_view name) {
  pthread_setname_np(pthread_self(), std::string(name.substr(0, 15)).c_str());
}

}  // namespace beside
