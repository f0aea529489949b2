// RetentionFixture: a log whose clock is moved by hand, and short words for
// what becomes of its events.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_RETENTION_FIXTURE_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_RETENTION_FIXTURE_H_

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "storage/sqlite/log/conservation_audit.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "tests/support/log_fixture.h"
#include "tests/support/stepping_clock.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {

class RetentionFixture : public ::testing::Test {
 public:
  static constexpr absl::Time kBeginning = absl::FromUnixSeconds(1'000'000);

 protected:
  // Anew, with what is on the disk.
  void Open() {
    log_.reset();
    log_ = *SqliteEventLog::Open(temp_.File("log"), options_, &clock_);
  }
  // Gives back the seq.
  int64_t Append(const std::string& id, int64_t uid) {
    EXPECT_TRUE(AppendAndWait(*log_, {MakeEvent(id, {uid})}).ok());
    return ++last_seq_;
  }
  void Commit(const DeliveryUpdate& update) {
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  // The delivery is over, by its first attempt, and all before it are.
  void Deliver(int64_t seq, int64_t uid) {
    DeliveryUpdate update = Attempted(seq, uid, true);
    update.newly_delivered = 1;
    Commit(update);
  }
  // It is over, or will be tried again, as the exception says.
  void Fail(const DeliveryException& exception, int64_t uid) {
    DeliveryUpdate update = Attempted(exception.event_seq, uid, false);
    update.put_exceptions = {exception};
    update.newly_parked = exception.state == DeliveryState::kParked;
    Commit(update);
  }
  DeliveryUpdate Attempted(int64_t seq, int64_t uid, bool succeeded) {
    int64_t& cursor = cursors_[uid];
    cursor = std::max(cursor, seq);
    DeliveryUpdate update = {
        .subscription_uid = uid, .cursor = cursor, .sent_through = cursor};
    update.attempts = {{.event_seq = seq,
                        .subscription_uid = uid,
                        .start_time = clock_.Now(),
                        .topic = "t",
                        .succeeded = succeeded}};
    return update;
  }

  // So much later. Retention is looked after with every commit, at most once a
  // minute: two events that wait.
  void Age(absl::Duration by) {
    log_->WaitUntilSealed();
    clock_.Advance(by);
    Append(absl::StrCat("aged", last_seq_), 8);
    Append(absl::StrCat("aged", last_seq_), 8);
  }
  std::vector<int64_t> SegmentsKept() {
    std::vector<int64_t> numbers;
    for (const auto& segment : *log_->store()->list().Get()) {
      numbers.push_back(segment->number);
    }
    return numbers;
  }
  std::vector<ConservationDifference> Differences() {
    SqliteConservationAudit audit(log_.get());
    while (true) {
      auto report = audit.Step();
      EXPECT_TRUE(report.ok()) << report.status();
      if (!report.ok()) return {};
      if (report->has_value()) return (*report)->differences;
    }
  }

  TempDir temp_;
  SteppingClock clock_{kBeginning};
  LogOptions options_ = {.dedupe_window = absl::Hours(1),
                         .retention = absl::Hours(24)};
  std::unique_ptr<SqliteEventLog> log_;
  int64_t last_seq_ = 0;
  std::map<int64_t, int64_t> cursors_;  // by subscription
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_RETENTION_FIXTURE_H_
