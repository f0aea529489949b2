// The exporter from a real log to a scripted endpoint.
#include "services/flowcore/result_exporter.h"

#include <rapidjson/document.h>

#include <deque>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/http/http_listener.h"
#include "services/ingest/fakes_for_test.h"
#include "storage/sqlite/log/sqlite_attempt_journal.h"
#include "tests/support/log_fixture.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr absl::Duration kPatience = absl::Seconds(30);

// Answers with the statuses that it is told, then with 200; 0: not at all.
class Endpoint {
 public:
  Endpoint() {
    HttpRouter router;
    router.Add(
        "POST", "/events/t/core/mqtt-push-results.0/created.0",
        {.handler = [this](const HttpRequest& request,
                           HttpRespond respond) { Answer(request, respond); },
         .max_body_bytes = 1 << 20});
    listener_ =
        *HttpListener::Start("127.0.0.1:0", std::move(router), Clock::Real(),
                             {.drain_timeout = absl::Milliseconds(50)});
  }
  ~Endpoint() { listener_.reset(); }

  HttpUrl url() const {
    return *HttpUrl::Parse(
        absl::StrCat("http://", listener_->address(), "/events/t/core"));
  }
  void Say(std::vector<int> statuses) {
    MutexLock lock(&mutex_);
    statuses_.assign(statuses.begin(), statuses.end());
  }
  // The object ids of what it said 200 to.
  std::vector<int64_t> taken() {
    MutexLock lock(&mutex_);
    return taken_;
  }
  int requests() {
    MutexLock lock(&mutex_);
    return requests_;
  }

 private:
  void Answer(const HttpRequest& request, const HttpRespond& respond) {
    EXPECT_EQ(request.headers.Get("Authorization"), "fc_key");
    EXPECT_EQ(request.headers.Get("x-flowcore-valid-time-key"), "timestamp");
    rapidjson::Document body;
    body.Parse(request.body.c_str());
    int status = 200;
    MutexLock lock(&mutex_);
    ++requests_;
    if (!statuses_.empty()) {
      status = statuses_.front();
      statuses_.pop_front();
    }
    if (status == 0) return waiting_.push_back(respond);
    std::string ids;
    for (const auto& payload : body.GetArray()) {
      if (status == 200) taken_.push_back(payload["objectId"].GetInt64());
      absl::StrAppend(&ids, ids.empty() ? "" : ",", "\"id\"");
    }
    HttpResponse response = JsonResponse(
        status, status == 200
                    ? absl::StrCat(R"({"success":true,"eventIds":[)", ids, "]}")
                    : "no, fc_key");
    if (status == 429) response.headers.Add("Retry-After", "3600");
    respond(std::move(response));
  }

  std::unique_ptr<HttpListener> listener_;
  Mutex mutex_;
  std::deque<int> statuses_ ABSL_GUARDED_BY(mutex_);
  std::vector<HttpRespond> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> taken_ ABSL_GUARDED_BY(mutex_);
  int requests_ ABSL_GUARDED_BY(mutex_) = 0;
};

ConfigSnapshot MakeConfig() {
  ConfigSnapshot config;
  TenantRecord tenant;
  tenant.uid = 1;
  tenant.id = "acme";
  config.Put(tenant);
  return config;
}

class ResultExporterTest : public ::testing::Test {
 protected:
  void Start() {
    auto started = ResultExporter::Start(
        &journal_, &config_, FlowTypes::Parse(FlowTypes::kDefault).value(),
        Clock::Real(),
        {.url = endpoint_.url(),
         .api_key = "fc_key",
         .cursor_path = temp_.File("cursor"),
         .idle = absl::Milliseconds(5),
         .backoff_base = absl::Milliseconds(2),
         .backoff_max = absl::Milliseconds(10)});
    ASSERT_TRUE(started.ok()) << started.status();
    exporter_ = *std::move(started);
  }
  // Attempts whose object ids go on from 1.
  void Record(int count) {
    std::vector<NewEvent> events;
    DeliveryUpdate update = {.subscription_uid = 1};
    for (int i = 0; i < count; ++i) {
      events.push_back(MakeEvent(absl::StrCat(++last_seq_), {1}));
      events.back().object_id = absl::StrCat(last_seq_);
      update.attempts.push_back(
          {.event_seq = last_seq_, .subscription_uid = 1, .topic = "t"});
    }
    ASSERT_TRUE(AppendAndWait(*log_, std::move(events)).ok());
    ASSERT_TRUE(CommitAndWait(*log_, {update}).ok());
  }
  bool WaitForTaken(size_t count) {
    return WaitUntil(kPatience,
                     [&] { return endpoint_.taken().size() >= count; });
  }

  TempDir temp_;
  FakeConfigStore config_{MakeConfig()};
  std::unique_ptr<SqliteEventLog> log_ =
      *SqliteEventLog::Open(temp_.File("log"), Clock::Real());
  SqliteAttemptJournal journal_{log_.get()};
  Endpoint endpoint_;
  std::unique_ptr<ResultExporter> exporter_;
  int64_t last_seq_ = 0;
};

TEST_F(ResultExporterTest, SendsWhatIsRecordedFromThenOn) {
  Record(2);
  Start();
  Record(2);
  ASSERT_TRUE(WaitForTaken(2));
  Record(250);
  ASSERT_TRUE(WaitForTaken(252));
  exporter_.reset();
  std::vector<int64_t> expected;
  for (int64_t id = 3; id <= 254; ++id) expected.push_back(id);
  EXPECT_EQ(endpoint_.taken(), expected);
}

TEST_F(ResultExporterTest, SendsAgainWhatWasNotTaken) {
  testing::internal::CaptureStderr();
  endpoint_.Say({408, 400, 500, 502, 503, 504, 401});
  Start();
  Record(3);
  ASSERT_TRUE(WaitForTaken(3));
  exporter_.reset();
  EXPECT_THAT(endpoint_.taken(), ElementsAre(1, 2, 3));
  EXPECT_EQ(endpoint_.requests(), 8);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("error=\"status 504: no, <api key>\" in_a_row=6"));
  EXPECT_THAT(log, Not(HasSubstr("fc_key")));
}

// The second batch is never answered.
TEST_F(ResultExporterTest, GoesOnBehindWhatWasAnswered) {
  Start();
  Record(2);
  ASSERT_TRUE(WaitForTaken(2));
  endpoint_.Say({0});
  Record(2);
  ASSERT_TRUE(WaitUntil(kPatience, [&] { return endpoint_.requests() == 2; }));
  exporter_.reset();  // cuts it
  EXPECT_THAT(endpoint_.taken(), ElementsAre(1, 2));
  Record(1);
  Start();
  ASSERT_TRUE(WaitForTaken(5));
  exporter_.reset();
  EXPECT_THAT(endpoint_.taken(), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(ResultExporterTest, EndsWhileItWaits) {
  endpoint_.Say(std::vector<int>(1000, 503));
  Start();
  Record(1);
  ASSERT_TRUE(WaitUntil(kPatience, [&] { return endpoint_.requests() >= 3; }));
  exporter_.reset();
  EXPECT_THAT(endpoint_.taken(), IsEmpty());
}

// An hour, however short its own backoff is.
TEST_F(ResultExporterTest, WaitsAsLongAsItIsAskedTo) {
  testing::internal::CaptureStderr();
  endpoint_.Say({503, 429});
  Start();
  Record(1);
  ASSERT_TRUE(WaitUntil(kPatience, [&] { return endpoint_.requests() == 2; }));
  EXPECT_FALSE(WaitUntil(absl::Milliseconds(200),
                         [&] { return endpoint_.requests() > 2; }));
  exporter_.reset();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("in_a_row=2 next_try_in=1h"));
}

// The cursor is set back by as many as the log would have dropped.
TEST_F(ResultExporterTest, SaysHowManyWereDroppedBeforeTheyWereExported) {
  Start();
  Record(5);
  ASSERT_TRUE(WaitForTaken(5));
  exporter_.reset();
  const ExportCursor cursor(temp_.File("cursor"));
  ExportPosition exported = **cursor.Load();
  EXPECT_EQ(exported.attempt_seq, 5);
  exported.attempt_seq = 2;
  ASSERT_TRUE(cursor.Save(exported).ok());
  testing::internal::CaptureStderr();
  Start();
  Record(2);
  ASSERT_TRUE(WaitForTaken(7));
  Record(1);
  ASSERT_TRUE(WaitForTaken(8));
  exporter_.reset();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("event=flowcore_export_gap results=3 after="));
  EXPECT_EQ(log.find("flowcore_export_gap"), log.rfind("flowcore_export_gap"));
}

TEST_F(ResultExporterTest, DoesNotBeginWithACursorThatIsNone) {
  WriteFile(temp_.File("cursor"), "oops");
  const auto started = ResultExporter::Start(
      &journal_, &config_, FlowTypes::Parse(FlowTypes::kDefault).value(),
      Clock::Real(),
      {.url = endpoint_.url(), .cursor_path = temp_.File("cursor")});
  EXPECT_THAT(std::string(started.status().message()),
              HasSubstr("cursor holds no event id"));
}

}  // namespace
}  // namespace mqttpush
