#include "workers/worker/control_plane_stub.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace mqttpush {

ControlPlaneStub::ControlPlaneStub(const std::string& worker_path,
                                   const std::string& sessions)
    : nonce_("0123456789abcdef0123456789abcdef") {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) abort();
  if (write(fds[0], nonce_.data(), nonce_.size()) != 32) abort();
  std::vector<std::string> argv = {worker_path, "--fd", absl::StrCat(fds[1])};
  if (!sessions.empty()) argv.insert(argv.end(), {"--sessions", sessions});
  process_ = *ChildProcess::Spawn({.argv = argv, .inherited_fds = {fds[1]}});
  close(fds[1]);
  loop_.RunAndWait([&] {
    stream_ = std::make_unique<LinkStream>(
        &loop_, fds[0],
        LinkStream::Events{
            .on_message =
                [this](absl::string_view bytes) {
                  wire::WorkerMessage message;
                  if (!message.ParseFromString(std::string(bytes))) abort();
                  Take(message);
                  return absl::OkStatus();
                },
            .on_end = [this](const absl::Status&) { End(); }});
  });
}

ControlPlaneStub::~ControlPlaneStub() {
  process_->Kill();
  loop_.Stop();
}

void ControlPlaneStub::Configure(const wire::Configure& settings) {
  wire::ControlMessage message;
  *message.mutable_configure() = settings;
  Send(std::move(message));
}

void ControlPlaneStub::Publish(int64_t epoch,
                               const std::vector<wire::Publish>& messages) {
  wire::ControlMessage message;
  message.mutable_publish_batch()->set_epoch(epoch);
  for (const wire::Publish& publish : messages) {
    *message.mutable_publish_batch()->add_messages() = publish;
  }
  Send(std::move(message));
}

void ControlPlaneStub::Forget(const std::vector<wire::DeliveryId>& deliveries) {
  wire::ControlMessage message;
  for (const wire::DeliveryId& id : deliveries) {
    *message.mutable_forget()->add_deliveries() = id;
  }
  Send(std::move(message));
}

void ControlPlaneStub::Drain() {
  wire::ControlMessage message;
  message.mutable_drain();
  Send(std::move(message));
}

void ControlPlaneStub::Ping() {
  wire::ControlMessage message;
  message.mutable_ping();
  Send(std::move(message));
}

void ControlPlaneStub::HangUp() {
  loop_.RunAndWait([this] { End(); });
}

void ControlPlaneStub::HoldPermits() {
  MutexLock lock(&mutex_);
  holds_permits_ = true;
}

void ControlPlaneStub::Permit() {
  wire::ControlMessage message;
  message.mutable_connect_permit();
  Send(std::move(message));
}

WorkerSays ControlPlaneStub::Says() const {
  MutexLock lock(&mutex_);
  return says_;
}

bool ControlPlaneStub::WaitFor(const Condition& condition,
                               absl::Duration timeout) const {
  const absl::Time deadline = absl::Now() + timeout;
  MutexLock lock(&mutex_);
  while (!condition(says_)) {
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(&mutex_, left);
  }
  return true;
}

void ControlPlaneStub::Send(wire::ControlMessage message) {
  WaitFor([](const WorkerSays& says) { return says.hello.pid() != 0; });
  loop_.RunAndWait([&] {
    if (stream_ != nullptr) stream_->Send(message);
  });
}

void ControlPlaneStub::End() {
  stream_.reset();
  MutexLock lock(&mutex_);
  says_.ended = true;
  changed_.SignalAll();
}

void ControlPlaneStub::Take(const wire::WorkerMessage& message) {
  Record(message);
  if (!message.has_connect_request()) return;
  MutexLock lock(&mutex_);
  if (holds_permits_) return;
  wire::ControlMessage permit;
  permit.mutable_connect_permit();
  stream_->Send(permit);
}

void ControlPlaneStub::Record(const wire::WorkerMessage& message) {
  MutexLock lock(&mutex_);
  if (message.has_hello()) says_.hello = message.hello();
  if (message.has_link_status()) {
    says_.statuses.push_back(message.link_status());
    says_.order.push_back(absl::StrCat(
        "status ",
        wire::LinkStatus::State_Name(message.link_status().state())));
  }
  if (message.has_credit()) {
    says_.credits.push_back(message.credit());
    says_.order.push_back(absl::StrCat("credit ", message.credit().epoch(), "/",
                                       message.credit().limit()));
  }
  if (message.has_results()) {
    const auto& results = message.results().results();
    says_.results.insert(says_.results.end(), results.begin(), results.end());
    says_.results_per_message.push_back(results.size());
    says_.order.push_back(absl::StrCat("results ", results.size()));
  }
  if (message.has_connect_request()) ++says_.connect_requests;
  says_.pongs += message.has_pong();
  for (const wire::DeliveryId& id : message.session_report().ended()) {
    says_.session_report.push_back(id);
  }
  changed_.SignalAll();
}

}  // namespace mqttpush
