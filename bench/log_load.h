// LogLoad: what ingest and dispatch do to the log, without them.
#ifndef MQTTPUSH_BENCH_LOG_LOAD_H_
#define MQTTPUSH_BENCH_LOG_LOAD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/sample_events.h"
#include "common/mutex.h"
#include "storage/event_log.h"

namespace mqttpush::bench {

// Appends events of 300 bytes for 100 tenants in turn, each with one
// subscription and 1,000 assets, and commits one attempt for each: of a
// thousand, one fails, and is parked. Batches of 500, a few of them under way.
// Event number n (from 0) has the seq n + 1: the log must be new.
class LogLoad {
 public:
  static constexpr int kTenants = 100;
  static constexpr int kAssets = 1000;  // of one tenant
  static constexpr int kBatch = 500;
  static constexpr int kUnderWay = 4;  // batches

  // All must outlive it. `sealing`: whether the log seals a segment just now.
  LogLoad(const SampleEvents& samples, EventLog& log,
          std::function<bool()> sealing);

  // Until there are `count` events, of which those of the last kUnderWay
  // batches may not be committed yet.
  absl::Status GrowTo(int64_t count);
  // Waits until all is committed.
  absl::Status Flush() { return WaitUntilUnderWay(0); }

  // How long each batch waited to be accepted, in ms: those that ended while a
  // segment was sealed, and the others.
  struct Waits {
    std::vector<double> sealing;
    std::vector<double> otherwise;
  };
  Waits waits() const;

  // Of event `number`. The uids of tenant and subscription are the same.
  static int64_t TenantUid(int64_t number) { return 1 + number % kTenants; }
  // When it was handed to the log.
  absl::Time AppendTime(int64_t number) const;
  static std::string EventId(int64_t number);
  static std::string AssetId(int64_t number);
  static std::string TopicOf(int64_t tenant_uid, ObjectType type);
  static ObjectType TypeOf(int64_t number);

 private:
  std::vector<NewEvent> Events(int64_t first);
  std::vector<DeliveryUpdate> Updates(int64_t first);
  void CommitAttempts(int64_t first,
                      absl::StatusOr<std::vector<AppendOutcome>> outcomes);
  void NoteAppend();
  void NoteWait(absl::Duration wait);
  void Ended(const absl::Status& status);
  absl::Status WaitUntilUnderWay(int most);

  const SampleEvents& samples_;
  EventLog& log_;
  std::vector<std::shared_ptr<const Route>> routes_;  // by tenant
  int64_t next_number_ = 0;
  const std::function<bool()> sealing_;
  mutable Mutex mutex_;
  std::vector<absl::Time> append_times_ ABSL_GUARDED_BY(mutex_);  // of batches
  Waits waits_ ABSL_GUARDED_BY(mutex_);
  CondVar changed_;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_LOG_LOAD_H_
