// One tenant's trouble is its own: beside a healthy tenant live tenants whose
// brokers do everything wrong. The healthy one gets all its events, and the
// state of each bad link says what is the matter. How long the healthy one's
// events take is measured in turns, with the bad tenants paused and with all of
// them in trouble, so that a machine that is busy with something else is so for
// both. The numbers are printed; only what no noise explains fails.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/e2e/e2e_test.h"
#include "tests/e2e/slow_reader.h"
#include "tests/support/scripted_broker.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

constexpr int kTurns = 3;
// Long enough for brokers to stall and for workers to crash again and again.
constexpr absl::Duration kTurn = absl::Seconds(3);
// The median of a tenant that has to wait for another one is longer by far: by
// the ack timeout, by a name server's silence.
constexpr double kMostTimes = 10;
constexpr const char* kBadTenants[] = {"dns", "silent", "slow", "garbage",
                                       "crashing"};
// Waiting for each bad tenant, of so many bytes.
constexpr int kBadTenantEvents = 300;
constexpr int kBadTenantBytes = 10'000;

// A name server that takes questions and never answers.
class SilentNameServer {
 public:
  SilentNameServer() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd_, generic, length), 0);
    EXPECT_EQ(getsockname(fd_, generic, &length), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentNameServer() { close(fd_); }
  int port() const { return port_; }
  bool WasAsked() const {
    char byte;
    return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }

 private:
  const int fd_;
  int port_ = 0;
};

std::optional<std::string> NeverAcknowledges(const MqttPacket& packet) {
  return packet.type == 1 ? ScriptedBroker::Connack3(0) : "";
}

std::optional<std::string> AnswersGarbage(const MqttPacket&) {
  return std::string("\xff\xff\xff\xff\xff\xff HTTP/1.1 400 Bad Request\r\n");
}

// How long events took from the call that published them to their arrival.
class Latencies {
 public:
  void Add(absl::Duration latency) { sorted_.insert(latency); }
  size_t count() const { return sorted_.size(); }
  // `share` is from 0 to 1.
  absl::Duration Quantile(double share) const {
    auto place = sorted_.begin();
    std::advance(place, static_cast<size_t>(share * (sorted_.size() - 1)));
    return *place;
  }

 private:
  std::multiset<absl::Duration> sorted_;
};

class IsolationTest : public E2eTest {
 protected:
  void SetUp() override {
    StartService(
        {{"LD_PRELOAD", BAD_HOSTS_PATH}, {"MQTTPUSH_ACK_TIMEOUT", "2s"}});
    mosquitto_ = StartMosquitto();
    customer_ = Subscribe(*mosquitto_);
    ProvisionAcme(*mosquitto_);
    WaitForLink(v1::Link::CONNECTED);
  }

  // A tenant with a broker and events that wait for it.
  void AddTenant(const std::string& id, const std::string& host, int port) {
    const std::string tenant = "tenants/" + id;
    ASSERT_OK(admin().CreateTenant(tenant, {"owner-of-" + id}));
    v1::Broker broker;
    broker.set_host(host);
    broker.set_port(port);
    ASSERT_OK(admin().CreateBroker(BrokerOf(id), broker));
    v1::Subscription subscription;
    subscription.set_broker(BrokerOf(id));
    subscription.set_topic("events");
    ASSERT_OK(admin().CreateSubscription(tenant + "/subscriptions/events",
                                         subscription));
    std::vector<v1::Event> events;
    for (int i = 0; i < kBadTenantEvents; ++i) {
      events.push_back(
          LocationEvent(absl::StrCat(id, "-", i), "owner-of-" + id, i));
      events.back().mutable_payload()->append(kBadTenantBytes, ' ');
    }
    Publish(events);
  }
  static std::string BrokerOf(const std::string& id) {
    return absl::StrCat("tenants/", id, "/brokers/main");
  }

  // Waits until the link is in `state` with `words` as its last error.
  void ExpectLink(const std::string& id, v1::Link::State state,
                  const std::string& words) {
    v1::Link link;
    EXPECT_TRUE(WaitUntil(kPatience,
                          [&] {
                            const auto broker = admin().GetBroker(BrokerOf(id));
                            if (broker.ok()) link = broker->link();
                            return broker.ok() && link.state() == state &&
                                   absl::StrContains(link.last_error(), words);
                          }))
        << id << ": " << link.ShortDebugString();
    std::cout << id << ": " << link.ShortDebugString() << "\n";
  }
  int64_t DeliveredTo(const std::string& id) {
    return admin()
        .GetSubscription(absl::StrCat("tenants/", id, "/subscriptions/events"))
        ->backlog()
        .delivered_count();
  }

  // Waits until the bad tenants have no workers.
  void PauseBadTenants() {
    for (const std::string id : kBadTenants) {
      ASSERT_OK(admin().PauseTenant("tenants/" + id));
    }
    for (const std::string id : kBadTenants) {
      WaitForLink(v1::Link::PAUSED, BrokerOf(id));
    }
  }
  void ResumeBadTenants() {
    for (const std::string id : kBadTenants) {
      ASSERT_OK(admin().ResumeTenant("tenants/" + id));
    }
  }

  // Publishes events of the healthy tenant, one after the other, for kTurn, and
  // waits until all have arrived.
  void Measure(Latencies& latencies) {
    customer_->Clear();
    std::map<int64_t, absl::Time> published;
    const absl::Time end = absl::Now() + kTurn;
    while (absl::Now() < end) {
      const int64_t id = next_id_++;
      published[id] = absl::Now();
      Publish({LocationEvent(absl::StrCat("healthy-", id), kOwner, id)});
    }
    ASSERT_TRUE(customer_->WaitForCount(published.size(), kPatience));
    WaitUntilDelivered();
    for (const ReceivedMessage& message : customer_->messages()) {
      int64_t id = 0;
      ASSERT_EQ(std::sscanf(message.payload.c_str(), "{\"id\":%ld", &id), 1);
      ASSERT_TRUE(published.contains(id)) << id;
      latencies.Add(message.time - published[id]);
    }
  }

  int64_t next_id_ = 0;
  std::unique_ptr<MosquittoBroker> mosquitto_;
  std::unique_ptr<MqttSubscriber> customer_;
};

std::string Describe(const Latencies& alone, const Latencies& beside) {
  std::string text;
  for (const auto& [name, share] :
       {std::pair{"p50", 0.5}, {"p99", 0.99}, {"max", 1.0}}) {
    const absl::Duration a = alone.Quantile(share);
    const absl::Duration b = beside.Quantile(share);
    absl::StrAppendFormat(
        &text, "%s: %.2f ms alone, %.2f ms beside: %.2f times\n", name,
        absl::ToDoubleMilliseconds(a), absl::ToDoubleMilliseconds(b),
        absl::FDivDuration(b, a));
  }
  absl::StrAppendFormat(&text, "events: %d alone, %d beside: %.2f times\n",
                        alone.count(), beside.count(),
                        1.0 * beside.count() / alone.count());
  return text;
}

TEST_F(IsolationTest, BadTenantsHarmNobodyElse) {
  SilentNameServer name_server;
  ScriptedBroker never_acknowledges(NeverAcknowledges);
  SlowReader slow_reader;
  ScriptedBroker garbage(AnswersGarbage);
  AddTenant("dns", absl::StrCat("never-answers-", name_server.port(), ".test"),
            1883);
  AddTenant("silent", "127.0.0.1", never_acknowledges.port());
  AddTenant("slow", "127.0.0.1", slow_reader.port());
  AddTenant("garbage", "127.0.0.1", garbage.port());
  AddTenant("crashing", "crashes.test", 1883);

  Latencies alone;
  Latencies beside;
  for (int turn = 0; turn < kTurns; ++turn) {
    PauseBadTenants();
    Measure(alone);
    ResumeBadTenants();
    Measure(beside);
  }

  ExpectLink("dns", v1::Link::BACKING_OFF, "never-answers");
  EXPECT_TRUE(name_server.WasAsked());
  ExpectLink("silent", v1::Link::STALLED, "no acknowledgement within 2s");
  ExpectLink("slow", v1::Link::STALLED, "no acknowledgement within 2s");
  ExpectLink("garbage", v1::Link::BACKING_OFF, "");
  ExpectLink("crashing", v1::Link::BACKING_OFF,
             "the worker process ended: SIGABRT (Aborted) (");
  for (const char* id : kBadTenants) EXPECT_EQ(DeliveredTo(id), 0) << id;
  ASSERT_GT(alone.count(), 0u);
  ASSERT_GT(beside.count(), 0u);
  const std::string comparison = Describe(alone, beside);
  std::cout << comparison;
  RecordProperty("latency", comparison);
  EXPECT_LT(beside.Quantile(0.5), kMostTimes * alone.Quantile(0.5));
  EXPECT_EQ(WaitForLink(v1::Link::CONNECTED).last_error(), "");
}

}  // namespace
}  // namespace mqttpush
