// POST /transform over a real listener, into a real log.
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/flowcore/transform_handler.h"
#include "services/http/http_listener.h"
#include "services/ingest/fakes_for_test.h"
#include "services/ingest/openapi_document.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "tests/support/raw_http_client.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kSubscription = 10;

ConfigSnapshot MakeConfig(std::vector<std::string> owner_ids,
                          const TenantQuota& quota = {}) {
  TenantRecord tenant;
  tenant.uid = 1;
  tenant.id = "acme";
  tenant.owner_ids = std::move(owner_ids);
  tenant.quota = quota;
  SubscriptionRecord subscription;
  subscription.uid = kSubscription;
  subscription.tenant_uid = 1;
  subscription.id = "all";
  ConfigSnapshot config;
  config.Put(tenant);
  config.Put(subscription);
  return config;
}

std::string Location(const std::string& owner_id) {
  return absl::StrCat(R"({ "id":9223372036854775807,"assetId":"a","ownerId":")",
                      owner_id, R"(","whenCreated":"2024-03-20T14:30:00Z",)",
                      R"("latitude":2.50,"longitude":-0.0})");
}

std::string Event(const std::string& event_id, const std::string& payload,
                  const std::string& flow_type = "location.0") {
  return absl::StrCat(R"({"eventId":")", event_id, R"(","flowType":")",
                      flow_type, R"(","eventType":"created.0","payload":)",
                      payload, "}");
}

// What all of them share: a listener in front of a log.
class TransformTest : public ::testing::Test {
 protected:
  ~TransformTest() override { listener_.reset(); }

  void Serve(EventLog* log, std::optional<SharedSecret> secret = {}) {
    ingester_ = std::make_unique<Ingester>(&config_, log, &schemas_, &refused_,
                                           Clock::Real());
    HttpRouter router;
    router.Add("POST", "/transform",
               TransformRoute(ingester_.get(),
                              FlowTypes::Parse(FlowTypes::kDefault).value(),
                              std::move(secret)));
    auto listener =
        HttpListener::Start("127.0.0.1:0", std::move(router), Clock::Real());
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
  }
  HttpAnswer Post(const std::string& body, const std::string& fields = "") {
    return HttpPost(listener_->address(), "/transform", body, fields);
  }

  FakeConfigStore config_{MakeConfig({"owner-1"})};
  const ObjectSchemas schemas_ =
      ObjectSchemas::Compile(kOpenApiDocument).value();
  RefusedEvents refused_{Clock::Real()->Now()};
  std::unique_ptr<Ingester> ingester_;
  std::unique_ptr<HttpListener> listener_;
};

// With SQLite.
class TransformToDiskTest : public TransformTest {
 protected:
  TransformToDiskTest() {
    auto log = SqliteEventLog::Open(dir_.File("log"), Clock::Real());
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    Serve(log_.get());
  }
  // Before the log: its thread may still answer.
  ~TransformToDiskTest() override { listener_.reset(); }

  std::vector<EventRecord> Stored() {
    std::vector<EventRecord> stored;
    int64_t after = 0;
    while (true) {
      auto next = log_->ReadNext(1, kSubscription, after, 1000);
      EXPECT_TRUE(next.ok()) << next.status();
      if (!next.ok() || next->events.empty()) return stored;
      for (EventRecord& event : next->events) {
        after = event.seq;
        stored.push_back(std::move(event));
      }
    }
  }

  TempDir dir_;
  std::unique_ptr<SqliteEventLog> log_;
};

TEST_F(TransformToDiskTest, StoresAnEventWithItsVeryBytes) {
  const HttpAnswer answer =
      Post(Event("b727c001-e64a-11f1-957c-29d9342adb6e", Location("owner-1")),
           "Content-Type: application/json; charset=utf-8\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"status":"ok","statusCode":200,"results":[)"
                         R"({"eventId":"b727c001-e64a-11f1-957c-29d9342adb6e",)"
                         R"("outcome":"ACCEPTED"}]})"
                         "\n");
  const auto stored = Stored();
  ASSERT_THAT(stored, SizeIs(1));
  EXPECT_EQ(stored[0].event_id, "b727c001-e64a-11f1-957c-29d9342adb6e");
  EXPECT_EQ(stored[0].object_type, ObjectType::kLocation);
  EXPECT_EQ(stored[0].payload, Location("owner-1"));
}

TEST_F(TransformToDiskTest, ARepetitionIsASuccess) {
  const std::string event = Event("e", Location("owner-1"));
  EXPECT_EQ(Post(event).status, 200);
  const HttpAnswer again = Post(event);
  EXPECT_EQ(again.status, 200);
  EXPECT_THAT(again.body, HasSubstr(R"("outcome":"DUPLICATE")"));
  EXPECT_THAT(Stored(), SizeIs(1));
}

TEST_F(TransformToDiskTest, WhatNobodyTakesIsASuccessThatSaysSo) {
  const HttpAnswer answer = Post(Event("e", Location("owner-2")));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"("outcome":"NO_SUBSCRIPTION")"));
  EXPECT_THAT(Stored(), IsEmpty());
}

TEST_F(TransformToDiskTest, ABadEventIsNamedFieldByField) {
  const HttpAnswer answer =
      Post(Event("e 1", R"({"id":1e999,"latitude":"north"})"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr(R"({"error":{"code":"INVALID_EVENTS")"));
  for (const char* detail :
       {R"({"index":0,"field":"eventId","description":"must be at most 128)",
        R"({"index":0,"field":"payload.id","description":"must be in the r)"}) {
    EXPECT_THAT(answer.body, HasSubstr(detail));
  }
}

TEST_F(TransformToDiskTest, TheGoodEventsOfAnArrayAreStored) {
  const std::string body =
      absl::StrCat("[", Event("1", Location("owner-1")), ",", Event("2", "{}"),
                   ",", Event("3", Location("owner-2")), ",",
                   Event("4", Location("owner-1"), "nothing.0"), ",{},",
                   Event("5", Location("owner-1")), "]");
  const HttpAnswer answer = Post(body);
  EXPECT_EQ(answer.status, 400);
  for (
      const char* part :
      {"3 of 6 events rejected", R"({"index":1,"field":"payload.id",)",
       R"({"index":3,"field":"flowType","description":"must be one of asset.0)",
       R"({"index":4,"field":"eventId","description":"required"})",
       R"("results":[{"eventId":"1","outcome":"ACCEPTED"},)"
       R"({"eventId":"2","outcome":"REJECTED"},)"
       R"({"eventId":"3","outcome":"NO_SUBSCRIPTION"},)"
       R"({"eventId":"4","outcome":"REJECTED"},)"
       R"({"eventId":"","outcome":"REJECTED"},)"
       R"({"eventId":"5","outcome":"ACCEPTED"}])"}) {
    EXPECT_THAT(answer.body, HasSubstr(part));
  }
  std::vector<std::string> ids;
  for (const EventRecord& event : Stored()) ids.push_back(event.event_id);
  EXPECT_THAT(ids, ElementsAre("1", "5"));
}

// Also what never came to ingest, for ExplainDelivery.
TEST_F(TransformToDiskTest, WhatItRefusesItselfIsRemembered) {
  Post(Event("a", Location("owner-1"), "nothing.0"));
  Post(Event("b", R"({"id": 7, "ownerId")", "nothing.0"));
  const auto found = refused_.Find(1, {.event_id = "a"}, Clock::Real()->Now());
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].refusal, Refusal::kRejected);
  EXPECT_EQ(found[0].tenant_uid, 1);
  EXPECT_EQ(found[0].object_id, "9223372036854775807");
  EXPECT_EQ(found[0].asset_id, "a");
  EXPECT_EQ(found[0].owner_id, "owner-1");
  ASSERT_THAT(found[0].violations, SizeIs(1));
  EXPECT_EQ(found[0].violations[0].field(), "flowType");
  EXPECT_EQ(refused_.Count(1).rejected, 1);
}

TEST_F(TransformToDiskTest, RefusesWhatIsNoEvent) {
  HttpAnswer answer = Post("[1,");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr(R"("details":[{"field":"body",)"));
  answer = Post("a=b", "Content-Type: application/x-www-form-urlencoded\r\n");
  EXPECT_EQ(answer.status, 415);
  answer = HttpGet(listener_->address(), "/transform");
  EXPECT_EQ(answer.status, 405);
  EXPECT_THAT(answer.head, HasSubstr("\r\nAllow: POST\r\n"));
}

// The sample fleet, as it came out of Flowcore, in arrays of a hundred.
TEST_F(TransformToDiskTest, TakesTheFleet) {
  std::ifstream file(FLEET_FILE);
  std::vector<std::string> lines;
  std::set<std::string> owners;
  for (std::string line; std::getline(file, line);) {
    constexpr absl::string_view kOwner = "\"ownerId\":\"";
    const size_t owner = line.find(std::string(kOwner)) + kOwner.size();
    owners.insert(line.substr(owner, line.find('"', owner) - owner));
    lines.push_back(std::move(line));
  }
  ASSERT_GT(lines.size(), 100u);
  config_.Set(MakeConfig({owners.begin(), owners.end()}));
  for (size_t i = 0; i < lines.size(); i += 100) {
    const auto end = lines.begin() + std::min(i + 100, lines.size());
    const HttpAnswer answer = Post(
        absl::StrCat("[", absl::StrJoin(lines.begin() + i, end, ",\n"), "]"));
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  const auto stored = Stored();
  ASSERT_EQ(stored.size(), lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_THAT(lines[i], HasSubstr("\"payload\":" + stored[i].payload + ","));
  }
}

// A full disk, played by the limit on the size of a file.
TEST_F(TransformToDiskTest, AFullDiskIsSaidAndPasses) {
  signal(SIGXFSZ, SIG_IGN);
  const std::string large = absl::StrCat("{", std::string(250 << 10, ' '),
                                         Location("owner-1").substr(1));
  const std::string event = Event("e", large);
  rlimit old_limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const rlimit full = {200 << 10, old_limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  const HttpAnswer refused = Post(event);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.head, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(refused.body, HasSubstr("\"LOG_UNAVAILABLE\""));
  EXPECT_THAT(Post(event).body, HasSubstr("ACCEPTED"));
}

TEST_F(TransformTest, AnswersOnlyAfterTheCommit) {
  FakeEventLog log;
  log.Hold();
  Serve(&log);
  RawHttpClient client(listener_->address());
  const std::string event = Event("e", Location("owner-1"));
  client.Send(absl::StrCat("POST /transform HTTP/1.1\r\nContent-Length: ",
                           event.size(), "\r\n\r\n", event));
  ASSERT_TRUE(log.WaitForHeld(1));
  EXPECT_FALSE(client.Readable(absl::Milliseconds(50)));
  log.Release();
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(TransformTest, ALogThatIsBehindPausesTheSender) {
  FakeEventLog log;
  log.Fail(absl::ResourceExhaustedError("the log is behind"));
  Serve(&log);
  const HttpAnswer answer = Post(Event("e", Location("owner-1")));
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.head, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("the log is behind"));
}

// Flowcore repeats a request as a whole, so that it is one for the quota too.
TEST_F(TransformToDiskTest, OverTheQuotaIsTooManyRequests) {
  config_.Set(MakeConfig({"owner-1"}, {.max_waiting_events = 3}));
  const std::string first =
      absl::StrCat("[", Event("1", Location("owner-1")), ",",
                   Event("2", Location("owner-1")), "]");
  EXPECT_EQ(Post(first).status, 200);
  const HttpAnswer answer =
      Post(absl::StrCat("[", Event("3", Location("owner-1")), ",",
                        Event("4", Location("owner-2")), ",", Event("5", "{}"),
                        ",", Event("6", Location("owner-1")), "]"));
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.head, HasSubstr("\r\nRetry-After: 10\r\n"));
  for (const char* part :
       {R"({"error":{"code":"OUTBOX_FULL","message":"2 of 4 events not taken)",
        "over the quota of tenants/acme: its outbox is full: 2 of 3",
        R"({"index":2,"field":"payload.id",)",
        R"("results":[{"eventId":"3","outcome":"OVER_QUOTA"},)"
        R"({"eventId":"4","outcome":"NO_SUBSCRIPTION"},)"
        R"({"eventId":"5","outcome":"REJECTED"},)"
        R"({"eventId":"6","outcome":"OVER_QUOTA"}])"}) {
    EXPECT_THAT(answer.body, HasSubstr(part));
  }
  EXPECT_THAT(Stored(), SizeIs(2));
}

// What of it is stored already would come in each time, and need room again.
TEST_F(TransformToDiskTest, OneTenantOverItsQuotaHoldsBackTheWholeRequest) {
  ConfigSnapshot config = MakeConfig({"owner-1"}, {.max_waiting_events = 1});
  TenantRecord other = *config.FindTenant(1);
  other.uid = 2;
  other.id = "other";
  other.owner_ids = {"owner-2"};
  SubscriptionRecord subscription;
  subscription.uid = kSubscription + 1;
  subscription.tenant_uid = 2;
  subscription.id = "all";
  config.Put(other);
  config.Put(subscription);
  config_.Set(std::move(config));
  EXPECT_EQ(Post(Event("1", Location("owner-2"))).status, 200);
  const std::string both =
      absl::StrCat("[", Event("2", Location("owner-1")), ",",
                   Event("3", Location("owner-2")), "]");
  for (int i = 0; i < 2; ++i) {
    const HttpAnswer answer = Post(both);
    EXPECT_EQ(answer.status, 429);
    EXPECT_THAT(answer.body, HasSubstr(R"("code":"OUTBOX_FULL")"));
    EXPECT_THAT(answer.body, HasSubstr("2 of 2 events not taken"));
    EXPECT_THAT(answer.body, HasSubstr("over the quota of tenants/other"));
  }
  EXPECT_THAT(Stored(), SizeIs(0));
  EXPECT_EQ(Post(Event("2", Location("owner-1"))).status, 200);
}

TEST_F(TransformToDiskTest, AnArrayThatIsMoreThanTheQuotaComesInAtLast) {
  config_.Set(MakeConfig({"owner-1"}, {.ingest_events_per_second = 1,
                                       .ingest_burst = 1,
                                       .max_waiting_events = 1}));
  const std::string body =
      absl::StrCat("[", Event("1", Location("owner-1")), ",",
                   Event("2", Location("owner-1")), "]");
  EXPECT_EQ(Post(body).status, 200);
  const HttpAnswer answer = Post(Event("3", Location("owner-1")));
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.head, HasSubstr("\r\nRetry-After: 2\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("INGEST_RATE_EXCEEDED"));
}

TEST_F(TransformTest, WantsTheSecretBeforeTheBody) {
  FakeEventLog log;
  Serve(&log, SharedSecret::Make("s3cret").value());
  const std::string event = Event("e", Location("owner-1"));
  EXPECT_EQ(Post(event, "X-Secret: s3cret\r\n").status, 200);
  for (const char* fields : {"", "X-Secret: s3cre\r\n", "X-Secret:\r\n"}) {
    const HttpAnswer answer = Post(event, fields);
    EXPECT_EQ(answer.status, 401);
    EXPECT_THAT(answer.body, HasSubstr("\"UNAUTHENTICATED\""));
    EXPECT_THAT(answer.body, ::testing::Not(HasSubstr("s3cre")));
  }
  EXPECT_EQ(log.append_count(), 1);
  RawHttpClient client(listener_->address());
  client.Send("POST /transform HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n");
  EXPECT_EQ(client.Read().status, 401);
}

}  // namespace
}  // namespace mqttpush
