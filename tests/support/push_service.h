// PushService: the real mqttpushd as a child process, with its workers, on a
// free loopback port.
#ifndef MQTTPUSH_TESTS_SUPPORT_PUSH_SERVICE_H_
#define MQTTPUSH_TESTS_SUPPORT_PUSH_SERVICE_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqttpush/v1/admin_service.grpc.pb.h"
#include "mqttpush/v1/history_service.grpc.pb.h"
#include "mqttpush/v1/ingest_service.grpc.pb.h"
#include "tests/support/child_process.h"

namespace mqttpush {

// Not thread-safe; the stubs are, between Start and the next Stop or Kill.
class PushService {
 public:
  struct Options {
    std::string data_dir;  // must exist; may hold the data of an earlier one
    std::string log_path;  // appended to
    // Of the configuration table (README.md), by the name of the variable.
    // Replaces the quick times that Start sets for tests.
    std::map<std::string, std::string> environment = {};
  };

  // Starts it and waits until its health is SERVING. DEADLINE_EXCEEDED or
  // INTERNAL with the end of its log when it does not come up.
  static absl::StatusOr<std::unique_ptr<PushService>> Start(Options options);
  // Kills it when it still runs.
  ~PushService();

  // SIGTERM, and waits for the end. INTERNAL when it does not exit with 0.
  absl::Status Stop();
  // SIGKILL, and waits for the end.
  void Kill();
  // Starts it again on the same data, on another port, after Stop or Kill.
  absl::Status Restart();

  // The stubs are new after Restart.
  v1::AdminService::Stub& admin() { return *admin_; }
  v1::IngestService::Stub& ingest() { return *ingest_; }
  v1::HistoryService::Stub& history() { return *history_; }
  const std::string& address() const { return address_; }  // host:port
  pid_t pid() const;

  // The log since the first start.
  std::string ReadLog() const;
  // Waits until the log holds `text`; false when `timeout` passed first.
  bool WaitForLog(const std::string& text,
                  absl::Duration timeout = absl::Seconds(30)) const;

 private:
  explicit PushService(Options options);
  absl::Status Launch();
  // Makes the stubs, and waits until it serves.
  absl::Status Connect();
  absl::Status Failed(absl::string_view what) const;

  const Options options_;
  std::unique_ptr<ChildProcess> process_;
  std::string address_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
  std::unique_ptr<v1::IngestService::Stub> ingest_;
  std::unique_ptr<v1::HistoryService::Stub> history_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_PUSH_SERVICE_H_
