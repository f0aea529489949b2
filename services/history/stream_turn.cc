#include "services/history/stream_turn.h"

#include <utility>

namespace mqttpush {

StreamTurn::Step StreamTurn::Begin() { return Read(); }

StreamTurn::Step StreamTurn::Read() {
  if (end_.has_value()) return Finish();
  state_ = State::kReading;
  woken_ = false;
  return Step::kRead;
}

StreamTurn::Step StreamTurn::Finish() {
  state_ = State::kFinished;
  return Step::kFinish;
}

StreamTurn::Step StreamTurn::ReadDone(const absl::StatusOr<Found>& found) {
  if (!found.ok() && !end_.has_value()) end_ = found.status();
  if (end_.has_value()) return Finish();
  last_ = found->last;
  if (found->send) {
    state_ = State::kWriting;
    return Step::kWrite;
  }
  if (last_) end_ = absl::OkStatus();
  if (last_ || woken_ || !found->at_end) return Read();
  state_ = State::kWaiting;
  return Step::kNone;
}

StreamTurn::Step StreamTurn::WriteDone(bool ok) {
  if (!ok && !end_.has_value())
    end_ = absl::CancelledError("the reader is gone");
  if (last_ && !end_.has_value()) end_ = absl::OkStatus();
  return Read();
}

StreamTurn::Step StreamTurn::Wake() {
  woken_ = true;
  return state_ == State::kWaiting ? Read() : Step::kNone;
}

StreamTurn::Step StreamTurn::End(absl::Status status) {
  if (!end_.has_value()) end_ = std::move(status);
  return state_ == State::kWaiting ? Finish() : Step::kNone;
}

}  // namespace mqttpush
