#include "workers/supervisor/link_server.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/logging.h"
#include "workers/link/link_stream.h"

namespace mqttpush {
namespace {

constexpr size_t kNonceBytes = 32;

using worker::v1::ControlMessage;
using worker::v1::WorkerMessage;

absl::StatusOr<std::string> NewNonce() {
  std::string nonce(kNonceBytes, '\0');
  if (getrandom(nonce.data(), nonce.size(), 0) !=
      static_cast<ssize_t>(nonce.size())) {
    return absl::ErrnoToStatus(errno, "getrandom");
  }
  return nonce;
}

}  // namespace

// One worker's stream, and the way to it. Holders of the channel may outlive
// the stream.
class LinkServer::Session : public WorkerChannel {
 public:
  Session(LinkServer* server, int64_t id, int fd)
      : server_(server),
        id_(id),
        stream_(std::make_unique<LinkStream>(
            server->loop_, fd,
            LinkStream::Events{
                .other_end = "worker",
                .on_message =
                    [this](absl::string_view bytes) { return Take(bytes); },
                .on_end =
                    [this](const absl::Status& status) { End(status); }})) {}

  void Send(ControlMessage message) override {
    if (stream_ != nullptr) stream_->Send(message);
  }
  void Close() { stream_.reset(); }

 private:
  absl::Status Take(absl::string_view bytes) {
    // Kept for the next one, so that it need not be allocated again.
    if (!incoming_.ParseFromArray(bytes.data(),
                                  static_cast<int>(bytes.size()))) {
      return absl::DataLossError("what a worker said is garbage");
    }
    if (!worker_id_.has_value()) return Attach();
    server_->listener_->OnMessage(*worker_id_, incoming_);
    return absl::OkStatus();
  }

  absl::Status Attach() {
    worker_id_ = server_->Redeem(incoming_.hello().nonce());
    if (!worker_id_.has_value()) {
      Log::Error("worker_refused", {{"pid", incoming_.hello().pid()}});
      return absl::PermissionDeniedError("the nonce is not a worker's");
    }
    server_->listener_->OnAttached(*worker_id_, server_->sessions_.at(id_));
    return absl::OkStatus();
  }

  void End(const absl::Status& status) {
    if (absl::IsDataLoss(status)) {
      Log::Error("worker_link_broken", {{"error", status.message()}});
    }
    const std::shared_ptr<Session> self = server_->sessions_.at(id_);
    server_->sessions_.erase(id_);
    Close();
    if (worker_id_.has_value()) server_->listener_->OnDetached(*worker_id_);
  }

  LinkServer* const server_;
  const int64_t id_;
  std::optional<int64_t> worker_id_;
  WorkerMessage incoming_;
  std::unique_ptr<LinkStream> stream_;
};

LinkServer::LinkServer(EventLoop* loop, Listener* listener)
    : loop_(loop), listener_(listener) {}

LinkServer::~LinkServer() {
  for (const auto& [id, session] : sessions_) session->Close();
}

absl::StatusOr<int> LinkServer::AddWorker(int64_t worker_id) {
  absl::StatusOr<std::string> nonce = NewNonce();
  if (!nonce.ok()) return nonce.status();
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return absl::ErrnoToStatus(errno, "socketpair");
  }
  if (write(fds[0], nonce->data(), nonce->size()) !=
      static_cast<ssize_t>(nonce->size())) {
    absl::Status failed = absl::ErrnoToStatus(errno, "write the nonce");
    close(fds[0]);
    close(fds[1]);
    return failed;
  }
  worker_by_nonce_[*nonce] = worker_id;
  const int64_t id = next_session_++;
  sessions_[id] = std::make_shared<Session>(this, id, fds[0]);
  return fds[1];
}

void LinkServer::RemoveWorker(int64_t worker_id) {
  std::erase_if(worker_by_nonce_, [worker_id](const auto& entry) {
    return entry.second == worker_id;
  });
}

std::optional<int64_t> LinkServer::Redeem(const std::string& nonce) {
  auto found = worker_by_nonce_.find(nonce);
  if (found == worker_by_nonce_.end()) return std::nullopt;
  const int64_t worker_id = found->second;
  worker_by_nonce_.erase(found);
  return worker_id;
}

}  // namespace mqttpush
