// AdminService on brokers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/tls/self_signed_certificate.h"
#include "services/admin/admin_fixture.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using Stub = v1::AdminService::Stub;

constexpr char kMain[] = "tenants/acme/brokers/main";

class BrokerAdminTest : public AdminFixture {
 protected:
  void SetUp() override {
    AdminFixture::SetUp();
    CreateTenant("acme");
  }

  Reply<v1::Broker> Create(const std::string& broker) {
    return CreateBroker("tenants/acme", "main", broker);
  }
  Reply<v1::Broker> Create(const v1::Broker& broker) {
    return Create(broker.DebugString());
  }
  // Of main; `mask` is a list of paths.
  Reply<v1::Broker> Update(const std::string& broker,
                           const std::vector<std::string>& mask = {}) {
    v1::UpdateBrokerRequest request;
    *request.mutable_broker() = Parse<v1::Broker>(broker);
    request.mutable_broker()->set_name(kMain);
    for (const auto& path : mask)
      request.mutable_update_mask()->add_paths(path);
    return Call(&Stub::UpdateBroker, request);
  }
  Reply<google::protobuf::Empty> Delete(const std::string& request) {
    return Call(&Stub::DeleteBroker, Parse<v1::DeleteBrokerRequest>(request));
  }
  // What is stored, secrets included.
  BrokerRecord Stored() {
    const auto snapshot = Snapshot();
    return *snapshot->FindBroker(snapshot->FindTenant("acme")->uid, "main");
  }
  static std::string Credentials(const std::string& username,
                                 const std::string& password) {
    return absl::StrCat("username_password { username: '", username,
                        "' password: '", password, "' }");
  }
  static v1::Broker WithCertificate(const SelfSignedCertificate& chain,
                                    const std::string& key) {
    v1::Broker broker;
    broker.set_host("h");
    broker.mutable_tls()->set_enabled(true);
    broker.mutable_client_certificate()->set_certificate_chain_pem(
        chain.certificate_pem);
    broker.mutable_client_certificate()->set_private_key_pem(key);
    return broker;
  }
};

TEST_F(BrokerAdminTest, CreateFillsInTheDefaults) {
  const auto created = Create("host: 'mqtt.example.com'");
  ASSERT_TRUE(created.ok()) << created.status.error_message();
  EXPECT_EQ(created->name(), kMain);
  EXPECT_EQ(created->host(), "mqtt.example.com");
  EXPECT_EQ(created->port(), 1883);
  EXPECT_EQ(created->protocol_version(), v1::Broker::MQTT_3_1_1);
  EXPECT_FALSE(created->has_tls());
  EXPECT_FALSE(created->has_username_password());
  EXPECT_FALSE(created->has_client_certificate());
  EXPECT_EQ(created->client_id().size(), 23u);
  EXPECT_THAT(created->client_id(), HasSubstr("mqttpush-"));
  EXPECT_EQ(created->keep_alive().seconds(), 60);
  EXPECT_EQ(created->session_expiry().seconds(), 3600);
  EXPECT_EQ(created->max_in_flight(), 100);
  EXPECT_EQ(created->state(), v1::Broker::ACTIVE);
  EXPECT_EQ(created->revision(), 1);
  EXPECT_EQ(CreateBroker("tenants/acme", "tls", "host: 'h' tls{enabled:true}")
                ->port(),
            8883);
  EXPECT_NE(GetBroker("tenants/acme/brokers/tls")->client_id(),
            created->client_id());
  Restart();
  EXPECT_EQ(GetBroker(kMain)->DebugString(), created->DebugString());
}

TEST_F(BrokerAdminTest, CreateKeepsWhatIsGiven) {
  const SelfSignedCertificate ca = MakeCertificate("ca");
  const SelfSignedCertificate client = MakeCertificate("client");
  v1::Broker broker = WithCertificate(client, client.key_pem);
  broker.MergeFrom(Parse<v1::Broker>(
      "host: '2001:db8::1' port: 65535 protocol_version: MQTT_5 "
      "tls { server_name: 'sni.example' insecure_skip_verify: true } "
      "client_id: 'me' keep_alive { seconds: 5 } session_expiry {} "
      "max_in_flight: 1 " +
      Credentials("user", kPassword)));
  broker.mutable_tls()->set_ca_certificates_pem(ca.certificate_pem);
  const auto created = Create(broker);
  ASSERT_TRUE(created.ok()) << created.status.error_message();
  EXPECT_EQ(created->host(), "2001:db8::1");
  EXPECT_EQ(created->port(), 65535);
  EXPECT_EQ(created->protocol_version(), v1::Broker::MQTT_5);
  EXPECT_EQ(created->tls().ca_certificates_pem(), ca.certificate_pem);
  EXPECT_EQ(created->tls().server_name(), "sni.example");
  EXPECT_TRUE(created->tls().insecure_skip_verify());
  EXPECT_EQ(created->client_id(), "me");
  EXPECT_EQ(created->keep_alive().seconds(), 5);
  EXPECT_TRUE(created->has_session_expiry());
  EXPECT_EQ(created->session_expiry().seconds(), 0);
  EXPECT_EQ(created->max_in_flight(), 1);
  EXPECT_EQ(created->username_password().username(), "user");
  EXPECT_EQ(created->username_password().password(), "");
  EXPECT_TRUE(created->username_password().password_set());
  EXPECT_EQ(created->client_certificate().certificate_chain_pem(),
            client.certificate_pem);
  EXPECT_EQ(created->client_certificate().private_key_pem(), "");
  EXPECT_TRUE(created->client_certificate().private_key_set());
  Restart();
  EXPECT_EQ(Stored().password, kPassword);
  EXPECT_EQ(Stored().private_key_pem, client.key_pem);
  EXPECT_EQ(GetBroker(kMain)->DebugString(), created->DebugString());
}

// So that a tenant and its brokers can be checked before any of them is made.
TEST_F(BrokerAdminTest, FieldsAreCheckedBeforeTheTenantIsMissed) {
  auto request = Parse<v1::CreateBrokerRequest>(
      "parent: 'tenants/new' broker_id: 'main' validate_only: true "
      "broker { host: 'h' port: 70000 }");
  EXPECT_THAT(Call(&Stub::CreateBroker, request).violations,
              ElementsAre("broker.port: must be from 1 to 65535"));
  request.mutable_broker()->set_port(1883);
  EXPECT_EQ(Call(&Stub::CreateBroker, request).reason, "TENANT_NOT_FOUND");
}

TEST_F(BrokerAdminTest, CreateNamesAllViolations) {
  v1::CreateBrokerRequest request;
  request.set_parent("acme");
  request.set_broker_id("-");
  auto* broker = request.mutable_broker();
  *broker = Parse<v1::Broker>(
      "host: 'mqtts://h' port: 65536 tls { server_name: 'a b' "
      "ca_certificates_pem: 'x' insecure_skip_verify: true } "
      "keep_alive { seconds: 4 } session_expiry { seconds: 604801 } "
      "max_in_flight: 101 "
      "client_certificate { certificate_chain_pem: 'x' }");
  broker->set_protocol_version(static_cast<v1::Broker::ProtocolVersion>(9));
  broker->mutable_username_password()->set_password(kPassword);
  broker->set_client_id(std::string("a\0b", 3));
  const auto reply = Call(&Stub::CreateBroker, request);
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(reply.reason, "INVALID_FIELDS");
  EXPECT_THAT(
      reply.violations,
      ElementsAre(
          "parent: must have the format tenants/{tenant}",
          "broker_id: must match [a-z]([a-z0-9-]{0,61}[a-z0-9])?",
          "broker.host: must not have a scheme; see `tls.enabled`",
          "broker.port: must be from 1 to 65535",
          "broker.protocol_version: must be MQTT_3_1_1 or MQTT_5",
          "broker.tls.ca_certificates_pem: requires `tls.enabled`",
          "broker.tls.server_name: requires `tls.enabled`",
          "broker.tls.insecure_skip_verify: requires `tls.enabled`",
          "broker.tls.ca_certificates_pem: must be PEM certificates",
          "broker.tls.server_name: is not a host name or IP address",
          "broker.username_password.username: is required",
          "broker.client_certificate: requires `tls.enabled`",
          "broker.client_certificate.certificate_chain_pem: must be PEM "
          "certificates",
          "broker.client_certificate.private_key_pem: is required with a new "
          "certificate",
          "broker.client_id: must not hold NUL",
          "broker.keep_alive: must be whole seconds from 5 s to 1160 s",
          "broker.session_expiry: must be whole seconds from 0 s to 604800 s",
          "broker.max_in_flight: must be from 1 to 100"));
  EXPECT_TRUE(Snapshot()->brokers().empty());
}

TEST_F(BrokerAdminTest, CreateBoundsTheSizes) {
  v1::Broker broker;
  broker.set_host("h");
  broker.set_port(-1);
  broker.set_max_in_flight(-1);
  broker.mutable_keep_alive()->set_nanos(1);
  broker.set_client_id(std::string(257, 'c'));
  broker.mutable_username_password()->set_username(std::string(1025, 'u'));
  broker.mutable_username_password()->set_password(std::string(4097, 'p'));
  broker.mutable_tls()->set_enabled(true);
  broker.mutable_tls()->set_ca_certificates_pem(std::string(262145, 'x'));
  EXPECT_THAT(
      Create(broker).violations,
      ElementsAre(
          "broker.port: must be from 1 to 65535",
          "broker.tls.ca_certificates_pem: must be at most 262144 bytes",
          "broker.tls.ca_certificates_pem: must be PEM certificates",
          "broker.username_password.username: must be at most 1024 bytes",
          "broker.username_password.password: must be at most 4096 bytes",
          "broker.client_id: must be at most 256 bytes",
          "broker.keep_alive: must be whole seconds from 5 s to 1160 s",
          "broker.max_in_flight: must be from 1 to 100"));
}

TEST_F(BrokerAdminTest, CreateChecksTheCertificates) {
  const SelfSignedCertificate a = MakeCertificate("a");
  const SelfSignedCertificate b = MakeCertificate("b");
  EXPECT_THAT(Create(WithCertificate(a, b.key_pem)).violations,
              ElementsAre("broker.client_certificate.private_key_pem: does not "
                          "belong to the first certificate of the chain"));
  EXPECT_THAT(Create(WithCertificate(a, a.encrypted_key_pem)).violations,
              ElementsAre("broker.client_certificate.private_key_pem: must be "
                          "an unencrypted PEM private key"));
  v1::Broker key_in_chain = WithCertificate(a, a.key_pem);
  *key_in_chain.mutable_client_certificate()->mutable_certificate_chain_pem() +=
      a.key_pem;
  const auto reply = Create(key_in_chain);
  EXPECT_THAT(reply.violations, SizeIs(1));
  EXPECT_THAT(reply.status.error_message(), HasSubstr("certificates only"));
  EXPECT_TRUE(Create(WithCertificate(a, a.key_pem)).ok());
}

TEST_F(BrokerAdminTest, CreateRefusesUnknownTenantAndTakenName) {
  EXPECT_EQ(CreateBroker("tenants/nobody", "main").reason, "TENANT_NOT_FOUND");
  EXPECT_TRUE(Create("host: 'h'").ok());
  EXPECT_EQ(Create("host: 'h'").reason, "NAME_TAKEN");
  CreateTenant("other");
  EXPECT_TRUE(CreateBroker("tenants/other", "main").ok());
}

TEST_F(BrokerAdminTest, CreateValidateOnlyChangesNothing) {
  auto request = Parse<v1::CreateBrokerRequest>(
      "parent: 'tenants/acme' broker_id: 'main' broker { host: 'h' } "
      "validate_only: true");
  const auto reply = Call(&Stub::CreateBroker, request);
  EXPECT_EQ(reply->port(), 1883);
  EXPECT_EQ(GetBroker(kMain).reason, "BROKER_NOT_FOUND");
}

TEST_F(BrokerAdminTest, GetRefusesWhatIsNotThere) {
  EXPECT_EQ(GetBroker(kMain).status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(GetBroker("tenants/nobody/brokers/main").reason,
            "BROKER_NOT_FOUND");
  EXPECT_EQ(GetBroker("tenants/acme").reason, "INVALID_FIELDS");
}

TEST_F(BrokerAdminTest, ListPagesWithinTheTenant) {
  CreateTenant("other");
  CreateBroker("tenants/other", "x");
  for (const char* id : {"c", "a", "b"}) CreateBroker("tenants/acme", id);
  auto request =
      Parse<v1::ListBrokersRequest>("parent: 'tenants/acme' page_size: 2");
  const auto first = Call(&Stub::ListBrokers, request);
  ASSERT_EQ(first->brokers_size(), 2);
  EXPECT_EQ(first->brokers(1).name(), "tenants/acme/brokers/b");
  request.set_page_token(first->next_page_token());
  const auto second = Call(&Stub::ListBrokers, request);
  ASSERT_EQ(second->brokers_size(), 1);
  EXPECT_EQ(second->brokers(0).name(), "tenants/acme/brokers/c");
  EXPECT_EQ(second->next_page_token(), "");
  request.set_parent("tenants/other");
  EXPECT_THAT(
      Call(&Stub::ListBrokers, request).violations,
      ElementsAre("page_token: belongs to a request with other arguments"));
  EXPECT_EQ(Call(&Stub::ListBrokers,
                 Parse<v1::ListBrokersRequest>("parent: 'tenants/nobody'"))
                .reason,
            "TENANT_NOT_FOUND");
  EXPECT_THAT(
      Call(&Stub::ListBrokers, Parse<v1::ListBrokersRequest>("page_size: -1"))
          .violations,
      SizeIs(2));
}

TEST_F(BrokerAdminTest, UpdateFollowsTheMask) {
  Create("host: 'a' client_id: 'mine' tls { enabled: true server_name: 's' }");
  const auto host = Update("host: 'b'");
  EXPECT_EQ(host->host(), "b");
  EXPECT_EQ(host->client_id(), "mine");
  EXPECT_EQ(host->revision(), 2);
  const auto nested = Update("tls { server_name: 't' }", {"tls.server_name"});
  EXPECT_TRUE(nested->tls().enabled());
  EXPECT_EQ(nested->tls().server_name(), "t");
  EXPECT_EQ(Update("tls { enabled: true }")->tls().server_name(), "t");
  EXPECT_EQ(Update("tls { enabled: true }", {"tls"})->tls().server_name(), "");
  const auto defaults = Update("", {"tls", "port", "client_id"});
  EXPECT_FALSE(defaults->has_tls());
  EXPECT_EQ(defaults->port(), 1883);
  EXPECT_THAT(defaults->client_id(), HasSubstr("mqttpush-"));
  EXPECT_THAT(Update("", {"*"}).violations,
              ElementsAre("broker.host: is required"));
  EXPECT_EQ(
      Update("link { last_error: 'x' } revision: 99", {"link", "revision"})
          ->revision(),
      defaults->revision());
}

TEST_F(BrokerAdminTest, NamingCredentialsIsAChangeEvenIfTheyAreEqual) {
  Create("host: 'h' " + Credentials("user", kPassword));
  int64_t revision = 1;
  const auto same = Update(Credentials("user", kPassword));
  EXPECT_EQ(same->revision(), ++revision);
  EXPECT_EQ(GetBroker(kMain)->etag(), same->etag());
  EXPECT_EQ(
      Update(Credentials("user", kPassword), {"username_password"})->revision(),
      ++revision);
  EXPECT_EQ(
      Update(Credentials("user", kPassword), {"username_password.password"})
          ->revision(),
      ++revision);
  EXPECT_EQ(Update("", {"client_certificate"})->revision(), ++revision);
  EXPECT_EQ(Stored().password, kPassword);
  // What does not name them, and writes what is there, is none.
  EXPECT_EQ(Update("host: 'h'")->revision(), revision);
  EXPECT_EQ(Update(GetBroker(kMain)->DebugString(), {"*"})->revision(),
            revision);
}

TEST_F(BrokerAdminTest, UpdateKeepsThePasswordOnlyWithItsUsername) {
  Create("host: 'h' " + Credentials("user", kPassword));
  Update("host: 'b'");
  EXPECT_EQ(Stored().password, kPassword);
  // Read, change, write back.
  const auto read = GetBroker(kMain);
  EXPECT_TRUE(Update(read->DebugString(), {"*"}).ok());
  EXPECT_EQ(Stored().password, kPassword);
  Update(Credentials("user", ""), {"username_password"});
  EXPECT_EQ(Stored().password, kPassword);

  Update("username_password { username: 'other' }");
  EXPECT_EQ(Stored().username, "other");
  EXPECT_EQ(Stored().password, "");
  EXPECT_FALSE(GetBroker(kMain)->username_password().password_set());

  Update(Credentials("other", kPassword));
  EXPECT_EQ(Stored().password, kPassword);
  Update("", {"username_password.password"});
  EXPECT_EQ(Stored().username, "other");
  EXPECT_EQ(Stored().password, "");

  Update(Credentials("other", kPassword));
  Update("", {"username_password"});
  EXPECT_EQ(Stored().username, "");
  EXPECT_EQ(Stored().password, "");
  EXPECT_FALSE(GetBroker(kMain)->has_username_password());
}

TEST_F(BrokerAdminTest, UpdateWantsTheKeyOfANewCertificate) {
  const SelfSignedCertificate a = MakeCertificate("a");
  const SelfSignedCertificate b = MakeCertificate("b");
  ASSERT_TRUE(Create(WithCertificate(a, a.key_pem)).ok());
  EXPECT_TRUE(Update(WithCertificate(a, "").DebugString(), {"*"}).ok());
  EXPECT_EQ(Stored().private_key_pem, a.key_pem);
  EXPECT_THAT(Update(WithCertificate(b, "").DebugString()).violations,
              ElementsAre("broker.client_certificate.private_key_pem: is "
                          "required with a new certificate"));
  EXPECT_THAT(Update("", {"client_certificate.private_key_pem"}).violations,
              SizeIs(1));
  EXPECT_THAT(Update("", {"tls"}).violations,
              ElementsAre("broker.client_certificate: requires `tls.enabled`"));
  EXPECT_TRUE(Update(WithCertificate(b, b.key_pem).DebugString()).ok());
  EXPECT_EQ(Stored().private_key_pem, b.key_pem);
  EXPECT_TRUE(Update("", {"tls", "client_certificate"}).ok());
  EXPECT_EQ(Stored().private_key_pem, "");
}

TEST_F(BrokerAdminTest, UpdateRefuses) {
  EXPECT_EQ(Update("host: 'h'").reason, "BROKER_NOT_FOUND");
  Create("host: 'h'");
  EXPECT_EQ(Update("host: 'b' etag: '\"9-9\"'").status.error_code(),
            grpc::StatusCode::ABORTED);
  EXPECT_THAT(Update("host: 'a:1'", {"host", "tls.nope", "name.x"}).violations,
              ElementsAre("update_mask: \"tls.nope\" is not a field of Broker",
                          "update_mask: \"name.x\" is not a field of Broker",
                          "broker.host: must not have a port; see `port`"));
  auto request = Parse<v1::UpdateBrokerRequest>(
      "broker { name: 'tenants/acme/brokers/main' host: 'b' } "
      "validate_only: true");
  EXPECT_EQ(Call(&Stub::UpdateBroker, request)->host(), "b");
  EXPECT_EQ(GetBroker(kMain)->host(), "h");
}

TEST_F(BrokerAdminTest, DeleteRefusesWhileSubscriptionsReferToIt) {
  const auto created = Create("host: 'h'");
  CreateBroker("tenants/acme", "other");
  CreateSubscription("tenants/acme", "a", "topic: 't'");
  CreateSubscription("tenants/acme", "b",
                     "topic: 't' broker: 'tenants/acme/brokers/other'");
  const auto refused = Delete("name: 'tenants/acme/brokers/main'");
  EXPECT_EQ(refused.reason, "RESOURCE_IN_USE");
  EXPECT_EQ(refused.status.error_message(),
            "\"tenants/acme/brokers/main\" is in use by "
            "tenants/acme/subscriptions/a");
  Call(&Stub::DeleteSubscription, Parse<v1::DeleteSubscriptionRequest>(
                                      "name: 'tenants/acme/subscriptions/a'"));
  EXPECT_EQ(
      Delete("name: 'tenants/acme/brokers/main' etag: 'x'").status.error_code(),
      grpc::StatusCode::ABORTED);
  EXPECT_TRUE(
      Delete("name: 'tenants/acme/brokers/main' validate_only: true").ok());
  EXPECT_TRUE(Delete(absl::StrCat("name: 'tenants/acme/brokers/main' etag: '",
                                  created->etag(), "'"))
                  .ok());
  EXPECT_EQ(Delete("name: 'tenants/acme/brokers/main'").reason,
            "BROKER_NOT_FOUND");
  EXPECT_EQ(Delete("name: 'x'").reason, "INVALID_FIELDS");
}

}  // namespace
}  // namespace mqttpush
