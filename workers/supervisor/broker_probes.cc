#include "workers/supervisor/broker_probes.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "workers/supervisor/probe_messages.h"
#include "workers/supervisor/worker_end.h"
#include "workers/supervisor/worker_environment.h"

namespace mqttpush {
namespace {

constexpr char kStopping[] = "the service is stopping";
// DNS, TCP, TLS and CONNECT; then one for each publication.
constexpr size_t kStepsToConnect = 4;

bool EndedWell(int wait_status) {
  return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
}

}  // namespace

BrokerProbes::BrokerProbes(EventLoop* loop, std::string program,
                           std::string data_path,
                           AllowedNetworks allowed_networks)
    : loop_(loop),
      program_(std::move(program)),
      data_path_(std::move(data_path)),
      environment_(WorkerEnvironment(OwnEnvironment())),
      allowed_networks_(std::move(allowed_networks)) {}

BrokerProbes::~BrokerProbes() = default;

int64_t BrokerProbes::Start(BrokerRecord broker, ProbeOrder order, Done done) {
  const int64_t id = next_id_++;
  loop_->Post([this, id, broker = std::move(broker), order = std::move(order),
               done = std::move(done)] { Begin(id, broker, order, done); });
  return id;
}

void BrokerProbes::Cancel(int64_t id) {
  loop_->Post([this, id] { Kill(id, "it is not wanted any more"); });
}

void BrokerProbes::Stop() {
  stopping_ = true;
  for (auto& [id, probe] : probes_) Kill(id, kStopping);
}

void BrokerProbes::Begin(int64_t id, const BrokerRecord& broker,
                         const ProbeOrder& order, Done done) {
  if (stopping_) {
    return done({.cut_short = kStopping, .stopping = true});
  }
  Probe& probe = probes_[id];
  probe.done = std::move(done);
  probe.most_findings = kStepsToConnect + order.publications.size();
  if (absl::Status launched = Launch(id, probe); !launched.ok()) {
    Log::Error("probe_not_started", {{"error", launched.message()}});
    const Done refused = std::move(probe.done);
    probes_.erase(id);
    // Last, as who hears of it may end all this.
    return refused({.cut_short = std::string(launched.message())});
  }
  probe.stream->Send(
      MakeProbeRequest(broker, order, allowed_networks_(order.tenant_id)));
  probe.timer = loop_->PostAfter(order.timeout, [this, id, order] {
    Kill(id, absl::StrCat("it did not end within ",
                          absl::FormatDuration(order.timeout)));
  });
}

absl::Status BrokerProbes::Launch(int64_t id, Probe& probe) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return absl::ErrnoToStatus(errno, "socketpair");
  }
  probe.stream = std::make_unique<LinkStream>(
      loop_, fds[0],
      LinkStream::Events{
          .other_end = "probe",
          .on_message =
              [this, id](absl::string_view bytes) { return Take(id, bytes); },
          .on_end = [this,
                     id](const absl::Status& end) { OnStreamEnd(id, end); }});
  absl::StatusOr<pid_t> pid = watcher_.Spawn(
      {.path = program_,
       .arguments = {"--fd", "3", "--hide", data_path_},
       .environment = environment_},
      fds[1], [this, id](int wait_status) {
        loop_->Post([this, id, wait_status] { OnExit(id, wait_status); });
      });
  close(fds[1]);
  MQTTPUSH_ASSIGN_OR_RETURN(probe.pid, pid);
  return absl::OkStatus();
}

absl::Status BrokerProbes::Take(int64_t id, absl::string_view bytes) {
  worker::v1::ProbeFinding finding;
  if (!finding.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("what a probe said is garbage");
  }
  Probe& probe = probes_.at(id);
  std::vector<ProbeFinding>& findings = probe.report.findings;
  if (findings.size() == probe.most_findings) {
    return absl::DataLossError("a probe said more than it was asked for");
  }
  findings.push_back(ToFinding(finding));
  return absl::OkStatus();
}

void BrokerProbes::Kill(int64_t id, const std::string& why) {
  auto found = probes_.find(id);
  if (found == probes_.end()) return;
  Probe& probe = found->second;
  if (probe.killed_because.empty()) probe.killed_because = why;
  watcher_.Kill(probe.pid, SIGKILL);
}

void BrokerProbes::OnStreamEnd(int64_t id, const absl::Status& end) {
  // Nobody would listen to it any more. Before the stream is closed, which may
  // end it too, but less clearly.
  if (!end.ok()) Kill(id, std::string(end.message()));
  Probe& probe = probes_.at(id);
  probe.stream_end = end;
  probe.stream.reset();
  EndIfOver(id);
}

void BrokerProbes::OnExit(int64_t id, int wait_status) {
  Probe& probe = probes_.at(id);
  probe.exited = true;
  probe.wait_status = wait_status;
  EndIfOver(id);
}

std::string BrokerProbes::WhyCutShort(const Probe& probe) {
  if (EndedWell(probe.wait_status)) {
    return std::string(probe.stream_end.message());
  }
  return absl::StrCat(
      "the probe process ended: ",
      DescribeWorkerEnd(probe.wait_status, probe.killed_because));
}

void BrokerProbes::EndIfOver(int64_t id) {
  auto found = probes_.find(id);
  Probe& probe = found->second;
  if (!probe.exited || probe.stream != nullptr) return;
  loop_->CancelTimer(probe.timer);
  if (!EndedWell(probe.wait_status) || !probe.stream_end.ok()) {
    probe.report.cut_short = WhyCutShort(probe);
    probe.report.stopping = stopping_;
    Log::Warning("probe_cut_short", {{"why", probe.report.cut_short}});
  }
  const Done done = std::move(probe.done);
  const ProbeReport report = std::move(probe.report);
  probes_.erase(found);
  done(report);
}

}  // namespace mqttpush
