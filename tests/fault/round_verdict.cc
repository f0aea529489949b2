#include "tests/fault/round_verdict.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace mqttpush::fault {
namespace {

// Of the warning after a CONNECT without an answer.
constexpr char kUnansweredWarning[] = "before the broker said whether";

// Of an attempt of which the service knows only that it may have been made.
constexpr char kTopicOfNow[] = "topic and QoS are those of now";

// What the ledger knows of one delivery.
struct Seen {
  int64_t count = 0;
  std::set<std::string> topics;
};
// A delivery that was written: over which connection, and whether it arrived.
struct Written {
  int64_t connection = 0;
  bool arrived = false;
  std::string what;
};
// By subscription ("v4/q1") and number.
using SeenMap = std::map<std::pair<std::string, int64_t>, Seen>;

class Judge {
 public:
  explicit Judge(const RoundFacts& facts) : facts_(facts) {}

  RoundVerdict Run() {
    TakeAcceptances();
    for (const Arrival& arrival : facts_.ledger.arrivals) TakeArrival(arrival);
    for (const SubscriptionFacts& subscription : facts_.subscriptions) {
      JudgeSubscription(subscription);
    }
    JudgeStrangers();
    return std::move(verdict_);
  }

 private:
  void Complain(int64_t& counter, const std::string& what) {
    ++counter;
    verdict_.complaints.push_back(what);
  }

  void TakeAcceptances();
  void TakeArrival(const Arrival& arrival);
  void JudgeOrder(const Arrival& arrival, int64_t position);
  void JudgeSubscription(const SubscriptionFacts& subscription);
  void JudgeDelivery(const SubscriptionFacts& subscription,
                     const v1::Delivery& delivery, const Seen& seen);
  void JudgeState(const SubscriptionFacts& subscription,
                  const v1::Delivery& delivery, const Seen& seen,
                  const std::string& what);
  void JudgeAttempts(const SubscriptionFacts& subscription,
                     const v1::Delivery& delivery, const Seen& seen,
                     const std::string& what);
  void JudgeDuplicates(const SubscriptionFacts& subscription,
                       const v1::Delivery& delivery, const Seen& seen,
                       const std::string& what);
  void NoteWritten(const std::string& tenant, const v1::Delivery& delivery,
                   const Seen& seen, const std::string& what);
  void JudgeGaps();
  void JudgeConservation(const SubscriptionFacts& subscription);
  void JudgeStrangers();
  const std::vector<v1::Attempt>& AttemptsOf(const std::string& tenant,
                                             const v1::Delivery& delivery);

  const RoundFacts& facts_;
  RoundVerdict verdict_;
  RoundCounts& counts_ = verdict_.counts;
  // By tenant and number: the position among the accepted.
  std::map<std::pair<std::string, int64_t>, int64_t> position_;
  std::map<std::pair<std::string, int64_t>, uint64_t> digest_;
  std::map<std::string, std::map<std::string, int64_t>> numbers_;  // by id
  // By mosquitto and topic: the last position that came for the first time.
  std::map<std::pair<int, std::string>, int64_t> last_first_;
  SeenMap seen_;
  // Of the subscription at hand, by its event's position among the accepted.
  std::map<int64_t, Written> written_;
};

void Judge::TakeAcceptances() {
  for (const Acceptance& acceptance : facts_.ledger.accepted) {
    const std::pair key(acceptance.tenant, acceptance.number);
    position_.emplace(key, counts_.accepted++);
    digest_[key] = acceptance.digest;
    numbers_[acceptance.tenant][acceptance.event_id] = acceptance.number;
  }
}

void Judge::TakeArrival(const Arrival& arrival) {
  const std::vector<std::string> parts = absl::StrSplit(arrival.topic, '/');
  if (parts[0] == "ledger") return;
  ++counts_.arrivals;
  const std::pair key(parts[0], arrival.number);
  const auto position = position_.find(key);
  if (parts.size() != 4 || position == position_.end()) {
    return Complain(
        counts_.unexplained,
        absl::StrCat("arrived and never accepted: ", LineOf(arrival)));
  }
  if (digest_[key] != arrival.digest) {
    Complain(counts_.unexplained,
             absl::StrCat("arrived with other bytes: ", LineOf(arrival)));
  }
  Seen& seen = seen_[{absl::StrCat(parts[0], "/", parts[1]), arrival.number}];
  seen.topics.insert(arrival.topic);
  if (++seen.count == 1) JudgeOrder(arrival, position->second);
}

void Judge::JudgeOrder(const Arrival& arrival, int64_t position) {
  const auto [last, is_first] =
      last_first_.emplace(std::pair(arrival.broker, arrival.topic), position);
  if (!is_first && position < last->second) {
    Complain(counts_.reordered,
             absl::StrCat("first delivery out of order: ", LineOf(arrival)));
  }
  last->second = std::max(last->second, position);
}

const std::vector<v1::Attempt>& Judge::AttemptsOf(
    const std::string& tenant, const v1::Delivery& delivery) {
  static const auto* const none = new std::vector<v1::Attempt>;
  const auto& attempts = facts_.history.at(tenant).attempts;
  const auto found = attempts.find(delivery.name());
  return found == attempts.end() ? *none : found->second;
}

void Judge::JudgeSubscription(const SubscriptionFacts& subscription) {
  const std::string key =
      absl::StrCat(subscription.tenant, "/", subscription.id);
  const std::string name = absl::StrCat("tenants/", subscription.tenant,
                                        "/subscriptions/", subscription.id);
  std::map<std::string, const v1::Delivery*> deliveries;
  for (const auto& delivery :
       facts_.history.at(subscription.tenant).deliveries) {
    if (delivery.subscription() == name) {
      deliveries[delivery.event_id()] = &delivery;
    }
  }
  for (const auto& [event_id, number] : numbers_[subscription.tenant]) {
    const auto delivery = deliveries.find(event_id);
    if (delivery == deliveries.end()) {
      Complain(counts_.lost, absl::StrCat(event_id, " to ", key,
                                          ": accepted, not in the history"));
      continue;
    }
    JudgeDelivery(subscription, *delivery->second, seen_[{key, number}]);
  }
  if (subscription.qos == 0 && !subscription.restarted) JudgeGaps();
  written_.clear();
  JudgeConservation(subscription);
}

void Judge::NoteWritten(const std::string& tenant, const v1::Delivery& delivery,
                        const Seen& seen, const std::string& what) {
  const auto& attempts = AttemptsOf(tenant, delivery);
  if (attempts.empty()) return;                   // JudgeAttempts complains
  if (attempts.back().connection() == 0) return;  // not known
  const int64_t number = numbers_[tenant][delivery.event_id()];
  written_[position_[{tenant, number}]] = {attempts.back().connection(),
                                           seen.count > 0, what};
}

// What a connection loses is what was written last: TCP has no gaps. A message
// that did not arrive though a later one of its connection did was not lost by
// a fault of the path.
void Judge::JudgeGaps() {
  int64_t arrived_over = 0;  // the connection of the next one that arrived
  for (auto at = written_.rbegin(); at != written_.rend(); ++at) {
    const Written& written = at->second;
    if (written.arrived) {
      arrived_over = written.connection;
    } else if (written.connection == arrived_over) {
      Complain(
          counts_.unexplained,
          absl::StrCat(written.what, ": never arrived, and a later one of ",
                       "connection ", written.connection, " did"));
    }
  }
}

void Judge::JudgeDelivery(const SubscriptionFacts& subscription,
                          const v1::Delivery& delivery, const Seen& seen) {
  ++counts_.deliveries;
  const std::string what = absl::StrCat(
      delivery.event_id(), " to ", subscription.tenant, "/", subscription.id,
      " (", v1::Delivery::State_Name(delivery.state()), ", arrived ",
      seen.count, " times)");
  JudgeState(subscription, delivery, seen, what);
  if (delivery.state() == v1::Delivery::DELIVERED) {
    NoteWritten(subscription.tenant, delivery, seen, what);
  }
  JudgeAttempts(subscription, delivery, seen, what);
  if (seen.count > 1) JudgeDuplicates(subscription, delivery, seen, what);
}

void Judge::JudgeState(const SubscriptionFacts& subscription,
                       const v1::Delivery& delivery, const Seen& seen,
                       const std::string& what) {
  const bool once = subscription.qos == 0;
  switch (delivery.state()) {
    case v1::Delivery::DELIVERED:
      if (seen.count > 0) return;
      if (once && subscription.struck) {
        ++counts_.unseen;
        return;
      }
      return Complain(once ? counts_.unexplained : counts_.lost,
                      absl::StrCat(what, ": delivered, never arrived"));
    case v1::Delivery::PARKED:
      if (once) {
        ++counts_.parked;
        return;
      }
      return Complain(counts_.lost, absl::StrCat(what, ": parked"));
    case v1::Delivery::EXPIRED:
      if (once && !delivery.state_reason().empty()) {
        ++counts_.expired;
        return;
      }
      return Complain(counts_.lost, absl::StrCat(what, ": expired"));
    default:
      return Complain(counts_.lost, absl::StrCat(what, ": not done"));
  }
}

void Judge::JudgeAttempts(const SubscriptionFacts& subscription,
                          const v1::Delivery& delivery, const Seen& seen,
                          const std::string& what) {
  int64_t succeeded = 0, sent = 0;
  bool topic_of_now = false;
  std::set<std::string> unknown = seen.topics;
  const auto& attempts = AttemptsOf(subscription.tenant, delivery);
  for (const v1::Attempt& attempt : attempts) {
    ++counts_.attempts;
    unknown.erase(attempt.topic());
    // What a stored session repeats is one attempt that says so.
    sent += attempt.duplicate_flag() ? 2 : 1;
    if (attempt.outcome() == v1::Attempt::SUCCEEDED) {
      ++succeeded;
      continue;
    }
    ++counts_.failed_attempts;
    topic_of_now |= absl::StrContains(attempt.error_message(), kTopicOfNow);
    ++counts_.failures[v1::Attempt::ErrorClass_Name(attempt.error_class())];
    if (attempt.error_class() == v1::Attempt::ERROR_CLASS_UNSPECIFIED ||
        attempt.error_message().empty()) {
      Complain(counts_.unexplained,
               absl::StrCat(what, ": failed without a reason: ",
                            attempt.ShortDebugString()));
    }
  }
  const bool delivered = delivery.state() == v1::Delivery::DELIVERED;
  if (sent < seen.count || succeeded != (delivered ? 1 : 0) ||
      delivery.attempt_count() != static_cast<int>(attempts.size())) {
    Complain(
        counts_.missing_attempts,
        absl::StrCat(what, ": ", attempts.size(), " attempts of ",
                     delivery.attempt_count(), ", ", succeeded, " succeeded"));
  }
  for (const std::string& topic : unknown) {
    if (subscription.topic_changed && topic_of_now) {
      ++counts_.earlier_topics;
      continue;
    }
    Complain(counts_.unexplained,
             absl::StrCat(what, ": no attempt to topic ", topic));
  }
}

void Judge::JudgeDuplicates(const SubscriptionFacts& subscription,
                            const v1::Delivery& delivery, const Seen& seen,
                            const std::string& what) {
  bool warned = false, unanswered = false;
  for (const auto& attempt : AttemptsOf(subscription.tenant, delivery)) {
    warned |= !attempt.warning().empty();
    unanswered |= absl::StrContains(attempt.warning(), kUnansweredWarning);
  }
  if (subscription.qos == 1) {
    // Allowed; that there are as many attempts is asked of all.
    counts_.duplicates[1] += seen.count - 1;
  } else if (subscription.qos == 2 && subscription.session_lost && warned) {
    counts_.excused_duplicates += seen.count - 1;
  } else if (subscription.qos == 2 && subscription.unanswered && unanswered) {
    counts_.unanswered_duplicates += seen.count - 1;
  } else {
    Complain(counts_.duplicates[subscription.qos],
             absl::StrCat(what, warned ? ": doubled where no session was lost"
                                       : ": doubled without a warning"));
  }
}

void Judge::JudgeConservation(const SubscriptionFacts& subscription) {
  const v1::Backlog& b = subscription.after;
  const int64_t sum = b.delivered_count() + b.waiting_count() +
                      b.in_flight_count() + b.retrying_count() +
                      b.parked_count() + b.expired_count() +
                      b.discarded_count();
  const auto accepted =
      static_cast<int64_t>(numbers_[subscription.tenant].size());
  const int64_t counted =
      b.accepted_count() - subscription.before.accepted_count();
  if (sum == b.accepted_count() && accepted == counted) return;
  Complain(counts_.not_conserved,
           absl::StrCat(subscription.tenant, "/", subscription.id,
                        ": not conserved: the ledger has ", accepted,
                        ", the service counted ", counted, " and holds ",
                        b.ShortDebugString()));
}

// What the history has and the ledger has not.
void Judge::JudgeStrangers() {
  for (const auto& [tenant, history] : facts_.history) {
    for (const v1::Delivery& delivery : history.deliveries) {
      if (numbers_[tenant].contains(delivery.event_id())) continue;
      Complain(counts_.unexplained,
               absl::StrCat(delivery.event_id(),
                            ": in the history, never accepted"));
    }
  }
}

}  // namespace

void RoundCounts::Add(const RoundCounts& o) {
  accepted += o.accepted;
  deliveries += o.deliveries;
  arrivals += o.arrivals;
  attempts += o.attempts;
  failed_attempts += o.failed_attempts;
  lost += o.lost;
  unexplained += o.unexplained;
  reordered += o.reordered;
  for (int qos = 0; qos < 3; ++qos) duplicates[qos] += o.duplicates[qos];
  missing_attempts += o.missing_attempts;
  not_conserved += o.not_conserved;
  unseen += o.unseen;
  parked += o.parked;
  expired += o.expired;
  excused_duplicates += o.excused_duplicates;
  unanswered_duplicates += o.unanswered_duplicates;
  earlier_topics += o.earlier_topics;
  for (const auto& [name, count] : o.failures) failures[name] += count;
}

RoundVerdict JudgeRound(const RoundFacts& facts) { return Judge(facts).Run(); }

}  // namespace mqttpush::fault
