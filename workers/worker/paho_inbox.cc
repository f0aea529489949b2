#include "workers/worker/paho_inbox.h"

#include <algorithm>

#include "workers/worker/paho_seams.h"

namespace mqttpush {

void PahoInbox::Put(int64_t generation, PahoNote note) {
  const bool may_wait = IsEnd(note);
  bool wake;
  {
    MutexLock lock(&mutex_);
    notes_.emplace_back(generation, std::move(note));
    wake = !woken_ && (!may_wait || notes_.size() >= wake_at_);
    woken_ |= wake;
  }
  if (wake) DeliverSoon();
}

bool PahoInbox::IsEnd(const PahoNote& note) {
  const auto* published = std::get_if<PublishedNote>(&note);
  return published != nullptr ? published->outcome == PublishOutcome::kWritten
                              : std::holds_alternative<AcknowledgedNote>(note);
}

void PahoInbox::AwaitEnds(int count) {
  if (WakeAt(count)) DeliverSoon();
  if (count <= 1 || std::exchange(will_look_, true)) return;
  loop_->PostAfter(kLongestWait, [self = shared_from_this()] {
    self->will_look_ = false;
    self->WakeAt(1);
    self->Deliver();
  });
}

bool PahoInbox::WakeAt(int ends) {
  MutexLock lock(&mutex_);
  wake_at_ = static_cast<size_t>(std::max(ends, 1));
  const bool enough = !woken_ && notes_.size() >= wake_at_;
  woken_ |= enough;
  return enough;
}

void PahoInbox::DeliverSoon() {
  loop_->Post([self = shared_from_this()] { self->Deliver(); });
}

void PahoInbox::SetGeneration(int64_t generation, std::string verify_host) {
  generation_ = generation;
  verify_host_ = std::move(verify_host);
}

void PahoInbox::Deliver() {
  std::vector<std::pair<int64_t, PahoNote>> notes;
  {
    MutexLock lock(&mutex_);
    notes.swap(notes_);
    woken_ = false;
  }
  for (const auto& [generation, note] : notes) {
    if (generation != generation_ || listener_ == nullptr) continue;
    std::visit([this](const auto& n) { Tell(n); }, note);
  }
}

void PahoInbox::Tell(const ConnectedNote& note) {
  listener_->OnConnected(note.limits);
}

void PahoInbox::Tell(const ConnectFailedNote& note) {
  listener_->OnConnectFailed(DescribeConnectFailure(
      PahoSeams::Diagnostics(), note.code, note.library_message, verify_host_));
}

void PahoInbox::Tell(const LostNote& note) {
  ConnectionLoss loss = note.loss;
  if (loss.message.empty()) {
    const ConnectDiagnostics seen = PahoSeams::Diagnostics();
    loss.message = DescribeLoss(seen);
    loss.by_broker = seen.ended_by == EndedBy::kBroker;
  }
  listener_->OnConnectionLost(loss);
}

void PahoInbox::Tell(const PublishedNote& note) {
  listener_->OnPublished(note.id, note.outcome, note.end);
}

void PahoInbox::Tell(const AcknowledgedNote& note) {
  PahoSeams::ForgetEvidence(note.packet_id);
  listener_->OnAcknowledged(note.packet_id, note.evidence);
}

void PahoInbox::Tell(const DisconnectedNote&) { listener_->OnDisconnected(); }

}  // namespace mqttpush
