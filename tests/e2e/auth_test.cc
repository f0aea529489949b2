// Who we are to a broker: nobody, a name and password, a certificate. And what
// an operator sees when the broker does not believe it.
#include "absl/strings/str_cat.h"
#include "tests/e2e/e2e_test.h"
#include "tests/e2e/processes.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPassword[] = "s3cret-pass-phrase";

class AuthTest : public E2eTest {
 protected:
  void SetUp() override {
    StartService();
    auto authority = TestCertificateAuthority::Create();
    ASSERT_TRUE(authority.ok()) << authority.status();
    authority_ = *std::move(authority);
  }

  // Creates tenant, broker and subscription under "tenants/{id}".
  void Provision(const std::string& id, const v1::Broker& broker) {
    const std::string tenant = absl::StrCat("tenants/", id);
    ASSERT_OK(admin().CreateTenant(tenant, {absl::StrCat("owner-", id)}));
    ASSERT_OK(admin().CreateBroker(tenant + "/brokers/main", broker));
    auto subscription = Proto<v1::Subscription>("topic: '{tenant}'");
    subscription.set_broker(tenant + "/brokers/main");
    ASSERT_OK(admin().CreateSubscription(tenant + "/subscriptions/events",
                                         subscription));
  }

  // Publishes an event of the tenant and waits for its delivery.
  void ExpectDelivery(const std::string& id) {
    const std::string tenant = absl::StrCat("tenants/", id);
    WaitForLink(v1::Link::CONNECTED, tenant + "/brokers/main");
    ++events_;
    Publish({LocationEvent(absl::StrCat("event-", events_),
                           absl::StrCat("owner-", id), events_)});
    WaitUntilDelivered(tenant + "/subscriptions/events");
  }

  // No secret may show: not in the resource, the log, or the processes.
  void ExpectNoSecret(const std::string& broker) {
    const auto found = admin().GetBroker(broker);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_THAT(found->DebugString(), Not(HasSubstr(kPassword)));
    EXPECT_THAT(found->DebugString(), Not(HasSubstr("PRIVATE KEY")));
    EXPECT_THAT(service_->ReadLog(), Not(HasSubstr(kPassword)));
    EXPECT_THAT(service_->ReadLog(), Not(HasSubstr("PRIVATE KEY")));
    const std::vector<pid_t> workers = ChildrenOf(service_->pid());
    EXPECT_FALSE(workers.empty());
    for (pid_t worker : workers) {
      EXPECT_THAT(StartTextOf(worker), HasSubstr("mqttpush-worker"));
      EXPECT_THAT(StartTextOf(worker), Not(HasSubstr(kPassword)));
      EXPECT_THAT(StartTextOf(worker), Not(HasSubstr("PRIVATE KEY")));
    }
  }

  MosquittoBroker::Options Tls() const { return {.tls = authority_.get()}; }
  v1::Broker TlsBrokerAt(const MosquittoBroker& mosquitto) const {
    v1::Broker broker = BrokerAt(mosquitto);
    broker.mutable_tls()->set_enabled(true);
    broker.mutable_tls()->set_ca_certificates_pem(authority_->ca_pem());
    return broker;
  }

  std::unique_ptr<TestCertificateAuthority> authority_;
  int events_ = 0;
};

TEST_F(AuthTest, Anonymous) {
  const auto mosquitto = StartMosquitto();
  Provision("acme", BrokerAt(*mosquitto));
  ExpectDelivery("acme");
}

TEST_F(AuthTest, Password) {
  const auto mosquitto = StartMosquitto({.users = {{"acme", kPassword}}});
  v1::Broker broker = BrokerAt(*mosquitto);
  broker.mutable_username_password()->set_username("acme");
  broker.mutable_username_password()->set_password(kPassword);
  Provision("acme", broker);
  ExpectDelivery("acme");
  ExpectNoSecret(kBroker);
  EXPECT_TRUE(admin().GetBroker(kBroker)->username_password().password_set());
}

TEST_F(AuthTest, TlsWithTheCustomersAuthority) {
  const auto mosquitto = StartMosquitto(Tls());
  v1::Broker broker = TlsBrokerAt(*mosquitto);
  broker.set_host("localhost");
  Provision("acme", broker);
  ExpectDelivery("acme");
  broker = TlsBrokerAt(*mosquitto);
  broker.set_protocol_version(v1::Broker::MQTT_5);
  Provision("other", broker);
  ExpectDelivery("other");
}

TEST_F(AuthTest, ClientCertificate) {
  MosquittoBroker::Options options = Tls();
  options.require_client_certificate = true;
  const auto mosquitto = StartMosquitto(options);
  const auto certificate = authority_->IssueClient("acme");
  ASSERT_TRUE(certificate.ok()) << certificate.status();
  v1::Broker broker = TlsBrokerAt(*mosquitto);
  broker.mutable_client_certificate()->set_certificate_chain_pem(
      certificate->certificate_pem);
  broker.mutable_client_certificate()->set_private_key_pem(
      certificate->key_pem);
  Provision("acme", broker);
  ExpectDelivery("acme");
  ExpectNoSecret(kBroker);
  EXPECT_TRUE(
      admin().GetBroker(kBroker)->client_certificate().private_key_set());
}

TEST_F(AuthTest, AnUnknownAuthorityIsRefused) {
  const auto mosquitto = StartMosquitto(Tls());
  const auto stranger = TestCertificateAuthority::Create("Another CA");
  ASSERT_TRUE(stranger.ok()) << stranger.status();
  v1::Broker broker = TlsBrokerAt(*mosquitto);
  broker.mutable_tls()->set_ca_certificates_pem((*stranger)->ca_pem());
  Provision("acme", broker);
  const v1::Link link = WaitForLink(v1::Link::REFUSED);
  EXPECT_THAT(link.last_error(), HasSubstr("certificate"));
}

TEST_F(AuthTest, AnotherNamesCertificateIsRefused) {
  MosquittoBroker::Options options = Tls();
  options.subject_alt_names = "DNS:elsewhere.example";
  const auto mosquitto = StartMosquitto(options);
  Provision("acme", TlsBrokerAt(*mosquitto));
  EXPECT_THAT(WaitForLink(v1::Link::REFUSED).last_error(),
              HasSubstr("certificate"));
  v1::Broker change = TlsBrokerAt(*mosquitto);
  change.set_name(kBroker);
  change.mutable_tls()->set_server_name("elsewhere.example");
  ASSERT_OK(admin().UpdateBroker(change, {"tls"}));
  ExpectDelivery("acme");
}

// A wrong password is one tenant's trouble: it is shown, it waits, it heals
// when the password is mended, and others go on.
TEST_F(AuthTest, WrongPassword) {
  const auto mosquitto = StartMosquitto({.users = {{"acme", kPassword}}});
  const auto open = StartMosquitto();
  v1::Broker broker = BrokerAt(*mosquitto);
  broker.mutable_username_password()->set_username("acme");
  broker.mutable_username_password()->set_password("wrong");
  Provision("acme", broker);
  Provision("other", BrokerAt(*open));

  const v1::Link link = WaitForLink(v1::Link::REFUSED);
  EXPECT_FALSE(link.last_error().empty());
  EXPECT_TRUE(link.has_next_connect_time());
  Publish({LocationEvent("waits", "owner-acme", 1)});
  ExpectDelivery("other");
  // No crash loop: the worker that was refused is the one that still waits.
  EXPECT_EQ(admin().GetBroker(kBroker)->link().since().DebugString(),
            link.since().DebugString());
  EXPECT_EQ(HistoryOf().attempts.size(), 0u);

  broker.set_name(kBroker);
  broker.mutable_username_password()->set_password(kPassword);
  ASSERT_OK(admin().UpdateBroker(broker, {"username_password"}));
  WaitForLink(v1::Link::CONNECTED);
  WaitUntilDelivered();
  ExpectNoSecret(kBroker);
}

}  // namespace
}  // namespace mqttpush
