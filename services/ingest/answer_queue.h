// AnswerQueue: decides what a StreamEvents stream does next.
#ifndef MQTTPUSH_SERVICES_INGEST_ANSWER_QUEUE_H_
#define MQTTPUSH_SERVICES_INGEST_ANSWER_QUEUE_H_

#include <cstdint>
#include <deque>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqttpush/v1/ingest_service.pb.h"

namespace mqttpush {

// The batches of one stream that are read but not answered, and what is under
// way. Answers come in any order and go out in the order of the batches. Knows
// nothing of gRPC. Thread-compatible.
class AnswerQueue {
 public:
  using Answer = absl::StatusOr<v1::PublishEventsResponse>;

  // What happened.
  // A batch was read; the result names it in Resolve. The request is in use
  // until RequestFree: there is one buffer for requests, so until then nothing
  // is read.
  int64_t AddBatch();
  void RequestFree() { reading_ = false; }
  // The answer of a batch is known. An error ends the stream in its turn.
  void Resolve(int64_t batch, Answer answer);
  // The client sends nothing more.
  void EndOfRequests();
  // The client takes no answers any more.
  void ClientGone() { client_gone_ = true; }
  // The answer that NextAnswer gave was written, or could not be.
  void AnswerWritten(bool ok);

  // What to do, each at most once until the next thing happens; the queue
  // takes it as begun.
  // Whether to read the next batch: while the stream is good and at most
  // limits::kMaxUnansweredBatches - 1 are unanswered.
  bool TakeRead();
  // The answer to write, if it is one's turn and none is being written.
  std::optional<v1::PublishEventsResponse> TakeAnswer();
  // The status to finish with, once; nothing else follows.
  std::optional<absl::Status> TakeFinish();

 private:
  std::deque<std::optional<Answer>> unanswered_;  // the first may be in writing
  int64_t first_batch_ = 0;                       // of unanswered_
  bool reading_ = false;                          // or using what was read
  bool writing_ = false;
  bool more_requests_ = true;
  bool client_gone_ = false;
  bool error_known_ = false;  // some answer is an error
  bool finished_ = false;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_INGEST_ANSWER_QUEUE_H_
