// The routes of the delivery results over a real listener and a real log.
#include "services/flowcore/result_routes.h"

#include <rapidjson/document.h>

#include <atomic>
#include <future>
#include <map>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/flowcore/result_pages.h"
#include "services/flowcore/time_uuid.h"
#include "services/http/http_listener.h"
#include "services/ingest/fakes_for_test.h"
#include "storage/sqlite/log/sqlite_attempt_journal.h"
#include "tests/support/log_fixture.h"
#include "tests/support/raw_http_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// 2026-11-22T08:00:00Z
constexpr int64_t kHour = 498'704;
constexpr char kEvents[] = "/api/v1/events?eventTypeId=created.0";
constexpr char kBuckets[] = "/api/v1/time-buckets?eventTypeId=created.0";

class SetClock : public Clock {
 public:
  absl::Time Now() const override { return FromTicks(ticks_.load()); }
  void Set(int64_t hour, int64_t ticks = 0) {
    ticks_ = (kHour + hour) * kTicksPerHour + ticks;
  }

 private:
  std::atomic<int64_t> ticks_{kHour * kTicksPerHour};
};

class TwoTokens : public AccessTokens {
 public:
  std::optional<std::string> FindTenant(absl::string_view token) override {
    const std::map<std::string, std::string, std::less<>> tenants = {
        {"fc_a_1", "acme"}, {"fc_o_1", "other"}, {"fc_g_1", "gone"}};
    const auto found = tenants.find(token);
    if (found == tenants.end()) return std::nullopt;
    return found->second;
  }
};

ConfigSnapshot MakeConfig() {
  ConfigSnapshot config;
  int64_t uid = 0;
  for (const char* id : {"acme", "other"}) {
    TenantRecord tenant;
    tenant.uid = ++uid;
    tenant.id = id;
    if (uid == 2) tenant.history_retention = absl::Minutes(90);
    config.Put(tenant);
  }
  return config;
}

struct Page {
  std::vector<std::string> items;  // object ids of events, or hours
  std::string cursor;              // "": none
  std::string last_id;
};

class ResultRoutesTest : public ::testing::Test {
 protected:
  ResultRoutesTest() {
    HttpRouter router;
    AddResultRoutes({.config = &config_,
                     .journal = &journal_,
                     .pool = &pool_,
                     .clock = &clock_},
                    FlowTypes::Parse(FlowTypes::kDefault).value(),
                    std::make_shared<TwoTokens>(), router);
    listener_ =
        *HttpListener::Start("127.0.0.1:0", std::move(router), Clock::Real());
  }

  // One attempt each, whose object ids are "1", "2", and on.
  void Record(int64_t tenant_uid, int count, size_t topic_bytes = 1) {
    std::vector<NewEvent> events;
    DeliveryUpdate update = {.subscription_uid = tenant_uid};
    for (int i = 0; i < count; ++i) {
      const std::string id = absl::StrCat(++last_seq_);
      events.push_back(MakeEvent(id, {tenant_uid}));
      events.back().tenant_uid = tenant_uid;
      events.back().object_id = id;
      update.attempts.push_back({.event_seq = last_seq_,
                                 .subscription_uid = tenant_uid,
                                 .start_time = clock_.Now(),
                                 .topic = std::string(topic_bytes, 't')});
    }
    ASSERT_TRUE(AppendAndWait(log_, std::move(events)).ok());
    ASSERT_TRUE(CommitAndWait(log_, {update}).ok());
  }
  HttpAnswer Get(const std::string& path,
                 const std::string& token = "ApiKey a:fc_a_1") {
    return HttpGet(listener_->address(), path,
                   "Authorization: " + token + "\r\n");
  }
  Page GetPage(const std::string& path,
               const std::string& token = "ApiKey a:fc_a_1") {
    const HttpAnswer answer = Get(path, token);
    EXPECT_EQ(answer.status, 200) << answer.body;
    rapidjson::Document body;
    body.Parse(answer.body.c_str());
    Page page;
    if (body.HasParseError()) return ADD_FAILURE() << answer.body, page;
    for (const auto& hour : ArrayOf(body, "timeBuckets")) {
      page.items.push_back(hour.GetString());
    }
    for (const auto& event : ArrayOf(body, "events")) {
      page.items.push_back(
          absl::StrCat(event["payload"]["objectId"].GetInt64()));
      page.last_id = event["eventId"].GetString();
    }
    if (body.HasMember("nextCursor")) {
      const auto& cursor = body["nextCursor"];
      page.cursor = cursor.IsString() ? std::string(cursor.GetString())
                                      : absl::StrCat(cursor.GetInt64());
    }
    return page;
  }
  static rapidjson::Value::ConstArray ArrayOf(const rapidjson::Document& body,
                                              const char* name) {
    static const rapidjson::Value none(rapidjson::kArrayType);
    return body.HasMember(name) ? body[name].GetArray() : none.GetArray();
  }
  static std::string In(int64_t hour) {
    return absl::StrCat("&timeBucket=", TimeBucket(kHour + hour));
  }
  static std::string After(const std::string& id) {
    return absl::StrCat("&afterEventId=", id);
  }

  TempDir temp_;
  SetClock clock_;
  FakeConfigStore config_{MakeConfig()};
  std::unique_ptr<SqliteEventLog> opened_ =
      *SqliteEventLog::Open(temp_.File("log"), {.segment_rows = 20}, &clock_);
  SqliteEventLog& log_ = *opened_;
  SqliteAttemptJournal journal_{&log_};
  ThreadPool pool_{4, 2};
  std::unique_ptr<HttpListener> listener_;
  int64_t last_seq_ = 0;
};

TEST_F(ResultRoutesTest, WantsAToken) {
  for (const char* token : {"", "Bearer fc_x_1", "ApiKey fc_a_1", "fc_a_1"}) {
    const HttpAnswer answer = Get(kBuckets, token);
    EXPECT_EQ(answer.status, 401) << token;
    EXPECT_THAT(answer.body, HasSubstr("\"UNAUTHENTICATED\""));
    EXPECT_THAT(answer.head, HasSubstr("WWW-Authenticate: Bearer"));
  }
  EXPECT_EQ(Get(kBuckets, "Bearer fc_a_1").status, 200);
  EXPECT_EQ(Get(kBuckets, "Bearer fc_g_1").status, 404);
}

TEST_F(ResultRoutesTest, GivesAnHourPageByPage) {
  Record(1, 30);
  Record(2, 3);
  Record(1, 15);
  clock_.Set(1);
  Record(1, 1);
  const std::string path = absl::StrCat(kEvents, In(0), "&pageSize=20");
  Page page = GetPage(path);
  EXPECT_THAT(page.items, SizeIs(20));
  EXPECT_EQ(page.items.front(), "1");
  page = GetPage(path + "&cursor=" + page.cursor);
  EXPECT_EQ(page.items.front(), "21");
  page = GetPage(path + "&cursor=" + page.cursor);
  EXPECT_THAT(page.items, SizeIs(5));
  EXPECT_EQ(page.items.back(), "48");
  EXPECT_EQ(page.cursor, "");
  EXPECT_THAT(GetPage(absl::StrCat(kEvents, In(1))).items, ElementsAre("49"));
  EXPECT_THAT(GetPage(absl::StrCat(kEvents, In(2))).items, IsEmpty());
}

TEST_F(ResultRoutesTest, IdsAreBoundsWhetherOrNotTheyExist) {
  Record(1, 5);
  const int64_t start = kHour * kTicksPerHour;
  const auto get = [&](const char* name, int64_t ticks) {
    return GetPage(absl::StrCat(kEvents, In(0), "&", name, "=",
                                TimeUuid(start + ticks)))
        .items;
  };
  EXPECT_THAT(get("afterEventId", 2), ElementsAre("4", "5"));
  EXPECT_THAT(get("fromEventId", 2), ElementsAre("3", "4", "5"));
  EXPECT_THAT(get("toEventId", 1), ElementsAre("1", "2"));
  EXPECT_THAT(get("afterEventId", -1), SizeIs(5));
  EXPECT_THAT(get("afterEventId", 100), IsEmpty());
}

TEST_F(ResultRoutesTest, GivesTheNewestFirst) {
  for (int i = 0; i < 8; ++i) {
    Record(1, 5);
    Record(2, 20);
  }
  const std::string path = absl::StrCat(kEvents, In(0), "&order=desc");
  const Page page = GetPage(path + "&pageSize=7");
  EXPECT_THAT(page.items,
              ElementsAre("180", "179", "178", "177", "176", "155", "154"));
  EXPECT_EQ(page.cursor, "");
  EXPECT_THAT(GetPage(path).items, SizeIs(40));
  EXPECT_THAT(GetPage(absl::StrCat(kEvents, In(1), "&order=desc")).items,
              IsEmpty());
}

TEST_F(ResultRoutesTest, ListsHoursPageByPage) {
  for (int64_t hour : {0, 1, 3, 4}) {
    clock_.Set(hour);
    Record(1, 15);
  }
  clock_.Set(5);
  Record(2, 1);
  Page page = GetPage(absl::StrCat(kBuckets, "&pageSize=3"));
  EXPECT_THAT(page.items, ElementsAre("20261122080000", "20261122090000",
                                      "20261122110000"));
  page = GetPage(absl::StrCat(kBuckets, "&pageSize=3&cursor=", page.cursor));
  EXPECT_THAT(page.items, ElementsAre("20261122120000"));
  EXPECT_EQ(page.cursor, "");
  page = GetPage(absl::StrCat(kBuckets, "&pageSize=3&order=desc"));
  EXPECT_EQ(page.items.front(), "20261122120000");
  page = GetPage(absl::StrCat(kBuckets, "&order=desc&cursor=", page.cursor));
  EXPECT_THAT(page.items, ElementsAre("20261122080000"));
}

TEST_F(ResultRoutesTest, ATenantSeesItsOwnAndAsFarBackAsItMay) {
  Record(1, 2);
  Record(2, 1);
  clock_.Set(1);
  Record(2, 1);
  const std::string other = "Bearer fc_o_1";
  EXPECT_THAT(GetPage(absl::StrCat(kEvents, In(0)), other).items,
              ElementsAre("3"));
  clock_.Set(2);  // the retention of 90 minutes ends within hour 0
  EXPECT_THAT(GetPage(absl::StrCat(kEvents, In(0)), other).items, IsEmpty());
  EXPECT_THAT(GetPage(absl::StrCat(kEvents, In(1)), other).items,
              ElementsAre("4"));
  clock_.Set(3);
  EXPECT_THAT(GetPage(kBuckets, other).items, ElementsAre("20261122090000"));
  EXPECT_THAT(GetPage(kBuckets).items, ElementsAre("20261122080000"));

  const std::string foreign = ResultStreamOf("other").event_type_id;
  for (const std::string& type : {foreign, std::string("updated.0")}) {
    const HttpAnswer answer =
        Get(absl::StrCat("/api/v1/events?eventTypeId=", type, In(0)));
    EXPECT_EQ(answer.status, 404);
    EXPECT_THAT(answer.body,
                HasSubstr(absl::StrCat("no event type \\\"", type, "\\\"")));
  }
}

TEST_F(ResultRoutesTest, APageIsBounded) {
  for (int i = 0; i < 4; ++i) Record(1, 10, 60'000);
  const std::string path = absl::StrCat(kEvents, In(0));
  const Page first = GetPage(path);
  EXPECT_LE(first.items.size(), ResultPages::kMaxBytes / 60'000 + 1);
  EXPECT_GE(first.items.size(), ResultPages::kMaxBytes / 61'000);
  std::vector<std::string> all = first.items;
  for (Page page = first; page.cursor != "";) {
    page = GetPage(path + "&cursor=" + page.cursor);
    all.insert(all.end(), page.items.begin(), page.items.end());
  }
  EXPECT_THAT(all, SizeIs(40));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 40u);
  const Page newest = GetPage(path + "&order=desc");
  EXPECT_LT(newest.items.size(), 20u);
  EXPECT_EQ(newest.items.front(), "40");
}

// The tenant's two threads are at work, and so its reads wait.
TEST_F(ResultRoutesTest, ManyReadsOfOneTenantLeaveOthersAlone) {
  std::promise<void> released;
  const auto held = released.get_future().share();
  for (int i = 0; i < 2; ++i) pool_.Post("acme", [held] { held.wait(); });
  std::vector<std::unique_ptr<RawHttpClient>> clients;
  const std::string request = absl::StrCat(
      "GET ", kBuckets, " HTTP/1.1\r\nAuthorization: Bearer fc_a_1\r\n\r\n");
  // Eight wait; whichever comes after them is refused.
  for (int i = 0; i < 9; ++i) {
    clients.push_back(std::make_unique<RawHttpClient>(listener_->address()));
    clients.back()->Send(request);
  }
  const auto refused = [&] {
    return absl::c_count_if(clients, [](const auto& client) {
      return client->Readable(absl::ZeroDuration());
    });
  };
  ASSERT_TRUE(WaitUntil(absl::Seconds(30), [&] { return refused() == 1; }));
  const HttpAnswer answer = Get(kBuckets);
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.head, HasSubstr("\r\nRetry-After: 1\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("\"TOO_MANY_READS\""));
  EXPECT_EQ(Get(kBuckets, "Bearer fc_o_1").status, 200);
  EXPECT_EQ(refused(), 1);

  released.set_value();
  int answered = 0;
  for (const auto& client : clients) answered += client->Read().status == 200;
  EXPECT_EQ(answered, 8);
  EXPECT_TRUE(WaitUntil(absl::Seconds(30),
                        [&] { return Get(kBuckets).status == 200; }));
}

TEST_F(ResultRoutesTest, NamesWhatIsWrong) {
  const HttpAnswer answer = Get("/api/v1/events?timeBucket=8&pageSize=x");
  EXPECT_EQ(answer.status, 400);
  for (const char* field : {"eventTypeId", "timeBucket", "pageSize"}) {
    EXPECT_THAT(answer.body, HasSubstr(absl::StrCat(R"("field":")", field)));
  }
}

TEST_F(ResultRoutesTest, NamesHaveIds) {
  const ResultStream acme = ResultStreamOf("acme");
  const auto body = [&](const std::string& path) { return Get(path).body; };
  const std::string tenants = "/api/v1/tenants/";
  EXPECT_EQ(
      body(tenants + "translate-name-to-id/acme"),
      absl::StrCat(R"({"id":")", acme.tenant_id, "\",\"name\":\"acme\"}\n"));
  EXPECT_EQ(body(tenants + "by-name/acme/instance"),
            "{\"isDedicated\":false,\"instance\":null}\n");
  for (const char* name : {"other", "nobody", "ac%6De2"}) {
    EXPECT_EQ(Get(tenants + "translate-name-to-id/" + name).status, 404);
    EXPECT_EQ(Get(tenants + "by-name/" + name + "/instance").status, 404);
  }
  EXPECT_THAT(body("/api/v1/data-cores?tenant=acme&name=mqtt-push"),
              HasSubstr(acme.data_core_id));
  EXPECT_EQ(body("/api/v1/data-cores?tenant=other&name=mqtt-push"), "[]\n");
  EXPECT_THAT(body("/api/v1/flow-types?name=mqtt-push-results.0&dataCoreId=" +
                   acme.data_core_id),
              HasSubstr(acme.flow_type_id));
  EXPECT_EQ(body("/api/v1/flow-types?dataCoreId=x"), "[]\n");
  EXPECT_THAT(body("/api/v1/event-types?flowTypeId=" + acme.flow_type_id),
              HasSubstr(acme.event_type_id));
  EXPECT_EQ(GetPage("/api/v1/time-buckets?eventTypeId=" + acme.event_type_id)
                .items.size(),
            0u);
}

// Whoever follows goes by their own clock. The commit of hour 0's last attempt
// is held up until they have long gone on to hour 1.
TEST_F(ResultRoutesTest, NothingIsLostAsAnHourEnds) {
  Record(1, 2);
  const Page tail = GetPage(absl::StrCat(kEvents, In(0)));
  Record(1, 1);
  clock_.Set(1, -100'000);
  const SegmentPtr newest = log_.store()->list().Get()->back();
  auto lock = Database::Open(newest->path, Database::Mode::kReadWrite);
  ASSERT_TRUE(lock.ok() && lock->Execute("BEGIN IMMEDIATE").ok());
  std::promise<absl::Status> written;
  log_.Commit({{.subscription_uid = 1,
                .attempts = {{.event_seq = 1,
                              .subscription_uid = 1,
                              .number = 2,
                              .start_time = clock_.Now()}}}},
              [&](absl::Status status) { written.set_value(status); });
  int64_t ticks = -100'000;
  ASSERT_TRUE(WaitUntil(absl::Seconds(30), [&] {
    clock_.Set(1, ++ticks);
    return journal_.SettledBefore() < ToTicks(clock_.Now());
  }));
  clock_.Set(1, 1000);

  // What nobody can know yet is not answered, but for hours long over.
  const std::string next = absl::StrCat(kEvents, In(1), After(tail.last_id));
  for (const std::string& path :
       {next, absl::StrCat(kEvents, In(0)), std::string(kBuckets)}) {
    const HttpAnswer answer = Get(path);
    EXPECT_EQ(answer.status, 503) << path;
    EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1"));
  }
  EXPECT_EQ(Get(absl::StrCat(kEvents, In(-1))).status, 200);

  ASSERT_TRUE(lock->Execute("ROLLBACK").ok());
  ASSERT_TRUE(written.get_future().get().ok());
  ASSERT_TRUE(
      WaitUntil(absl::Seconds(30), [&] { return Get(next).status == 200; }));
  // The third, and the second attempt of the first, both of hour 0.
  const Page page = GetPage(next);
  EXPECT_THAT(page.items, ElementsAre("3", "1"));
  EXPECT_THAT(GetPage(absl::StrCat(kEvents, In(1), After(page.last_id))).items,
              IsEmpty());
  EXPECT_THAT(GetPage(absl::StrCat(kEvents, In(1))).items, IsEmpty());
}

// A client that has slept goes on at the hour of its clock.
TEST_F(ResultRoutesTest, WhoSleptMissesNothing) {
  Record(1, 1);
  const Page tail = GetPage(absl::StrCat(kEvents, In(0)));
  for (int64_t hour = 1; hour < 5; ++hour) {
    clock_.Set(hour);
    Record(1, 10);
  }
  const std::string path =
      absl::StrCat(kEvents, In(3), After(tail.last_id), "&pageSize=25");
  Page page = GetPage(path);
  EXPECT_THAT(page.items, SizeIs(25));
  EXPECT_EQ(page.items.front(), "2");
  page = GetPage(absl::StrCat(kEvents, In(3), "&cursor=", page.cursor));
  EXPECT_THAT(page.items, SizeIs(5)) << "to the end of the hour asked for";
}

}  // namespace
}  // namespace mqttpush
