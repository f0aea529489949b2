// The audit of a live service: no event is missing from its books, whatever is
// going on.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

class ConservationTest : public E2eTest {
 protected:
  void SetUp() override {
    StartService({{"MQTTPUSH_AUDIT_INTERVAL", "1s"},
                  {"MQTTPUSH_LOG_LEVEL", "debug"},
                  {"MQTTPUSH_CONNECT_BACKOFF_BASE", "50ms"},
                  {"MQTTPUSH_CONNECT_BACKOFF_MAX", "500ms"}});
    mosquitto_ = StartMosquitto();
    ProvisionAcme(*mosquitto_);
    WaitForLink(v1::Link::CONNECTED);
  }

  std::vector<std::string> Audits() const {
    std::vector<std::string> lines;
    for (absl::string_view line : absl::StrSplit(service_->ReadLog(), '\n')) {
      if (absl::StrContains(line, "event=conservation_audited")) {
        lines.emplace_back(line);
      }
    }
    return lines;
  }
  void WaitForAudits(size_t more) {
    const size_t before = Audits().size();
    ASSERT_TRUE(
        WaitUntil(kPatience, [&] { return Audits().size() >= before + more; }));
  }
  // Waits for an audit that saw `events` events.
  void WaitForAuditOf(size_t events) {
    const std::string wanted = absl::StrCat(" events=", events, " ");
    EXPECT_TRUE(WaitUntil(kPatience, [&] {
      const std::vector<std::string> audits = Audits();
      return !audits.empty() && absl::StrContains(audits.back(), wanted);
    })) << wanted;
  }
  void ExpectNothingFound() const {
    EXPECT_FALSE(
        absl::StrContains(service_->ReadLog(), "conservation_violated"));
    EXPECT_FALSE(
        absl::StrContains(service_->ReadLog(), "conservation_audit_failed"));
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
};

TEST_F(ConservationTest, HoldsWhileEverythingBreaksUnderLoad) {
  const auto producer = StartLoad();
  ASSERT_TRUE(producer->WaitForAccepted(500));
  WaitForAudits(2);
  mosquitto_->Kill();
  WaitForLink(v1::Link::BACKING_OFF);
  WaitForAudits(2);
  ASSERT_OK(mosquitto_->Start());
  WaitForLink(v1::Link::CONNECTED);
  service_->Kill();
  ASSERT_OK(service_->Restart());
  producer->SetAddress(service_->address());
  WaitForAudits(2);
  ASSERT_OK(producer->Stop());
  WaitUntilDelivered();
  WaitForAuditOf(producer->accepted().size());
  ExpectNothingFound();
}

}  // namespace
}  // namespace mqttpush
