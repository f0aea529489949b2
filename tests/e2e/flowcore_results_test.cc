// Delivery results read by Flowcore's own packages, compared with what gRPC
// says: as they come, over hours, over a restart; and events made by these
// packages. Skipped where the packages are not installed (./dev setup).
#include <rapidjson/document.h>

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/ticks.h"
#include "services/flowcore/delivery_result.h"
#include "services/flowcore/time_uuid.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/child_process.h"
#include "tests/support/log_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kApiKey[] = "fc_test_4711";
// printf %s fc_test_4711 | sha256sum
constexpr char kDigest[] =
    "ae50cf6b9845fce9dea3c8155d6e980a00420e40ab36a8025b6ca104502679e2";
constexpr char kScripts[] = MQTTPUSH_SOURCE_DIR "/tests/e2e/flowcore/";

class FixedClock : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now;
};

struct Result {
  std::string attempt;
  std::string event_id;
  std::string time_bucket;
  bool operator==(const Result&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Result& result) {
    return out << result.attempt << " " << result.event_id;
  }
};

class FlowcoreResultsTest : public E2eTest {
 protected:
  void SetUp() override {
    const char* const kProbe = "require.resolve('@flowcore/sdk')";
    if (!RunNode({"-e", kProbe}, "probe").ok()) {
      GTEST_SKIP() << "no @flowcore/sdk in .cache/flowcore; ./dev setup "
                      "installs it where there is npm";
    }
    WriteFile(temp_dir_.File("tokens"), absl::StrCat("acme ", kDigest, "\n"));
    WriteFile(temp_dir_.File("secret"), "s3cret\n");
    StartService({{"MQTTPUSH_HTTP_LISTEN_ADDRESS", "127.0.0.1:0"},
                  {"MQTTPUSH_HTTP_PORT_FILE", temp_dir_.File("http.port")},
                  {"MQTTPUSH_FLOWCORE_SECRET_FILE", temp_dir_.File("secret")},
                  {"MQTTPUSH_FLOWCORE_TOKENS_FILE", temp_dir_.File("tokens")}});
    mosquitto_ = StartMosquitto();
    ProvisionAcme(*mosquitto_);
  }

  std::string base_url() const {
    std::string address = ReadFile(temp_dir_.File("http.port"));
    return absl::StrCat("http://", absl::StripTrailingAsciiWhitespace(address));
  }
  ChildProcess::Options Node(std::vector<std::string> arguments,
                             const std::string& output) const {
    arguments.insert(arguments.begin(), {"/usr/bin/env", "node"});
    return {.argv = std::move(arguments),
            .log_path = temp_dir_.File(output),
            .environment = {{"NODE_PATH", MQTTPUSH_SOURCE_DIR
                             "/.cache/flowcore/node_modules"}}};
  }
  absl::Status RunNode(std::vector<std::string> arguments,
                       const std::string& output) const {
    return ChildProcess::Run(Node(std::move(arguments), output));
  }
  // A script, with its arguments, that reads the file `input`.
  absl::Status RunScript(const std::string& script, const std::string& input,
                         const std::string& output) const {
    ChildProcess::Options options = Node({}, output);
    options.argv = {
        "/bin/sh", "-c",
        absl::StrCat("node ", kScripts, script, " <", temp_dir_.File(input))};
    return ChildProcess::Run(options);
  }
  std::vector<std::string> Pump(std::vector<std::string> options) const {
    std::vector<std::string> arguments = {
        absl::StrCat(kScripts, "result_pump.cjs"), base_url(), kApiKey,
        temp_dir_.File("state")};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return arguments;
  }
  // Reads until now, as with --no-live.
  absl::Status PumpToNow(const std::string& output) const {
    const int64_t now_ms = absl::ToUnixMillis(absl::Now()) + 1;
    return RunNode(Pump({"--stop-at", absl::StrCat(now_ms)}), output);
  }
  void SaveState(absl::Time time) const {
    WriteFile(
        temp_dir_.File("state"),
        absl::StrCat(R"({"timeBucket":")",
                     TimeBucket(ToTicks(time) / kTicksPerHour),
                     R"(","eventId":")", TimeUuid(ToTicks(time)), R"("})"));
  }
  std::vector<Result> ResultsOf(const std::string& output) const {
    std::vector<Result> results;
    for (absl::string_view line : absl::StrSplit(
             ReadFile(temp_dir_.File(output)), '\n', absl::SkipEmpty())) {
      rapidjson::Document event;
      event.Parse(line.data(), line.size());
      if (event.HasParseError() || !event.HasMember("payload")) {
        ADD_FAILURE() << line;
        continue;
      }
      results.push_back({event["payload"]["attemptId"].GetString(),
                         event["eventId"].GetString(),
                         event["timeBucket"].GetString()});
    }
    return results;
  }
  // The same in the words of gRPC.
  std::vector<Result> Attempts() {
    std::map<int64_t, Result> by_ticks;
    for (const auto& [delivery, attempts] : HistoryOf().attempts) {
      for (const v1::Attempt& attempt : attempts) {
        const int64_t ticks = ToTicks(TimeOf(attempt.record_time()));
        by_ticks[ticks] = {attempt.name(), TimeUuid(ticks),
                           TimeBucket(ticks / kTicksPerHour)};
      }
    }
    std::vector<Result> all;
    for (const auto& [ticks, result] : by_ticks) all.push_back(result);
    return all;
  }
  void PublishOne() {
    ++published_;
    Publish({LocationEvent(absl::StrCat("e", published_), kOwner, published_)});
    WaitUntilDelivered();
  }
  void RestartService() {
    ASSERT_OK(service_->Stop());
    ASSERT_OK(service_->Restart());
  }
  // Deliveries of hours gone by, as the log of a service of then has them.
  void WritePast(std::vector<absl::Time> times);

  std::unique_ptr<MosquittoBroker> mosquitto_;
  int published_ = 0;
};

void FlowcoreResultsTest::WritePast(std::vector<absl::Time> times) {
  ASSERT_OK(service_->Stop());
  {
    const auto config =
        *SqliteConfigStore::Open(temp_dir_.File("data/config.db"));
    const TenantRecord tenant = *config->Snapshot()->FindTenant("acme");
    const int64_t uid =
        config->Snapshot()->FindSubscription(tenant.uid, "events")->uid;
    FixedClock clock;
    const auto log = *SqliteEventLog::Open(temp_dir_.File("data/log"), &clock);
    int64_t seq = 0;
    for (absl::Time time : times) {
      clock.now = time;
      NewEvent event = MakeEvent(absl::StrCat("past-", ++seq), {uid});
      event.tenant_uid = tenant.uid;
      event.route = std::make_shared<const Route>(Route{{uid, "events"}});
      ASSERT_OK(AppendAndWait(*log, {event}).status());
      ASSERT_OK(CommitAndWait(*log, {{.subscription_uid = uid,
                                      .cursor = seq,
                                      .sent_through = seq,
                                      .attempts = {{.event_seq = seq,
                                                    .subscription_uid = uid,
                                                    .start_time = time,
                                                    .topic = "events",
                                                    .succeeded = true}},
                                      .newly_delivered = 1}}));
    }
  }
  ASSERT_OK(service_->Restart());
}

TEST_F(FlowcoreResultsTest, AreReadAsTheyComeAndOverARestart) {
  SaveState(absl::Now());
  auto live = ChildProcess::Spawn(Node(Pump({"--max", "5"}), "live"));
  ASSERT_OK(live.status());
  for (int i = 0; i < 5; ++i) PublishOne();
  const absl::StatusOr<int> ended = (*live)->Wait(kPatience);
  EXPECT_TRUE(ended.ok() && *ended == 0) << ReadFile(temp_dir_.File("live"));
  for (int i = 0; i < 3; ++i) PublishOne();
  RestartService();
  for (int i = 0; i < 3; ++i) PublishOne();
  ASSERT_OK(RunNode(Pump({"--max", "2"}), "live"));
  ASSERT_OK(RunNode(Pump({"--translate", "--max", "2"}), "live"));
  ASSERT_OK(PumpToNow("live"));
  EXPECT_THAT(ResultsOf("live"), ElementsAreArray(Attempts()));
}

TEST_F(FlowcoreResultsTest, AreReadOverHours) {
  const absl::Time now = absl::Now();
  const absl::Time hour =
      absl::FromUnixSeconds(absl::ToUnixSeconds(now) / 3600 * 3600);
  WritePast({hour - absl::Hours(3), hour - absl::Hours(3) + absl::Minutes(59),
             hour - absl::Hours(1) - absl::Microseconds(1),
             hour - absl::Hours(1), hour - absl::Minutes(1),
             hour - absl::Microseconds(2), hour - absl::Microseconds(1)});
  for (int i = 0; i < 4; ++i) PublishOne();
  const std::vector<Result> all = Attempts();
  ASSERT_THAT(all, SizeIs(11));

  SaveState(hour - absl::Hours(30));
  ASSERT_OK(PumpToNow("whole"));
  const std::vector<Result> whole = ResultsOf("whole");
  EXPECT_THAT(whole, ElementsAreArray(all));
  std::set<std::string> hours;
  for (size_t i = 0; i < whole.size(); ++i) {
    hours.insert(whole[i].time_bucket);
    if (i == 0) continue;
    EXPECT_LT(*TicksOfTimeUuid(whole[i - 1].event_id),
              *TicksOfTimeUuid(whole[i].event_id));
  }
  EXPECT_THAT(hours, SizeIs(::testing::Ge(4)));

  // Cut after each event, and gone on with by another process.
  SaveState(hour - absl::Hours(30));
  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_OK(RunNode(Pump({"--max", "1"}), "cut"));
    if (i == 5) RestartService();
  }
  EXPECT_THAT(ResultsOf("cut"), ElementsAreArray(all));
}

TEST_F(FlowcoreResultsTest, PathwaysTakeThem) {
  SaveState(absl::Now());
  for (int i = 0; i < 4; ++i) PublishOne();
  ASSERT_OK(PumpToNow("lines"));
  ASSERT_OK(RunScript("route_results.cjs", "lines", "routed"))
      << ReadFile(temp_dir_.File("routed"));
  EXPECT_EQ(ReadFile(temp_dir_.File("routed")), "handled 4\n");
}

TEST_F(FlowcoreResultsTest, EventsThatTheWebhookBuilderMakesComeIn) {
  const auto customer = Subscribe(*mosquitto_);
  const v1::Event event = LocationEvent("x", kOwner, 1);
  WriteFile(temp_dir_.File("payload"), event.payload());
  ASSERT_OK(RunScript(absl::StrCat("post_events.cjs ", base_url(), " s3cret"),
                      "payload", "posted"))
      << ReadFile(temp_dir_.File("posted"));
  EXPECT_EQ(ReadFile(temp_dir_.File("posted")), "posted 3\n");
  EXPECT_TRUE(customer->WaitForCount(1, kPatience));
}

TEST_F(FlowcoreResultsTest, AWrongKeyIsRefused) {
  std::vector<std::string> arguments = Pump({"--max", "1"});
  arguments[2] = "fc_test_0815";
  EXPECT_FALSE(RunNode(arguments, "refused").ok());
  EXPECT_THAT(ReadFile(temp_dir_.File("refused")), HasSubstr("401"));
}

}  // namespace
}  // namespace mqttpush
