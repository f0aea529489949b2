// The commands against a service that answers as a test wants it: streams that
// are cut, replays, probes.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <future>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/attempt_follower.h"
#include "cli/cli_fixture.h"
#include "google/protobuf/text_format.h"
#include "mqttpush/v1/admin_service.grpc.pb.h"
#include "mqttpush/v1/history_service.grpc.pb.h"

namespace mqttpush::cli {
namespace {

using ::google::protobuf::TextFormat;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kAttempts = 100;

// Has attempts 1 to kAttempts, and cuts the stream after each.
class ScriptedHistory : public v1::HistoryService::Service {
 public:
  grpc::Status StreamAttempts(
      grpc::ServerContext*, const v1::StreamAttemptsRequest* request,
      grpc::ServerWriter<v1::StreamAttemptsResponse>* writer) override {
    int last = 0;
    (void)absl::SimpleAtoi(request->resume_token(), &last);
    if (last == kAttempts) return grpc::Status::OK;
    v1::StreamAttemptsResponse response;
    for (int i = 0; i < per_response; ++i) {
      ++last;
      if (request->view() == v1::StreamAttemptsRequest::ATTEMPTS ||
          !knows_results) {
        response.add_attempts()->set_name(
            absl::StrCat("tenants/acme/deliveries/1-1/attempts/", last));
      } else {
        const bool payload =
            request->view() == v1::StreamAttemptsRequest::RESULT_PAYLOADS;
        response.add_results(absl::StrCat(
            payload ? R"({"payload": )" : R"({"event": )", last, "}"));
      }
    }
    response.set_resume_token(absl::StrCat(last));
    writer->Write(response);
    ++cuts;
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut");
  }
  grpc::Status ExplainDelivery(grpc::ServerContext*,
                               const v1::ExplainDeliveryRequest*,
                               v1::ExplainDeliveryResponse* response) override {
    *response = explained;
    return grpc::Status::OK;
  }
  grpc::Status ReplayDeliveries(grpc::ServerContext*,
                                const v1::ReplayDeliveriesRequest* request,
                                v1::Replay* replay) override {
    *replay = Running(0);
    if (request->validate_only()) {
      replay->clear_name();
    } else {
      ++replays;
    }
    return grpc::Status::OK;
  }
  grpc::Status WatchReplay(grpc::ServerContext*,
                           const v1::WatchReplayRequest* request,
                           grpc::ServerWriter<v1::Replay>* writer) override {
    writer->Write(Running(1));
    if (request->name() == "tenants/acme/replays/endless") {
      watched.set_value();
      released.get_future().wait();
      return grpc::Status::CANCELLED;
    }
    // The first watch is cut.
    if (++watches == 1) return {grpc::StatusCode::UNAVAILABLE, "cut"};
    v1::Replay replay = Running(4);
    replay.set_state(end_state);
    replay.set_skipped_count(1);
    writer->Write(replay);
    return grpc::Status::OK;
  }

  v1::ExplainDeliveryResponse explained;
  int per_response = 1;
  bool knows_results = true;
  int matched = 5;
  std::atomic<int> cuts = 0;
  std::atomic<int> replays = 0;
  std::atomic<int> watches = 0;
  std::promise<void> watched;   // an endless replay is
  std::promise<void> released;  // its watch ends
  v1::Replay::State end_state = v1::Replay::SUCCEEDED;

 private:
  v1::Replay Running(int requested) const {
    v1::Replay replay;
    replay.set_name("tenants/acme/replays/1");
    replay.set_state(v1::Replay::RUNNING);
    replay.add_states(v1::Delivery::PARKED);
    replay.set_matched_count(matched);
    replay.set_matched_bytes(2048);
    replay.set_max_per_second(100);
    replay.set_requested_count(requested);
    return replay;
  }
};

class ScriptedAdmin : public v1::AdminService::Service {
 public:
  grpc::Status ProbeBroker(grpc::ServerContext*,
                           const v1::ProbeBrokerRequest* request,
                           v1::ProbeBrokerResponse* response) override {
    asked = *request;
    *response = answer;
    return grpc::Status::OK;
  }

  v1::ProbeBrokerRequest asked;
  v1::ProbeBrokerResponse answer;
};

class ScriptedServiceTest : public CliFixture {
 protected:
  void SetUp() override {
    int port = 0;
    service_ = grpc::ServerBuilder()
                   .AddListeningPort("127.0.0.1:0",
                                     grpc::InsecureServerCredentials(), &port)
                   .RegisterService(&history_)
                   .RegisterService(&admin_)
                   .BuildAndStart();
    server_ = absl::StrCat("127.0.0.1:", port);
  }

  ScriptedHistory history_;
  ScriptedAdmin admin_;
  std::unique_ptr<grpc::Server> service_;
};

TEST(ReconnectDelayTest, GrowsToABound) {
  EXPECT_EQ(ReconnectDelay(0), absl::ZeroDuration());
  EXPECT_EQ(ReconnectDelay(1), absl::Milliseconds(500));
  EXPECT_EQ(ReconnectDelay(3), absl::Seconds(2));
  EXPECT_EQ(ReconnectDelay(1000), absl::Seconds(10));
}

TEST_F(ScriptedServiceTest, StreamThatIsCut100TimesLosesAndRepeatsNothing) {
  const RunResult result = Run({"stream", "acme", "--no-live"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(history_.cuts, kAttempts);
  const std::vector<std::string> lines =
      absl::StrSplit(result.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), size_t{kAttempts});
  for (int i = 0; i < kAttempts; ++i) {
    EXPECT_THAT(lines[i], HasSubstr(absl::StrCat("acme/1-1/", i + 1)));
  }
  EXPECT_THAT(result.err, HasSubstr("the stream was cut"));
}

// They are printed as they come: as at the HTTP door.
TEST_F(ScriptedServiceTest, StreamPrintsResultsAsTheServiceWritesThem) {
  history_.per_response = kAttempts / 5;
  const RunResult events = Run({"stream", "acme", "--no-live", "--json"});
  EXPECT_EQ(events.code, ExitCode::kOk) << events.err;
  const std::vector<std::string> lines =
      absl::StrSplit(events.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), size_t{kAttempts});
  for (int i = 0; i < kAttempts; ++i) {
    EXPECT_EQ(lines[i], absl::StrCat(R"({"event": )", i + 1, "}"));
  }
  EXPECT_EQ(
      Run({"stream", "acme", "--no-live", "--payload", "--json", "-m", "2"})
          .out,
      "{\"payload\": 1}\n{\"payload\": 2}\n");
  EXPECT_EQ(Run({"stream", "acme", "--no-live", "--payload", "-m", "1"}).out,
            "{\n  \"payload\": 1\n}\n");
}

TEST_F(ScriptedServiceTest, StreamSaysWhenTheServiceIsTooOldForResults) {
  history_.knows_results = false;
  const RunResult result = Run({"stream", "acme", "--no-live", "--json"});
  EXPECT_EQ(result.code, ExitCode::kServiceError);
  EXPECT_THAT(result.err, HasSubstr("the service is older"));
}

TEST_F(ScriptedServiceTest, ExplainEndsWithWhetherItArrived) {
  const std::pair<const char*, ExitCode> kCases[] = {
      {"DELIVERED a", ExitCode::kOk},
      {"DELIVERED a, NOT_TAKEN a, DUPLICATE a", ExitCode::kOk},
      {"DELIVERED a, PARKED a", ExitCode::kNegative},
      {"DUPLICATE a", ExitCode::kNegative},
      // Repeated until it was taken.
      {"DELIVERED a, OVER_QUOTA a, OVER_QUOTA a", ExitCode::kOk},
      {"DELIVERED a, OVER_QUOTA b", ExitCode::kNegative},
      {"PARKED a, OVER_QUOTA a", ExitCode::kNegative},
      {"OVER_QUOTA a", ExitCode::kNegative},
  };
  for (const auto& [told, code] : kCases) {
    history_.explained.Clear();
    for (const absl::string_view one : absl::StrSplit(told, ", ")) {
      const std::vector<std::string> words = absl::StrSplit(one, ' ');
      v1::Explanation& explanation = *history_.explained.add_explanations();
      v1::Explanation::Reason reason;
      ASSERT_TRUE(v1::Explanation::Reason_Parse(words[0], &reason));
      explanation.set_reason(reason);
      explanation.set_event_id(words[1]);
    }
    EXPECT_EQ(Run({"explain", "acme", "--event", "a"}).code, code) << told;
  }
}

TEST_F(ScriptedServiceTest, ReplayWantsAYes) {
  const RunResult result = Run({"replay", "acme", "-s", "1d"});
  EXPECT_EQ(result.code, ExitCode::kUsage);
  EXPECT_THAT(result.err, HasSubstr("--yes: required where nobody can be "
                                    "asked; --dry-run only counts"));
  EXPECT_EQ(Run({"replay", "acme", "-s", "1d", "--dry-run"}).err,
            "would be sent again: 5 deliveries, 2.0 KiB, at most 100 per "
            "second\n");
  is_terminal_ = true;
  const RunResult declined = Run({"replay", "acme", "-s", "1d"}, "n\n");
  EXPECT_EQ(declined.code, ExitCode::kNegative);
  EXPECT_THAT(declined.err, HasSubstr("[y/N] nothing is sent\n"));
  EXPECT_EQ(history_.replays, 0);
  EXPECT_EQ(Run({"replay", "acme", "-s", "1d"}, "y\n").code, ExitCode::kOk);
  EXPECT_EQ(history_.replays, 1);
}

TEST_F(ScriptedServiceTest, ReplayOfNothingIsSaidAndNotAsked) {
  history_.matched = 0;
  const RunResult result = Run({"replay", "acme", "-s", "1d", "--yes"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.err, "nothing matches: there is nothing to send again\n");
  EXPECT_EQ(history_.replays, 0);
}

TEST_F(ScriptedServiceTest, ReplayIsWatchedToItsEnd) {
  is_terminal_ = true;
  const RunResult result = Run({"replay", "acme", "-s", "1d", "--yes"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(history_.watches, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("sending again: 5 deliveries"),
                                HasSubstr("sending again [######......"),
                                HasSubstr("] 5/5")));
  EXPECT_THAT(result.out, AllOf(HasSubstr("state      SUCCEEDED\n"),
                                HasSubstr("requested  4, at most 100"),
                                HasSubstr("skipped    1\n")));
  history_.end_state = v1::Replay::CANCELLED;
  EXPECT_EQ(Run({"replay", "watch", "acme/1"}).code, ExitCode::kNegative);
}

TEST_F(ScriptedServiceTest, CtrlCLeavesAReplayRunning) {
  auto result = std::async(std::launch::async, [this] {
    return Run({"replay", "watch", "acme/endless"});
  });
  history_.watched.get_future().wait();
  EXPECT_TRUE(interruption_->Interrupt());
  const RunResult interrupted = result.get();
  history_.released.set_value();
  EXPECT_EQ(interrupted.code, ExitCode::kInterrupted);
  EXPECT_THAT(interrupted.err,
              HasSubstr("the replay goes on; mqttpush replay watch "
                        "acme/endless shows how far it is"));
}

TEST_F(ScriptedServiceTest, ProbeShowsEachStep) {
  ASSERT_TRUE(TextFormat::ParseFromString(
      R"(steps { kind: DNS outcome: PASSED duration { nanos: 3000000 }
                 text: "2 addresses" addresses: "192.0.2.7:8883" }
         steps { kind: TLS outcome: FAILED duration { seconds: 2 }
                 text: "the certificate has expired" hint: "Renew it."
                 tls { protocol: "TLSv1.3" cipher: "AES"
                       chain { subject: "CN=b" issuer: "CN=ca" names: "b"
                               days_to_expiry: -3 } } }
         steps { kind: CONNECT outcome: SKIPPED })",
      &admin_.answer));
  environment_["PASSWORD"] = "s3cret";
  const RunResult result =
      Run({"probe", "acme/new", "--set", "host=b", "--set-env",
           "username_password.password=PASSWORD", "--wait", "5s"});
  EXPECT_EQ(result.code, ExitCode::kNegative);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("DNS      ok         3.0 ms  2 addresses\n"),
                    HasSubstr("TLS      FAILED      2.0 s  the certificate"),
                    HasSubstr("CN=b, by CN=ca, expires "),
                    HasSubstr("(-3 days)"), HasSubstr("hint: Renew it.\n"),
                    HasSubstr("CONNECT  skipped\n"), Not(HasSubstr("s3cret"))));
  EXPECT_EQ(admin_.asked.name(), "tenants/acme/brokers/new");
  EXPECT_EQ(admin_.asked.broker().host(), "b");
  EXPECT_EQ(admin_.asked.broker().username_password().password(), "s3cret");
  EXPECT_EQ(admin_.asked.timeout().seconds(), 5);
  EXPECT_FALSE(admin_.asked.publish());
  admin_.answer.set_succeeded(true);
  EXPECT_EQ(Run({"probe", "acme/main"}).code, ExitCode::kOk);
  EXPECT_FALSE(admin_.asked.has_broker());
}

}  // namespace
}  // namespace mqttpush::cli
