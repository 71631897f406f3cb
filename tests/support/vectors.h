// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fstream>
#include <stdexcept>
#include <string>

#include "engine/base/bytes.h"

namespace beside::test {

// tests/vectors/NAME.hex: hexadecimal digits, spaces ignored, # to the end of the line is dissection.
inline Bytes read_vector(const std::string& name) {
  std::ifstream in(std::string(BESIDE_VECTORS) + "/" + name + ".hex");
  if (!in) throw std::runtime_error("no vector " + name);
  std::string line, digits;
  while (std::getline(in, line)) {
    for (char c : line.substr(0, line.find('#')))
      if (c != ' ' && c != '\t') digits += c;
  }
  auto bytes = from_hex(digits);
  if (!bytes || bytes->empty()) throw std::runtime_error("bad vector " + name);
  return *bytes;
}

}  // namespace beside::test
