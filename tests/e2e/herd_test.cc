// Many tenants lose the same broker host: they do not come back as one herd.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

constexpr int kTenants = 40;
// What the service lets through to one host: a burst, and then so many in a
// second.
constexpr int kBurst = 5;
constexpr int kRate = 10;

class HerdTest : public E2eTest {
 protected:
  static std::string TenantAt(int index) { return absl::StrCat("t", index); }
  static std::string OwnerAt(int index) { return absl::StrCat("owner", index); }
  static std::string Path(int index, const std::string& what) {
    return absl::StrCat("tenants/", TenantAt(index), what);
  }

  void AddTenant(int index) {
    ASSERT_OK(admin().CreateTenant(Path(index, ""), {OwnerAt(index)}));
    ASSERT_OK(admin().CreateBroker(Path(index, "/brokers/main"),
                                   BrokerAt(*mosquitto_)));
    v1::Subscription subscription;
    subscription.set_broker(Path(index, "/brokers/main"));
    subscription.set_topic("events/{tenant}");
    ASSERT_OK(admin().CreateSubscription(Path(index, "/subscriptions/events"),
                                         subscription));
  }
  void PublishToAll(int round) {
    std::vector<v1::Event> events;
    for (int index = 0; index < kTenants; ++index) {
      for (int i = 0; i < 5; ++i) {
        const int64_t id = (round * kTenants + index) * 5 + i;
        events.push_back(
            LocationEvent(absl::StrCat("e-", id), OwnerAt(index), id));
      }
    }
    Publish(events);
  }
  void WaitForAll(v1::Link::State state) {
    for (int index = 0; index < kTenants; ++index) {
      WaitForLink(state, Path(index, "/brokers/main"));
    }
  }

  // Connections of workers to the broker, by the second of its log.
  std::map<int64_t, int> ConnectionsBySecond() {
    std::map<int64_t, int> connections;
    for (absl::string_view line : absl::StrSplit(mosquitto_->ReadLog(), '\n')) {
      int64_t second = 0;
      if (absl::StrContains(line, "New client connected from") &&
          absl::StrContains(line, " as mqttpush-") &&
          std::sscanf(std::string(line).c_str(), "%ld:", &second) == 1) {
        ++connections[second];
      }
    }
    return connections;
  }

  static int Total(const std::map<int64_t, int>& connections) {
    int total = 0;
    for (const auto& [second, count] : connections) total += count;
    return total;
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
};

TEST_F(HerdTest, WorkersComeBackOneByOne) {
  StartService();
  mosquitto_ = StartMosquitto();
  const auto customer = Subscribe(*mosquitto_);
  for (int index = 0; index < kTenants; ++index) AddTenant(index);
  WaitForAll(v1::Link::CONNECTED);
  PublishToAll(0);
  ASSERT_TRUE(customer->WaitForCount(kTenants * 5, kPatience));
  mosquitto_->Kill();
  WaitForAll(v1::Link::BACKING_OFF);
  PublishToAll(1);
  const std::map<int64_t, int> before = ConnectionsBySecond();
  ASSERT_OK(mosquitto_->Start());
  WaitForAll(v1::Link::CONNECTED);

  const std::map<int64_t, int> after = ConnectionsBySecond();
  std::cout << "connections per second:";
  for (const auto& [second, count] : after) {
    std::cout << " " << count;
    EXPECT_LE(count, kBurst + kRate) << "in second " << second;
  }
  std::cout << "\n";
  EXPECT_GE(Total(after) - Total(before), kTenants);
  for (int index = 0; index < kTenants; ++index) {
    WaitUntilDelivered(Path(index, "/subscriptions/events"));
  }
}

}  // namespace
}  // namespace mqttpush
