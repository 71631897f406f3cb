// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/session/session_record.h"

#include <utility>

namespace beside::session {

bool SessionRecord::begin(std::unique_ptr<ports::Journal> journal, const std::string& session_id) {
  journal_ = std::move(journal);
  if (journal_) journal_->begin(session_id, "");
  return journal_ != nullptr;
}

bool SessionRecord::on_failure(std::function<void()> failed) {
  if (journal_) journal_->on_failure(std::move(failed));
  return journal_ != nullptr;
}

void SessionRecord::note(ports::JournalKind kind, Rights rights, std::string text) {
  if (journal_) journal_->add({kind, rights, std::move(text)});
}

void SessionRecord::in_force(Rights rights, LocalTime now) {
  for (const Right right : {Right::See, Right::Point, Right::Control}) {
    Held& held = held_[right];
    if (rights.has(right) && !held.since) held.since = now;
    if (!rights.has(right) && held.since) held.total += now - *std::exchange(held.since, std::nullopt);
  }
}

void SessionRecord::close(LocalTime now, PeerLink& link, EndView& page) {
  in_force({}, now);
  for (const auto& [right, held] : held_) {
    if (held.total > 0ns) page.uses.push_back({right, std::chrono::duration_cast<milliseconds>(held.total).count(), used_.has(right)});
  }
  if (!journal_) return;
  const auto head = journal_->head();
  page.journal_path = journal_->path();
  page.receipt_hex = to_hex(head);
  own_head_ = to_bytes(head);
  inner::Inner told;
  told.mutable_journal_head()->set_head(as_text(head).data(), head.size());
  told.mutable_journal_head()->set_lines(journal_->lines());
  (void)link.send(told);
  settle(link, page);
}

bool SessionRecord::on_message(const inner::Inner& message, PeerLink& link, EndView& page) {
  switch (message.body_case()) {
    case inner::Inner::kJournalHead:
      peer_head_ = to_bytes(as_bytes(message.journal_head().head()));
      settle(link, page);
      return true;
    case inner::Inner::kReceiptHeld:
      page.receipt_matches = !receipt_.empty() && to_bytes(as_bytes(message.receipt_held().receipt())) == receipt_;
      answered_ = true;
      return true;
    default: return false;
  }
}

void SessionRecord::settle(PeerLink& link, EndView& page) {
  if (!journal_ || own_head_.empty() || peer_head_.empty() || !receipt_.empty()) return;
  const bool customer = own_ == ports::End::Customer;
  receipt_ = to_bytes(customer ? journal_->receipt(own_head_, peer_head_) : journal_->receipt(peer_head_, own_head_));
  page.receipt_hex = to_hex(receipt_);
  note(ports::JournalKind::Receipt, {}, std::string(customer ? "operator" : "customer") + "'s head " + to_hex(peer_head_) + ", receipt " + page.receipt_hex);
  inner::Inner held;
  held.mutable_receipt_held()->set_receipt(as_text(receipt_).data(), receipt_.size());
  (void)link.send(held);
}

void SessionRecord::end() {
  if (journal_) journal_->end();
  journal_.reset();
}

}  // namespace beside::session
