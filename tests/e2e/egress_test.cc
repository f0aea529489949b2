// Where brokers may be, seen from outside: what the broker resource, a probe
// and an explanation say, and how the operator of the service opens the way for
// one tenant.
#include "tests/e2e/e2e_test.h"
#include "tests/support/rpc.h"

namespace mqttpush {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kBlocked[] = "SSRF_BLOCKED: 127.0.0.1 is in 127.0.0.0/8";

class EgressTest : public E2eTest {
 protected:
  EgressTest() : mosquitto_(StartMosquitto()) {
    WriteFile(tenants_file_, "# none yet\n");
    StartService({{"MQTTPUSH_EGRESS_ALLOW", "10.0.0.0/8"},
                  {"MQTTPUSH_EGRESS_TENANTS_FILE", tenants_file_}});
    ProvisionAcme(*mosquitto_);
  }

  v1::ProbeStep ProbeTcp() {
    v1::ProbeBrokerRequest request;
    request.set_name(kBroker);
    const auto probed =
        Call<v1::ProbeBrokerResponse>([&](auto* context, auto* response) {
          return service_->admin().ProbeBroker(context, request, response);
        });
    EXPECT_TRUE(probed.ok()) << probed.status();
    return probed.ok() && probed->steps_size() > 1 ? probed->steps(1)
                                                   : v1::ProbeStep();
  }

  const std::unique_ptr<MosquittoBroker> mosquitto_;
  const std::string tenants_file_ = temp_dir_.File("tenants");
};

TEST_F(EgressTest, LoopbackIsRefusedAndSaysSo) {
  const v1::Link link = WaitForLink(v1::Link::REFUSED);
  EXPECT_THAT(link.last_error(), StartsWith(kBlocked));
  EXPECT_THAT(link.last_error(), EndsWith("--egress-tenants-file"));

  const v1::ProbeStep tcp = ProbeTcp();
  EXPECT_EQ(tcp.kind(), v1::ProbeStep::TCP);
  EXPECT_EQ(tcp.outcome(), v1::ProbeStep::FAILED);
  EXPECT_THAT(tcp.text(), HasSubstr(kBlocked));
  EXPECT_THAT(tcp.hint(), HasSubstr("public addresses only"));

  Publish({LocationEvent("first", kOwner, 1)});
  v1::ExplainDeliveryRequest request;
  request.set_parent(kTenant);
  request.set_event_id("first");
  const auto explained =
      Call<v1::ExplainDeliveryResponse>([&](auto* context, auto* response) {
        return service_->history().ExplainDelivery(context, request, response);
      });
  ASSERT_TRUE(explained.ok()) << explained.status();
  EXPECT_EQ(explained->explanations(0).reason(),
            v1::Explanation::WAITING_FOR_LINK);
  EXPECT_THAT(explained->explanations(0).text(), HasSubstr(kBlocked));
}

TEST_F(EgressTest, TheFileOpensTheWayForOneTenantAndClosesItAgain) {
  WaitForLink(v1::Link::REFUSED);
  WriteFile(tenants_file_, "other 127.0.0.0/8\n");
  EXPECT_EQ(ProbeTcp().outcome(), v1::ProbeStep::FAILED);
  WriteFile(tenants_file_, "acme 127.0.0.0/8\n");
  WaitForLink(v1::Link::CONNECTED);
  EXPECT_EQ(ProbeTcp().outcome(), v1::ProbeStep::PASSED);
  WriteFile(tenants_file_, "# none any more\n");
  WaitForLink(v1::Link::REFUSED);
}

}  // namespace
}  // namespace mqttpush
