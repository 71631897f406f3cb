// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/kit/plural.h"

#include <array>

namespace beside::kit {
namespace {

// Precedence climbing over the operators that catalogues use.
class Parser {
 public:
  Parser(std::string_view text, std::uint64_t n) : text_(text), n_(n) {}
  std::uint64_t run() {
    const std::uint64_t value = ternary();
    skip();
    return ok_ && at_ == text_.size() ? value : 0;
  }

 private:
  struct Operator {
    std::string_view sign;
    int rank;
  };
  static constexpr std::array<Operator, 12> kOperators{{{"||", 1},
                                                        {"&&", 2},
                                                        {"==", 3},
                                                        {"!=", 3},
                                                        {"<=", 4},
                                                        {">=", 4},
                                                        {"<", 4},
                                                        {">", 4},
                                                        {"+", 5},
                                                        {"-", 5},
                                                        {"*", 6},
                                                        {"%", 6}}};

  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view sign) {
    skip();
    if (text_.substr(at_, sign.size()) != sign) return false;
    at_ += sign.size();
    return true;
  }
  std::uint64_t ternary() {
    if (++depth_ > 32) ok_ = false;
    if (!ok_) return 0;
    const std::uint64_t condition = binary(1);
    std::uint64_t value = condition;
    if (take("?")) {
      const std::uint64_t yes = ternary();
      if (!take(":")) ok_ = false;
      const std::uint64_t no = ternary();
      value = condition != 0 ? yes : no;
    }
    --depth_;
    return value;
  }
  std::uint64_t binary(int rank) {
    std::uint64_t left = unary();
    while (ok_) {
      skip();
      const Operator* found = nullptr;
      for (const Operator& o : kOperators)
        if (o.rank >= rank && text_.substr(at_, o.sign.size()) == o.sign) {
          found = &o;
          break;
        }
      if (found == nullptr) break;
      at_ += found->sign.size();
      left = combine(found->sign, left, binary(found->rank + 1));
    }
    return left;
  }
  std::uint64_t combine(std::string_view sign, std::uint64_t a, std::uint64_t b) {
    if (sign == "||") return (a != 0 || b != 0) ? 1 : 0;
    if (sign == "&&") return (a != 0 && b != 0) ? 1 : 0;
    if (sign == "==") return a == b ? 1 : 0;
    if (sign == "!=") return a != b ? 1 : 0;
    if (sign == "<=") return a <= b ? 1 : 0;
    if (sign == ">=") return a >= b ? 1 : 0;
    if (sign == "<") return a < b ? 1 : 0;
    if (sign == ">") return a > b ? 1 : 0;
    if (sign == "+") return a + b;
    if (sign == "-") return a - b;
    if (sign == "*") return a * b;
    if (b == 0) {
      ok_ = false;
      return 0;
    }
    return a % b;
  }
  std::uint64_t unary() {
    if (++depth_ > 32) ok_ = false;
    if (!ok_) return 0;
    std::uint64_t value = 0;
    if (take("!")) {
      value = unary() == 0 ? 1 : 0;
    } else if (take("(")) {
      value = ternary();
      if (!take(")")) ok_ = false;
    } else if (take("n")) {
      value = n_;
    } else {
      skip();
      const std::size_t begin = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && at_ - begin < 9)
        value = value * 10 + static_cast<std::uint64_t>(text_[at_++] - '0');
      if (at_ == begin) ok_ = false;
    }
    --depth_;
    return value;
  }

  std::string_view text_;
  std::uint64_t n_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool ok_ = true;
};

}  // namespace

std::size_t plural_form(std::string_view expression, std::uint64_t n) {
  return static_cast<std::size_t>(Parser(expression, n).run());
}

}  // namespace beside::kit
