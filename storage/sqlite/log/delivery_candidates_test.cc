#include "storage/sqlite/log/delivery_candidates.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite/log/segment_fixture.h"
#include "storage/sqlite/log/segment_store.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kLast = std::numeric_limits<int64_t>::max();

// Of what is asked for: newest 100, oldest 10, open above 50.
struct PlanCase {
  std::string name;
  HistoryQuery query;
  std::vector<DeliveryState> states;
  // As "dimension key oldest..newest".
  std::vector<std::string> plan;
};

std::string Words(Dimension dimension, int64_t key, int64_t oldest,
                  int64_t newest) {
  return absl::StrCat(static_cast<int>(dimension), " ", key, " ", oldest, "..",
                      newest);
}

HistoryQuery Query(void (*fill)(HistoryQuery&) = [](HistoryQuery&) {}) {
  HistoryQuery query;
  query.tenant_uid = 1;
  fill(query);
  return query;
}

class DeliveryPlanTest : public ::testing::TestWithParam<PlanCase> {};

TEST_P(DeliveryPlanTest, WalksTheMostSelectiveDimension) {
  std::vector<std::string> plan;
  for (const PostingQuery& query :
       PlanDeliveries(GetParam().query, GetParam().states, 100, 10, 50)) {
    EXPECT_EQ(query.before.row, kLast);
    plan.push_back(Words(query.dimension, query.key, query.oldest_order,
                         query.before.order));
  }
  EXPECT_EQ(plan, GetParam().plan);
}

constexpr auto kDelivered = DeliveryState::kDelivered;
constexpr auto kWaiting = DeliveryState::kWaiting;
constexpr auto kParked = DeliveryState::kParked;
constexpr auto kRetrying = DeliveryState::kRetrying;
constexpr auto kDiscarded = DeliveryState::kDiscarded;

void OfAsset(HistoryQuery& query) { query.asset_id = "a"; }
void OfTopic(HistoryQuery& query) { query.topic = "t"; }
void OfEvent(HistoryQuery& query) {
  query.event_id = "e";
  query.asset_id = "a";
  query.topic = "t";
}
void OfSubscription(HistoryQuery& query) {
  query.subscription_uid = 7;
  query.object_type = ObjectType::kAsset;
}
void OfType(HistoryQuery& query) { query.object_type = ObjectType::kAsset; }

INSTANTIATE_TEST_SUITE_P(
    Table, DeliveryPlanTest,
    ::testing::Values(
        PlanCase{"All",
                 Query(),
                 {},
                 {Words(Dimension::kEventsOfTenant, 1, 10, 100)}},
        PlanCase{"ByEventId",
                 Query(OfEvent),
                 {kParked},
                 {Words(Dimension::kEventById, TextKey(1, "e"), 10, 100)}},
        PlanCase{"ByAsset",
                 Query(OfAsset),
                 {},
                 {Words(Dimension::kEventsOfAsset, TextKey(1, "a"), 10, 100)}},
        PlanCase{
            "ByTopic",
            Query(OfTopic),
            {},
            {Words(Dimension::kDeliveriesOfTopic, TextKey(1, "t"), 10, 100)}},
        PlanCase{"BySubscriptionRatherThanType",
                 Query(OfSubscription),
                 {},
                 {Words(Dimension::kEventsOfSubscription, 7, 10, 100)}},
        PlanCase{"ByType",
                 Query(OfType),
                 {},
                 {Words(Dimension::kEventsOfType,
                        TypeKey(1, ObjectType::kAsset), 10, 100)}},
        PlanCase{"Delivered",
                 Query(),
                 {kDelivered},
                 {Words(Dimension::kSuccessesOfTenant, 1, 10, 100)}},
        PlanCase{"DeliveredOfAnAsset",
                 Query(OfAsset),
                 {kDelivered},
                 {Words(Dimension::kEventsOfAsset, TextKey(1, "a"), 10, 100)}},
        PlanCase{"ExceptionsOnly",
                 Query(OfAsset),
                 {kParked, kRetrying},
                 {Words(Dimension::kExceptionsOfTenant, 1, 10, 100)}},
        PlanCase{"WaitingIsAboveTheCursorOrAnException",
                 Query(),
                 {kWaiting},
                 {Words(Dimension::kEventsOfTenant, 1, 51, 100),
                  Words(Dimension::kExceptionsOfTenant, 1, 10, 50)}},
        // An overlay may say it.
        PlanCase{"DiscardedMayBeWithoutAnException",
                 Query(OfAsset),
                 {kDiscarded},
                 {Words(Dimension::kEventsOfAsset, TextKey(1, "a"), 51, 100),
                  Words(Dimension::kExceptionsOfTenant, 1, 10, 50)}},
        PlanCase{"DeliveredOrParked",
                 Query(),
                 {kDelivered, kParked},
                 {Words(Dimension::kEventsOfTenant, 1, 10, 100)}}),
    [](const auto& info) { return info.param.name; });

// Events 1 to 10, accepted at 1 to 10 s, sealed; 11 to 15 not.
class DeliveryCandidatesTest : public ::testing::Test {
 protected:
  DeliveryCandidatesTest() {
    store_ = *SegmentStore::Open(temp_.File("log"));
    SegmentFixture old(store_->PathOf(1));
    for (int i = 0; i < 10; ++i) old.AddEvent(MakeEvent("e", {7}));
    for (int64_t seq : {4, 4, 2, 9}) AddSuccess(old, seq);
    store_->list().Append(old.Seal());
    newest_ = std::make_unique<SegmentFixture>(store_->PathOf(2), 2, 11, 5);
    for (int i = 0; i < 5; ++i) newest_->AddEvent(MakeEvent("e", {7}));
    for (int64_t seq : {12, 4}) AddSuccess(*newest_, seq);
    newest_->Flush();
    store_->list().Append(newest_->segment());
  }
  static void AddSuccess(SegmentFixture& segment, int64_t event_seq) {
    segment.AddAttempt(
        1, {.event_seq = event_seq, .subscription_uid = 7, .succeeded = true},
        "asset-1", ObjectType::kLocation);
  }
  int64_t FirstAt(absl::Time time) {
    ReadSession session(store_.get());
    auto seq = FirstSeqAt(session, time);
    EXPECT_TRUE(seq.ok()) << seq.status();
    return *seq;
  }

  TempDir temp_;
  std::unique_ptr<SegmentStore> store_;
  std::unique_ptr<SegmentFixture> newest_;
};

TEST_F(DeliveryCandidatesTest, GivesEachEventOnce) {
  ReadSession session(store_.get());
  DeliveryCandidates candidates(
      &session, {{.dimension = Dimension::kSuccessesOfTenant, .key = 1}});
  std::vector<int64_t> seqs;
  while (auto seq = *candidates.Next()) seqs.push_back(*seq);
  EXPECT_THAT(seqs, ElementsAre(12, 9, 4, 2));
}

TEST_F(DeliveryCandidatesTest, WalksOneQueryAfterTheOther) {
  ReadSession session(store_.get());
  DeliveryCandidates candidates(
      &session,
      {{.dimension = Dimension::kEventsOfTenant, .key = 1, .oldest_order = 14},
       {.dimension = Dimension::kSuccessesOfTenant,
        .key = 1,
        .before = {5, 0}}});
  std::vector<int64_t> seqs;
  while (auto seq = *candidates.Next()) seqs.push_back(*seq);
  EXPECT_THAT(seqs, ElementsAre(15, 14, 4, 2));
}

TEST_F(DeliveryCandidatesTest, GoesTheOtherWayOverAll) {
  ReadSession session(store_.get());
  DeliveryCandidates candidates(
      &session,
      {{.dimension = Dimension::kEventsOfTenant, .key = 1, .oldest_order = 14},
       {.dimension = Dimension::kSuccessesOfTenant,
        .key = 1,
        .before = {13, 0}}},
      Direction::kOldestFirst);
  std::vector<int64_t> seqs;
  while (auto seq = *candidates.Next()) seqs.push_back(*seq);
  EXPECT_THAT(seqs, ElementsAre(2, 4, 9, 12, 14, 15));
}

TEST_F(DeliveryCandidatesTest, ATimeIsASeq) {
  EXPECT_EQ(FirstAt(absl::InfinitePast()), 0);
  EXPECT_EQ(FirstAt(absl::UnixEpoch()), 1);
  for (int64_t seq : {1, 2, 9, 10, 11, 12, 15}) {
    EXPECT_EQ(FirstAt(absl::FromUnixSeconds(seq)), seq);
    EXPECT_EQ(FirstAt(absl::FromUnixSeconds(seq) - absl::Nanoseconds(1)), seq);
    const int64_t next = seq == 15 ? kLast : seq + 1;
    EXPECT_EQ(FirstAt(absl::FromUnixSeconds(seq) + absl::Nanoseconds(1)), next);
  }
  EXPECT_EQ(FirstAt(absl::FromUnixSeconds(99)), kLast);
  EXPECT_EQ(FirstAt(absl::InfiniteFuture()), kLast);
}

}  // namespace
}  // namespace mqttpush
