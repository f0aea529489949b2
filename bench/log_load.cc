#include "bench/log_load.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"
#include "common/steady_time.h"

namespace mqttpush::bench {
namespace {

// Has no factor in common with the number of tenants, so that each has some.
constexpr int kFailsOneOf = 1001;

AttemptRecord AttemptOf(int64_t number) {
  AttemptRecord attempt;
  attempt.event_seq = number + 1;
  attempt.subscription_uid = LogLoad::TenantUid(number);
  attempt.start_time = absl::Now();
  attempt.duration = absl::Milliseconds(2);
  attempt.topic =
      LogLoad::TopicOf(attempt.subscription_uid, LogLoad::TypeOf(number));
  attempt.qos = attempt.requested_qos = Qos::kAtLeastOnce;
  attempt.succeeded = number % kFailsOneOf != 0;
  attempt.packet_id = 1 + number % 65535;
  attempt.broker_address = "127.0.0.1:1883";
  attempt.connection = 1;
  attempt.ack_time = attempt.start_time + attempt.duration;
  attempt.subscription_revision = attempt.broker_revision = 1;
  if (attempt.succeeded) return attempt;
  attempt.error_class = ErrorClass::kRejected;
  attempt.error_message = "the broker refused the message";
  attempt.reason_code = 0x87;
  return attempt;
}

DeliveryException Parked(const AttemptRecord& attempt) {
  return {.event_seq = attempt.event_seq,
          .state = DeliveryState::kParked,
          .end_time = attempt.ack_time,
          .sent = true,
          .attempt_count = 1,
          .rejection_count = 1};
}

}  // namespace

LogLoad::LogLoad(const SampleEvents& samples, EventLog& log,
                 std::function<bool()> sealing)
    : samples_(samples), log_(log), sealing_(std::move(sealing)) {
  for (int64_t uid = 1; uid <= kTenants; ++uid) {
    routes_.push_back(
        std::make_shared<const Route>(Route{{uid, absl::StrCat("sub-", uid)}}));
  }
}

// As random as a UUID, so that an index over ids has no easy life, and the same
// in each run (the finalizer of SplitMix64).
std::string LogLoad::EventId(int64_t number) {
  uint64_t x = static_cast<uint64_t>(number) + 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return absl::StrFormat("%016x-%019d", x ^ (x >> 31), number);
}

std::string LogLoad::AssetId(int64_t number) {
  return absl::StrFormat("0c26c18e-f0dd-49b1-954a-%04d%08d", TenantUid(number),
                         number / kTenants * 7 % kAssets);
}

ObjectType LogLoad::TypeOf(int64_t number) {
  return static_cast<ObjectType>(1 + number / kTenants % 6);
}

std::string LogLoad::TopicOf(int64_t tenant_uid, ObjectType type) {
  return absl::StrCat("bench/", tenant_uid, "/", ObjectTypeName(type));
}

absl::Status LogLoad::GrowTo(int64_t count) {
  while (next_number_ < count) {
    MQTTPUSH_RETURN_IF_ERROR(WaitUntilUnderWay(kUnderWay - 1));
    const int64_t first = next_number_;
    {
      MutexLock lock(&mutex_);
      ++under_way_;
    }
    std::vector<NewEvent> events = Events(first);
    NoteAppend();
    const absl::Duration start = SteadyNow();
    log_.Append(std::move(events), [this, first, start](auto outcomes) {
      NoteWait(SteadyNow() - start);
      CommitAttempts(first, std::move(outcomes));
    });
    next_number_ += kBatch;
  }
  return absl::OkStatus();
}

std::vector<NewEvent> LogLoad::Events(int64_t first) {
  std::vector<NewEvent> events;
  events.reserve(kBatch);
  for (int64_t number = first; number < first + kBatch; ++number) {
    const int64_t tenant = TenantUid(number);
    events.push_back({.tenant_uid = tenant,
                      .event_id = EventId(number),
                      .object_type = TypeOf(number),
                      .object_id = absl::StrCat(number),
                      .asset_id = AssetId(number),
                      .owner_id = OwnerId(static_cast<int>(tenant)),
                      .payload = samples_.Payload(number, tenant),
                      .route = routes_[tenant - 1]});
  }
  return events;
}

// The writer's thread. Its order of commits is the order of the calls, so that
// cursors only grow.
void LogLoad::CommitAttempts(
    int64_t first, absl::StatusOr<std::vector<AppendOutcome>> outcomes) {
  if (!outcomes.ok()) return Ended(outcomes.status());
  for (const AppendOutcome outcome : *outcomes) {
    if (outcome == AppendOutcome::kAccepted) continue;
    return Ended(absl::InternalError("an event id was there already"));
  }
  log_.Commit(Updates(first),
              [this](const absl::Status& status) { Ended(status); });
}

std::vector<DeliveryUpdate> LogLoad::Updates(int64_t first) {
  std::vector<DeliveryUpdate> updates(kTenants);
  for (int64_t number = first; number < first + kBatch; ++number) {
    AttemptRecord attempt = AttemptOf(number);
    DeliveryUpdate& update = updates[attempt.subscription_uid - 1];
    update.subscription_uid = attempt.subscription_uid;
    update.cursor = update.sent_through = attempt.event_seq;
    if (attempt.succeeded) {
      ++update.newly_delivered;
    } else {
      ++update.newly_parked;
      update.put_exceptions.push_back(Parked(attempt));
    }
    update.attempts.push_back(std::move(attempt));
  }
  return updates;
}

void LogLoad::NoteAppend() {
  MutexLock lock(&mutex_);
  append_times_.push_back(absl::Now());
}

absl::Time LogLoad::AppendTime(int64_t number) const {
  MutexLock lock(&mutex_);
  return append_times_[number / kBatch];
}

void LogLoad::NoteWait(absl::Duration wait) {
  const bool sealing = sealing_();
  MutexLock lock(&mutex_);
  auto& waits = sealing ? waits_.sealing : waits_.otherwise;
  waits.push_back(absl::ToDoubleMilliseconds(wait));
}

LogLoad::Waits LogLoad::waits() const {
  MutexLock lock(&mutex_);
  return waits_;
}

void LogLoad::Ended(const absl::Status& status) {
  MutexLock lock(&mutex_);
  failure_.Update(status);
  --under_way_;
  changed_.SignalAll();
}

absl::Status LogLoad::WaitUntilUnderWay(int most) {
  MutexLock lock(&mutex_);
  while (under_way_ > most) changed_.Wait(&mutex_);
  return failure_;
}

}  // namespace mqttpush::bench
