#include "storage/sqlite/full_disk_log.h"

#include <filesystem>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kSmall = 1 << 20;

absl::Status Full() {
  return absl::UnavailableError("the log cannot be written: the disk is full");
}

// A log whose answers come when the test says so, and are what it says.
class AnsweringLog : public EventLog {
 public:
  struct Calls {
    std::vector<AppendDone> appends;
    std::vector<CommitDone> commits;
  };
  explicit AnsweringLog(Calls* calls) : calls_(calls) {}

  void Append(std::vector<NewEvent>, AppendDone done) override {
    calls_->appends.push_back(std::move(done));
  }
  void Commit(std::vector<DeliveryUpdate>, CommitDone done) override {
    calls_->commits.push_back(std::move(done));
  }
  void SetAppendListener(AppendListener) override {}
  absl::StatusOr<SubscriptionState> GetSubscriptionState(int64_t) override {
    return SubscriptionState();
  }
  absl::StatusOr<SubscriptionRecovery> Recover(int64_t) override {
    return SubscriptionRecovery();
  }
  absl::StatusOr<std::vector<SubscriptionState>> ListUndelivered() override {
    return std::vector<SubscriptionState>();
  }
  Outbox GetOutbox(int64_t) const override { return {}; }
  absl::StatusOr<NextEvents> ReadNext(int64_t, int64_t, int64_t, int) override {
    return NextEvents();
  }
  absl::StatusOr<EventRecord> ReadEvent(int64_t) override {
    return EventRecord();
  }
  absl::StatusOr<EventHold> HoldEvent(int64_t) override { return EventHold(); }

 private:
  Calls* const calls_;
};

class FullDiskLogTest : public ::testing::Test {
 protected:
  void Open(int64_t reserve_bytes = kSmall,
            absl::Duration look_interval = absl::ZeroDuration()) {
    log_ = std::make_unique<FullDiskLog>(
        std::make_unique<AnsweringLog>(&calls_),
        DiskReserve(path_, reserve_bytes), look_interval);
  }
  // Appends, and returns how it ended, if it has.
  std::shared_ptr<std::optional<absl::Status>> Append() {
    auto ended = std::make_shared<std::optional<absl::Status>>();
    log_->Append({MakeEvent("a", {1})},
                 [ended](auto outcomes) { *ended = outcomes.status(); });
    return ended;
  }
  void AnswerAppend(const absl::Status& status) {
    EventLog::AppendDone done = std::move(calls_.appends.front());
    calls_.appends.erase(calls_.appends.begin());
    if (status.ok()) {
      done(std::vector<AppendOutcome>{AppendOutcome::kAccepted});
    } else {
      done(status);
    }
  }
  absl::Status Commit(absl::Status answer) {
    absl::Status ended;
    log_->Commit({}, [&](absl::Status status) { ended = std::move(status); });
    EventLog::CommitDone done = std::move(calls_.commits.back());
    calls_.commits.pop_back();
    done(std::move(answer));
    return ended;
  }
  bool ReserveIsHeld() const { return std::filesystem::exists(path_); }

  TempDir temp_;
  const std::string path_ = temp_.File("reserve");
  AnsweringLog::Calls calls_;
  std::unique_ptr<FullDiskLog> log_;
};

TEST_F(FullDiskLogTest, HoldsTheReserveWhileThereIsRoom) {
  Open();
  EXPECT_TRUE(ReserveIsHeld());
  auto first = Append();
  AnswerAppend(absl::OkStatus());
  EXPECT_EQ(*first, absl::OkStatus());
  EXPECT_TRUE(Commit(absl::OkStatus()).ok());
  EXPECT_TRUE(ReserveIsHeld());
}

TEST_F(FullDiskLogTest, GivesTheReserveUpAndTakesNoMoreEvents) {
  Open(kSmall, absl::InfiniteDuration());
  auto first = Append();
  AnswerAppend(Full());
  EXPECT_EQ(*first, Full());
  EXPECT_FALSE(ReserveIsHeld());
  auto second = Append();
  EXPECT_EQ(*second, Full()) << "at once, and for the same reason";
  EXPECT_TRUE(calls_.appends.empty());
  EXPECT_TRUE(Commit(absl::OkStatus()).ok());
  EXPECT_FALSE(ReserveIsHeld());
}

TEST_F(FullDiskLogTest, KeepsTheReserveFromWhatIsUnderWay) {
  Open(kSmall, absl::InfiniteDuration());
  auto first = Append();
  auto second = Append();
  EXPECT_EQ(Commit(Full()), Full());
  EXPECT_TRUE(ReserveIsHeld());
  AnswerAppend(Full());
  EXPECT_TRUE(ReserveIsHeld());
  AnswerAppend(absl::OkStatus());
  EXPECT_EQ(*second, absl::OkStatus());
  EXPECT_FALSE(ReserveIsHeld());
}

TEST_F(FullDiskLogTest, TakesEventsAgainOnceThereIsRoomForTheReserve) {
  Open();
  Append();
  AnswerAppend(Full());
  ASSERT_FALSE(ReserveIsHeld());
  auto again = Append();
  EXPECT_TRUE(ReserveIsHeld());
  AnswerAppend(absl::OkStatus());
  EXPECT_EQ(*again, absl::OkStatus());
}

TEST_F(FullDiskLogTest, OtherErrorsAreNoReason) {
  Open();
  Append();
  AnswerAppend(absl::UnavailableError("the log is behind: the disk is slow"));
  EXPECT_FALSE(Commit(absl::UnavailableError("sqlite: disk I/O error")).ok());
  EXPECT_TRUE(ReserveIsHeld());
  Append();
  EXPECT_EQ(calls_.appends.size(), 1u);
}

TEST_F(FullDiskLogTest, StartsWithoutRoomForTheReserve) {
  Open(int64_t{1} << 60);
  auto refused = Append();
  ASSERT_TRUE(refused->has_value());
  EXPECT_EQ((*refused)->code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string((*refused)->message()),
              HasSubstr("the disk is full"));
  EXPECT_TRUE(Commit(absl::OkStatus()).ok());
}

}  // namespace
}  // namespace mqttpush
