#include "workers/supervisor/link_server.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/server_posix.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <utility>

#include "common/logging.h"

namespace mqttpush {
namespace {

constexpr size_t kNonceBytes = 32;

using worker::v1::ControlMessage;
using worker::v1::WorkerMessage;

}  // namespace

// One attached worker: its stream, and the way to it. Lives until gRPC is done
// with it and the last holder of the channel lets go.
class LinkServer::Session
    : public grpc::ServerBidiReactor<WorkerMessage, ControlMessage>,
      public WorkerChannel {
 public:
  static Session* Start(LinkServer* server) {
    auto session = std::make_shared<Session>(server);
    session->self_ = session;
    session->StartRead(&session->incoming_);
    return session.get();
  }

  explicit Session(LinkServer* server) : server_(server) {}

  void Send(ControlMessage message) override {
    MutexLock lock(&mutex_);
    if (finishing_) return;
    outgoing_.push_back(std::move(message));
    if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
  }

  void OnReadDone(bool ok) override {
    if (!ok) return FinishStream();
    if (worker_id_.has_value()) {
      server_->listener_->OnMessage(*worker_id_, std::move(incoming_));
    } else if (!Attach()) {
      return FinishStream();
    }
    incoming_.Clear();
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(&mutex_);
    outgoing_.pop_front();
    // A failed write is followed by a failed read, which ends the stream.
    if (!ok) outgoing_.clear();
    if (finishing_) return Finish(grpc::Status::OK);
    if (!outgoing_.empty()) StartWrite(&outgoing_.front());
  }

  void OnDone() override {
    if (worker_id_.has_value()) server_->listener_->OnDetached(*worker_id_);
    self_.reset();
  }

 private:
  bool Attach() {
    worker_id_ = server_->Redeem(incoming_.hello().nonce());
    if (!worker_id_.has_value()) {
      Log::Error("worker_refused", {{"pid", incoming_.hello().pid()}});
      return false;
    }
    server_->listener_->OnAttached(*worker_id_, self_);
    return true;
  }

  // A write that is under way ends first.
  void FinishStream() {
    MutexLock lock(&mutex_);
    finishing_ = true;
    if (outgoing_.empty()) Finish(grpc::Status::OK);
  }

  LinkServer* const server_;
  std::shared_ptr<Session> self_;
  std::optional<int64_t> worker_id_;
  WorkerMessage incoming_;
  Mutex mutex_;
  std::deque<ControlMessage> outgoing_ ABSL_GUARDED_BY(mutex_);
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
};

class LinkServer::Service : public worker::v1::WorkerLink::CallbackService {
 public:
  explicit Service(LinkServer* server) : server_(server) {}
  grpc::ServerBidiReactor<WorkerMessage, ControlMessage>* Attach(
      grpc::CallbackServerContext*) override {
    return Session::Start(server_);
  }

 private:
  LinkServer* const server_;
};

LinkServer::LinkServer(Listener* listener)
    : listener_(listener), service_(std::make_unique<Service>(this)) {
  grpc::ServerBuilder builder;
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
}

LinkServer::~LinkServer() {
  // No grace: the workers are drained, or lost.
  server_->Shutdown(gpr_time_0(GPR_CLOCK_REALTIME));
  server_->Wait();
}

absl::StatusOr<int> LinkServer::AddWorker(int64_t worker_id) {
  std::string nonce(kNonceBytes, '\0');
  if (getrandom(nonce.data(), nonce.size(), 0) !=
      static_cast<ssize_t>(nonce.size())) {
    return absl::ErrnoToStatus(errno, "getrandom");
  }
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return absl::ErrnoToStatus(errno, "socketpair");
  }
  if (write(fds[0], nonce.data(), nonce.size()) !=
      static_cast<ssize_t>(nonce.size())) {
    absl::Status failed = absl::ErrnoToStatus(errno, "write the nonce");
    close(fds[0]);
    close(fds[1]);
    return failed;
  }
  fcntl(fds[0], F_SETFL, O_NONBLOCK);
  {
    MutexLock lock(&mutex_);
    worker_by_nonce_[nonce] = worker_id;
  }
  grpc::AddInsecureChannelFromFd(server_.get(), fds[0]);
  return fds[1];
}

void LinkServer::RemoveWorker(int64_t worker_id) {
  MutexLock lock(&mutex_);
  std::erase_if(worker_by_nonce_, [worker_id](const auto& entry) {
    return entry.second == worker_id;
  });
}

std::optional<int64_t> LinkServer::Redeem(const std::string& nonce) {
  MutexLock lock(&mutex_);
  auto found = worker_by_nonce_.find(nonce);
  if (found == worker_by_nonce_.end()) return std::nullopt;
  const int64_t worker_id = found->second;
  worker_by_nonce_.erase(found);
  return worker_id;
}

}  // namespace mqttpush
