#include "tests/support/push_service.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <future>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "grpc/health/v1/health.pb.h"
#include "tests/support/rpc.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using HealthRequest = grpc::health::v1::HealthCheckRequest;
using HealthResponse = grpc::health::v1::HealthCheckResponse;

constexpr absl::Duration kStartTimeout = absl::Seconds(30);
// A service drains what is in flight; it says that this takes at most 20 s.
constexpr absl::Duration kStopTimeout = absl::Seconds(40);
constexpr size_t kLogTailBytes = 4000;

// The health service has no generated stub: gRPC's own implementation of it is
// not made from a proto.
bool IsServing(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::TemplatedGenericStub<HealthRequest, HealthResponse> stub(channel);
  const HealthRequest request;
  const auto response =
      Call<HealthResponse>([&](auto* context, HealthResponse* response) {
        std::promise<grpc::Status> done;
        stub.UnaryCall(context, "/grpc.health.v1.Health/Check",
                       grpc::StubOptions(), &request, response,
                       [&](grpc::Status status) { done.set_value(status); });
        return done.get_future().get();
      });
  return response.ok() && response->status() == HealthResponse::SERVING;
}

// Slow tests are seldom run: what production waits seconds for, tests wait
// less. Their brokers are on loopback.
std::map<std::string, std::string> TestSettings() {
  return {{"MQTTPUSH_EGRESS_ALLOW", "127.0.0.0/8"},
          {"MQTTPUSH_CONNECT_BACKOFF_BASE", "100ms"},
          {"MQTTPUSH_CONNECT_BACKOFF_MAX", "500ms"},
          {"MQTTPUSH_LOG_LEVEL", "debug"}};
}

}  // namespace

PushService::PushService(Options options) : options_(std::move(options)) {}

PushService::~PushService() = default;

absl::StatusOr<std::unique_ptr<PushService>> PushService::Start(
    Options options) {
  std::map<std::string, std::string> environment = TestSettings();
  for (const auto& [name, value] : options.environment) {
    environment[name] = value;
  }
  options.environment = std::move(environment);
  std::unique_ptr<PushService> service(new PushService(std::move(options)));
  MQTTPUSH_RETURN_IF_ERROR(service->Launch());
  return service;
}

absl::Status PushService::Restart() { return Launch(); }

absl::Status PushService::Launch() {
  const std::string port_file = absl::StrCat(options_.data_dir, ".port");
  WriteFile(port_file, "");
  MQTTPUSH_ASSIGN_OR_RETURN(
      process_, ChildProcess::Spawn({
                    .argv = {MQTTPUSHD_PATH, "--listen-address=127.0.0.1:0",
                             absl::StrCat("--data-dir=", options_.data_dir),
                             absl::StrCat("--port-file=", port_file)},
                    .log_path = options_.log_path,
                    .environment = options_.environment,
                }));
  const bool listens = WaitUntil(kStartTimeout, [&] {
    return !process_->IsRunning() ||
           absl::StrContains(ReadFile(port_file), ":");
  });
  if (!listens || !process_->IsRunning()) {
    return Failed("mqttpushd did not start");
  }
  address_ = std::string(absl::StripSuffix(ReadFile(port_file), "\n"));
  return Connect();
}

absl::Status PushService::Connect() {
  const auto channel =
      grpc::CreateChannel(address_, grpc::InsecureChannelCredentials());
  admin_ = v1::AdminService::NewStub(channel);
  ingest_ = v1::IngestService::NewStub(channel);
  history_ = v1::HistoryService::NewStub(channel);
  const bool serving = WaitUntil(kStartTimeout, [&] {
    return !process_->IsRunning() || IsServing(channel);
  });
  if (serving && process_->IsRunning()) return absl::OkStatus();
  return Failed("mqttpushd is not SERVING");
}

absl::Status PushService::Stop() {
  process_->Signal(SIGTERM);
  MQTTPUSH_ASSIGN_OR_RETURN(const int code, process_->Wait(kStopTimeout));
  if (code == 0) return absl::OkStatus();
  return Failed(absl::StrCat("mqttpushd ended with ", code));
}

void PushService::Kill() {
  // The process alone: its workers must notice by themselves.
  process_->Signal(SIGKILL);
  process_->Wait(kStopTimeout).status().IgnoreError();
}

pid_t PushService::pid() const { return process_->pid(); }

std::string PushService::ReadLog() const { return ReadFile(options_.log_path); }

bool PushService::WaitForLog(const std::string& text,
                             absl::Duration timeout) const {
  return WaitUntil(timeout, [&] { return absl::StrContains(ReadLog(), text); });
}

absl::Status PushService::Failed(absl::string_view what) const {
  const std::string log = ReadLog();
  const size_t begin =
      log.size() > kLogTailBytes ? log.size() - kLogTailBytes : 0;
  return absl::InternalError(
      absl::StrCat(what, "; the end of its log:\n", log.substr(begin)));
}

}  // namespace mqttpush
