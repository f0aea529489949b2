// One tenant's trouble is its own: beside a healthy tenant live tenants whose
// brokers do everything wrong. The healthy one gets all its events, and the
// state of each bad link says what is the matter. How long the healthy one's
// events take, alone and beside the others, is printed and not asserted.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/e2e/e2e_test.h"
#include "tests/e2e/slow_reader.h"
#include "tests/support/scripted_broker.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

constexpr int kEvents = 1000;  // of the healthy tenant, in each run
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

struct Latency {
  absl::Duration p99;
  absl::Duration max;
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

  // Publishes kEvents events of the healthy tenant one by one and waits until
  // all have arrived.
  Latency Measure(int64_t first_id) {
    std::map<int64_t, absl::Time> published;
    for (int64_t id = first_id; id < first_id + kEvents; ++id) {
      published[id] = absl::Now();
      Publish({LocationEvent(absl::StrCat("healthy-", id), kOwner, id)});
    }
    std::map<int64_t, absl::Duration> latencies;
    EXPECT_TRUE(WaitUntil(
        kPatience,
        [&] {
          for (const ReceivedMessage& message : customer_->messages()) {
            int64_t id = 0;
            if (std::sscanf(message.payload.c_str(), "{\"id\":%ld", &id) == 1 &&
                published.contains(id)) {
              latencies.try_emplace(id, message.time - published[id]);
            }
          }
          return latencies.size() == kEvents;
        }))
        << latencies.size() << " events arrived";
    WaitUntilDelivered();
    std::vector<absl::Duration> sorted;
    for (const auto& [id, latency] : latencies) sorted.push_back(latency);
    if (sorted.empty()) return {};
    std::sort(sorted.begin(), sorted.end());
    return {.p99 = sorted[sorted.size() * 99 / 100], .max = sorted.back()};
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
  std::unique_ptr<MqttSubscriber> customer_;
};

std::string Compare(const char* what, absl::Duration alone,
                    absl::Duration beside) {
  return absl::StrFormat("%s: %.2f ms alone, %.2f ms beside: %.2f times\n",
                         what, absl::ToDoubleMilliseconds(alone),
                         absl::ToDoubleMilliseconds(beside),
                         absl::FDivDuration(beside, alone));
}

TEST_F(IsolationTest, BadTenantsHarmNobodyElse) {
  const Latency alone = Measure(0);
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

  const Latency beside = Measure(kEvents);

  ExpectLink("dns", v1::Link::BACKING_OFF, "never-answers");
  EXPECT_TRUE(name_server.WasAsked());
  ExpectLink("silent", v1::Link::STALLED, "no acknowledgement within 2s");
  ExpectLink("slow", v1::Link::STALLED, "no acknowledgement within 2s");
  ExpectLink("garbage", v1::Link::BACKING_OFF, "");
  ExpectLink("crashing", v1::Link::BACKING_OFF,
             "the worker process ended: SIGABRT (Aborted) (");
  for (const char* id : {"dns", "silent", "slow", "garbage", "crashing"}) {
    EXPECT_EQ(DeliveredTo(id), 0) << id;
  }
  const std::string comparison = Compare("p99", alone.p99, beside.p99) +
                                 Compare("max", alone.max, beside.max);
  std::cout << comparison;
  RecordProperty("latency", comparison);
  EXPECT_EQ(WaitForLink(v1::Link::CONNECTED).last_error(), "");
}

}  // namespace
}  // namespace mqttpush
