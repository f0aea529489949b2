#include "tests/support/mosquitto_broker.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "tests/support/free_port.h"

namespace mqttpush {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(20);
constexpr absl::Duration kStopTimeout = absl::Seconds(10);

// Debian installs brokers outside of most users' PATH.
std::string MosquittoPath() {
  const char* path = "/usr/sbin/mosquitto";
  return access(path, X_OK) == 0 ? path : "mosquitto";
}

}  // namespace

absl::StatusOr<std::unique_ptr<MosquittoBroker>> MosquittoBroker::Create() {
  return Create(Options());
}

absl::StatusOr<std::unique_ptr<MosquittoBroker>> MosquittoBroker::Create(
    Options options) {
  std::unique_ptr<MosquittoBroker> broker(
      new MosquittoBroker(std::move(options)));
  MQTTPUSH_RETURN_IF_ERROR(broker->WriteConfig());
  MQTTPUSH_RETURN_IF_ERROR(broker->Start());
  return broker;
}

MosquittoBroker::MosquittoBroker(Options options)
    : options_(std::move(options)), port_(FreePort()) {}

absl::Status MosquittoBroker::WriteConfig() {
  std::string config = absl::StrCat(
      // Otherwise it becomes another user, when started as root, who may not
      // read the directory.
      getuid() == 0 ? "user root\n" : "", "listener ", port_, " 127.0.0.1\n",
      "allow_anonymous ", options_.users.empty() ? "true" : "false", "\n",
      "set_tcp_nodelay true\nmax_queued_messages 0\n", "log_dest stderr\n",
      options_.more_config);
  if (options_.raised_limits)
    absl::StrAppend(&config, "max_inflight_messages 0\n");
  if (options_.persistence) {
    absl::StrAppend(&config, "persistence true\npersistence_location ",
                    dir_.path(), "/\n");
  }
  if (!options_.users.empty()) {
    MQTTPUSH_RETURN_IF_ERROR(WriteUsers(options_.users));
    absl::StrAppend(&config, "password_file ", dir_.File("users"), "\n");
  }
  if (options_.tls != nullptr) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        TestCertificate certificate,
        options_.tls->IssueServer(options_.subject_alt_names,
                                  options_.certificate_days));
    absl::StrAppend(&config, "cafile ", options_.tls->ca_path(), "\ncertfile ",
                    certificate.certificate_path, "\nkeyfile ",
                    certificate.key_path, "\nrequire_certificate ",
                    options_.require_client_certificate ? "true" : "false",
                    "\n");
  }
  WriteFile(dir_.File("mosquitto.conf"), config);
  return absl::OkStatus();
}

absl::Status MosquittoBroker::WriteUsers(
    const std::map<std::string, std::string>& users) {
  const std::string path = dir_.File("users");
  WriteFile(path, "");
  for (const auto& [name, password] : users) {
    MQTTPUSH_RETURN_IF_ERROR(ChildProcess::Run(
        {.argv = {"mosquitto_passwd", "-b", path, name, password}}));
  }
  return absl::OkStatus();
}

absl::Status MosquittoBroker::SetUsers(
    const std::map<std::string, std::string>& users) {
  MQTTPUSH_RETURN_IF_ERROR(WriteUsers(users));
  if (process_ != nullptr) process_->Signal(SIGHUP);
  return absl::OkStatus();
}

absl::Status MosquittoBroker::Start() {
  MQTTPUSH_ASSIGN_OR_RETURN(
      process_,
      ChildProcess::Spawn({
          .argv = {MosquittoPath(), "-c", dir_.File("mosquitto.conf")},
          .log_path = dir_.File("mosquitto.log"),
      }));
  if (WaitUntilAccepting(port_, kStartTimeout)) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("mosquitto does not accept connections:\n", ReadLog()));
}

bool MosquittoBroker::HasCrashed() {
  crashed_ |= process_ != nullptr && !process_->IsRunning();
  return crashed_;
}

void MosquittoBroker::Stop() {
  if (process_ == nullptr) return;
  HasCrashed();
  process_->Signal(SIGTERM);
  (void)process_->Wait(kStopTimeout);
  process_.reset();
}

void MosquittoBroker::Kill() {
  HasCrashed();
  process_.reset();
}

void MosquittoBroker::LoseState() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove(dir_.File("mosquitto.db"), ignored);
}

void MosquittoBroker::Freeze() { process_->Signal(SIGSTOP); }

void MosquittoBroker::Thaw() { process_->Signal(SIGCONT); }

}  // namespace mqttpush
