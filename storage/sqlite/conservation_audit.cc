#include "storage/sqlite/conservation_audit.h"

#include "absl/strings/string_view.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

constexpr char kStatesSql[] =
    "SELECT uid, tenant_uid, subscription_id, cursor, accepted_count, "
    "delivered_count, parked_count, expired_count, discarded_count "
    "FROM subscription ORDER BY uid";

// The states are numbers of DeliveryState.
constexpr char kExceptionsSql[] =
    "SELECT coalesce(sum(state = 4), 0), coalesce(sum(state = 5), 0), "
    "coalesce(sum(state = 6), 0), coalesce(sum(state = 7), 0), "
    "coalesce(sum(event_seq > ?2), 0) "
    "FROM delivery_exception WHERE subscription_uid = ?1";

constexpr char kAheadSql[] =
    "SELECT count(*) FROM attempt "
    "WHERE subscription_uid = ? AND event_seq > ? AND succeeded = 1";

// All that is read within its scope is of one moment.
class ReadTransaction {
 public:
  static absl::StatusOr<ReadTransaction> Begin(Reader* reader) {
    MQTTPUSH_ASSIGN_OR_RETURN(Statement * begin, reader->Get("BEGIN"));
    MQTTPUSH_RETURN_IF_ERROR(begin->Run());
    return ReadTransaction(reader);
  }
  ReadTransaction(ReadTransaction&& other)
      : reader_(std::exchange(other.reader_, nullptr)) {}
  ~ReadTransaction() {
    if (reader_ == nullptr) return;
    const absl::StatusOr<Statement*> rollback = reader_->Get("ROLLBACK");
    if (rollback.ok()) (*rollback)->Run().IgnoreError();
  }

 private:
  explicit ReadTransaction(Reader* reader) : reader_(reader) {}
  Reader* reader_;
};

struct Exceptions {
  int64_t retrying = 0;
  int64_t parked = 0;
  int64_t expired = 0;
  int64_t discarded = 0;
  int64_t above_cursor = 0;
};

absl::StatusOr<Exceptions> CountExceptions(Reader& reader,
                                           const SubscriptionState& state) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader.Get(kExceptionsSql));
  StatementReset reset(select);
  select->Bind(0, state.uid).Bind(1, state.cursor);
  MQTTPUSH_RETURN_IF_ERROR(select->Step().status());
  return Exceptions{.retrying = select->Int64(0),
                    .parked = select->Int64(1),
                    .expired = select->Int64(2),
                    .discarded = select->Int64(3),
                    .above_cursor = select->Int64(4)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteConservationAudit>>
SqliteConservationAudit::Open(const std::string& path) {
  MQTTPUSH_ASSIGN_OR_RETURN(std::unique_ptr<Reader> reader, Reader::Open(path));
  return std::unique_ptr<SqliteConservationAudit>(
      new SqliteConservationAudit(std::move(reader)));
}

absl::StatusOr<std::optional<ConservationReport>>
SqliteConservationAudit::Step() {
  MQTTPUSH_ASSIGN_OR_RETURN(ReadTransaction transaction,
                            ReadTransaction::Begin(reader_.get()));
  MQTTPUSH_ASSIGN_OR_RETURN(const std::vector<SubscriptionState> states,
                            ReadStates());
  MQTTPUSH_ASSIGN_OR_RETURN(const bool all_counted,
                            count_.Advance(*reader_, states, kRowsPerStep));
  if (!all_counted) return std::nullopt;
  MQTTPUSH_ASSIGN_OR_RETURN(ConservationReport report, Compare(states));
  return report;
}

absl::StatusOr<std::vector<SubscriptionState>>
SqliteConservationAudit::ReadStates() {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader_->Get(kStatesSql));
  StatementReset reset(select);
  std::vector<SubscriptionState> states;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const bool row, select->Step());
    if (!row) return states;
    SubscriptionState& state = states.emplace_back();
    state.uid = select->Int64(0);
    state.tenant_uid = select->Int64(1);
    state.id = select->Text(2);
    state.cursor = select->Int64(3);
    state.accepted_count = select->Int64(4);
    state.delivered_count = select->Int64(5);
    state.parked_count = select->Int64(6);
    state.expired_count = select->Int64(7);
    state.discarded_count = select->Int64(8);
  }
}

absl::StatusOr<ConservationReport> SqliteConservationAudit::Compare(
    const std::vector<SubscriptionState>& states) {
  ConservationReport report;
  report.subscriptions = static_cast<int64_t>(states.size());
  report.events = count_.event_count();
  report.attempts = count_.attempt_count();
  for (const SubscriptionState& state : states) {
    MQTTPUSH_RETURN_IF_ERROR(CompareOne(state, report));
  }
  return report;
}

absl::Status SqliteConservationAudit::CompareOne(const SubscriptionState& state,
                                                 ConservationReport& report) {
  const ConservationCount::Tally tally = count_.Find(state.uid);
  MQTTPUSH_ASSIGN_OR_RETURN(const Exceptions exceptions,
                            CountExceptions(*reader_, state));
  MQTTPUSH_ASSIGN_OR_RETURN(const int64_t ahead, CountAhead(state));
  const auto expect = [&](absl::string_view count, int64_t stated,
                          int64_t counted) {
    if (stated == counted) return;
    report.differences.push_back({state.uid, state.tenant_uid, state.id,
                                  std::string(count), stated, counted});
  };
  expect("accepted", state.accepted_count, tally.events);
  expect("delivered", state.delivered_count, tally.successes);
  expect("parked", state.parked_count, exceptions.parked);
  expect("expired", state.expired_count, exceptions.expired);
  expect("discarded", state.discarded_count, exceptions.discarded);
  // What the cursor passed must be delivered or an exception: a cursor that
  // passed an event by shows here.
  expect("waiting",
         state.accepted_count - state.delivered_count - state.parked_count -
             state.expired_count - state.discarded_count - exceptions.retrying,
         tally.events - tally.events_through_cursor - ahead -
             exceptions.above_cursor);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> SqliteConservationAudit::CountAhead(
    const SubscriptionState& state) {
  MQTTPUSH_ASSIGN_OR_RETURN(Statement * select, reader_->Get(kAheadSql));
  StatementReset reset(select);
  select->Bind(0, state.uid).Bind(1, state.cursor);
  MQTTPUSH_RETURN_IF_ERROR(select->Step().status());
  return select->Int64(0);
}

}  // namespace mqttpush
