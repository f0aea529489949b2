#include "storage/sqlite/sqlite_replay_store.h"

#include "common/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SqliteReplayStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = *SqliteConfigStore::Open(temp_.File("config.db"));
    Open();
    acme_ = PutTenant("acme");
  }
  void Open() { store_ = *SqliteReplayStore::Open(temp_.File("config.db")); }
  int64_t PutTenant(const std::string& id) {
    TenantRecord tenant;
    tenant.id = id;
    return Apply({tenant});
  }
  int64_t Apply(ConfigChange change) {
    auto applied = config_->Apply(
        [&](const ConfigSnapshot&) -> absl::StatusOr<ConfigChange> {
          return change;
        });
    EXPECT_TRUE(applied.ok()) << applied.status();
    return applied.ok() ? applied->uid : 0;
  }
  static ReplayRecord OfTenant(int64_t tenant_uid) {
    ReplayRecord replay;
    replay.query.tenant_uid = tenant_uid;
    replay.states = {DeliveryState::kParked};
    replay.max_per_second = 100;
    replay.create_time = absl::FromUnixSeconds(1000);
    replay.matched_count = 5;
    return replay;
  }
  ReplayRecord Create(const ReplayRecord& replay) {
    auto created = store_->Create(replay);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.value_or(ReplayRecord());
  }
  void End(ReplayRecord replay) {
    replay.state = ReplayState::kSucceeded;
    replay.finish_time = absl::FromUnixSeconds(2000);
    EXPECT_TRUE(store_->Update(replay).ok());
  }
  std::vector<int64_t> Uids(const std::vector<ReplayRecord>& replays) {
    std::vector<int64_t> uids;
    for (const ReplayRecord& replay : replays) uids.push_back(replay.uid);
    return uids;
  }
  std::vector<int64_t> ListedUids(int64_t tenant_uid) {
    return Uids(*store_->List(tenant_uid, 1'000'000, 1000));
  }

  TempDir temp_;
  std::unique_ptr<SqliteConfigStore> config_;
  std::unique_ptr<SqliteReplayStore> store_;
  int64_t acme_ = 0;
};

TEST_F(SqliteReplayStoreTest, KeepsAllOfAReplay) {
  ReplayRecord replay = OfTenant(acme_);
  replay.query.subscription_uid = 7;
  replay.subscription_id = "sub";
  replay.query.start_time = absl::FromUnixMicros(5);
  replay.query.end_time = absl::FromUnixMicros(6);
  replay.query.object_type = ObjectType::kGensetData;
  replay.query.asset_id = "asset";
  replay.query.event_id = "event";
  replay.query.topic = "topic";
  replay.states = {DeliveryState::kParked, DeliveryState::kDelivered};
  replay.matched_bytes = 99;
  replay.uid = Create(replay).uid;
  replay.position = {12, 7};
  replay.requested_count = 3;
  replay.skipped_count = 2;
  replay.error = "it waits";
  EXPECT_EQ(*store_->Update(replay), ReplayState::kRunning);
  store_.reset();
  Open();

  const ReplayRecord read = *store_->Get(acme_, replay.uid);
  EXPECT_EQ(read.query.tenant_uid, acme_);
  EXPECT_EQ(read.query.subscription_uid, 7);
  EXPECT_EQ(read.subscription_id, "sub");
  EXPECT_EQ(read.query.start_time, replay.query.start_time);
  EXPECT_EQ(read.query.end_time, replay.query.end_time);
  EXPECT_EQ(read.query.object_type, ObjectType::kGensetData);
  EXPECT_EQ(read.query.asset_id, "asset");
  EXPECT_EQ(read.query.event_id, "event");
  EXPECT_EQ(read.query.topic, "topic");
  EXPECT_EQ(read.states, replay.states);
  EXPECT_EQ(read.max_per_second, 100);
  EXPECT_EQ(read.create_time, absl::FromUnixSeconds(1000));
  EXPECT_EQ(read.matched_count, 5);
  EXPECT_EQ(read.matched_bytes, 99);
  EXPECT_EQ(read.state, ReplayState::kRunning);
  EXPECT_EQ(read.position, (DeliveryKey{12, 7}));
  EXPECT_EQ(read.requested_count, 3);
  EXPECT_EQ(read.skipped_count, 2);
  EXPECT_FALSE(read.finish_time.has_value());
  EXPECT_EQ(read.error, "it waits");
}

TEST_F(SqliteReplayStoreTest, WhatIsNotAskedForStaysOpen) {
  const ReplayRecord read = Create(OfTenant(acme_));
  EXPECT_FALSE(read.query.subscription_uid.has_value());
  EXPECT_FALSE(read.query.object_type.has_value());
  EXPECT_EQ(read.query.start_time, absl::InfinitePast());
  EXPECT_EQ(read.query.end_time, absl::InfiniteFuture());
  EXPECT_THAT(read.states, ElementsAre(DeliveryState::kParked));
}

// What was requested meanwhile is counted all the same.
TEST_F(SqliteReplayStoreTest, NothingChangesTheStateOfACancelledOne) {
  ReplayRecord replay = Create(OfTenant(acme_));
  const auto cancelled =
      store_->Cancel(acme_, replay.uid, absl::FromUnixSeconds(1500));
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state, ReplayState::kCancelled);
  replay.state = ReplayState::kSucceeded;
  replay.finish_time = absl::FromUnixSeconds(2000);
  replay.requested_count = 5;
  EXPECT_EQ(*store_->Update(replay), ReplayState::kCancelled);

  const auto again =
      store_->Cancel(acme_, replay.uid, absl::FromUnixSeconds(3000));
  EXPECT_EQ(again->state, ReplayState::kCancelled);
  EXPECT_EQ(again->finish_time, absl::FromUnixSeconds(1500));
  EXPECT_EQ(again->requested_count, 5);
  EXPECT_THAT(*store_->ListRunning(), IsEmpty());
}

TEST_F(SqliteReplayStoreTest, ATenantSeesItsOwnNewestFirst) {
  const int64_t other = PutTenant("other");
  const int64_t a = Create(OfTenant(acme_)).uid;
  const int64_t b = Create(OfTenant(other)).uid;
  const int64_t c = Create(OfTenant(acme_)).uid;
  EXPECT_THAT(ListedUids(acme_), ElementsAre(c, a));
  EXPECT_THAT(Uids(*store_->List(acme_, c, 10)), ElementsAre(a));
  EXPECT_THAT(Uids(*store_->List(acme_, c + 1, 1)), ElementsAre(c));
  EXPECT_TRUE(absl::IsNotFound(store_->Get(acme_, b).status()));
  EXPECT_TRUE(
      absl::IsNotFound(store_->Cancel(acme_, b, absl::UnixEpoch()).status()));
  EXPECT_THAT(Uids(*store_->ListRunning()), ElementsAre(a, b, c));
}

TEST_F(SqliteReplayStoreTest, FewRunAtOnceAndTheNewestAreKept) {
  const ReplayRecord slow = Create(OfTenant(acme_));
  std::vector<ReplayRecord> running = {slow};
  while (static_cast<int>(running.size()) < limits::kMaxRunningReplays) {
    running.push_back(Create(OfTenant(acme_)));
  }
  EXPECT_TRUE(
      absl::IsResourceExhausted(store_->Create(OfTenant(acme_)).status()));
  for (size_t i = 1; i < running.size(); ++i) End(running[i]);
  for (int i = 0; i < limits::kMaxKeptReplays; ++i)
    End(Create(OfTenant(acme_)));

  const std::vector<int64_t> uids = ListedUids(acme_);
  EXPECT_EQ(uids.size(), limits::kMaxKeptReplays + 1u);
  EXPECT_EQ(uids.back(), slow.uid);
}

TEST_F(SqliteReplayStoreTest, ReplaysGoWithTheirTenantAndStayWithAChange) {
  const ReplayRecord replay = Create(OfTenant(acme_));
  TenantRecord changed;
  changed.uid = acme_;
  changed.id = "acme";
  changed.paused = true;
  Apply({changed});
  EXPECT_TRUE(store_->Get(acme_, replay.uid).ok());

  Apply({ConfigChange::DeleteTenant{acme_, true}});
  EXPECT_TRUE(absl::IsNotFound(store_->Get(acme_, replay.uid).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->Update(replay).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->Create(OfTenant(acme_)).status()));
}

}  // namespace
}  // namespace mqttpush
