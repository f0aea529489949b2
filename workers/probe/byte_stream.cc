#include "workers/probe/byte_stream.h"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "common/steady_time.h"

namespace mqttpush {
namespace {

constexpr char kClosed[] = "the peer closed the connection";

absl::Status SocketError(int error) {
  if (error == 0) return absl::UnavailableError(kClosed);
  return absl::UnavailableError(std::strerror(error));
}

}  // namespace

ByteStream::~ByteStream() {
  ssl_.reset();
  close(fd_);
}

absl::Status ByteStream::Wait(short events, absl::Duration deadline) {
  pollfd entry{fd_, events, 0};
  while (true) {
    const absl::Duration left = deadline - SteadyNow();
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError("timed out");
    }
    const int ready =
        poll(&entry, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return SocketError(errno);
  }
}

absl::Status ByteStream::WaitForTls(int result, absl::Duration deadline) {
  const int socket_error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Wait(POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE:
      return Wait(POLLOUT, deadline);
    case SSL_ERROR_ZERO_RETURN:
      return absl::UnavailableError(kClosed);
    case SSL_ERROR_SYSCALL:
      return SocketError(socket_error);
    default:
      break;
  }
  tls_error_ = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(tls_error_);
  ERR_clear_error();
  return absl::AbortedError(
      absl::StrCat("TLS: ", reason == nullptr ? "unknown error" : reason));
}

absl::Status ByteStream::StartTls(SslPtr ssl, absl::Duration deadline) {
  ssl_ = std::move(ssl);
  SSL_set_fd(ssl_.get(), fd_);
  while (true) {
    errno = 0;
    const int result = SSL_connect(ssl_.get());
    if (result == 1) return absl::OkStatus();
    MQTTPUSH_RETURN_IF_ERROR(WaitForTls(result, deadline));
  }
}

absl::Status ByteStream::Write(absl::string_view bytes,
                               absl::Duration deadline) {
  while (!bytes.empty()) {
    errno = 0;
    const ssize_t sent =
        ssl_ != nullptr ? SSL_write(ssl_.get(), bytes.data(),
                                    static_cast<int>(bytes.size()))
                        : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (ssl_ != nullptr) {
      MQTTPUSH_RETURN_IF_ERROR(WaitForTls(static_cast<int>(sent), deadline));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      MQTTPUSH_RETURN_IF_ERROR(Wait(POLLOUT, deadline));
    } else if (errno != EINTR) {
      return SocketError(errno);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ByteStream::Read(absl::Duration deadline) {
  std::array<char, 4096> buffer;
  // A peer that never stops sending is left too.
  while (SteadyNow() < deadline) {
    errno = 0;
    const ssize_t got = ssl_ != nullptr
                            ? SSL_read(ssl_.get(), buffer.data(), buffer.size())
                            : recv(fd_, buffer.data(), buffer.size(), 0);
    if (got > 0) return std::string(buffer.data(), static_cast<size_t>(got));
    if (ssl_ != nullptr) {
      MQTTPUSH_RETURN_IF_ERROR(WaitForTls(static_cast<int>(got), deadline));
    } else if (got == 0) {
      return absl::UnavailableError(kClosed);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      MQTTPUSH_RETURN_IF_ERROR(Wait(POLLIN, deadline));
    } else if (errno != EINTR) {
      return SocketError(errno);
    }
  }
  return absl::DeadlineExceededError("timed out");
}

}  // namespace mqttpush
