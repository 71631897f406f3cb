// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/main/commands.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>

#include "engine/base/clock.h"
#include "relay/helpdesk/accounts.h"

namespace beside::relay {
namespace {

constexpr std::size_t kMostLogRows = 100'000;

int complain(const Error& error) {
  std::fprintf(stderr, "beside-relay: %s\n", error.detail.empty() ? dump_error(error).c_str() : error.detail.c_str());
  return 1;
}

int say(const std::string& sentence) {
  std::fprintf(stderr, "beside-relay: %s\n", sentence.c_str());
  return 1;
}

// Who is at the keyboard, for the audit.
std::string actor() {
  const passwd* who = ::getpwuid(::getuid());
  return "local user " + (who != nullptr ? std::string(who->pw_name) : std::to_string(::getuid()));
}

// Never readable by others, and never over a file that is there: it might be linked to by somebody else.
bool write_private(const std::filesystem::path& file, const std::string& text) {
  (void)::unlink(file.c_str());
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return false;
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return ::close(fd) == 0 && written;
}

std::string time_text(std::int64_t unix_ms) {
  const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32] = {};
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &parts);
  return text;
}

std::string relay_address(const std::filesystem::path& data) {
  std::ifstream in(data / "address");
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

int Commands::invite(const std::string& raw_login, bool admin, const std::filesystem::path& out) {
  const std::string login = normal_login(raw_login);
  if (login.empty()) return say("a login has 1 to 64 letters, digits or . _ - @ +");
  const SystemClock clock;
  const NewInvitation made = make_invitation(clock, login, admin ? "admin" : "operator");
  if (auto kept = store.insert_invitation(made.record); !kept) return complain(kept.error());
  if (auto kept = store.audit({actor(), "invite", "operator " + login, {}, made.record.role}, clock.unix_ms()); !kept) {
    return complain(kept.error());
  }
  // The token stands behind #, as the pin does, so that no proxy or web server ever logs it.
  const std::string address = relay_address(data);
  if (address.empty()) return say("start the relay once first: the link needs its address");
  const std::string link = address + (address.find('#') == std::string::npos ? "#" : "&") + "invite=" + to_base64url(made.token);
  if (!out.empty() && !write_private(out, link + "\n")) return say("cannot write " + out.string());
  std::printf("Invitation for %s (%s), good once, until %s:\n%s\nor, typed by hand: relay %s, invitation %s\n",
              login.c_str(), made.record.role.c_str(), time_text(made.record.expires_at).c_str(), link.c_str(),
              address.c_str(), to_base64url(made.token).c_str());
  return 0;
}

int Commands::add(const std::string& raw_login, const std::string& display_name, bool admin) {
  const std::string login = normal_login(raw_login);
  if (login.empty()) return say("a login has 1 to 64 letters, digits or . _ - @ +");
  std::string line;
  std::getline(std::cin, line);
  const SecretText password(line);
  wipe(MutableByteSpan(reinterpret_cast<std::uint8_t*>(line.data()), line.size()));
  const PasswordVerdict verdict = judge_password(password, login);
  if (!verdict.good) return say(verdict.sentence);
  const SystemClock clock;
  const auto op = make_operator(clock, login, display_name, admin ? "admin" : "operator", password);
  if (!op) return complain(op.error());
  if (auto kept = store.insert_operator(*op); !kept) return complain(kept.error());
  if (auto kept = store.audit({actor(), "operator added", "operator " + login, {}, op->role}, clock.unix_ms()); !kept) {
    return complain(kept.error());
  }
  std::printf("Operator %s (%s) added.\n", login.c_str(), op->role.c_str());
  return 0;
}

int Commands::list() {
  const auto all = store.operators();
  if (!all) return complain(all.error());
  for (const OperatorRecord& op : *all) {
    std::printf("%-24s %-10s %-9s %s\n", op.login.c_str(), op.role.c_str(), op.disabled_at == 0 ? "enabled" : "disabled",
                op.display_name.c_str());
  }
  const auto invited = store.open_invitations(SystemClock().unix_ms());
  if (!invited) return complain(invited.error());
  for (const InvitationRecord& inv : *invited) {
    std::printf("%-24s %-10s %-9s until %s\n", inv.login.c_str(), inv.role.c_str(), "invited", time_text(inv.expires_at).c_str());
  }
  return 0;
}

int Commands::set_disabled(const std::string& raw_login, bool disabled) {
  const std::string login = normal_login(raw_login);
  const SystemClock clock;
  const auto done = store.set_disabled(login, disabled, clock.unix_ms());
  if (!done) return complain(done.error());
  if (!*done) return say("there is no operator " + raw_login);
  const char* word = disabled ? "disabled" : "enabled";
  if (auto kept = store.audit({actor(), std::string("operator ") + word, "operator " + login, {}, {}}, clock.unix_ms()); !kept) {
    return complain(kept.error());
  }
  std::printf("Operator %s is %s.%s\n", login.c_str(), word, disabled ? " Who is signed in loses it within seconds." : "");
  return 0;
}

int Commands::token(const std::string& raw_login, const std::filesystem::path& out) {
  const std::string login = normal_login(raw_login);
  const auto op = store.operator_by_login(login);
  if (!op) return complain(op.error());
  if (!*op) return say("there is no operator " + raw_login);
  if ((*op)->disabled_at != 0) return say("operator " + login + " is disabled");
  const SystemClock clock;
  const NewToken made = make_token(clock, (*op)->id, TokenKind::OneUse);
  if (auto kept = store.insert_token(made.record); !kept) return complain(kept.error());
  if (auto kept = store.audit({actor(), "sign-in token made", "operator " + login, {}, {}}, clock.unix_ms()); !kept) {
    return complain(kept.error());
  }
  if (!write_private(out, to_base64url(made.token) + "\n")) return say("cannot write " + out.string());
  std::printf("Token for %s written to %s: good once, until %s.\n", login.c_str(), out.c_str(),
              time_text(made.record.expires_at).c_str());
  return 0;
}

int Commands::log(const std::string& session, const std::string& reason) {
  if (reason.empty()) return say("a reading needs its reason: --reason TEXT");
  const SystemClock clock;
  // The audit row first: there is no reading without one.
  if (auto kept = store.audit({actor(), "log read", "session " + session, {}, reason}, clock.unix_ms()); !kept) {
    return complain(kept.error());
  }
  const auto rows = store.read_log(session, kMostLogRows);
  if (!rows) return complain(rows.error());
  for (const LogEntry& row : *rows) {
    std::printf("%s  %-12s %s", time_text(row.at).c_str(), row.event.c_str(), row.detail.c_str());
    if (row.bytes != 0) std::printf("  %llu bytes", static_cast<unsigned long long>(row.bytes));
    std::printf("\n");
  }
  if (rows->empty()) std::printf("Nothing is kept of a session with this id (the log holds 30 days). This reading is in the audit.\n");
  else std::printf("%zu rows. This reading is in the audit.\n", rows->size());
  return 0;
}

int Commands::verify_audit() {
  const auto good = store.verify_audit();
  if (!good) return complain(good.error());
  std::printf("%llu audit rows, the chain holds.\n", static_cast<unsigned long long>(*good));
  return 0;
}

}  // namespace beside::relay
