// BrokerProcess: one of brokers/ on a free loopback port.
#ifndef MQTTPUSH_TESTS_INTEROP_BROKER_PROCESS_H_
#define MQTTPUSH_TESTS_INTEROP_BROKER_PROCESS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/child_process.h"

namespace mqttpush {

// The user that all brokers let in; it may publish to all topics but those
// below "forbidden/".
inline constexpr char kUser[] = "acme";
inline constexpr char kPassword[] = "sesame";

// Keeps its port and its data for life, stopped or not. Not thread-safe.
class BrokerProcess {
 public:
  // Starts the broker with no data of an earlier one, and waits until it
  // accepts connections. NOT_FOUND when it has not been downloaded.
  static absl::StatusOr<std::unique_ptr<BrokerProcess>> Create(
      const std::string& name);

  int port() const { return port_; }
  // Starts it again after Stop.
  absl::Status Start();
  // SIGTERM, and waits for the end; then kills what it left behind.
  absl::Status Stop();

 private:
  explicit BrokerProcess(const std::string& name);

  const std::string name_;
  const std::string data_dir_;
  const int port_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_INTEROP_BROKER_PROCESS_H_
