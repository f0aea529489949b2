// Installation: the real service with its workers, and tenants that push to one
// broker.
#ifndef MQTTPUSH_BENCH_INSTALLATION_H_
#define MQTTPUSH_BENCH_INSTALLATION_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/push_service.h"
#include "tests/support/temp_dir.h"

namespace mqttpush::bench {

// A mosquitto that keeps nothing and limits nothing, so that it is as little in
// the way as it can be.
absl::StatusOr<std::unique_ptr<MosquittoBroker>> StartBroker();

// Its settings are those of production, but for the rate of connection
// attempts: one host has all brokers here. Tenants have the numbers 0, 1, ...;
// each has one broker (the same mosquitto) and one subscription to all object
// types. Not thread-safe.
class Installation {
 public:
  struct Options {
    int tenants = 1;
    v1::Qos qos = v1::AT_LEAST_ONCE;
    bool paused = false;  // the subscriptions
  };

  // Starts the service, provisions the tenants and waits until all links are
  // up. `broker` must outlive it.
  static absl::StatusOr<std::unique_ptr<Installation>> Create(
      Options options, const MosquittoBroker& broker);

  PushService& service() { return *service_; }
  int tenants() const { return options_.tenants; }
  static std::string TenantName(int tenant);
  static std::string SubscriptionName(int tenant);

  // The processes that run now.
  std::vector<pid_t> workers() const;
  std::vector<pid_t> all() const;  // the service and the workers

  absl::Status WaitUntilConnected(absl::Duration timeout);
  absl::Status WaitForLink(int tenant, v1::Link::State state,
                           absl::Duration timeout);
  // DEADLINE_EXCEEDED when a subscription has events that have not ended after
  // `timeout`. FAILED_PRECONDITION when some ended otherwise than delivered.
  absl::Status WaitUntilDelivered(absl::Duration timeout);
  absl::StatusOr<v1::Backlog> BacklogOf(int tenant);

 private:
  explicit Installation(Options options) : options_(options) {}
  absl::Status Provision(int tenant, const MosquittoBroker& broker);

  const Options options_;
  TempDir dir_{"mqttpush-bench"};
  std::unique_ptr<PushService> service_;
};

}  // namespace mqttpush::bench

#endif  // MQTTPUSH_BENCH_INSTALLATION_H_
