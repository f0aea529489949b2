#include "services/admin/probe_steps.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Step = v1::ProbeStep;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

// As "DNS PASSED".
std::vector<std::string> Outcomes(const v1::ProbeBrokerResponse& response) {
  std::vector<std::string> outcomes;
  for (const Step& step : response.steps()) {
    outcomes.push_back(absl::StrCat(Step::Kind_Name(step.kind()), " ",
                                    Step::Outcome_Name(step.outcome())));
  }
  return outcomes;
}

ProbeFinding Found(ProbeKind kind, ProbeCause cause = ProbeCause::kNone) {
  ProbeFinding finding{.kind = kind,
                       .cause = cause,
                       .duration = absl::Milliseconds(7),
                       .text = "words"};
  if (kind == ProbeKind::kConnect && cause == ProbeCause::kNone) {
    finding.offer = BrokerOffer();
  }
  return finding;
}

class ProbeStepsTest : public ::testing::Test {
 protected:
  v1::ProbeBrokerResponse Make(std::vector<ProbeFinding> findings) {
    report_.findings = std::move(findings);
    return MakeProbeResponse(plan_, report_, kNow);
  }

  ProbePlan plan_;
  ProbeReport report_;
};

TEST_F(ProbeStepsTest, AllThatPassesSucceeds) {
  const auto response = Make({Found(ProbeKind::kDns), Found(ProbeKind::kTcp),
                              Found(ProbeKind::kConnect)});
  EXPECT_TRUE(response.succeeded());
  EXPECT_THAT(Outcomes(response),
              ElementsAre("DNS PASSED", "TCP PASSED", "CONNECT PASSED",
                          "LIMITS PASSED"));
  EXPECT_EQ(response.steps(0).text(), "words");
  EXPECT_EQ(response.steps(0).duration().nanos(), 7'000'000);
}

TEST_F(ProbeStepsTest, WhatComesAfterAFailureIsSkipped) {
  plan_.broker.tls_enabled = true;
  plan_.publish = true;
  plan_.order.publications = {{.subscription = "s", .topic = "t", .qos = 2}};
  const auto response =
      Make({Found(ProbeKind::kDns),
            Found(ProbeKind::kTcp, ProbeCause::kConnectionRefused)});
  EXPECT_FALSE(response.succeeded());
  EXPECT_THAT(
      Outcomes(response),
      ElementsAre("DNS PASSED", "TCP FAILED", "TLS SKIPPED", "CONNECT SKIPPED",
                  "LIMITS SKIPPED", "PUBLISH SKIPPED"));
  EXPECT_THAT(response.steps(1).hint(), HasSubstr("Nothing listens there"));
  const Step& publish = response.steps(5);
  EXPECT_THAT(publish.text(), HasSubstr("a step before it failed"));
  EXPECT_FALSE(publish.has_duration());
  EXPECT_EQ(publish.topic(), "t");
  EXPECT_EQ(publish.subscription(), "s");
  EXPECT_EQ(publish.qos(), v1::EXACTLY_ONCE);
}

TEST_F(ProbeStepsTest, WarningsDoNotFail) {
  plan_.publish = true;
  plan_.order.publications = {{.topic = "t", .qos = 1}};
  ProbeFinding nobody = Found(ProbeKind::kPublish);
  nobody.reason_code = 0x10;
  const auto response =
      Make({Found(ProbeKind::kDns),
            Found(ProbeKind::kTcp, ProbeCause::kLinkAddressFailed),
            Found(ProbeKind::kConnect), nobody});
  EXPECT_TRUE(response.succeeded());
  EXPECT_THAT(Outcomes(response),
              ElementsAre("DNS PASSED", "TCP WARNED", "CONNECT PASSED",
                          "LIMITS PASSED", "PUBLISH WARNED"));
}

TEST_F(ProbeStepsTest, ACertificateThatExpiresSoonIsAWarning) {
  plan_.broker.tls_enabled = true;
  struct Row {
    absl::Duration left;
    int days;
    const char* outcome;
  };
  for (const Row& row : {Row{absl::Hours(14 * 24), 14, "TLS PASSED"},
                         Row{absl::Hours(14 * 24 - 1), 13, "TLS WARNED"},
                         Row{absl::Hours(-49), -2, "TLS WARNED"}}) {
    ProbeFinding tls = Found(ProbeKind::kTls);
    tls.tls = ProbeTls{.protocol = "TLSv1.3",
                       .cipher = "c",
                       .chain = {{.subject = "CN=a",
                                  .issuer = "CN=b",
                                  .names = {"n"},
                                  .not_before = kNow,
                                  .not_after = kNow + row.left}}};
    const auto response = Make({Found(ProbeKind::kDns), Found(ProbeKind::kTcp),
                                tls, Found(ProbeKind::kConnect)});
    EXPECT_EQ(Outcomes(response)[2], row.outcome);
    const v1::ProbeTls::Certificate& leaf = response.steps(2).tls().chain(0);
    EXPECT_EQ(leaf.days_to_expiry(), row.days);
    EXPECT_EQ(leaf.subject(), "CN=a");
    EXPECT_EQ(leaf.names(0), "n");
    EXPECT_EQ(leaf.not_before_time().seconds(), 1'700'000'000);
  }
}

TEST_F(ProbeStepsTest, AProcessThatEndedFailsTheNextStep) {
  report_.cut_short = "the probe process ended: SIGSEGV";
  const auto response = Make({Found(ProbeKind::kDns)});
  EXPECT_FALSE(response.succeeded());
  EXPECT_THAT(Outcomes(response),
              ElementsAre("DNS PASSED", "TCP FAILED", "CONNECT SKIPPED",
                          "LIMITS SKIPPED"));
  EXPECT_EQ(response.steps(1).text(), report_.cut_short);
}

TEST_F(ProbeStepsTest, WhatIsNotPublishedIsTold) {
  plan_.publish = true;
  plan_.left_out = 4;
  plan_.order.publications = {{.topic = "t", .qos = 1}};
  const std::vector<ProbeFinding> findings = {
      Found(ProbeKind::kDns), Found(ProbeKind::kTcp),
      Found(ProbeKind::kConnect),
      Found(ProbeKind::kPublish, ProbeCause::kRefused)};
  auto response = Make(findings);
  EXPECT_FALSE(response.succeeded());
  EXPECT_EQ(response.steps(5).text(),
            "4 more topics: a probe publishes to at most 50");
  plan_.left_out = 0;
  plan_.order.publications = {};
  response = Make({Found(ProbeKind::kDns), Found(ProbeKind::kTcp),
                   Found(ProbeKind::kConnect)});
  EXPECT_TRUE(response.succeeded());
  EXPECT_THAT(response.steps(4).text(), HasSubstr("no subscriptions"));
}

}  // namespace
}  // namespace mqttpush
