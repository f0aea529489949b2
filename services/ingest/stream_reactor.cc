#include "services/ingest/stream_reactor.h"

#include <optional>
#include <utility>

#include "services/api/status.h"

namespace mqttpush {

StreamReactor::StreamReactor(Ingest ingest)
    : ingest_(std::move(ingest)), shared_(std::make_shared<Shared>()) {
  shared_->reactor = this;
  Proceed(*shared_, Caller::kReaction);
}

void StreamReactor::OnReadDone(bool ok) {
  if (ok) {
    IngestRequest();
  } else {
    MutexLock lock(&shared_->mutex);
    shared_->queue.EndOfRequests();
  }
  Proceed(*shared_, Caller::kReaction);
}

void StreamReactor::IngestRequest() {
  int64_t batch = 0;
  {
    MutexLock lock(&shared_->mutex);
    batch = shared_->queue.AddBatch();
  }
  ingest_(request_, [shared = shared_, batch](AnswerQueue::Answer answer) {
    {
      MutexLock lock(&shared->mutex);
      shared->queue.Resolve(batch, std::move(answer));
    }
    Proceed(*shared, Caller::kAnswer);
  });
  MutexLock lock(&shared_->mutex);
  shared_->queue.RequestFree();
}

void StreamReactor::OnWriteDone(bool ok) {
  {
    MutexLock lock(&shared_->mutex);
    shared_->queue.AnswerWritten(ok);
  }
  Proceed(*shared_, Caller::kReaction);
}

void StreamReactor::OnCancel() {
  {
    MutexLock lock(&shared_->mutex);
    shared_->queue.ClientGone();
  }
  Proceed(*shared_, Caller::kReaction);
}

void StreamReactor::OnDone() { delete this; }

void StreamReactor::Proceed(Shared& shared, Caller caller) {
  std::optional<v1::PublishEventsResponse> answer;
  std::optional<absl::Status> finish;
  bool read = false;
  {
    MutexLock lock(&shared.mutex);
    answer = shared.queue.TakeAnswer();
    finish = shared.queue.TakeFinish();
    read = caller == Caller::kReaction && shared.queue.TakeRead();
  }
  // Without the lock: gRPC may react on this very thread.
  if (answer.has_value()) {
    shared.reactor->response_ = *std::move(answer);
    shared.reactor->StartWrite(&shared.reactor->response_);
  }
  if (read) shared.reactor->StartRead(&shared.reactor->request_);
  if (finish.has_value()) shared.reactor->Finish(ToGrpcStatus(*finish));
}

}  // namespace mqttpush
