// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <string>
#include <vector>

#include "engine/base/bytes.h"

namespace beside::test {

// Looks for planted texts in whatever was recorded: as they are, in hex (either case), base64 and base64url at each of the
// three alignments, and as UTF-16LE.
class SecretSearch {
 public:
  void plant(const std::string& secret);
  std::size_t planted() const { return secrets_.size(); }
  // Each secret that is found, once, with the form that it was found in.
  std::vector<std::string> find_in(ByteSpan record) const;

 private:
  struct Needle {
    std::string bytes, form;
    std::size_t secret;
  };
  void add(std::string bytes, const std::string& form);
  std::vector<std::string> secrets_;
  std::vector<Needle> needles_;
  std::array<std::vector<std::size_t>, 65536> by_start_;   // needles by their first two bytes
};

}  // namespace beside::test
