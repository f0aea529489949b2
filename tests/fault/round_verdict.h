// JudgeRound: compares what the ledger saw with what the product says.
#ifndef MQTTPUSH_TESTS_FAULT_ROUND_VERDICT_H_
#define MQTTPUSH_TESTS_FAULT_ROUND_VERDICT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "mqttpush/v1/resources.pb.h"
#include "tests/fault/ledger_record.h"
#include "tests/support/history_reader.h"

namespace mqttpush::fault {

// One subscription in one round.
struct SubscriptionFacts {
  std::string tenant;
  std::string id;
  int qos = 0;
  // A fault struck its path, which excuses QoS 0: what was written last over a
  // connection.
  bool struck = false;
  // Its worker may have been another one in between, which counts connections
  // from 1 again, so that they cannot be told apart.
  bool restarted = false;
  // A broker forgot a session, which excuses QoS 2, with a warning.
  bool session_lost = false;
  // A CONNECT may have gone unanswered, which excuses QoS 2, with a warning
  // that says so.
  bool unanswered = false;
  // Its topic was changed, which excuses an arrival at a topic that no attempt
  // names, when an attempt says that its topic is that of now.
  bool topic_changed = false;
  v1::Backlog before;
  v1::Backlog after;
};

struct RoundFacts {
  LedgerRecord ledger;
  std::vector<SubscriptionFacts> subscriptions;
  // By tenant; of this round's events only.
  std::map<std::string, TenantHistory> history;
};

struct RoundCounts {
  int64_t accepted = 0;  // events
  int64_t deliveries = 0;
  int64_t arrivals = 0;
  int64_t attempts = 0;
  int64_t failed_attempts = 0;
  int64_t lost = 0;  // deliveries of QoS 1 and 2
  int64_t unexplained = 0;
  int64_t reordered = 0;              // first deliveries
  int64_t duplicates[3] = {0, 0, 0};  // by QoS
  int64_t missing_attempts = 0;
  int64_t not_conserved = 0;  // subscriptions
  // Of QoS 0, and explained:
  int64_t unseen = 0;  // written, and not arrived
  int64_t parked = 0;
  int64_t expired = 0;
  // Of QoS 2, where a session was lost, and with a warning.
  int64_t excused_duplicates = 0;
  // Of QoS 2, after a CONNECT without an answer, and with a warning.
  int64_t unanswered_duplicates = 0;
  // Arrivals at an earlier topic, after the service was lost.
  int64_t earlier_topics = 0;
  std::map<std::string, int64_t> failures;  // failed attempts by class

  void Add(const RoundCounts& other);
};

struct RoundVerdict {
  RoundCounts counts;
  std::vector<std::string> complaints;  // none: the round has passed
};

RoundVerdict JudgeRound(const RoundFacts& facts);

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_ROUND_VERDICT_H_
