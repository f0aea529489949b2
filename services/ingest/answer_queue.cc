#include "services/ingest/answer_queue.h"

#include <utility>

#include "common/limits.h"

namespace mqttpush {

int64_t AnswerQueue::AddBatch() {
  unanswered_.emplace_back();
  return first_batch_ + static_cast<int64_t>(unanswered_.size()) - 1;
}

void AnswerQueue::Resolve(int64_t batch, Answer answer) {
  if (finished_) return;
  if (!answer.ok()) error_known_ = true;
  unanswered_[batch - first_batch_] = std::move(answer);
}

void AnswerQueue::EndOfRequests() {
  reading_ = false;
  more_requests_ = false;
}

void AnswerQueue::AnswerWritten(bool ok) {
  writing_ = false;
  unanswered_.pop_front();
  ++first_batch_;
  if (!ok) client_gone_ = true;
}

bool AnswerQueue::TakeRead() {
  if (finished_ || reading_ || !more_requests_ || client_gone_ ||
      error_known_ || unanswered_.size() >= limits::kMaxUnansweredBatches) {
    return false;
  }
  reading_ = true;
  return true;
}

std::optional<v1::PublishEventsResponse> AnswerQueue::TakeAnswer() {
  if (finished_ || writing_ || client_gone_ || unanswered_.empty()) return {};
  std::optional<Answer>& first = unanswered_.front();
  if (!first.has_value() || !first->ok()) return {};
  writing_ = true;
  return *std::move(*first);
}

std::optional<absl::Status> AnswerQueue::TakeFinish() {
  if (finished_ || writing_) return {};
  absl::Status status;
  if (client_gone_) {
    status = absl::CancelledError("the client is gone");
  } else if (!unanswered_.empty()) {
    const std::optional<Answer>& first = unanswered_.front();
    if (!first.has_value() || first->ok()) return {};
    status = first->status();
  } else if (more_requests_) {
    return {};
  }
  finished_ = true;
  return status;
}

}  // namespace mqttpush
