#include "services/history/attempt_stream.h"

#include <utility>

#include "services/api/status.h"

namespace mqttpush {
namespace {

class RefusedStream : public AttemptStream::Reactor {
 public:
  explicit RefusedStream(const absl::Status& status) {
    Finish(ToGrpcStatus(status));
  }
  void OnDone() override { delete this; }
};

}  // namespace

AttemptStream::AttemptStream(AttemptStreams* streams, ThreadPool* pool,
                             AttemptResponses responses)
    : streams_(streams), pool_(pool), responses_(std::move(responses)) {}

AttemptStream::Reactor* AttemptStream::Start(
    std::shared_ptr<AttemptStream> stream) {
  AttemptStream* const raw = stream.get();
  raw->self_ = std::move(stream);
  raw->Proceed([](StreamTurn& turn) { return turn.Begin(); });
  return raw;
}

AttemptStream::Reactor* AttemptStream::Refuse(const absl::Status& status) {
  return new RefusedStream(status);
}

void AttemptStream::OnWriteDone(bool ok) {
  Proceed([ok](StreamTurn& turn) { return turn.WriteDone(ok); });
}

void AttemptStream::OnCancel() {
  End(absl::CancelledError("the call was cancelled"));
}

void AttemptStream::OnDone() {
  streams_->Remove(this);
  const std::shared_ptr<AttemptStream> last = std::move(self_);
}

void AttemptStream::Wake() {
  Proceed([](StreamTurn& turn) { return turn.Wake(); });
}

void AttemptStream::End(absl::Status status) {
  Proceed([&](StreamTurn& turn) { return turn.End(std::move(status)); });
}

void AttemptStream::Read() {
  response_.Clear();
  const auto found = responses_.Read(response_);
  Proceed([&](StreamTurn& turn) { return turn.ReadDone(found); });
}

template <typename Ask>
void AttemptStream::Proceed(Ask ask) {
  StreamTurn::Step step;
  {
    MutexLock lock(&mutex_);
    step = ask(turn_);
  }
  Do(step);
}

void AttemptStream::Do(StreamTurn::Step step) {
  switch (step) {
    case StreamTurn::Step::kNone:
      return;
    case StreamTurn::Step::kRead:
      return pool_->Post([self = shared_from_this()] { self->Read(); });
    case StreamTurn::Step::kWrite:
      return StartWrite(&response_);
    case StreamTurn::Step::kFinish: {
      absl::Status status;
      {
        MutexLock lock(&mutex_);
        status = turn_.status();
      }
      return Finish(ToGrpcStatus(status));
    }
  }
}

}  // namespace mqttpush
