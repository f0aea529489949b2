// Files of schema version 1, with rows, under this program.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log/legacy_log.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {

extern const absl::string_view kConfigSchema0001;
extern const absl::string_view kLegacyLogSchema0001;

namespace {

class MigrationTest : public ::testing::Test {
 protected:
  // A file of version 1 that holds what `rows` inserts.
  void Write(const std::string& path, absl::string_view schema,
             const std::string& rows) {
    auto db = Database::Open(path, Database::Mode::kReadWrite);
    ASSERT_TRUE(db.ok()) << db.status();
    ASSERT_TRUE(Migrate(&*db, {schema}).ok());
    absl::Status inserted = db->Execute(rows);
    ASSERT_TRUE(inserted.ok()) << inserted;
  }
  // Imports log.db and opens what comes of it.
  void Open() {
    absl::Status imported =
        ImportLegacyLog(temp_.File("log.db"), temp_.File("log"));
    ASSERT_TRUE(imported.ok()) << imported;
    auto log = SqliteEventLog::Open(temp_.File("log"), Clock::Real());
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }
  DeliveryRow Delivery(int64_t event_seq) {
    auto row = SqliteHistoryReader(log_.get())
                   .GetDelivery(1, {event_seq, 7},
                                [](int64_t, int64_t, DeliveryState state) {
                                  return state;
                                });
    EXPECT_TRUE(row.ok()) << row.status();
    return *std::move(row);
  }
  TempDir temp_;
  std::unique_ptr<SqliteEventLog> log_;
};

// 1 delivered, 2 parked, 3 retrying, 4 waiting, 5 parked without an attempt.
constexpr char kLogRows[] = R"sql(
INSERT INTO event VALUES
  (1, 1, 'a', 2, 'o', 'as', 'ow', 1000, ',7,', '{}'),
  (2, 1, 'b', 2, 'o', 'as', 'ow', 1000, ',7,', '{}'),
  (3, 1, 'c', 2, 'o', 'as', 'ow', 1000, ',7,', '{}'),
  (4, 1, 'd', 2, 'o', 'as', 'ow', 1000, ',7,', '{}'),
  (5, 1, 'e', 2, 'o', 'as', 'ow', 1000, ',7,', '{}');
INSERT INTO attempt VALUES
  (1, 1, 7, 1, 1, 2000000, 5, 't', 2, 1, 0, '', 0, 9, 0, 1, 'b:1', 1, 1),
  (2, 1, 7, 2, 1, 2000000, 5, 't', 1, 0, 1, 'no', 151, 9, 0, 0, 'b:1', 1, 1),
  (3, 1, 7, 2, 2, 3000000, 5, 't', 1, 0, 1, 'no', 144, 9, 0, 0, 'b:1', 1, 1),
  (4, 1, 7, 3, 1, 2000000, 5, 't', 1, 0, 1, 'no', 151, 9, 1, 0, 'b:1', 1, 1);
INSERT INTO subscription VALUES (7, 1, 'sub-7', 3, 3, 5, 1, 2);
INSERT INTO delivery_exception VALUES
  (7, 2, 1, 0, 2, 1, 0), (7, 3, 0, 1, 1, 1, 9000000), (7, 5, 1, 0, 0, 0, 0);
)sql";

TEST_F(MigrationTest, LogOfVersionOneKeepsItsStates) {
  Write(temp_.File("log.db"), kLegacyLogSchema0001, kLogRows);
  Open();
  EXPECT_EQ(Delivery(1).state, DeliveryState::kDelivered);
  EXPECT_EQ(Delivery(2).state, DeliveryState::kParked);
  EXPECT_EQ(Delivery(2).end_time, absl::FromUnixMicros(3000005));
  EXPECT_EQ(Delivery(3).state, DeliveryState::kRetrying);
  EXPECT_EQ(Delivery(3).next_attempt_time, absl::FromUnixSeconds(9));
  EXPECT_EQ(Delivery(4).state, DeliveryState::kWaiting);
  EXPECT_EQ(Delivery(5).state, DeliveryState::kParked);
  EXPECT_EQ(Delivery(5).end_time, absl::InfinitePast());

  const AttemptRecord attempt = *Delivery(1).last_attempt;
  EXPECT_EQ(attempt.requested_qos, Qos::kExactlyOnce);
  EXPECT_EQ(attempt.ack_time, absl::InfinitePast());
  EXPECT_EQ(attempt.connection, 0);
  EXPECT_FALSE(attempt.duplicate_flag);
  EXPECT_FALSE(attempt.manual);
  EXPECT_TRUE(attempt.session_present);
  EXPECT_TRUE(Delivery(3).last_attempt->duplicate_flag);
  EXPECT_FALSE(Delivery(3).last_attempt->manual);

  auto recovery = log_->Recover(7);
  ASSERT_EQ(recovery->exceptions.size(), 2u);  // 3, and 5 above the cursor
  EXPECT_TRUE(recovery->exceptions[0].sent);
  EXPECT_EQ(recovery->exceptions[0].rejection_count, 1);
  EXPECT_EQ(recovery->state.retrying_count, 1);
  EXPECT_EQ(recovery->state.expired_count, 0);
}

TEST_F(MigrationTest, MigratedLogTakesWhatIsNew) {
  Write(temp_.File("log.db"), kLegacyLogSchema0001, kLogRows);
  Open();
  DeliveryUpdate update = {
      .subscription_uid = 7, .cursor = 5, .sent_through = 5};
  update.put_exceptions = {{.event_seq = 4,
                            .state = DeliveryState::kExpired,
                            .ending = {EndReason::kLifetimeOver},
                            .end_time = absl::FromUnixSeconds(8)}};
  update.newly_expired = 1;
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  EXPECT_EQ(Delivery(4).state, DeliveryState::kExpired);
  EXPECT_EQ(log_->GetSubscriptionState(7)->expired_count, 1);
}

TEST_F(MigrationTest, ConfigurationOfVersionOneIsEnabledAndWithoutLifetime) {
  Write(temp_.File("config.db"), kConfigSchema0001, R"sql(
    INSERT INTO tenant VALUES (1, 'acme', '', 0, 1, 0, 0);
    INSERT INTO broker VALUES (1, 1, 'main', 'h', 1883, 4, 0, '', '', 0, '',
      '', '', '', 'c', 60, 3600, 100, 1, 0, 0);
    INSERT INTO subscription VALUES
      (1, 1, 'all', 1, 't', 1, 0, NULL, 1, 3, 0, 0);)sql");
  auto store = SqliteConfigStore::Open(temp_.File("config.db"));
  ASSERT_TRUE(store.ok()) << store.status();
  auto snapshot = (*store)->Snapshot();
  const SubscriptionRecord* subscription = snapshot->FindSubscription(1);
  ASSERT_NE(subscription, nullptr);
  EXPECT_TRUE(subscription->paused);
  EXPECT_EQ(subscription->revision, 3);
  EXPECT_FALSE(subscription->disabled);
  EXPECT_FALSE(subscription->event_lifetime.has_value());
}

}  // namespace
}  // namespace mqttpush
