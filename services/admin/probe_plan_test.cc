#include "services/admin/probe_plan.h"

#include <google/protobuf/text_format.h>

#include "absl/strings/str_cat.h"
#include "common/tls/self_signed_certificate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kMain[] = "name: 'tenants/acme/brokers/main' ";

class ProbePlanTest : public ::testing::Test {
 protected:
  ProbePlanTest() {
    TenantRecord tenant;
    tenant.uid = 1;
    tenant.id = "acme";
    config_.Put(tenant);
    BrokerRecord broker;
    broker.uid = 2;
    broker.tenant_uid = 1;
    broker.id = "main";
    broker.host = "b.example";
    broker.username = "u";
    broker.password = "secret";
    config_.Put(broker);
  }
  void Subscribe(const std::string& id, const std::string& topic, Qos qos,
                 std::vector<ObjectType> types = {ObjectType::kAsset},
                 bool disabled = false) {
    SubscriptionRecord subscription;
    subscription.uid = next_uid_++;
    subscription.tenant_uid = 1;
    subscription.broker_uid = 2;
    subscription.id = id;
    subscription.topic = topic;
    subscription.qos = qos;
    subscription.object_types = std::move(types);
    subscription.disabled = disabled;
    config_.Put(subscription);
  }
  absl::StatusOr<ProbePlan> Plan(const std::string& request) {
    v1::ProbeBrokerRequest proto;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(request, &proto));
    return PlanProbe(config_, proto);
  }
  // Of the publications: "subscription topic qos".
  static std::vector<std::string> Publications(const ProbePlan& plan) {
    std::vector<std::string> texts;
    for (const ProbePublication& publication : plan.order.publications) {
      texts.push_back(absl::StrCat(publication.subscription, " ",
                                   publication.topic, " ", publication.qos));
    }
    return texts;
  }

  ConfigSnapshot config_;
  int64_t next_uid_ = 10;
};

TEST_F(ProbePlanTest, ASavedBrokerAsItIs) {
  const auto plan = Plan(kMain);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->broker.host, "b.example");
  EXPECT_EQ(plan->broker.password, "secret");
  EXPECT_EQ(plan->order.tenant_id, "acme");
  EXPECT_EQ(plan->order.timeout, absl::Seconds(15));
  EXPECT_EQ(plan->order.session_expiry, absl::ZeroDuration());
  EXPECT_EQ(plan->order.payload, "{\"probe\":true}");
  EXPECT_THAT(plan->order.publications, IsEmpty());
}

TEST_F(ProbePlanTest, OtherSettingsKeepTheSecretsTheyLeaveOut) {
  const auto plan = Plan(absl::StrCat(
      kMain,
      "broker { host: 'b.example' username_password { username: 'u' } "
      "keep_alive { seconds: 90 } } timeout { seconds: 60 }"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->broker.keep_alive, absl::Seconds(90));
  EXPECT_EQ(plan->broker.password, "secret");
  EXPECT_EQ(plan->order.timeout, absl::Seconds(60));
  const auto other = Plan(absl::StrCat(
      kMain,
      "broker { host: 'b.example' username_password { username: 'v' } }"));
  EXPECT_EQ(other->broker.password, "");
}

TEST_F(ProbePlanTest, AStoredPasswordGoesToTheSavedTargetOnly) {
  const std::string login = " username_password { username: 'u' ";
  for (const std::string target :
       {"host: 'c.example'", "host: 'b.example' port: 1884",
        "host: 'b.example' port: 1883 tls { enabled: true }"}) {
    const auto kept =
        Plan(absl::StrCat(kMain, "broker { ", target, login, "} }"));
    EXPECT_TRUE(absl::IsInvalidArgument(kept.status())) << target;
    EXPECT_THAT(kept.status().message(),
                HasSubstr("broker.username_password.password: is required when "
                          "`host`, `port` or `tls` differ"));
    const auto given = Plan(
        absl::StrCat(kMain, "broker { ", target, login, "password: 'p' } }"));
    ASSERT_TRUE(given.ok()) << given.status();
    EXPECT_EQ(given->broker.password, "p");
    EXPECT_TRUE(Plan(absl::StrCat(kMain, "broker { ", target, " }")).ok());
  }
}

// Each of the settings of TLS is part of the target.
TEST_F(ProbePlanTest, AStoredPasswordIsNotSentOverOtherTls) {
  BrokerRecord saved = *config_.FindBroker(1, "main");
  saved.port = 8883;
  saved.tls_enabled = true;
  config_.Put(saved);
  const auto plan = [&](const std::string& settings) {
    return Plan(absl::StrCat(kMain, "broker { host: 'b.example' ", settings,
                             " username_password { username: 'u' } }"))
        .status();
  };
  EXPECT_TRUE(plan("tls { enabled: true }").ok());
  for (const char* settings :
       {"port: 8883", "tls { enabled: true server_name: 'c.example' }",
        "tls { enabled: true insecure_skip_verify: true }"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(plan(settings))) << settings;
  }
}

TEST_F(ProbePlanTest, AStoredKeyIsUsedForTheSavedTargetOnly) {
  const SelfSignedCertificate client = MakeCertificate("acme");
  BrokerRecord saved = *config_.FindBroker(1, "main");
  saved.port = 8883;
  saved.tls_enabled = true;
  saved.certificate_chain_pem = client.certificate_pem;
  saved.private_key_pem = client.key_pem;
  config_.Put(saved);
  v1::ProbeBrokerRequest request;
  request.set_name("tenants/acme/brokers/main");
  v1::Broker& broker = *request.mutable_broker();
  broker.set_host("b.example");
  broker.mutable_tls()->set_enabled(true);
  auto& certificate = *broker.mutable_client_certificate();
  certificate.set_certificate_chain_pem(client.certificate_pem);
  EXPECT_TRUE(PlanProbe(config_, request).ok());
  broker.set_host("c.example");
  EXPECT_THAT(PlanProbe(config_, request).status().message(),
              HasSubstr("broker.client_certificate.private_key_pem: is "
                        "required when"));
  certificate.set_private_key_pem(client.key_pem);
  EXPECT_TRUE(PlanProbe(config_, request).ok());
}

TEST_F(ProbePlanTest, AnUnsavedBrokerNeedsSettingsOnly) {
  for (const char* name : {"tenants/acme/brokers/new", "tenants/x/brokers/y"}) {
    const std::string request = absl::StrCat("name: '", name, "' ");
    EXPECT_TRUE(absl::IsNotFound(Plan(request).status())) << name;
    EXPECT_TRUE(Plan(absl::StrCat(request, "broker { host: 'h' }")).ok());
  }
}

TEST_F(ProbePlanTest, AllViolationsComeAtOnce) {
  const absl::Status status =
      Plan(absl::StrCat(kMain,
                        "broker { host: '' } publish_payload: 'x' "
                        "timeout { seconds: 61 }"))
          .status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  for (const char* words :
       {"broker.host: ", "publish_payload: requires `publish`",
        "timeout: must be whole seconds from 1 s to 60 s"}) {
    EXPECT_THAT(status.message(), HasSubstr(words));
  }
  EXPECT_THAT(Plan("name: 'x'").status().message(), HasSubstr("tenants/"));
}

TEST_F(ProbePlanTest, APayloadHasALimit) {
  v1::ProbeBrokerRequest request;
  request.set_name("tenants/acme/brokers/main");
  request.set_publish(true);
  request.set_publish_payload(std::string(65536, 'x'));
  EXPECT_TRUE(PlanProbe(config_, request).ok());
  request.set_publish_payload(std::string(65537, 'x'));
  EXPECT_THAT(PlanProbe(config_, request).status().message(),
              HasSubstr("must be at most 65536 bytes"));
}

TEST_F(ProbePlanTest, EachDistinctTopicOfEachSubscriptionIsPublishedTo) {
  Subscribe("a", "t/{tenant}/{objectType}/{assetId}/{ownerId}",
            Qos::kAtLeastOnce, {ObjectType::kAsset, ObjectType::kLocation});
  Subscribe("b", "same", Qos::kExactlyOnce, {});
  Subscribe("c", "same", Qos::kAtMostOnce);
  Subscribe("off", "off", Qos::kExactlyOnce, {}, /*disabled=*/true);
  const auto plan = Plan(absl::StrCat(kMain, "publish: true"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(
      Publications(*plan),
      ElementsAre("tenants/acme/subscriptions/a t/acme/asset/probe/probe 1",
                  "tenants/acme/subscriptions/a t/acme/location/probe/probe 1",
                  "tenants/acme/subscriptions/b same 2",
                  "tenants/acme/subscriptions/c same 0"));
  // QoS 2 makes the link ask for a session.
  EXPECT_EQ(plan->order.session_expiry, absl::Hours(1));
  EXPECT_THAT(Plan(kMain)->order.publications, IsEmpty());
}

TEST_F(ProbePlanTest, MoreThanFiftyTopicsAreCounted) {
  for (int i = 0; i < 9; ++i) {
    Subscribe(absl::StrCat("s", i), "{objectType}", Qos::kAtLeastOnce, {});
  }
  const auto plan = Plan(absl::StrCat(kMain, "publish: true"));
  EXPECT_EQ(plan->order.publications.size(), 50u);
  EXPECT_EQ(plan->left_out, 4);
}

}  // namespace
}  // namespace mqttpush
