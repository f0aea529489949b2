#include "tests/crash/log_model.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "storage/sqlite/log/conservation_audit.h"
#include "storage/sqlite/log/log_rows.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "tests/support/log_fixture.h"

namespace mqttpush::crash {
namespace {

constexpr size_t kMaxFindings = 20;

template <typename A, typename B>
void Expect(const std::string& what, const A& found, const B& expected,
            Findings& findings) {
  if (found == expected || findings.size() >= kMaxFindings) return;
  findings.push_back(
      absl::StrCat(what, ": ", found, " in the log, expected ", expected));
}

void ExpectSameList(const std::string& what,
                    const std::vector<std::string>& found,
                    const std::vector<std::string>& expected,
                    Findings& findings) {
  Expect(what + ", rows", found.size(), expected.size(), findings);
  for (size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
    if (found[i] == expected[i]) continue;
    return Expect(absl::StrCat(what, ", row ", i), found[i], expected[i],
                  findings);
  }
}

// Every field of an attempt.
std::string Words(const AttemptRecord& attempt) {
  return absl::StrCat(
      attempt.event_seq, " ", attempt.subscription_uid, " ", attempt.number,
      " ", absl::ToUnixMicros(attempt.start_time), " ",
      absl::ToInt64Microseconds(attempt.duration), " ", attempt.topic, " ",
      static_cast<int>(attempt.qos), " ",
      absl::StrCat(static_cast<int>(attempt.requested_qos), " ",
                   attempt.succeeded, " ",
                   static_cast<int>(attempt.error_class), " ",
                   attempt.error_message, " ", attempt.reason_code, " ",
                   attempt.reason_string, attempt.warning, " "),
      attempt.packet_id, " ", attempt.duplicate_flag, attempt.session_present,
      " ", attempt.broker_address, " ", attempt.connection, " ",
      absl::FormatTime(attempt.pubrec_time), " ",
      absl::FormatTime(attempt.ack_time), " ", attempt.subscription_revision,
      " ", attempt.broker_revision);
}

std::string Words(const DeliveryException& exception) {
  return absl::StrCat(exception.event_seq, " ",
                      static_cast<int>(exception.state), " ",
                      static_cast<int>(exception.ending.reason), " ",
                      absl::ToInt64Microseconds(exception.ending.lifetime), " ",
                      absl::ToUnixMicros(exception.end_time), " ",
                      exception.attempt_count, " ", exception.rejection_count,
                      " ", absl::ToUnixMicros(exception.next_attempt_time));
}

std::string Words(const SubscriptionState& state) {
  return absl::StrCat(
      state.id, " of ", state.tenant_uid, " cursor ", state.cursor, " sent ",
      state.sent_through, " accepted ", state.accepted_count, " delivered ",
      state.delivered_count, " parked ", state.parked_count, " retrying ",
      state.retrying_count, " expired ", state.expired_count, " discarded ",
      state.discarded_count);
}

std::string DeliveryWords(int64_t seq, int64_t uid, DeliveryState state,
                          size_t attempts) {
  return absl::StrCat(seq, "-", uid, " ", static_cast<int>(state), " after ",
                      attempts);
}

DeliveryState AsTheLogSays(int64_t, int64_t, DeliveryState state) {
  return state;
}

}  // namespace

Presence::Presence(SqliteEventLog& log) {
  int64_t newer = 0;  // number of the segment after
  const auto segments = log.store()->list().Get();
  for (auto at = segments->rbegin(); at != segments->rend(); ++at) {
    const Segment& segment = **at;
    const SegmentSummary bounds = segment.Bounds();
    events_.insert(events_.begin(),
                   {segment.first_event_seq, bounds.last_event_seq});
    attempts_.insert(attempts_.begin(),
                     {segment.first_attempt_seq, bounds.last_attempt_seq});
    if (newer != 0 && newer != segment.number + 1) continue;
    newer = segment.number;
    whole_from_ = segment.first_event_seq;
  }
}

bool Presence::Has(const std::vector<Range>& ranges, int64_t seq) {
  return absl::c_any_of(
      ranges, [&](const Range& range) { return range.Contains(seq); });
}

int64_t Presence::Count(const std::vector<Range>& ranges) {
  int64_t count = 0;
  for (const Range& range : ranges) count += range.last + 1 - range.first;
  return count;
}

std::string LogModel::Apply(const Operation& operation) {
  if (const auto* update = std::get_if<DeliveryUpdate>(&operation)) {
    ApplyUpdate(*update);
    return "ok";
  }
  std::string outcomes;
  for (int64_t n : std::get<std::vector<int64_t>>(operation)) {
    const bool accepted = numbers_.insert(n).second;
    outcomes += accepted ? '+' : '=';
    if (!accepted) continue;
    events_.push_back(n);
    const int64_t seq = event_count();
    const NewEvent event = MakeEventOf(n);
    for (const SubscriptionRef& ref : *event.route) {
      DeliveryOf(seq, ref.uid);
      SubscriptionState& state = states_[ref.uid];
      if (state.accepted_count++ > 0) continue;
      state.uid = ref.uid;
      state.tenant_uid = event.tenant_uid;
      state.id = ref.id;
      state.cursor = state.sent_through = seq - 1;
    }
  }
  return outcomes;
}

void LogModel::ApplyUpdate(const DeliveryUpdate& update) {
  const int64_t uid = update.subscription_uid;
  SubscriptionState& state = states_[uid];
  state.cursor = update.cursor;
  state.sent_through = update.sent_through;
  state.delivered_count += update.newly_delivered;
  state.parked_count += update.newly_parked;
  state.expired_count += update.newly_expired;
  state.discarded_count += update.newly_discarded;
  for (const AttemptRecord& attempt : update.attempts) {
    Delivery& delivery = DeliveryOf(attempt.event_seq, uid);
    delivery.attempts.push_back(attempts_.size());
    if (attempt.succeeded) delivery.state = DeliveryState::kDelivered;
    attempts_.push_back(attempt);
  }
  for (const DeliveryException& exception : update.put_exceptions) {
    Delivery& delivery = DeliveryOf(exception.event_seq, uid);
    delivery.state = exception.state;
    delivery.exception = exception;
  }
}

Findings LogModel::Compare(SqliteEventLog& log, std::mt19937& random) const {
  Findings findings;
  const Presence presence(log);
  CompareAudit(log, presence, findings);
  CompareEvents(log, presence, findings);
  CompareStates(log, findings);
  CompareAttempts(log, findings);
  for (int64_t tenant : kTenants) {
    CompareQueries(log, presence, {.query = {.tenant_uid = tenant}}, 500,
                   findings);
  }
  for (int i = 0; i < 8; ++i) {
    CompareQueries(log, presence, ChooseFilter(random),
                   1 + static_cast<int>(random() % 60), findings);
  }
  CompareDuplicates(log, presence, random, findings);
  return findings;
}

void LogModel::CompareAudit(SqliteEventLog& log, const Presence& presence,
                            Findings& findings) const {
  SqliteConservationAudit audit(&log);
  auto report = audit.Step();
  while (report.ok() && !report->has_value()) report = audit.Step();
  if (!report.ok()) {
    findings.push_back(report.status().ToString());
    return;
  }
  Expect("events by the audit", (*report)->events, presence.event_count(),
         findings);
  Expect("attempts by the audit", (*report)->attempts, presence.attempt_count(),
         findings);
  Expect("the last event", presence.last_event_seq(), event_count(), findings);
  Expect("the last attempt", presence.last_attempt_seq(), attempt_count(),
         findings);
  for (const ConservationDifference& found : (*report)->differences) {
    findings.push_back(absl::StrCat("audit: ", found.count, " of ",
                                    found.subscription_id, ": ", found.stated,
                                    " stated, ", found.counted, " counted"));
  }
}

void LogModel::CompareEvents(SqliteEventLog& log, const Presence& presence,
                             Findings& findings) const {
  for (int64_t uid : kSubscriptions) {
    int64_t position = 0;
    std::vector<std::string> seqs, expected;
    while (true) {
      const auto next = log.ReadNext(TenantOf(uid), uid, position, 300);
      if (!next.ok()) {
        findings.push_back(next.status().ToString());
        return;
      }
      for (const EventRecord& record : next->events) {
        if (record.seq > event_count()) break;  // the number of rows tells it
        seqs.push_back(absl::StrCat(record.seq));
        const NewEvent event = MakeEventOf(events_[record.seq - 1]);
        const std::string what = absl::StrCat("event ", record.seq);
        Expect(what, record.event_id, event.event_id, findings);
        Expect(what + " asset", record.asset_id, event.asset_id, findings);
        Expect(what + " object", record.object_id, event.object_id, findings);
        Expect(what + " owner", record.owner_id, event.owner_id, findings);
        Expect(what + " tenant", record.tenant_uid, event.tenant_uid, findings);
        Expect(what + " type", static_cast<int>(record.object_type),
               static_cast<int>(event.object_type), findings);
        Expect(what + " payload is right", record.payload == event.payload,
               true, findings);
      }
      position = next->scanned_through;
      if (next->at_end) break;
    }
    for (const auto& [key, delivery] : deliveries_) {
      if (key.second != uid) continue;
      const bool undelivered = delivery.state == DeliveryState::kWaiting ||
                               delivery.state == DeliveryState::kRetrying;
      if (presence.HasEvent(key.first) || undelivered) {
        expected.push_back(absl::StrCat(key.first));
      }
    }
    ExpectSameList(absl::StrCat("events of ", uid), seqs, expected, findings);
  }
}

void LogModel::CompareStates(SqliteEventLog& log, Findings& findings) const {
  for (const auto& [uid, state] : states_) {
    SubscriptionState expected = state;
    std::vector<std::string> exceptions, attempted;
    for (const auto& [key, delivery] : deliveries_) {
      if (key.second != uid) continue;
      const bool retrying = delivery.state == DeliveryState::kRetrying;
      if (retrying) ++expected.retrying_count;
      if (retrying) exceptions.push_back(Words(delivery.exception));
      if (!retrying && key.first > state.cursor && !delivery.attempts.empty()) {
        attempted.push_back(
            absl::StrCat(key.first, " ", delivery.attempts.size()));
      }
    }
    const auto recovery = log.Recover(uid);
    if (!recovery.ok()) {
      findings.push_back(recovery.status().ToString());
      return;
    }
    Expect(absl::StrCat("state of ", uid), Words(recovery->state),
           Words(expected), findings);
    std::vector<std::string> found_exceptions, found_attempted;
    for (const DeliveryException& exception : recovery->exceptions) {
      found_exceptions.push_back(Words(exception));
    }
    for (const AttemptedEvent& event : recovery->attempted) {
      found_attempted.push_back(
          absl::StrCat(event.event_seq, " ", event.attempt_count));
    }
    ExpectSameList(absl::StrCat("exceptions of ", uid), found_exceptions,
                   exceptions, findings);
    ExpectSameList(absl::StrCat("attempted of ", uid), found_attempted,
                   attempted, findings);
  }
}

// Each with all its fields, by the history of its tenant.
void LogModel::CompareAttempts(SqliteEventLog& log, Findings& findings) const {
  SqliteHistoryReader history(&log);
  for (int64_t tenant : kTenants) {
    std::optional<AttemptKey> after;
    do {
      const auto page =
          history.ListAttempts({.tenant_uid = tenant}, {}, after, 500);
      if (!page.ok()) {
        findings.push_back(page.status().ToString());
        return;
      }
      for (const AttemptRow& row : page->rows) {
        if (row.attempt_seq > attempt_count()) continue;
        Expect(absl::StrCat("attempt ", row.attempt_seq), Words(row.attempt),
               Words(attempts_[row.attempt_seq - 1]), findings);
      }
      after = page->next;
    } while (after.has_value());
  }
}

LogModel::Filter LogModel::ChooseFilter(std::mt19937& random) const {
  Filter filter = {.query = {.tenant_uid = kTenants[random() % 2]}};
  HistoryQuery& query = filter.query;
  if (random() % 3 == 0) query.asset_id = absl::StrCat("asset-", random() % 6);
  if (random() % 3 == 0) query.topic = absl::StrCat("topic/", random() % 4);
  if (random() % 3 == 0) query.subscription_uid = kSubscriptions[random() % 3];
  if (random() % 4 == 0) {
    query.object_type = static_cast<ObjectType>(1 + random() % 6);
  }
  if (random() % 6 == 0 && !events_.empty()) {
    query.event_id = MakeEventOf(events_[random() % events_.size()]).event_id;
  }
  if (random() % 2 == 0) {
    filter.states = {static_cast<DeliveryState>(3 + random() % 5)};
  }
  if (random() % 3 == 0) filter.states.push_back(DeliveryState::kWaiting);
  if (random() % 2 == 0) filter.succeeded = random() % 2 == 0;
  return filter;
}

bool LogModel::MatchesEvent(const Filter& filter, const Presence& presence,
                            int64_t event_seq) const {
  const HistoryQuery& query = filter.query;
  const bool by_event = query.object_type.has_value() ||
                        !query.asset_id.empty() || !query.event_id.empty();
  if (by_event && !presence.HasEvent(event_seq)) return false;
  const NewEvent event = MakeEventOf(events_[event_seq - 1]);
  return event.tenant_uid == query.tenant_uid &&
         query.object_type.value_or(event.object_type) == event.object_type &&
         (query.asset_id.empty() || query.asset_id == event.asset_id) &&
         (query.event_id.empty() || query.event_id == event.event_id);
}

std::vector<std::string> LogModel::Deliveries(const Filter& filter,
                                              const Presence& presence) const {
  std::vector<std::string> rows;
  for (auto at = deliveries_.rbegin(); at != deliveries_.rend(); ++at) {
    const auto& [seq, uid] = at->first;
    const Delivery& delivery = at->second;
    if (!presence.IsWhole(seq) || !MatchesEvent(filter, presence, seq) ||
        filter.query.subscription_uid.value_or(uid) != uid ||
        (!filter.states.empty() &&
         !absl::c_linear_search(filter.states, delivery.state))) {
      continue;
    }
    const std::string& topic = filter.query.topic;
    if (!topic.empty() &&
        (delivery.attempts.empty() ||
         attempts_[delivery.attempts.back()].topic != topic)) {
      continue;
    }
    rows.push_back(
        DeliveryWords(seq, uid, delivery.state, delivery.attempts.size()));
  }
  return rows;
}

std::vector<std::string> LogModel::Attempts(const Filter& filter,
                                            const Presence& presence) const {
  std::vector<std::pair<absl::Time, int64_t>> keys;
  for (size_t i = 0; i < attempts_.size(); ++i) {
    const AttemptRecord& attempt = attempts_[i];
    const int64_t uid = attempt.subscription_uid;
    if (presence.HasAttempt(static_cast<int64_t>(i) + 1) &&
        MatchesEvent(filter, presence, attempt.event_seq) &&
        filter.query.subscription_uid.value_or(uid) == uid &&
        filter.succeeded.value_or(attempt.succeeded) == attempt.succeeded &&
        (filter.query.topic.empty() || filter.query.topic == attempt.topic)) {
      keys.push_back({attempt.start_time, static_cast<int64_t>(i) + 1});
    }
  }
  std::sort(keys.rbegin(), keys.rend());
  std::vector<std::string> rows;
  for (const auto& [start_time, seq] : keys) rows.push_back(absl::StrCat(seq));
  return rows;
}

void LogModel::CompareQueries(SqliteEventLog& log, const Presence& presence,
                              const Filter& filter, int page_size,
                              Findings& findings) const {
  SqliteHistoryReader history(&log);
  std::vector<std::string> deliveries, attempts;
  std::optional<DeliveryKey> after_delivery;
  do {
    const auto page = history.ListDeliveries(
        filter.query, filter.states, AsTheLogSays, after_delivery, page_size);
    if (!page.ok()) return findings.push_back(page.status().ToString());
    for (const DeliveryRow& row : page->rows) {
      if (!presence.IsWhole(row.event.seq)) continue;
      deliveries.push_back(DeliveryWords(row.event.seq, row.subscription_uid,
                                         row.state, row.attempt_count));
    }
    after_delivery = page->next;
  } while (after_delivery.has_value());
  std::optional<AttemptKey> after_attempt;
  do {
    const auto page = history.ListAttempts(filter.query, filter.succeeded,
                                           after_attempt, page_size);
    if (!page.ok()) return findings.push_back(page.status().ToString());
    for (const AttemptRow& row : page->rows) {
      attempts.push_back(absl::StrCat(row.attempt_seq));
    }
    after_attempt = page->next;
  } while (after_attempt.has_value());
  ExpectSameList("deliveries", deliveries, Deliveries(filter, presence),
                 findings);
  ExpectSameList("attempts", attempts, Attempts(filter, presence), findings);
}

void LogModel::CompareDuplicates(SqliteEventLog& log, const Presence& presence,
                                 std::mt19937& random,
                                 Findings& findings) const {
  std::vector<NewEvent> events;
  for (int i = 0; i < 20 && !events_.empty(); ++i) {
    const size_t at = random() % events_.size();
    if (!presence.HasEvent(static_cast<int64_t>(at) + 1)) continue;
    events.push_back(MakeEventOf(events_[at]));
  }
  if (events.empty()) return;
  const int64_t asked = static_cast<int64_t>(events.size());
  const auto outcomes = AppendAndWait(log, std::move(events));
  if (!outcomes.ok()) {
    return findings.push_back(outcomes.status().ToString());
  }
  Expect("ids found again", absl::c_count(*outcomes, AppendOutcome::kDuplicate),
         asked, findings);
}

// The legacy log's columns in the order of today's, which has `manual` at the
// end; nobody could ask for an attempt then.
constexpr char kInsertLegacyAttemptSql[] =
    "INSERT INTO attempt (attempt_seq, tenant_uid, subscription_uid, "
    "event_seq, number, start_time_us, duration_us, topic, qos, "
    "requested_qos, succeeded, error_class, error_message, reason_code, "
    "reason_string, warning, packet_id, duplicate_flag, session_present, "
    "broker_address, connection, pubrec_time_us, ack_time_us, "
    "subscription_revision, broker_revision) "
    "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
    "?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25 WHERE ?26 = 0";

absl::Status LogModel::WriteLegacyLog(Database& db) const {
  MQTTPUSH_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(&db));
  MQTTPUSH_ASSIGN_OR_RETURN(
      Statement event,
      db.Prepare("INSERT INTO event (" MQTTPUSH_EVENT_COLUMNS
                 ", payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  for (int64_t seq = 1; seq <= event_count(); ++seq) {
    const NewEvent made = MakeEventOf(events_[seq - 1]);
    const std::string uids = EncodeSubscriptionUids(*made.route);
    event.Bind(0, seq).Bind(1, made.tenant_uid).Bind(2, made.event_id);
    event.Bind(3, static_cast<int>(made.object_type)).Bind(4, made.object_id);
    event.Bind(5, made.asset_id).Bind(6, made.owner_id);
    // Within the duplicate window.
    event.Bind(7, absl::Now() - absl::Hours(1)).Bind(8, uids);
    event.BindBlob(9, made.payload);
    MQTTPUSH_RETURN_IF_ERROR(event.Run());
  }
  MQTTPUSH_ASSIGN_OR_RETURN(Statement attempt,
                            db.Prepare(kInsertLegacyAttemptSql));
  for (size_t i = 0; i < attempts_.size(); ++i) {
    BindAttempt(static_cast<int64_t>(i) + 1,
                TenantOf(attempts_[i].subscription_uid), attempts_[i],
                &attempt);
    MQTTPUSH_RETURN_IF_ERROR(attempt.Run());
  }
  MQTTPUSH_ASSIGN_OR_RETURN(
      Statement subscription,
      db.Prepare("INSERT INTO subscription (" MQTTPUSH_SUBSCRIPTION_COLUMNS
                 ") VALUES (" MQTTPUSH_SUBSCRIPTION_PARAMETERS ")"));
  for (const auto& [uid, state] : states_) {
    BindSubscription(state, &subscription);
    MQTTPUSH_RETURN_IF_ERROR(subscription.Run());
  }
  MQTTPUSH_ASSIGN_OR_RETURN(
      Statement exception,
      db.Prepare("INSERT INTO delivery_exception (subscription_uid, event_seq, "
                 "state, reason, time_us, sent, attempt_count, "
                 "rejection_count, next_attempt_time_us, lifetime_us) "
                 "VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?)"));
  for (const auto& [key, delivery] : deliveries_) {
    if (delivery.state < DeliveryState::kRetrying) continue;
    const DeliveryException& made = delivery.exception;
    const bool retrying = made.state == DeliveryState::kRetrying;
    exception.Bind(0, key.second).Bind(1, key.first);
    exception.Bind(2, static_cast<int>(made.state));
    exception.Bind(3, static_cast<int>(made.ending.reason));
    exception.Bind(4, retrying ? absl::UnixEpoch() : made.end_time);
    exception.Bind(5, made.attempt_count).Bind(6, made.rejection_count);
    exception.Bind(7, made.next_attempt_time);
    exception.Bind(8, absl::ToInt64Microseconds(made.ending.lifetime));
    MQTTPUSH_RETURN_IF_ERROR(exception.Run());
  }
  return transaction.Commit();
}

}  // namespace mqttpush::crash
