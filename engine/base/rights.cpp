// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/rights.h"

namespace beside {

const char* name_of(Right right) {
  switch (right) {
    case Right::See: return "see";
    case Right::Point: return "point";
    case Right::Control: return "control";
    case Right::ClipboardToOperator: return "clipboard_to_operator";
    case Right::ClipboardToCustomer: return "clipboard_to_customer";
    case Right::FilesToOperator: return "files_to_operator";
    case Right::FilesToCustomer: return "files_to_customer";
    case Right::SystemSound: return "system_sound";
    case Right::Microphone: return "microphone";
    case Right::Camera: return "camera";
    case Right::Record: return "record";
    case Right::Restart: return "restart";
  }
  return "unknown";
}

}  // namespace beside
