// The faults: what each does to the bench, and how it is healed.
#ifndef MQTTPUSH_TESTS_FAULT_FAULTS_H_
#define MQTTPUSH_TESTS_FAULT_FAULTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/fault/bench.h"

namespace mqttpush::fault {

struct FaultKind;

// One fault of a round.
struct Strike {
  const FaultKind* kind = nullptr;
  absl::Duration at;    // after the load began
  absl::Duration hold;  // until it is healed
  size_t link = 0;      // which of the bench's, if it strikes one
  uint64_t draw = 0;    // decides the rest
};

// Whose messages of QoS 0 a fault may lose: they are written once.
enum class Reach { kNothing, kLink, kEverything };

// What becomes of a persistent session: QoS 2 may then be doubled, if the
// history warns.
enum class Session {
  kKept,
  // A CONNECT may go unanswered: the process ends that sent it, the answer is
  // mutilated, or the connection ends between the two. Nobody can then tell
  // whether the broker had the session.
  kUnanswered,
  kLost,
};

struct FaultKind {
  const char* name;
  const char* what;
  Reach reach;
  Session session;
  absl::Status (*strike)(Bench& bench, const Strike& strike);
  // Null when nothing has to be healed. Runs once, after `strike`.
  absl::Status (*heal)(Bench& bench, const Strike& strike);
};

// All there are.
const std::vector<FaultKind>& AllFaults();
// Null when there is none of that name.
const FaultKind* FindFault(const std::string& name);

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_FAULTS_H_
