#include "tests/interop/broker_process.h"

#include <signal.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "tests/support/free_port.h"

namespace mqttpush {
namespace {

namespace fs = std::filesystem;

// RabbitMQ under Erlang takes its time, more so on a busy machine.
constexpr absl::Duration kStartTimeout = absl::Seconds(120);
constexpr absl::Duration kStopTimeout = absl::Seconds(60);

fs::path Downloaded(const std::string& name) {
  return fs::path(MQTTPUSH_SOURCE_DIR) / ".cache/interop" / name;
}

}  // namespace

absl::StatusOr<std::unique_ptr<BrokerProcess>> BrokerProcess::Create(
    const std::string& name) {
  if (!fs::exists(Downloaded(name))) {
    return absl::NotFoundError(
        absl::StrCat("not downloaded: ./dev interop ", name));
  }
  std::unique_ptr<BrokerProcess> broker(new BrokerProcess(name));
  fs::remove_all(broker->data_dir_);
  fs::remove(broker->data_dir_ + ".log");
  fs::create_directories(broker->data_dir_);
  MQTTPUSH_RETURN_IF_ERROR(broker->Start());
  return broker;
}

BrokerProcess::BrokerProcess(const std::string& name)
    : name_(name),
      data_dir_(fs::absolute(fs::path(MQTTPUSH_BUILD_DIR) / "interop" / name)
                    .lexically_normal()),
      port_(FreePort()) {}

absl::Status BrokerProcess::Start() {
  const fs::path run =
      fs::path(MQTTPUSH_SOURCE_DIR) / "tests/interop/brokers" / name_ / "run";
  MQTTPUSH_ASSIGN_OR_RETURN(
      process_,
      ChildProcess::Spawn(
          // A broker does not outlive a test that was interrupted.
          {.argv = {"setpriv", "--pdeathsig", "TERM", run.string(),
                    fs::absolute(Downloaded(name_)).lexically_normal().string(),
                    data_dir_, absl::StrCat(port_), absl::StrCat(FreePort()),
                    absl::StrCat(FreePort())},
           .log_path = absl::StrCat(data_dir_, ".log")}));
  if (WaitUntilAccepting(port_, kStartTimeout)) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat(name_, " did not start: see ", data_dir_, ".log"));
}

absl::Status BrokerProcess::Stop() {
  process_->Signal(SIGTERM);
  const auto code = process_->Wait(kStopTimeout);
  process_->Kill();
  return code.status();
}

}  // namespace mqttpush
