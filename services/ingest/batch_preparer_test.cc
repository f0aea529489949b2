#include "services/ingest/batch_preparer.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/ingest/openapi_document.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

std::string Location(absl::string_view owner_id) {
  return absl::StrCat(
      R"({"id":9223372036854775807,"assetId":"asset-1","ownerId":")", owner_id,
      R"(","whenCreated":"2024-03-20T14:30:00Z","latitude":2.50,)",
      R"( "longitude":-0.0})");
}

class BatchPreparerTest : public ::testing::Test {
 protected:
  BatchPreparerTest() : routes_(MakeConfig()) {}

  static ConfigSnapshot MakeConfig() {
    TenantRecord tenant;
    tenant.uid = 1;
    tenant.id = "acme";
    tenant.owner_ids = {"owner-1"};
    SubscriptionRecord subscription;
    subscription.uid = 10;
    subscription.tenant_uid = 1;
    subscription.id = "places";
    subscription.object_types = {ObjectType::kLocation};
    ConfigSnapshot config;
    config.Put(tenant);
    config.Put(subscription);
    return config;
  }

  void Add(std::string event_id, int object_type, std::string payload) {
    v1::Event& event = *request_.add_events();
    event.set_event_id(std::move(event_id));
    event.set_object_type(static_cast<v1::ObjectType>(object_type));
    event.set_payload(std::move(payload));
  }

  absl::StatusOr<PreparedBatch> Prepare() {
    BatchPreparer preparer(&schemas_, &routes_, Clock::Real());
    return preparer.Prepare(request_);
  }

  const ObjectSchemas schemas_ =
      ObjectSchemas::Compile(kOpenApiDocument).value();
  const RoutingTable routes_;
  v1::PublishEventsRequest request_;
};

TEST_F(BatchPreparerTest, SortsEventsByWhatBecomesOfThem) {
  Add("evt_1", v1::LOCATION, Location("owner-1"));
  Add("bad", v1::LOCATION, "{}");
  Add("stranger", v1::LOCATION, Location("owner-2"));
  Add("", v1::LOCATION, Location("owner-1"));
  auto batch = Prepare();
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(batch->result_indexes, ElementsAre(0, 3));
  const auto& results = batch->response.results();
  ASSERT_THAT(results, SizeIs(4));
  EXPECT_EQ(results[1].outcome(), v1::EventResult::REJECTED);
  EXPECT_EQ(results[1].event_id(), "bad");
  EXPECT_THAT(results[1].violations(), SizeIs(6));
  EXPECT_EQ(results[1].violations(0).field(), "payload.id");
  EXPECT_EQ(results[1].violations(0).description(), "required");
  EXPECT_EQ(results[2].outcome(), v1::EventResult::NO_SUBSCRIPTION);
  EXPECT_EQ(results[2].event_id(), "stranger");
  EXPECT_THAT(results[2].violations(), IsEmpty());
}

TEST_F(BatchPreparerTest, NotesWhatGoesNowhere) {
  Add("good", v1::LOCATION, Location("owner-1"));
  Add("bad", v1::LOCATION,
      R"({"id":7,"assetId":"asset-1","ownerId":"owner-1"})");
  Add("broken", v1::LOCATION, "{");
  Add("stranger", v1::LOCATION, Location("owner-2"));
  Add("unwanted", v1::ASSET,
      R"({"id":"asset-1","ownerId":"owner-1","assetId":"asset-1",)"
      R"("whenCreated":"2024-03-20T14:30:00Z"})");
  auto batch = Prepare();
  ASSERT_TRUE(batch.ok());
  std::vector<std::string> notes;
  for (const RefusedEvent& event : batch->refused) {
    notes.push_back(absl::StrCat(event.event_id, " ",
                                 static_cast<int>(event.refusal), " of tenant ",
                                 event.tenant_uid, " ", event.object_id, " ",
                                 event.asset_id, " ", event.owner_id));
  }
  EXPECT_EQ(notes[0], "bad 0 of tenant 1 7 asset-1 owner-1");
  EXPECT_EQ(notes[1], "broken 0 of tenant 0   ");
  EXPECT_EQ(notes[2],
            "stranger 1 of tenant 0 9223372036854775807 asset-1 owner-2");
  ASSERT_THAT(notes, SizeIs(4));
  EXPECT_THAT(batch->refused[0].violations, SizeIs(3));
  EXPECT_THAT(batch->tenant_uids, ElementsAre(1));
}

TEST_F(BatchPreparerTest, DuplicatesAreNotedWithTheirTenant) {
  Add("first", v1::LOCATION, Location("owner-1"));
  Add("second", v1::LOCATION, Location("owner-1"));
  auto batch = Prepare();
  ASSERT_TRUE(batch.ok());
  const v1::PublishEventsResponse response =
      CompleteBatch(batch->response, batch->result_indexes,
                    {AppendOutcome::kAccepted, AppendOutcome::kDuplicate});
  const auto duplicates = DuplicatesOf(response, batch->result_indexes,
                                       batch->tenant_uids, absl::UnixEpoch());
  ASSERT_THAT(duplicates, SizeIs(1));
  EXPECT_EQ(duplicates[0].event_id, "second");
  EXPECT_EQ(duplicates[0].tenant_uid, 1);
  EXPECT_EQ(duplicates[0].refusal, Refusal::kDuplicate);
}

TEST_F(BatchPreparerTest, FillsInWhatTheLogStores) {
  Add("evt_1", v1::LOCATION, Location("owner-1"));
  auto batch = Prepare();
  ASSERT_TRUE(batch.ok());
  ASSERT_THAT(batch->events, SizeIs(1));
  const NewEvent& event = batch->events[0];
  EXPECT_EQ(event.tenant_uid, 1);
  EXPECT_EQ(event.event_id, "evt_1");
  EXPECT_EQ(event.object_type, ObjectType::kLocation);
  EXPECT_EQ(event.object_id, "9223372036854775807");
  EXPECT_EQ(event.asset_id, "asset-1");
  EXPECT_EQ(event.owner_id, "owner-1");
  EXPECT_EQ(event.payload, Location("owner-1"));
  ASSERT_THAT(*event.route, SizeIs(1));
  EXPECT_EQ(event.route->front().uid, 10);
  EXPECT_EQ(event.route->front().id, "places");
}

TEST_F(BatchPreparerTest, MakesMissingEventIds) {
  constexpr char kUuid[] = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
  Add("", v1::LOCATION, Location("owner-1"));
  Add("", v1::LOCATION, Location("owner-2"));
  Add("", v1::LOCATION, "{}");
  auto batch = Prepare();
  ASSERT_TRUE(batch.ok());
  EXPECT_THAT(batch->response.results(0).event_id(), MatchesRegex(kUuid));
  EXPECT_EQ(batch->events[0].event_id, batch->response.results(0).event_id());
  EXPECT_THAT(batch->response.results(1).event_id(), MatchesRegex(kUuid));
  EXPECT_EQ(batch->response.results(2).event_id(), "");
}

TEST_F(BatchPreparerTest, ChecksEventIdsAndObjectTypes) {
  const struct {
    std::string event_id;
    int object_type;
    std::string want;  // the field; empty: accepted
  } cases[] = {
      {"evt_550e8400-e29b-41d4-a716-446655440000", v1::LOCATION, ""},
      {"!~", v1::LOCATION, ""},
      {std::string(limits::kMaxEventIdBytes, 'x'), v1::LOCATION, ""},
      {std::string(limits::kMaxEventIdBytes + 1, 'x'), v1::LOCATION,
       "event_id"},
      {"a b", v1::LOCATION, "event_id"},
      {" ", v1::LOCATION, "event_id"},
      {"tab\t", v1::LOCATION, "event_id"},
      {std::string("nul\0", 4), v1::LOCATION, "event_id"},
      {"del\x7f", v1::LOCATION, "event_id"},
      {"冷", v1::LOCATION, "event_id"},
      {"x", v1::OBJECT_TYPE_UNSPECIFIED, "object_type"},
      {"x", 7, "object_type"},
      {"x", -1, "object_type"},
  };
  for (const auto& c : cases) {
    request_.Clear();
    Add(c.event_id, c.object_type, Location("owner-1"));
    auto batch = Prepare();
    ASSERT_TRUE(batch.ok());
    const v1::EventResult& result = batch->response.results(0);
    ASSERT_EQ(result.violations_size(), c.want.empty() ? 0 : 1) << c.event_id;
    if (c.want.empty()) continue;
    EXPECT_EQ(result.violations(0).field(), c.want);
    EXPECT_EQ(result.outcome(), v1::EventResult::REJECTED);
    EXPECT_THAT(batch->events, IsEmpty());
  }
}

TEST_F(BatchPreparerTest, NamesAllRulesOfTheEventAtOnce) {
  Add("a b", v1::LOCATION, "[]");
  auto batch = Prepare();
  ASSERT_TRUE(batch.ok());
  const v1::EventResult& result = batch->response.results(0);
  ASSERT_EQ(result.violations_size(), 2);
  EXPECT_EQ(result.violations(0).field(), "event_id");
  EXPECT_EQ(result.violations(1).field(), "payload");
  EXPECT_EQ(result.violations(1).description(), "must be a JSON object");
}

TEST_F(BatchPreparerTest, RefusesBatchesBeyondTheLimits) {
  EXPECT_EQ(Prepare().status().code(), absl::StatusCode::kInvalidArgument);
  for (int i = 0; i < limits::kMaxEventsPerBatch; ++i) {
    Add("", v1::LOCATION, Location("owner-1"));
  }
  auto batch = Prepare();
  ASSERT_TRUE(batch.ok());
  EXPECT_THAT(batch->events, SizeIs(limits::kMaxEventsPerBatch));
  Add("", v1::LOCATION, Location("owner-1"));
  const absl::Status status = Prepare().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("must have 1 to 1000 events, not 1001"));
}

// A client takes 4 MiB at most, and an answer lost is worse than a short one.
TEST_F(BatchPreparerTest, AnswersFitIntoAMessageHoweverBadTheEvents) {
  std::string key(64, 'k');
  std::string payload = "{";
  for (int i = 0; i < 60; ++i) absl::StrAppend(&payload, "\"", key, "\":0,");
  absl::StrAppend(&payload, "\"", key, "\":0}");
  for (int i = 0; i < limits::kMaxEventsPerBatch; ++i) {
    Add(std::string(2000, 'x'), v1::LOCATION, payload);
  }
  auto batch = Prepare();
  ASSERT_TRUE(batch.ok());
  EXPECT_LT(batch->response.ByteSizeLong(), limits::kMaxRequestBytes);
  for (const auto& result : batch->response.results()) {
    EXPECT_GE(result.violations_size(), 1);
  }
}

TEST_F(BatchPreparerTest, CompletionFillsInTheOutcomesOfTheLog) {
  Add("1", v1::LOCATION, Location("owner-1"));
  Add("2", v1::LOCATION, "{}");
  Add("3", v1::LOCATION, Location("owner-1"));
  auto batch = Prepare();
  ASSERT_TRUE(batch.ok());
  const auto response =
      CompleteBatch(batch->response, batch->result_indexes,
                    {AppendOutcome::kDuplicate, AppendOutcome::kAccepted});
  EXPECT_EQ(response.results(0).outcome(), v1::EventResult::DUPLICATE);
  EXPECT_EQ(response.results(1).outcome(), v1::EventResult::REJECTED);
  EXPECT_EQ(response.results(2).outcome(), v1::EventResult::ACCEPTED);
}

}  // namespace
}  // namespace mqttpush
