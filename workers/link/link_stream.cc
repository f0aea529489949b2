#include "workers/link/link_stream.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

constexpr size_t kReadBytes = 64 << 10;
// What an idle stream keeps of its buffer.
constexpr size_t kMostKept = 64 << 10;

bool MustWait(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

LinkStream::LinkStream(EventLoop* loop, int fd, Events events)
    : loop_(loop),
      fd_(fd),
      events_(std::move(events)),
      self_(std::make_shared<LinkStream*>(this)) {
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  loop_->Watch(fd_, [this](uint32_t ready) { OnReady(ready); });
}

LinkStream::~LinkStream() {
  *self_ = nullptr;
  loop_->Unwatch(fd_);
  close(fd_);
}

void LinkStream::Send(const google::protobuf::MessageLite& message) {
  if (mute_ || finishing_) return;
  if (absl::Status added = AppendFrame(message, unwritten_); !added.ok()) {
    return GiveUp(added);
  }
  if (unwritten_.size() - written_ > kMostUnreadBytes) {
    return GiveUp(absl::ResourceExhaustedError("the other end does not read"));
  }
  FlushLater();
}

void LinkStream::Finish() {
  finishing_ = true;
  FlushLater();
}

void LinkStream::FlushLater() {
  if (waits_to_write_ || std::exchange(flush_posted_, true)) return;
  loop_->PostToEndOfRound([self = self_] {
    if (*self != nullptr) (*self)->Flush();
  });
}

void LinkStream::Flush() {
  flush_posted_ = false;
  if (ended_) return;
  while (!mute_ && written_ < unwritten_.size()) {
    const ssize_t sent = send(fd_, unwritten_.data() + written_,
                              unwritten_.size() - written_, MSG_NOSIGNAL);
    if (sent >= 0) {
      written_ += static_cast<size_t>(sent);
    } else if (MustWait(errno)) {
      break;
    } else if (errno != EINTR) {
      StopWriting();
    }
  }
  unwritten_.erase(0, std::exchange(written_, 0));
  const bool wait = !unwritten_.empty();
  if (wait != std::exchange(waits_to_write_, wait)) {
    loop_->WatchWrites(fd_, wait);
  }
  if (!wait && unwritten_.capacity() > kMostKept) unwritten_ = {};
  if (!wait && finishing_) shutdown(fd_, SHUT_WR);
}

void LinkStream::StopWriting() {
  mute_ = true;
  unwritten_.clear();
  written_ = 0;
}

void LinkStream::GiveUp(const absl::Status& why) {
  Log::Error("link_given_up",
             {{"other_end", events_.other_end}, {"error", why.message()}});
  StopWriting();
  shutdown(fd_, SHUT_RDWR);  // the end is found by the next read
}

void LinkStream::OnReady(uint32_t events) {
  if ((events & EPOLLOUT) != 0) Flush();
  if ((events & ~EPOLLOUT) != 0) Read();
}

// Once per round, so that one stream does not keep others waiting.
void LinkStream::Read() {
  std::array<char, kReadBytes> bytes;
  const ssize_t got = recv(fd_, bytes.data(), bytes.size(), 0);
  if (got < 0) {
    if (MustWait(errno) || errno == EINTR) return;
    return End(absl::ErrnoToStatus(
        errno, absl::StrCat("read from the ", events_.other_end)));
  }
  if (got == 0) {
    return End(reader_.empty()
                   ? absl::OkStatus()
                   : absl::DataLossError(absl::StrCat("the ", events_.other_end,
                                                      " ended in a message")));
  }
  reader_.Feed({bytes.data(), static_cast<size_t>(got)});
  if (absl::Status status = Deliver(); !status.ok()) End(status);
}

absl::Status LinkStream::Deliver() {
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<absl::string_view> message,
                              reader_.Next());
    if (!message.has_value()) return absl::OkStatus();
    MQTTPUSH_RETURN_IF_ERROR(events_.on_message(*message));
  }
}

// The callback is moved out, because it may destroy this.
void LinkStream::End(const absl::Status& status) {
  ended_ = true;
  loop_->Unwatch(fd_);
  StopWriting();
  std::function<void(const absl::Status&)> on_end = std::move(events_.on_end);
  on_end(status);
}

}  // namespace mqttpush
