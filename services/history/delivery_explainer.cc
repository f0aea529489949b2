#include "services/history/delivery_explainer.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "services/api/resource_names.h"
#include "services/history/attempt_hint.h"
#include "services/history/coverage.h"
#include "services/history/history_converters.h"

namespace mqttpush {
namespace {

using google::protobuf::util::TimeUtil;
using v1::Explanation;

void SetTime(absl::Time time, google::protobuf::Timestamp* field) {
  *field = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixMicros(TimeUtil::TimestampToMicroseconds(time));
}

Explanation::Reason ReasonOf(const DeliveryRow& row) {
  switch (row.state) {
    case DeliveryState::kInFlight:
      return Explanation::IN_FLIGHT;
    case DeliveryState::kDelivered:
      return Explanation::DELIVERED;
    case DeliveryState::kRetrying:
      return Explanation::RETRYING;
    case DeliveryState::kParked:
      return Explanation::PARKED;
    case DeliveryState::kExpired:
      return Explanation::EXPIRED;
    case DeliveryState::kDiscarded:
      return Explanation::DISCARDED;
    default:
      return Explanation::WAITING_FOR_TURN;
  }
}

Explanation::Reason ReasonOf(const RefusedEvent& event) {
  switch (event.refusal) {
    case Refusal::kRejected:
      return Explanation::REJECTED;
    case Refusal::kNoTenant:
      return Explanation::NO_TENANT;
    case Refusal::kNoSubscription:
      return Explanation::NO_SUBSCRIPTION;
    case Refusal::kDuplicate:
      return Explanation::DUPLICATE;
    case Refusal::kOverQuota:
      return Explanation::OVER_QUOTA;
  }
  return Explanation::REASON_UNSPECIFIED;
}

absl::string_view HintOf(Explanation::Reason reason) {
  switch (reason) {
    case Explanation::NEVER_RECEIVED:
    case Explanation::NOT_KNOWN:
      return "Ask the producer whether it sent it, and what it was answered.";
    case Explanation::REJECTED:
      return "The producer has to mend it and send it again.";
    case Explanation::NO_TENANT:
      return "Add the owner id to its tenant, and let the producer send it "
             "again.";
    case Explanation::NO_SUBSCRIPTION:
      return "Let a subscription take this object type, and the producer send "
             "it again.";
    case Explanation::OVER_QUOTA:
      return "The producer sends it again later; a higher `quota` of the "
             "tenant "
             "lets more in.";
    case Explanation::NOT_TAKEN:
      return "A subscription takes what is accepted after it says so.";
    case Explanation::WAITING_PAUSED:
      return "Resume its tenant or subscription, whichever is paused: then "
             "what "
             "waits is sent.";
    case Explanation::PARKED:
      return "Once the cause is mended, have it sent again.";
    default:
      return "";
  }
}

std::string TypeName(v1::ObjectType type) { return v1::ObjectType_Name(type); }

// Why an event of `row` is not the subscription's.
std::string TakesWords(const SubscriptionRecord& subscription,
                       const EventRecord& event) {
  if (event.accept_time < subscription.create_time) {
    return "it was created later";
  }
  const auto& types = subscription.object_types;
  if (types.empty() || absl::c_linear_search(types, event.object_type)) {
    return "it took other object types then";
  }
  return absl::StrCat(
      "it takes ",
      absl::StrJoin(types, ", ",
                    [](std::string* out, ObjectType type) {
                      out->append(TypeName(static_cast<v1::ObjectType>(type)));
                    }),
      " only");
}

v1::Attempt LastAttempt(const DeliveryRow& row, absl::string_view tenant) {
  AttemptRow attempt;
  attempt.attempt = *row.last_attempt;
  attempt.subscription_id = row.subscription_id;
  attempt.event_id = row.event.event_id;
  attempt.asset_id = row.event.asset_id;
  attempt.object_type = row.event.object_type;
  attempt.object_id = row.event.object_id;
  attempt.owner_id = row.event.owner_id;
  attempt.payload_bytes = row.event.payload_bytes;
  return ToProto(attempt, tenant);
}

void SetEvent(const EventRecord& event, Explanation& explanation) {
  explanation.set_event_id(event.event_id);
  explanation.set_object_type(static_cast<v1::ObjectType>(event.object_type));
  explanation.set_object_id(event.object_id);
  explanation.set_asset_id(event.asset_id);
  explanation.set_owner_id(event.owner_id);
  SetTime(event.accept_time, explanation.mutable_receive_time());
}

std::set<std::string> EventIdsOf(const std::vector<DeliveryRow>& rows) {
  std::set<std::string> event_ids;
  for (const DeliveryRow& row : rows) event_ids.insert(row.event.event_id);
  return event_ids;
}

void Finish(const ExplanationFacts& facts, Explanation& explanation) {
  explanation.set_reason(facts.reason);
  explanation.set_text(ExplanationText(facts));
  explanation.set_waiting_ahead_count(facts.ahead);
  if (facts.since != absl::InfinitePast()) {
    SetTime(facts.since, explanation.mutable_since_time());
  }
  if (facts.next_try != absl::InfinitePast()) {
    SetTime(facts.next_try, explanation.mutable_next_try_time());
  }
  if (explanation.hint().empty()) {
    explanation.set_hint(std::string(HintOf(facts.reason)));
  }
}

}  // namespace

absl::StatusOr<v1::ExplainDeliveryResponse> DeliveryExplainer::Explain(
    const ExplainQuery& query) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<DeliveryRow> rows,
                            FindRows(query));
  std::vector<const DeliveryRow*> of_event;
  for (size_t i = 0; i < rows.size(); ++i) {
    MQTTPUSH_RETURN_IF_ERROR(AddRow(query, rows[i]));
    of_event.push_back(&rows[i]);
    const bool last_of_event =
        i + 1 == rows.size() || rows[i + 1].event.seq != rows[i].event.seq;
    if (!last_of_event) continue;
    AddNotTaken(query, of_event);
    of_event.clear();
  }
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<RefusedEvent> refused,
                            FindRefused(query, rows));
  for (const RefusedEvent& event : refused) AddRefused(event);
  if (response_.explanations().empty()) AddUnknown(query);
  AddCounts(query.tenant->uid);
  return std::move(response_);
}

absl::StatusOr<std::vector<DeliveryRow>> DeliveryExplainer::FindRows(
    const ExplainQuery& query) {
  std::vector<DeliveryRow> rows;
  std::optional<DeliveryKey> after;
  for (int page = 0; page < kMaxPages; ++page) {
    const int room = static_cast<int>(kMaxExplanations - rows.size());
    MQTTPUSH_ASSIGN_OR_RETURN(
        DeliveryPage found, from_.history.ListDeliveries(
                                query.history, {}, from_.overlay, after, room));
    std::move(found.rows.begin(), found.rows.end(), std::back_inserter(rows));
    if (!found.next.has_value()) return rows;
    after = found.next;
    if (rows.size() < kMaxExplanations) continue;
    response_.set_truncated(true);
    return rows;
  }
  response_.set_search_limited(true);
  return rows;
}

// Of duplicates only the event id is remembered.
absl::StatusOr<std::vector<RefusedEvent>> DeliveryExplainer::FindRefused(
    const ExplainQuery& query, const std::vector<DeliveryRow>& rows) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      std::vector<RefusedEvent> found,
      LeaveOutAccepted(
          query, rows,
          from_.refused.Find(query.tenant->uid, query.refused, now_)));
  std::set<std::string> event_ids = EventIdsOf(rows);
  if (!query.refused.event_id.empty()) event_ids.clear();  // found already
  for (const std::string& event_id : event_ids) {
    for (RefusedEvent& event :
         from_.refused.Find(query.tenant->uid, {.event_id = event_id}, now_)) {
      if (event.refusal != Refusal::kDuplicate) continue;
      found.push_back(std::move(event));
    }
  }
  absl::c_stable_sort(found, [](const RefusedEvent& a, const RefusedEvent& b) {
    return a.time > b.time;
  });
  if (found.size() > kMaxExplanations) {
    response_.set_truncated(true);
    found.resize(kMaxExplanations);
  }
  return found;
}

// What was over the quota, and is in the log all the same, was repeated until
// it was taken: the normal course, of which nobody need be told. Where there is
// no delivery to tell of, as when it was taken after the time that is asked
// about, the refusal is all there is to tell.
absl::StatusOr<std::vector<RefusedEvent>> DeliveryExplainer::LeaveOutAccepted(
    const ExplainQuery& query, const std::vector<DeliveryRow>& rows,
    std::vector<RefusedEvent> refused) {
  if (rows.empty()) return refused;
  const std::set<std::string> event_ids = EventIdsOf(rows);
  std::vector<RefusedEvent> told;
  int lookups = 0;
  for (RefusedEvent& event : refused) {
    if (event.refusal == Refusal::kOverQuota) {
      if (event_ids.contains(event.event_id)) continue;
      if (++lookups > kMaxLookups) {
        response_.set_truncated(true);
        continue;
      }
      MQTTPUSH_ASSIGN_OR_RETURN(const bool accepted,
                                IsInLog(query, event.event_id));
      if (accepted) continue;
    }
    told.push_back(std::move(event));
  }
  return told;
}

absl::StatusOr<bool> DeliveryExplainer::IsInLog(const ExplainQuery& query,
                                                const std::string& event_id) {
  HistoryQuery of_event;
  of_event.tenant_uid = query.tenant->uid;
  of_event.event_id = event_id;
  of_event.retained_since = query.history.retained_since;
  MQTTPUSH_ASSIGN_OR_RETURN(
      const DeliveryPage page,
      from_.history.ListDeliveries(of_event, {}, from_.overlay, {}, 1));
  return !page.rows.empty();
}

absl::Status DeliveryExplainer::AddRow(const ExplainQuery& query,
                                       const DeliveryRow& row) {
  Explanation& explanation = *response_.add_explanations();
  ExplanationFacts facts;
  facts.reason = ReasonOf(row);
  facts.state_reason = reasons_.Of(row);
  const v1::Delivery delivery =
      ToProto(row, query.tenant->id, facts.state_reason);
  SetEvent(row.event, explanation);
  explanation.set_subscription(delivery.subscription());
  explanation.set_broker(BrokerNameOf(row.subscription_uid));
  explanation.set_delivery(delivery.name());
  if (row.last_attempt.has_value()) {
    *explanation.mutable_last_attempt() = LastAttempt(row, query.tenant->id);
    explanation.set_hint(explanation.last_attempt().hint());
  }
  if (delivery.has_complete_time()) {
    facts.since = ToTime(delivery.complete_time());
  }
  if (delivery.has_next_attempt_time()) {
    facts.next_try = ToTime(delivery.next_attempt_time());
  }
  facts.last_attempt = row.last_attempt;
  facts.again = row.attempt_count > 0;
  facts.asked_again = row.request_time.has_value();
  if (!HasEnded(row.state)) {
    MQTTPUSH_RETURN_IF_ERROR(AddWaiting(row, facts));
  }
  MQTTPUSH_RETURN_IF_ERROR(AddDeliveredBefore(row, facts));
  Finish(facts, explanation);
  return absl::OkStatus();
}

std::string DeliveryExplainer::BrokerNameOf(int64_t subscription_uid) const {
  const SubscriptionRecord* subscription =
      from_.snapshot.FindSubscription(subscription_uid);
  if (subscription == nullptr) return "";
  return BrokerName(from_.snapshot.FindTenant(subscription->tenant_uid)->id,
                    from_.snapshot.FindBroker(subscription->broker_uid)->id);
}

absl::Status DeliveryExplainer::AddWaiting(const DeliveryRow& row,
                                           ExplanationFacts& facts) {
  const SubscriptionRecord* subscription =
      from_.snapshot.FindSubscription(row.subscription_uid);
  if (subscription == nullptr) return absl::OkStatus();
  const BrokerRecord* broker =
      from_.snapshot.FindBroker(subscription->broker_uid);
  if (broker != nullptr) facts.broker = broker->id;
  facts.link = from_.status.GetLink(subscription->broker_uid);
  if (row.state == DeliveryState::kInFlight) {
    facts.since =
        from_.status.GetInFlightSince(row.subscription_uid, row.event.seq);
  }
  if (row.state != DeliveryState::kWaiting) return absl::OkStatus();
  AddWaitCause(row, *subscription, facts);
  if (facts.reason == Explanation::DISCARDED) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(
      facts.ahead,
      from_.history.CountAhead(row.subscription_uid, row.event.seq));
  return absl::OkStatus();
}

// In the order of StateReasons, whose words go with it.
void DeliveryExplainer::AddWaitCause(const DeliveryRow& row,
                                     const SubscriptionRecord& subscription,
                                     ExplanationFacts& facts) {
  facts.state_reason =
      std::string(absl::StripPrefix(facts.state_reason, "waiting: "));
  const TenantRecord* tenant =
      from_.snapshot.FindTenant(subscription.tenant_uid);
  if (subscription.disabled) {  // dispatch is about to say so
    facts.reason = Explanation::DISCARDED;
  } else if (tenant->paused || subscription.paused) {
    facts.reason = Explanation::WAITING_PAUSED;
  } else if (facts.link.state != LinkState::kConnected) {
    facts.reason = Explanation::WAITING_FOR_LINK;
    facts.since = facts.link.since;
    facts.next_try = facts.link.next_connect_time;
  } else if (!from_.status.GetIncompatibility(row.subscription_uid).empty()) {
    facts.reason = Explanation::WAITING_INCOMPATIBLE;
  } else {
    facts.reason = Explanation::WAITING_FOR_TURN;
    facts.since = facts.link.since;
  }
}

absl::Status DeliveryExplainer::AddDeliveredBefore(const DeliveryRow& row,
                                                   ExplanationFacts& facts) {
  const bool manual =
      row.request_time.has_value() ||
      (row.last_attempt.has_value() && row.last_attempt->manual);
  if (!manual || row.state == DeliveryState::kDelivered) {
    return absl::OkStatus();
  }
  HistoryQuery query;
  query.tenant_uid = row.event.tenant_uid;
  query.event_seq = row.event.seq;
  query.subscription_uid = row.subscription_uid;
  MQTTPUSH_ASSIGN_OR_RETURN(const AttemptPage page,
                            from_.history.ListAttempts(query, true, {}, 1));
  if (page.rows.empty()) return absl::OkStatus();
  const AttemptRecord& attempt = page.rows.front().attempt;
  facts.delivered_before = attempt.start_time + attempt.duration;
  return absl::OkStatus();
}

void DeliveryExplainer::AddNotTaken(
    const ExplainQuery& query, const std::vector<const DeliveryRow*>& rows) {
  const EventRecord& event = rows.front()->event;
  // Those that have ended may not be shown any more.
  if (event.accept_time < query.history.retained_since) return;
  if (rows.front()->others_dropped) return;
  if (response_.truncated()) return;  // more of its deliveries may follow
  for (const SubscriptionRecord* subscription :
       from_.snapshot.SubscriptionsOf(query.tenant->uid)) {
    const bool took = absl::c_any_of(rows, [&](const DeliveryRow* row) {
      return row->subscription_uid == subscription->uid;
    });
    if (took) continue;
    Explanation& explanation = *response_.add_explanations();
    SetEvent(event, explanation);
    explanation.set_subscription(
        SubscriptionName(query.tenant->id, subscription->id));
    explanation.set_broker(BrokerNameOf(subscription->uid));
    ExplanationFacts facts;
    facts.reason = Explanation::NOT_TAKEN;
    facts.receive_time = event.accept_time;
    facts.subscription = subscription->id;
    facts.takes = TakesWords(*subscription, event);
    Finish(facts, explanation);
  }
}

void DeliveryExplainer::AddRefused(const RefusedEvent& event) {
  Explanation& explanation = *response_.add_explanations();
  explanation.set_event_id(event.event_id);
  explanation.set_object_type(event.object_type);
  explanation.set_object_id(event.object_id);
  explanation.set_asset_id(event.asset_id);
  explanation.set_owner_id(event.owner_id);
  SetTime(event.time, explanation.mutable_receive_time());
  *explanation.mutable_violations() = {event.violations.begin(),
                                       event.violations.end()};
  ExplanationFacts facts;
  facts.reason = ReasonOf(event);
  facts.receive_time = event.time;
  facts.owner_id = event.owner_id;
  facts.object_type = TypeName(event.object_type);
  facts.violations = event.violations;
  facts.further_violations = event.further_violations;
  explanation.set_further_violation_count(event.further_violations);
  facts.quota = event.quota;
  facts.refusal_count = event.count;
  facts.first_refusal = event.first_time;
  if (event.refusal == Refusal::kOverQuota) {
    explanation.set_refusal_count(event.count);
  }
  Finish(facts, explanation);
}

void DeliveryExplainer::AddUnknown(const ExplainQuery& query) {
  ExplanationFacts facts;
  facts.asked_for = query.asked_for;
  facts.coverage = CoverageOf(
      {.log = from_.history.GetExtent(),
       .retained_since = query.history.retained_since,
       .refused_start = from_.refused.start_time(),
       .refused_complete_since =
           from_.refused.CompleteSince(query.tenant->uid, now_),
       .over_quota_complete_since =
           from_.refused.OverQuotaCompleteSince(query.tenant->uid, now_),
       .start_time = query.history.start_time,
       .end_time = query.history.end_time});
  facts.reason = facts.coverage.complete && !response_.search_limited()
                     ? Explanation::NEVER_RECEIVED
                     : Explanation::NOT_KNOWN;
  if (response_.search_limited()) {
    facts.looked_at =
        absl::StrCat("among the newest ",
                     kMaxPages * HistoryReader::kMaxLookedAt, " of the tenant");
  }
  Finish(facts, *response_.add_explanations());
}

void DeliveryExplainer::AddCounts(int64_t tenant_uid) {
  const RefusedEventCounts counts = from_.refused.Count(tenant_uid);
  v1::RefusedEvents& refused = *response_.mutable_refused_events();
  SetTime(from_.refused.start_time(), refused.mutable_start_time());
  refused.set_rejected_count(counts.rejected);
  refused.set_no_subscription_count(counts.no_subscription);
  refused.set_duplicate_count(counts.duplicate);
  refused.set_over_quota_count(counts.over_quota);
  refused.set_unknown_owner_count(counts.unknown_owner);
  refused.set_forgotten_count(counts.forgotten);
  SetTime(from_.refused.CompleteSince(tenant_uid, now_),
          refused.mutable_complete_start_time());
  SetTime(from_.refused.OverQuotaCompleteSince(tenant_uid, now_),
          refused.mutable_over_quota_complete_start_time());
}

}  // namespace mqttpush
