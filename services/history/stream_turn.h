// StreamTurn: what a stream of responses does next. Pure; the stream asks it
// whenever something has happened.
#ifndef MQTTPUSH_SERVICES_HISTORY_STREAM_TURN_H_
#define MQTTPUSH_SERVICES_HISTORY_STREAM_TURN_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mqttpush {

// A stream reads, writes what it read, and reads again only when that has been
// taken; at the end it waits until it is woken. It is in exactly one of these
// at a time, so that whoever got a step is alone in doing it.
// Thread-compatible.
class StreamTurn {
 public:
  enum class Step {
    kNone,  // somebody else, later, will get the next one
    kRead,
    kWrite,   // what was read
    kFinish,  // with status(); the last one
  };
  // What a read found.
  struct Found {
    bool send = false;    // there is a response to write
    bool at_end = false;  // there was no more
    bool last = false;    // there will be no more
  };

  // The first thing that is asked.
  Step Begin();
  Step ReadDone(const absl::StatusOr<Found>& found);
  // `ok`: the response is on its way, and there is room for another one.
  Step WriteDone(bool ok);
  // There may be more to read. At any time.
  Step Wake();
  // The stream is to end. At any time; of several the first counts.
  Step End(absl::Status status);

  const absl::Status& status() const { return *end_; }

 private:
  enum class State { kReading, kWriting, kWaiting, kFinished };
  Step Read();
  Step Finish();

  State state_ = State::kReading;
  bool last_ = false;
  bool woken_ = false;  // since the read began
  std::optional<absl::Status> end_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_STREAM_TURN_H_
