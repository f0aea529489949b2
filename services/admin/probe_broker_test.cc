// AdminService.ProbeBroker, with probes that end when the test says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>

#include "absl/strings/str_cat.h"
#include "services/admin/admin_fixture.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

using Stub = v1::AdminService::Stub;

constexpr char kMain[] = "name: 'tenants/acme/brokers/main' ";
constexpr absl::Duration kPatience = absl::Seconds(30);

// Thread-safe.
class FakeProbes {
 public:
  BrokerProber Prober() {
    return {.start =
                [this](const BrokerRecord& broker, const ProbeOrder& order,
                       std::function<void(ProbeReport)> done) {
                  MutexLock lock(&mutex_);
                  brokers_.push_back(broker);
                  done_[++last_] = std::move(done);
                  return last_;
                },
            .cancel = [this](int64_t id) { End(id, {.cut_short = "cut"}); }};
  }
  void End(int64_t id, const ProbeReport& report) {
    std::function<void(ProbeReport)> done;
    {
      MutexLock lock(&mutex_);
      if (!done_.contains(id)) return;
      done = std::move(done_.extract(id).mapped());
    }
    done(report);
  }
  size_t running() {
    MutexLock lock(&mutex_);
    return done_.size();
  }
  std::vector<BrokerRecord> brokers() {
    MutexLock lock(&mutex_);
    return brokers_;
  }

 private:
  Mutex mutex_;
  int64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int64_t, std::function<void(ProbeReport)>> done_
      ABSL_GUARDED_BY(mutex_);
  std::vector<BrokerRecord> brokers_ ABSL_GUARDED_BY(mutex_);
};

class ProbeBrokerTest : public AdminFixture {
 protected:
  void SetUp() override {
    prober_ = probes_.Prober();
    AdminFixture::SetUp();
    CreateTenant("acme");
    CreateBroker("tenants/acme", "main",
                 absl::StrCat("host: 'h' username_password { username: 'u' "
                              "password: '",
                              kPassword, "' }"));
  }
  std::future<Reply<v1::ProbeBrokerResponse>> Begin(
      const std::string& request = kMain) {
    return std::async(std::launch::async, [this, request] {
      return Call(&Stub::ProbeBroker, Parse<v1::ProbeBrokerRequest>(request));
    });
  }
  Reply<v1::ProbeBrokerResponse> Probe(const std::string& request) {
    return Begin(request).get();
  }
  void WaitForRunning(size_t count) {
    ASSERT_TRUE(
        WaitUntil(kPatience, [&] { return probes_.running() == count; }));
  }

  FakeProbes probes_;
};

TEST_F(ProbeBrokerTest, AnswersWhenTheProbeHasEnded) {
  auto reply = Begin();
  WaitForRunning(1);
  EXPECT_EQ(probes_.brokers().at(0).password, kPassword);
  probes_.End(1, {.findings = {{.kind = ProbeKind::kDns,
                                .cause = ProbeCause::kHostUnknown,
                                .text = "h: Name or service not known"}}});
  const auto response = reply.get();
  ASSERT_TRUE(response.ok()) << response.status.error_message();
  EXPECT_FALSE(response->succeeded());
  ASSERT_THAT(response->steps(), SizeIs(4));
  EXPECT_EQ(response->steps(0).outcome(), v1::ProbeStep::FAILED);
  EXPECT_EQ(response->steps(0).text(), "h: Name or service not known");
}

TEST_F(ProbeBrokerTest, TheLogSaysWhereItWent) {
  testing::internal::CaptureStderr();
  auto reply =
      Begin(absl::StrCat(kMain,
                         "broker { host: 'c.example' tls { enabled: true } "
                         "username_password { username: 'u' password: '",
                         kPassword, "' } }"));
  WaitForRunning(1);
  probes_.End(1, {.cut_short = "cut"});
  EXPECT_TRUE(reply.get().ok());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("probe_started broker=tenants/acme/brokers/main "
                              "host=c.example port=8883 tls=true"));
  EXPECT_THAT(said, Not(HasSubstr(kPassword)));
}

TEST_F(ProbeBrokerTest, SaysWhatIsWrongWithTheRequest) {
  EXPECT_THAT(Probe("name: 'x'").violations,
              ElementsAre("name: must have the format "
                          "tenants/{tenant}/brokers/{broker}"));
  EXPECT_EQ(Probe("name: 'tenants/acme/brokers/x'").reason, "BROKER_NOT_FOUND");
  EXPECT_THAT(Probe(absl::StrCat(kMain,
                                 "broker { host: 'tcp://h' } timeout { nanos: "
                                 "1 } publish_payload: 'x'"))
                  .violations,
              SizeIs(3));
  EXPECT_EQ(probes_.running(), 0u);
}

TEST_F(ProbeBrokerTest, MoreThanEightAtOnceAreRefused) {
  std::vector<std::future<Reply<v1::ProbeBrokerResponse>>> replies;
  for (int i = 0; i < 8; ++i) replies.push_back(Begin());
  WaitForRunning(8);
  const auto refused = Probe(kMain);
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.reason, "TOO_MANY_PROBES");
  for (int64_t id = 1; id <= 8; ++id) probes_.End(id, {.cut_short = "x"});
  for (auto& reply : replies) EXPECT_TRUE(reply.get().ok());
  // There is room again once gRPC is done with them.
  ASSERT_TRUE(WaitUntil(kPatience, [&] {
    auto next = Begin();
    WaitUntil(kPatience, [&] {
      return probes_.running() == 1 || next.wait_for(std::chrono::seconds(0)) ==
                                           std::future_status::ready;
    });
    if (probes_.running() == 0) return false;
    probes_.End(9, {.cut_short = "x"});
    return next.get().ok();
  }));
}

TEST_F(ProbeBrokerTest, EndsWhenTheCallerGoesAway) {
  grpc::ClientContext context;
  auto gone = std::async(std::launch::async, [&] {
    v1::ProbeBrokerResponse response;
    return stub()->ProbeBroker(&context, Parse<v1::ProbeBrokerRequest>(kMain),
                               &response);
  });
  WaitForRunning(1);
  context.TryCancel();
  EXPECT_EQ(gone.get().error_code(), grpc::CANCELLED);
  WaitForRunning(0);
}

TEST_F(ProbeBrokerTest, AServiceThatStopsSaysSo) {
  auto reply = Begin();
  WaitForRunning(1);
  probes_.End(1, {.cut_short = "x", .stopping = true});
  const auto stopped = reply.get();
  EXPECT_EQ(stopped.status.error_code(), grpc::UNAVAILABLE);
  EXPECT_EQ(stopped.reason, "SHUTTING_DOWN");
}

}  // namespace
}  // namespace mqttpush
