// Whether a connection that is up makes progress: a pure function, because
// Paho's keep alive does not notice a peer that is stuck while a write waits.
#ifndef MQTTPUSH_WORKERS_WORKER_PROGRESS_H_
#define MQTTPUSH_WORKERS_WORKER_PROGRESS_H_

#include <string>

#include "absl/time/time.h"

namespace mqttpush {

// A connection as of now.
struct Progress {
  absl::Duration ack_timeout;
  absl::Duration keep_alive;
  bool in_flight = false;
  // Since the last acknowledgement or, later, the first message in flight.
  absl::Duration since_progress{};
  // Since the oldest message in flight was sent.
  absl::Duration oldest{};
  // A message that was sent after the oldest one was acknowledged before it.
  bool overtaken = false;
  // Since the broker last sent anything.
  absl::Duration silence{};
};

struct ProgressVerdict {
  // Empty: all is well so far. Otherwise what is wrong, in words.
  std::string stalled;
  // It is the oldest message that is stuck, not the connection.
  bool one_is_stuck = false;
  // When it is to be looked at again.
  absl::Duration next_look{};
};

// Stalled is a connection with messages in flight that acknowledges nothing for
// the ack timeout; or one of them for as long while it does those behind it, or
// for four ack timeouts in any case; and any connection on which the broker
// sends nothing, not even PINGRESP, for one and a half keep alives (and 5 s
// more than one, at least).
ProgressVerdict JudgeProgress(const Progress& progress);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_PROGRESS_H_
