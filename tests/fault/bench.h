// Bench: what the faults strike: the real service with its workers, two real
// mosquittos, a fault proxy in every path between them, and the ledger.
#ifndef MQTTPUSH_TESTS_FAULT_BENCH_H_
#define MQTTPUSH_TESTS_FAULT_BENCH_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/fault/fault_proxy.h"
#include "tests/fault/ledger.h"
#include "tests/fault/shim_control.h"
#include "tests/support/admin_client.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/push_service.h"
#include "tests/support/temp_dir.h"

namespace mqttpush::fault {

inline constexpr int kMosquittos = 2;

struct Subscription {
  std::string id;  // "q1"
  int qos = 0;
};

// A worker's way to its mosquitto.
struct Link {
  std::string tenant;  // "v4" speaks MQTT 3.1.1, "v5" MQTT 5
  std::string broker;  // "plain" or "exact"
  std::vector<Subscription> subscriptions;
  size_t home = 0;  // the mosquitto it belongs to
  // One for each mosquitto; the link goes through that of its home unless a
  // fault has changed its address.
  std::unique_ptr<FaultProxy> proxies[kMosquittos];

  std::string broker_name() const;
  std::string client_id() const { return tenant + "-" + broker; }
  std::string subscription_name(const Subscription& subscription) const;
  // A valid topic template for a subscription; variants differ.
  std::string topic(const Subscription& subscription, char variant) const;
};

struct TenantUnderTest {
  std::string id;
  std::string owner_id;
};
const std::vector<TenantUnderTest>& Tenants();

// Not thread-safe.
class Bench {
 public:
  // Starts and provisions everything.
  static absl::StatusOr<std::unique_ptr<Bench>> Start();
  ~Bench();

  std::vector<Link>& links() { return links_; }
  MosquittoBroker& mosquitto(size_t index) { return *mosquittos_[index]; }
  PushService& service() { return *service_; }
  Ledger& ledger() { return *ledger_; }
  ShimControl& shim() { return *shim_; }
  AdminClient admin() { return AdminClient(service_->admin()); }

  // How late everything is on every path that no fault strikes: the broker is
  // not next door, so that messages are in flight when something breaks.
  void SetLatency(absl::Duration latency);
  PathFaults Usual() const { return {.delay = latency_}; }

  // The users of a mosquitto, with or without the workers.
  absl::Status AdmitWorkers(size_t mosquitto, bool admitted);
  // The broker resource of a link as it is when all is well.
  v1::Broker BrokerOf(const Link& link) const;
  v1::Subscription SubscriptionOf(const Link& link,
                                  const Subscription& subscription) const;

  // Waits until every link is CONNECTED. DEADLINE_EXCEEDED says what is not.
  absl::Status WaitUntilConnected(absl::Duration timeout);

  // The last words of a mosquitto that ended by itself; empty when none did.
  std::string CrashOfMosquitto();

  // How often a mosquitto has thrown out this link's client for a session that
  // ended long ago; 2.0.11 does that to one that is connected.
  int ExpiredByMosquitto(const Link& link) const;

  // Keeps the files of service, brokers and ledger; returns where.
  std::string KeepFiles();
  // Lines of the service's log in which it complains of itself.
  std::vector<std::string> Alarms() const;

 private:
  Bench() = default;
  absl::Status StartAll();
  absl::Status Provision();

  TempDir dir_{"mqttpush-fault"};
  absl::Duration latency_;
  std::unique_ptr<MosquittoBroker> mosquittos_[kMosquittos];
  std::vector<Link> links_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<ShimControl> shim_;
  std::unique_ptr<PushService> service_;
};

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_BENCH_H_
