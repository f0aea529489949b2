#include "services/history/replay_requests.h"

#include <set>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReplayRequestsTest : public ::testing::Test {
 protected:
  ReplayRequestsTest() {
    TenantRecord tenant;
    tenant.uid = 5;
    tenant.id = "acme";
    snapshot_.Put(tenant);
    SubscriptionRecord subscription;
    subscription.uid = 7;
    subscription.tenant_uid = 5;
    subscription.id = "sub";
    snapshot_.Put(subscription);
  }
  absl::StatusOr<ReplayRecord> Parse(const std::string& text) {
    v1::ReplayDeliveriesRequest request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request));
    if (request.parent().empty()) request.set_parent("tenants/acme");
    return ParseReplayDeliveries(request, snapshot_,
                                 absl::FromUnixNanos(1'500));
  }

  ConfigSnapshot snapshot_;
};

TEST_F(ReplayRequestsTest, HasDefaults) {
  const auto replay = Parse("filter { event_id: 'e' }");
  ASSERT_TRUE(replay.ok()) << replay.status();
  EXPECT_EQ(replay->query.tenant_uid, 5);
  EXPECT_EQ(replay->query.event_id, "e");
  EXPECT_EQ(replay->subscription_id, "");
  EXPECT_THAT(replay->states, ElementsAre(DeliveryState::kParked));
  EXPECT_EQ(replay->max_per_second, 100);
  EXPECT_EQ(replay->create_time, absl::FromUnixMicros(1));
}

TEST_F(ReplayRequestsTest, TakesWhatIsSet) {
  const auto replay = Parse(R"(
    filter { subscription: 'tenants/acme/subscriptions/sub' topic: 't' }
    states: [DELIVERED, PARKED] max_per_second: 1000)");
  ASSERT_TRUE(replay.ok()) << replay.status();
  EXPECT_EQ(replay->query.subscription_uid, 7);
  EXPECT_EQ(replay->subscription_id, "sub");
  EXPECT_THAT(replay->states,
              ElementsAre(DeliveryState::kDelivered, DeliveryState::kParked));
  EXPECT_EQ(replay->max_per_second, 1000);
}

TEST_F(ReplayRequestsTest, NamesFieldAndRule) {
  struct Case {
    const char* request;
    const char* message;
  };
  const Case kCases[] = {
      {"parent: 'acme'", "parent"},
      {"parent: 'tenants/other' filter { topic: 't' }", "does not exist"},
      {"", "filter: must set at least one of"},
      {"filter { object_type: ASSET end_time { seconds: 9 } }",
       "filter: must set at least one of"},
      {"filter { topic: 't' } states: WAITING",
       "states[0]: must be PARKED or DELIVERED"},
      {"filter { topic: 't' } states: [PARKED, RETRYING]",
       "states[1]: must be PARKED or DELIVERED"},
      {"filter { topic: 't' } max_per_second: 1001",
       "max_per_second: must be from 0 to 1000"},
      {"filter { topic: 't' } max_per_second: -1",
       "max_per_second: must be from 0 to 1000"},
      {"filter { subscription: 'tenants/acme/subscriptions/no' }",
       "filter.subscription: must be a subscription of the tenant"},
  };
  for (const Case& c : kCases) {
    EXPECT_THAT(std::string(Parse(c.request).status().message()),
                HasSubstr(c.message))
        << c.request;
  }
}

TEST_F(ReplayRequestsTest, FindsTheTenantOfAName) {
  const auto key = ParseReplayKey("tenants/acme/replays/9", snapshot_);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->tenant->uid, 5);
  EXPECT_EQ(key->uid, 9);
  EXPECT_TRUE(absl::IsNotFound(
      ParseReplayKey("tenants/other/replays/9", snapshot_).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      ParseReplayKey("tenants/acme/replays/x", snapshot_).status()));
}

TEST_F(ReplayRequestsTest, ATokenBelongsToItsRequest) {
  v1::ListReplaysRequest request;
  request.set_parent("tenants/acme");
  EXPECT_GT(ParseListReplays(request, snapshot_)->before, 1'000'000);
  request.set_page_token(ReplayPageToken(request, 7));
  EXPECT_EQ(ParseListReplays(request, snapshot_)->before, 8);
  request.set_page_token("nonsense");
  EXPECT_TRUE(
      absl::IsInvalidArgument(ParseListReplays(request, snapshot_).status()));
}

}  // namespace
}  // namespace mqttpush
