#include "workers/worker/control_plane_stub.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_posix.h"

namespace mqttpush {

class ControlPlaneStub::Reactor
    : public grpc::ServerBidiReactor<wire::WorkerMessage,
                                     wire::ControlMessage> {
 public:
  explicit Reactor(ControlPlaneStub* owner) : owner_(owner) {
    StartRead(&incoming_);
  }

  void Send(wire::ControlMessage message) {
    MutexLock lock(&mutex_);
    queue_.push_back(std::move(message));
    if (queue_.size() == 1) StartWrite(&queue_.front());
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::OK);
      return;
    }
    owner_->Record(incoming_);
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(&mutex_);
    queue_.pop_front();
    if (ok && !queue_.empty()) StartWrite(&queue_.front());
  }

  void OnDone() override {
    {
      MutexLock lock(&owner_->mutex_);
      owner_->reactor_ = nullptr;
      owner_->says_.ended = true;
      owner_->changed_.SignalAll();
    }
    delete this;
  }

 private:
  ControlPlaneStub* const owner_;
  wire::WorkerMessage incoming_;
  Mutex mutex_;
  std::deque<wire::ControlMessage> queue_ ABSL_GUARDED_BY(mutex_);
};

ControlPlaneStub::ControlPlaneStub(const std::string& worker_path)
    : nonce_("0123456789abcdef0123456789abcdef") {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) abort();
  if (write(fds[0], nonce_.data(), nonce_.size()) != 32) abort();
  process_ =
      *ChildProcess::Spawn({.argv = {worker_path, "--fd", absl::StrCat(fds[1])},
                            .inherited_fds = {fds[1]}});
  close(fds[1]);
  fcntl(fds[0], F_SETFL, fcntl(fds[0], F_GETFL) | O_NONBLOCK);
  grpc::ServerBuilder builder;
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  grpc::AddInsecureChannelFromFd(server_.get(), fds[0]);
}

ControlPlaneStub::~ControlPlaneStub() {
  process_->Kill();
  server_->Shutdown();
  server_->Wait();
}

grpc::ServerBidiReactor<wire::WorkerMessage, wire::ControlMessage>*
ControlPlaneStub::Attach(grpc::CallbackServerContext*) {
  MutexLock lock(&mutex_);
  reactor_ = new Reactor(this);
  return reactor_;
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
  server_->Shutdown(std::chrono::system_clock::now());
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
  MutexLock lock(&mutex_);
  if (reactor_ != nullptr) reactor_->Send(std::move(message));
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
  if (message.has_connect_request()) {
    ++says_.connect_requests;
    wire::ControlMessage permit;
    permit.mutable_connect_permit();
    if (reactor_ != nullptr && !holds_permits_) {
      reactor_->Send(std::move(permit));
    }
  }
  says_.pongs += message.has_pong();
  for (const wire::DeliveryId& id : message.session_report().ended()) {
    says_.session_report.push_back(id);
  }
  changed_.SignalAll();
}

}  // namespace mqttpush
