#include "tests/fault/bench.h"

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status_macros.h"
#include "tests/fault/accounts.h"
#include "tests/support/wait_until.h"

namespace mqttpush::fault {
namespace {

// Short, so that a round is short: what waits for seconds in production waits
// for tens of milliseconds here. The ack timeout is the least there is.
std::map<std::string, std::string> ShortTimes() {
  return {{"MQTTPUSH_ACK_TIMEOUT", "1s"},
          {"MQTTPUSH_CONNECT_BACKOFF_BASE", "50ms"},
          {"MQTTPUSH_CONNECT_BACKOFF_MAX", "500ms"}};
}

// Words of the service's log that say that it found itself wrong.
constexpr absl::string_view kAlarms[] = {"conservation_violated"};

MosquittoBroker::Options MosquittoOptions() {
  return {
      .users = {{kLedgerUser, kLedgerPassword}, {kWorkerUser, kWorkerPassword}},
      // What comes while the ledger is away at a restart waits for it.
      .more_config = "queue_qos0_messages true\nlog_type all\n"};
}

std::vector<Link> MakeLinks() {
  std::vector<Link> links;
  for (size_t home = 0; home < kMosquittos; ++home) {
    for (const bool exact : {false, true}) {
      Link link{.tenant = Tenants()[home].id,
                .broker = exact ? "exact" : "plain",
                .home = home};
      if (exact) {
        link.subscriptions = {{.id = "q2", .qos = 2}, {.id = "m1", .qos = 1}};
      } else {
        link.subscriptions = {{.id = "q0", .qos = 0}, {.id = "q1", .qos = 1}};
      }
      links.push_back(std::move(link));
    }
  }
  return links;
}

}  // namespace

std::string Link::broker_name() const {
  return absl::StrCat("tenants/", tenant, "/brokers/", broker);
}

std::string Link::subscription_name(const Subscription& subscription) const {
  return absl::StrCat("tenants/", tenant, "/subscriptions/", subscription.id);
}

std::string Link::topic(const Subscription& subscription, char variant) const {
  return absl::StrCat("{tenant}/", subscription.id, "/",
                      std::string(1, variant), "/{objectType}");
}

const std::vector<TenantUnderTest>& Tenants() {
  static const auto* const tenants = new std::vector<TenantUnderTest>{
      {"v4", "660e8400-e29b-41d4-a716-446655440004"},
      {"v5", "660e8400-e29b-41d4-a716-446655440005"}};
  return *tenants;
}

absl::StatusOr<std::unique_ptr<Bench>> Bench::Start() {
  std::unique_ptr<Bench> bench(new Bench);
  MQTTPUSH_RETURN_IF_ERROR(bench->StartAll());
  MQTTPUSH_RETURN_IF_ERROR(bench->Provision());
  return bench;
}

Bench::~Bench() = default;

absl::Status Bench::StartAll() {
  std::vector<int> ports;
  for (auto& mosquitto : mosquittos_) {
    MQTTPUSH_ASSIGN_OR_RETURN(mosquitto,
                              MosquittoBroker::Create(MosquittoOptions()));
    ports.push_back(mosquitto->port());
  }
  links_ = MakeLinks();
  for (Link& link : links_) {
    for (size_t i = 0; i < kMosquittos; ++i) {
      link.proxies[i] = std::make_unique<FaultProxy>(ports[i]);
    }
  }
  MQTTPUSH_ASSIGN_OR_RETURN(ledger_, Ledger::Start(dir_.File("ledger"), ports));
  const std::string data_dir = dir_.File("data");
  std::filesystem::create_directory(data_dir);
  shim_ = std::make_unique<ShimControl>(dir_.File("shim"), data_dir);
  PushService::Options options{.data_dir = data_dir,
                               .log_path = dir_.File("service.log"),
                               .environment = ShortTimes()};
  options.environment.merge(shim_->environment());
  MQTTPUSH_ASSIGN_OR_RETURN(service_, PushService::Start(std::move(options)));
  return absl::OkStatus();
}

absl::Status Bench::Provision() {
  AdminClient client = admin();
  for (const TenantUnderTest& tenant : Tenants()) {
    MQTTPUSH_RETURN_IF_ERROR(client.CreateTenant(
        absl::StrCat("tenants/", tenant.id), {tenant.owner_id}));
  }
  for (const Link& link : links_) {
    MQTTPUSH_RETURN_IF_ERROR(
        client.CreateBroker(link.broker_name(), BrokerOf(link)));
    for (const Subscription& subscription : link.subscriptions) {
      MQTTPUSH_RETURN_IF_ERROR(
          client.CreateSubscription(link.subscription_name(subscription),
                                    SubscriptionOf(link, subscription)));
    }
  }
  return absl::OkStatus();
}

void Bench::SetLatency(absl::Duration latency) {
  latency_ = latency;
  for (Link& link : links_) {
    for (auto& proxy : link.proxies) {
      proxy->Set(kToBroker, Usual());
      proxy->Set(kToClient, Usual());
    }
  }
}

absl::Status Bench::AdmitWorkers(size_t mosquitto, bool admitted) {
  std::map<std::string, std::string> users = {{kLedgerUser, kLedgerPassword}};
  if (admitted) users[kWorkerUser] = kWorkerPassword;
  return mosquittos_[mosquitto]->SetUsers(users);
}

v1::Broker Bench::BrokerOf(const Link& link) const {
  v1::Broker broker;
  broker.set_name(link.broker_name());
  broker.set_host("127.0.0.1");
  broker.set_port(link.proxies[link.home]->port());
  broker.set_protocol_version(link.tenant == "v5" ? v1::Broker::MQTT_5
                                                  : v1::Broker::MQTT_3_1_1);
  broker.mutable_username_password()->set_username(kWorkerUser);
  broker.mutable_username_password()->set_password(kWorkerPassword);
  broker.set_client_id(link.client_id());
  broker.mutable_keep_alive()->set_seconds(5);
  return broker;
}

v1::Subscription Bench::SubscriptionOf(const Link& link,
                                       const Subscription& wanted) const {
  v1::Subscription subscription;
  subscription.set_name(link.subscription_name(wanted));
  subscription.set_broker(link.broker_name());
  subscription.set_topic(link.topic(wanted, 'a'));
  subscription.set_qos(static_cast<v1::Qos>(v1::AT_MOST_ONCE + wanted.qos));
  return subscription;
}

absl::Status Bench::WaitUntilConnected(absl::Duration timeout) {
  std::string missing;
  const auto all_are = [&] {
    missing.clear();
    for (const Link& link : links_) {
      const auto broker = admin().GetBroker(link.broker_name());
      if (!broker.ok()) {
        missing = broker.status().ToString();
      } else if (broker->link().state() != v1::Link::CONNECTED) {
        missing = absl::StrCat(link.broker_name(), ": ",
                               broker->link().ShortDebugString());
      }
    }
    return missing.empty();
  };
  if (WaitUntil(timeout, all_are)) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("not connected: ", missing));
}

std::string Bench::CrashOfMosquitto() {
  for (size_t i = 0; i < kMosquittos; ++i) {
    if (!mosquittos_[i]->HasCrashed()) continue;
    const std::string log = mosquittos_[i]->ReadLog();
    const std::vector<std::string> lines =
        absl::StrSplit(log, '\n', absl::SkipEmpty());
    return absl::StrCat("mosquitto ", i, " ended by itself; last words: ",
                        lines.empty() ? "" : lines.back());
  }
  return "";
}

int Bench::ExpiredByMosquitto(const Link& link) const {
  const std::string words =
      absl::StrCat("Expiring client ", link.client_id(), " due to timeout");
  int count = 0;
  for (const auto& mosquitto : mosquittos_) {
    const std::vector<std::string> parts =
        absl::StrSplit(mosquitto->ReadLog(), words);
    count += static_cast<int>(parts.size()) - 1;
  }
  return count;
}

std::string Bench::KeepFiles() {
  dir_.Keep();
  for (size_t i = 0; i < kMosquittos; ++i) {
    WriteFile(dir_.File(absl::StrCat("mosquitto-", i, ".log")),
              mosquittos_[i]->ReadLog());
  }
  return dir_.path();
}

std::vector<std::string> Bench::Alarms() const {
  std::vector<std::string> alarms;
  const std::string log = service_->ReadLog();
  for (absl::string_view line : absl::StrSplit(log, '\n')) {
    for (const absl::string_view alarm : kAlarms) {
      if (absl::StrContains(line, alarm)) alarms.emplace_back(line);
    }
  }
  return alarms;
}

}  // namespace mqttpush::fault
