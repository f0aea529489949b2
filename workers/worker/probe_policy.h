// ProbePolicy: whether to ask a broker if it answers at all, before CONNECT.
#ifndef MQTTPUSH_WORKERS_WORKER_PROBE_POLICY_H_
#define MQTTPUSH_WORKERS_WORKER_PROBE_POLICY_H_

#include <optional>

#include "absl/time/time.h"

namespace mqttpush {

// A CONNECT of ours that ends without a byte from the broker was either never
// seen, as behind a balancer whose broker is not there, or seen by a broker
// whose answer was lost. Where PUBREL is to be sent again the difference is
// that between a message delivered and a message lost (session.h). A probe, a
// connection without client id, login and session, makes the difference: while
// the broker is not there it is the probe that ends without a byte. Any answer
// will do, a refusal, too.
//
// A broker may drop probes without a word. It is called all the same once they
// have been silent for `patience`, or kPatienceOfOld times that when it has
// answered one before; and after every silent one when it answered that call.
// Its own silence then costs a repetition, which is better than a loss.
// Pure; not thread-safe; times are SteadyNow()'s.
class ProbePolicy {
 public:
  // An outage that is longer is rare, a broker that has changed rarer still.
  static constexpr int kPatienceOfOld = 20;

  // `answered`: this broker is known to answer probes.
  explicit ProbePolicy(bool answered = false) : answered_(answered) {}

  // Whether the next connection is a probe, not the call.
  bool IsNext(absl::Duration now, absl::Duration patience) const {
    if (!silent_since_.has_value()) return true;
    if (answered_) patience *= kPatienceOfOld;
    return !ignored_ && now - *silent_since_ < patience;
  }
  // The broker answered a probe; the call follows at once.
  void OnProbeAnswered() {
    answered_ = true;
    ignored_ = false;
    silent_since_.reset();
  }
  // A probe ended without a byte.
  void OnProbeSilent(absl::Duration now) {
    if (!silent_since_.has_value()) silent_since_ = now;
  }
  // A call was answered, or ended without a byte.
  void OnCallAnswered() {
    ignored_ |= silent_since_.has_value();
    silent_since_.reset();
  }
  void OnCallSilent() { silent_since_.reset(); }

 private:
  bool answered_;
  bool ignored_ = false;  // probes, by a broker that was there
  std::optional<absl::Duration> silent_since_;  // the probes of late
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_PROBE_POLICY_H_
