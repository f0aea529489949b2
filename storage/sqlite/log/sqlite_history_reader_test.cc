#include "storage/sqlite/log/sqlite_history_reader.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Six events of tenant 1, for subscription 7 (and 3, 6 also for 17):
//   1, 2 delivered; 3 parked for 7; 4 retrying; 5, 6 waiting. 17: all waiting.
// In one segment, and in several, sealed or not.
struct Layout {
  int64_t segment_rows;
  bool seal;
};

class SqliteHistoryReaderTest : public ::testing::TestWithParam<Layout> {
 protected:
  void SetUp() override {
    log_ = *SqliteEventLog::Open(
        temp_.File("log"), {.segment_rows = GetParam().segment_rows}, &clock_);
    history_ = std::make_unique<SqliteHistoryReader>(log_.get());
    query_.tenant_uid = 1;
    std::vector<NewEvent> events = {
        MakeEvent("a", {7}), MakeEvent("b", {7}), MakeEvent("c", {7, 17}),
        MakeEvent("d", {7}), MakeEvent("e", {7}), MakeEvent("f", {7, 17})};
    events[1].asset_id = "asset-2";
    events[4].object_type = ObjectType::kAsset;
    NewEvent foreign = MakeEvent("a", {99});
    foreign.tenant_uid = 2;
    events.push_back(foreign);
    for (const NewEvent& event : events) {
      ASSERT_TRUE(AppendAndWait(*log_, {event}).ok());
    }
    DeliveryUpdate update = {
        .subscription_uid = 7, .cursor = 4, .sent_through = 4};
    update.attempts = {Attempt(1, 1, true, 10), Attempt(2, 1, false, 11),
                       Attempt(2, 2, true, 12), Attempt(3, 1, false, 13),
                       Attempt(4, 1, false, 14)};
    update.attempts[2].topic = "other";
    update.put_exceptions = {{.event_seq = 3,
                              .state = DeliveryState::kParked,
                              .end_time = absl::FromUnixSeconds(13),
                              .attempt_count = 1},
                             {.event_seq = 4,
                              .attempt_count = 1,
                              .next_attempt_time = absl::FromUnixSeconds(99)}};
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
    if (GetParam().seal) log_->WaitUntilSealed();
  }
  static AttemptRecord Attempt(int64_t seq, int number, bool succeeded,
                               int64_t start) {
    return {.event_seq = seq,
            .subscription_uid = 7,
            .number = number,
            .start_time = absl::FromUnixSeconds(start),
            .duration = absl::Milliseconds(1),
            .topic = "t",
            .succeeded = succeeded};
  }
  static std::string Key(const DeliveryRow& row) {
    return std::to_string(row.event.seq) + "-" +
           std::to_string(row.subscription_uid);
  }
  std::vector<std::string> Deliveries(std::vector<DeliveryState> states = {},
                                      int page_size = 100) {
    std::vector<std::string> keys;
    std::optional<DeliveryKey> after;
    do {
      auto page =
          history_->ListDeliveries(query_, states, overlay_, after, page_size);
      EXPECT_TRUE(page.ok()) << page.status();
      for (const auto& row : page->rows) keys.push_back(Key(row));
      after = page->next;
    } while (after.has_value());
    return keys;
  }
  // Oldest first.
  std::vector<std::string> Walked(std::vector<DeliveryState> states = {},
                                  int limit = 100) {
    std::vector<std::string> keys;
    std::optional<DeliveryKey> after;
    do {
      auto page =
          history_->WalkDeliveries(query_, states, overlay_, after, limit);
      EXPECT_TRUE(page.ok()) << page.status();
      EXPECT_LE(static_cast<int>(page->rows.size()), limit);
      for (const auto& row : page->rows) {
        EXPECT_GT(row.payload_bytes, 0);
        keys.push_back(Key(row));
      }
      after = page->next;
    } while (after.has_value());
    return keys;
  }
  std::vector<std::string> Attempts(std::optional<bool> succeeded = {},
                                    int page_size = 100) {
    std::vector<std::string> keys;
    std::optional<AttemptKey> after;
    do {
      auto page = history_->ListAttempts(query_, succeeded, after, page_size);
      EXPECT_TRUE(page.ok()) << page.status();
      for (const auto& row : page->rows) {
        keys.push_back(std::to_string(row.attempt.event_seq) + "#" +
                       std::to_string(row.attempt.number));
      }
      after = page->next;
    } while (after.has_value());
    return keys;
  }

  // All is accepted at the same moment.
  class StoppedClock : public Clock {
    absl::Time Now() const override { return absl::FromUnixSeconds(1000); }
  };

  TempDir temp_;
  StoppedClock clock_;
  std::unique_ptr<SqliteEventLog> log_;
  std::unique_ptr<SqliteHistoryReader> history_;
  HistoryQuery query_;
  StateOverlay overlay_ = [](int64_t, int64_t, DeliveryState state) {
    return state;
  };
};

INSTANTIATE_TEST_SUITE_P(Layouts, SqliteHistoryReaderTest,
                         ::testing::Values(Layout{400'000, false},
                                           Layout{1, false}, Layout{1, true},
                                           Layout{3, true}));

TEST_P(SqliteHistoryReaderTest, SubscriptionOfAnotherTenantHasNothing) {
  query_.tenant_uid = 2;
  query_.subscription_uid = 7;
  EXPECT_THAT(Deliveries(), IsEmpty());
  EXPECT_THAT(Attempts(), IsEmpty());
}

TEST_P(SqliteHistoryReaderTest, ListsDeliveriesNewestFirstOverPages) {
  for (int page_size : {1, 2, 3, 100}) {
    EXPECT_THAT(
        Deliveries({}, page_size),
        ElementsAre("6-17", "6-7", "5-7", "4-7", "3-17", "3-7", "2-7", "1-7"))
        << page_size;
  }
}

TEST_P(SqliteHistoryReaderTest, WalksOldestFirstOverTheSame) {
  const std::vector<std::vector<DeliveryState>> kStates = {
      {},
      {DeliveryState::kParked},
      {DeliveryState::kDelivered},
      {DeliveryState::kWaiting},
      {DeliveryState::kParked, DeliveryState::kDelivered}};
  for (const char* asset : {"", "asset-1"}) {
    query_.asset_id = asset;
    for (const auto& states : kStates) {
      std::vector<std::string> expected = Deliveries(states);
      std::reverse(expected.begin(), expected.end());
      for (int limit : {1, 2, 3, 100}) {
        EXPECT_EQ(Walked(states, limit), expected) << limit;
      }
    }
  }
}

TEST_P(SqliteHistoryReaderTest, AWalkEndsAtTheTimesThatAreAskedFor) {
  query_.end_time = absl::FromUnixSeconds(1000);
  EXPECT_THAT(Walked(), IsEmpty());
  query_.end_time = absl::FromUnixSeconds(1001);
  query_.start_time = absl::FromUnixSeconds(1000);
  EXPECT_EQ(Walked().size(), 8u);
}

TEST_P(SqliteHistoryReaderTest, DerivesStatesFromCursorExceptionsAttempts) {
  EXPECT_THAT(Deliveries({DeliveryState::kDelivered}),
              ElementsAre("2-7", "1-7"));
  EXPECT_THAT(Deliveries({DeliveryState::kParked}), ElementsAre("3-7"));
  EXPECT_THAT(Deliveries({DeliveryState::kRetrying}), ElementsAre("4-7"));
  EXPECT_THAT(Deliveries({DeliveryState::kWaiting}),
              ElementsAre("6-17", "6-7", "5-7", "3-17"));
  EXPECT_THAT(Deliveries({DeliveryState::kParked, DeliveryState::kDelivered}),
              ElementsAre("3-7", "2-7", "1-7"));
}

TEST_P(SqliteHistoryReaderTest, SuccessAheadOfTheCursorIsDelivered) {
  DeliveryUpdate update = {
      .subscription_uid = 7, .cursor = 4, .sent_through = 6};
  update.attempts = {Attempt(6, 1, true, 20)};
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  EXPECT_THAT(Deliveries({DeliveryState::kDelivered}),
              ElementsAre("6-7", "2-7", "1-7"));
}

TEST_P(SqliteHistoryReaderTest, OverlayDecidesWhatTheLogCannotKnow) {
  overlay_ = [](int64_t uid, int64_t seq, DeliveryState state) {
    return uid == 7 && seq == 5 ? DeliveryState::kInFlight : state;
  };
  EXPECT_THAT(Deliveries({DeliveryState::kInFlight}), ElementsAre("5-7"));
}

TEST_P(SqliteHistoryReaderTest, FiltersDeliveries) {
  query_.subscription_uid = 17;
  EXPECT_THAT(Deliveries(), ElementsAre("6-17", "3-17"));
  query_.subscription_uid.reset();
  query_.asset_id = "asset-2";
  EXPECT_THAT(Deliveries(), ElementsAre("2-7"));
  query_.asset_id = "";
  query_.event_id = "c";
  EXPECT_THAT(Deliveries(), ElementsAre("3-17", "3-7"));
  query_.event_id = "";
  query_.object_type = ObjectType::kAsset;
  EXPECT_THAT(Deliveries(), ElementsAre("5-7"));
  query_.object_type.reset();
  query_.topic = "other";
  EXPECT_THAT(Deliveries(), ElementsAre("2-7"));
}

TEST_P(SqliteHistoryReaderTest, TimeRangeIsHalfOpen) {
  const absl::Time accepted = log_->ReadEvent(1)->accept_time;
  query_.start_time = accepted;
  query_.end_time = accepted;
  EXPECT_THAT(Deliveries(), ElementsAre());
  query_.end_time = accepted + absl::Microseconds(1);
  EXPECT_EQ(Deliveries().size(), 8u);
  query_.start_time = accepted + absl::Microseconds(1);
  query_.end_time = absl::InfiniteFuture();
  EXPECT_THAT(Deliveries(), ElementsAre());
}

// 5 expired, 6 discarded for 7; for 17 an overlay discards 6 only.
TEST_P(SqliteHistoryReaderTest, EndedDeliveriesSayWhenAndWhy) {
  DeliveryUpdate update = {
      .subscription_uid = 7, .cursor = 6, .sent_through = 6};
  update.put_exceptions = {{.event_seq = 5,
                            .state = DeliveryState::kExpired,
                            .ending = {EndReason::kLifetimeOver},
                            .end_time = absl::FromUnixSeconds(50)},
                           {.event_seq = 6,
                            .state = DeliveryState::kDiscarded,
                            .ending = {EndReason::kSubscriptionDisabled},
                            .end_time = absl::FromUnixSeconds(60)}};
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  overlay_ = [](int64_t uid, int64_t seq, DeliveryState state) {
    return uid == 17 && seq == 6 ? DeliveryState::kDiscarded : state;
  };
  EXPECT_THAT(Deliveries({DeliveryState::kExpired}), ElementsAre("5-7"));
  for (int page_size : {1, 100}) {
    EXPECT_THAT(Deliveries({DeliveryState::kDiscarded}, page_size),
                ElementsAre("6-17", "6-7"));
  }
  auto expired = history_->GetDelivery(1, {5, 7}, overlay_);
  EXPECT_EQ(expired->end_time, absl::FromUnixSeconds(50));
  EXPECT_EQ(expired->ending.reason, EndReason::kLifetimeOver);
  auto discarded = history_->GetDelivery(1, {6, 7}, overlay_);
  EXPECT_EQ(discarded->end_time, absl::FromUnixSeconds(60));
  EXPECT_EQ(discarded->ending.reason, EndReason::kSubscriptionDisabled);
  auto parked = history_->GetDelivery(1, {3, 7}, overlay_);
  EXPECT_EQ(parked->end_time, absl::FromUnixSeconds(13));
  EXPECT_EQ(parked->ending.reason, EndReason::kNone);
  auto overlaid = history_->GetDelivery(1, {6, 17}, overlay_);
  EXPECT_EQ(overlaid->end_time, absl::InfinitePast());
}

TEST_P(SqliteHistoryReaderTest, GetsOneDeliveryWithItsPayload) {
  auto row = history_->GetDelivery(1, {4, 7}, overlay_);
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->event.payload, "{\"id\":\"d\"}");
  EXPECT_EQ(row->state, DeliveryState::kRetrying);
  EXPECT_EQ(row->next_attempt_time, absl::FromUnixSeconds(99));
  EXPECT_EQ(row->attempt_count, 1);
  EXPECT_EQ(row->subscription_id, "sub-7");
}

TEST_P(SqliteHistoryReaderTest, DeliveryOfAnotherTenantDoesNotExist) {
  EXPECT_TRUE(
      absl::IsNotFound(history_->GetDelivery(2, {4, 7}, overlay_).status()));
  EXPECT_TRUE(
      absl::IsNotFound(history_->GetDelivery(1, {4, 17}, overlay_).status()));
  EXPECT_TRUE(
      absl::IsNotFound(history_->GetDelivery(1, {400, 7}, overlay_).status()));
}

// 1 to 4 are over or retrying, 5 and 6 wait.
TEST_P(SqliteHistoryReaderTest, CountsWhatComesBeforeAnEvent) {
  EXPECT_EQ(*history_->CountAhead(7, 5), 0);
  EXPECT_EQ(*history_->CountAhead(7, 6), 1);
  EXPECT_EQ(*history_->CountAhead(17, 6), 1);
  EXPECT_EQ(*history_->CountAhead(17, 3), 0);
  EXPECT_EQ(*history_->CountAhead(99, 7), 0);
  EXPECT_EQ(*history_->CountAhead(1000, 7), 0);
  // Parked ahead of the cursor.
  DeliveryUpdate ahead = {
      .subscription_uid = 17, .cursor = 0, .sent_through = 6};
  ahead.put_exceptions = {{.event_seq = 3, .state = DeliveryState::kParked}};
  ahead.newly_parked = 1;
  ASSERT_TRUE(CommitAndWait(*log_, {ahead}).ok());
  EXPECT_EQ(*history_->CountAhead(17, 6), 0);
}

TEST_P(SqliteHistoryReaderTest, FiltersDeliveriesByObjectId) {
  query_.object_id = "12345";
  EXPECT_EQ(Deliveries().size(), 8u);
  query_.object_id = "1234";
  EXPECT_THAT(Deliveries(), IsEmpty());
}

TEST_P(SqliteHistoryReaderTest, KeepsAllEvidenceOfAnAttempt) {
  AttemptRecord attempt = Attempt(5, 1, false, 20);
  attempt.qos = Qos::kExactlyOnce;
  attempt.requested_qos = Qos::kAtLeastOnce;
  attempt.error_class = ErrorClass::kLinkCut;
  attempt.error_message = "error";
  attempt.reason_code = 0x97;
  attempt.reason_string = "quota of 5";
  attempt.warning = "may arrive twice";
  attempt.packet_id = 77;
  attempt.duplicate_flag = true;
  attempt.manual = true;
  attempt.session_present = true;
  attempt.broker_address = "192.0.2.7:8883";
  attempt.connection = 4;
  attempt.pubrec_time = absl::FromUnixSeconds(21);
  attempt.ack_time = absl::FromUnixSeconds(22);
  attempt.subscription_revision = 5;
  attempt.broker_revision = 6;
  DeliveryUpdate update = {
      .subscription_uid = 7, .cursor = 4, .sent_through = 5};
  update.attempts = {attempt};
  ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  query_.event_seq = 5;
  auto page = history_->ListAttempts(query_, {}, {}, 10);
  ASSERT_EQ(page->rows.size(), 1u);
  const AttemptRecord& read = page->rows[0].attempt;
  EXPECT_EQ(read.qos, attempt.qos);
  EXPECT_EQ(read.requested_qos, attempt.requested_qos);
  EXPECT_EQ(read.error_class, attempt.error_class);
  EXPECT_EQ(read.error_message, attempt.error_message);
  EXPECT_EQ(read.reason_code, attempt.reason_code);
  EXPECT_EQ(read.reason_string, attempt.reason_string);
  EXPECT_EQ(read.warning, attempt.warning);
  EXPECT_EQ(read.packet_id, attempt.packet_id);
  EXPECT_TRUE(read.duplicate_flag);
  EXPECT_TRUE(read.manual);
  EXPECT_TRUE(read.session_present);
  EXPECT_EQ(read.broker_address, attempt.broker_address);
  EXPECT_EQ(read.connection, attempt.connection);
  EXPECT_EQ(read.pubrec_time, attempt.pubrec_time);
  EXPECT_EQ(read.ack_time, attempt.ack_time);
  EXPECT_EQ(read.subscription_revision, attempt.subscription_revision);
  EXPECT_EQ(read.broker_revision, attempt.broker_revision);
}

TEST_P(SqliteHistoryReaderTest, ListsAttemptsNewestFirstOverPages) {
  for (int page_size : {1, 2, 100}) {
    EXPECT_THAT(Attempts({}, page_size),
                ElementsAre("4#1", "3#1", "2#2", "2#1", "1#1"));
  }
}

TEST_P(SqliteHistoryReaderTest, FiltersAttempts) {
  EXPECT_THAT(Attempts(true), ElementsAre("2#2", "1#1"));
  EXPECT_THAT(Attempts(false), ElementsAre("4#1", "3#1", "2#1"));
  query_.event_id = "b";
  EXPECT_THAT(Attempts({}, 1), ElementsAre("2#2", "2#1"));
  query_.event_id = "";
  query_.asset_id = "asset-2";
  EXPECT_THAT(Attempts({}, 1), ElementsAre("2#2", "2#1"));
  query_.event_id = "a";  // of another asset
  EXPECT_THAT(Attempts(), ElementsAre());
  query_.event_id = "";
  query_.asset_id = "";
  query_.event_seq = 3;
  EXPECT_THAT(Attempts(), ElementsAre("3#1"));
  query_.event_seq.reset();
  query_.topic = "other";
  EXPECT_THAT(Attempts(), ElementsAre("2#2"));
  query_.topic = "";
  query_.start_time = absl::FromUnixSeconds(11);
  query_.end_time = absl::FromUnixSeconds(13);
  EXPECT_THAT(Attempts(), ElementsAre("2#2", "2#1"));
  query_.subscription_uid = 17;
  EXPECT_THAT(Attempts(), ElementsAre());
}

TEST_P(SqliteHistoryReaderTest, AttemptsOfOtherTenantsAreNotListed) {
  query_.tenant_uid = 2;
  EXPECT_THAT(Attempts(), ElementsAre());
  query_.event_id = "a";
  EXPECT_THAT(Attempts(), ElementsAre());
}

}  // namespace
}  // namespace mqttpush
