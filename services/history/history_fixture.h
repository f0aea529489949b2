// HistoryFixture: the HistoryService behind a real gRPC server in process, over
// a real log and config.db, for tests.
#ifndef MQTTPUSH_SERVICES_HISTORY_HISTORY_FIXTURE_H_
#define MQTTPUSH_SERVICES_HISTORY_HISTORY_FIXTURE_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/api/refused_events.h"
#include "services/history/history_service.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "storage/sqlite/log/sqlite_stats_reader.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "tests/support/fake_delivery_status.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {

// The real time, or so much later; or, once it was set, what the test says.
// Thread-safe.
class HistoryTestClock : public Clock {
 public:
  absl::Time Now() const override {
    const int64_t set_us = set_us_;
    if (set_us != 0) return absl::FromUnixMicros(set_us);
    return Clock::Now() + absl::Microseconds(later_us_.load());
  }
  void Set(absl::Time now) { set_us_ = absl::ToUnixMicros(now); }
  void Advance(absl::Duration by) {
    later_us_ += absl::ToInt64Microseconds(by);
  }

 private:
  std::atomic<int64_t> set_us_{0};
  std::atomic<int64_t> later_us_{0};
};

// The fields that a response of INVALID_ARGUMENT names.
std::vector<std::string> ViolatedFields(const grpc::Status& status);

// Tenant "acme" owns "owner-1" and has the broker "main"; subscriptions are put
// by the test.
class HistoryFixture : public ::testing::Test {
 protected:
  explicit HistoryFixture(const LogOptions& log_options = {},
                          int max_streams = limits::kMaxAttemptStreams)
      : log_options_(log_options), max_streams_(max_streams) {}

  void SetUp() override;
  void TearDown() override { StopService(); }

  // On the log in `log_folder_`.
  void StartService();
  // As the server does: calls end, then the pool, then gRPC.
  void StopService();

  ThreadPool& pool() { return *service_->pool(); }

  // What a test may play itself.
  virtual std::unique_ptr<HistoryReader> MakeReader() {
    return std::make_unique<SqliteHistoryReader>(log_.get());
  }
  virtual void RegisterMore(grpc::ServerBuilder& builder) {}
  virtual void Redeliver(int64_t subscription_uid, int64_t event_seq,
                         const std::function<void(absl::Status)>& done) {
    done(absl::UnavailableError("nobody sends it again"));
  }

  // Writes the record; its uid.
  template <typename Record>
  int64_t Put(const Record& record) {
    return Apply(ConfigChange{record});
  }
  int64_t Apply(const ConfigChange& change);
  // Of the broker "main", to the topic "t".
  SubscriptionRecord MakeSubscription(const std::string& id) const;

  // An event of the tenant.
  NewEvent MakeTenantEvent(const std::string& event_id, Route route) const;
  // At the topic "t", that begins now; one that fails is refused with 0x97.
  AttemptRecord MakeAttempt(int64_t event_seq, int64_t subscription_uid,
                            int number, bool succeeded) const;

  TempDir temp_;
  std::string log_folder_ = "log";
  HistoryTestClock clock_;
  FakeDeliveryStatus status_;
  RefusedEvents refused_{clock_.Now()};
  TenantRecord tenant_;
  int64_t broker_uid_ = 0;
  std::unique_ptr<SqliteConfigStore> config_;
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<LiveStreams> streams_;
  std::unique_ptr<HistoryReader> reader_;
  std::unique_ptr<SqliteStatsReader> stats_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::HistoryService::Stub> stub_;

 private:
  void Provision();

  const LogOptions log_options_;
  const int max_streams_;
  std::unique_ptr<HistoryService> service_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_HISTORY_FIXTURE_H_
