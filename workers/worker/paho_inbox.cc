#include "workers/worker/paho_inbox.h"

#include "workers/worker/paho_seams.h"

namespace mqttpush {

void PahoInbox::Put(int64_t generation, PahoNote note) {
  bool first;
  {
    MutexLock lock(&mutex_);
    first = notes_.empty();
    notes_.emplace_back(generation, std::move(note));
  }
  if (first) {
    loop_->Post([self = shared_from_this()] { self->Deliver(); });
  }
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
  listener_->OnPublished(note.id, note.outcome);
}

void PahoInbox::Tell(const AcknowledgedNote& note) {
  PahoSeams::ForgetEvidence(note.packet_id);
  listener_->OnAcknowledged(note.packet_id, note.evidence);
}

void PahoInbox::Tell(const DisconnectedNote&) { listener_->OnDisconnected(); }

}  // namespace mqttpush
