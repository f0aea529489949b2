#include "workers/probe/tcp_connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/steady_time.h"

namespace mqttpush {
namespace {

// 0, or the errno of the failure.
int FinishConnect(int fd, absl::Duration deadline) {
  pollfd entry{fd, POLLOUT, 0};
  while (true) {
    const absl::Duration left = deadline - SteadyNow();
    if (left <= absl::ZeroDuration()) return ETIMEDOUT;
    const int ready =
        poll(&entry, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    if (ready > 0) break;
    if (ready < 0 && errno != EINTR) return errno;
  }
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

int Connect(int fd, const Address& address, absl::Duration deadline) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address.storage),
              address.length) == 0) {
    return 0;
  }
  return errno == EINPROGRESS ? FinishConnect(fd, deadline) : errno;
}

ProbeCause CauseOf(int error) {
  switch (error) {
    case ECONNREFUSED:
      return ProbeCause::kConnectionRefused;
    case ETIMEDOUT:
      return ProbeCause::kTimedOut;
    case ENETUNREACH:
    case EHOSTUNREACH:
      return ProbeCause::kUnreachable;
    default:
      return ProbeCause::kOther;
  }
}

struct Attempt {
  std::unique_ptr<ByteStream> stream;  // null: it failed
  ProbeCause cause = ProbeCause::kNone;
  std::string why;
};

Attempt Try(const Address& address, const EgressPolicy& policy,
            absl::Duration deadline) {
  const auto* target = reinterpret_cast<const sockaddr*>(&address.storage);
  const absl::Status allowed =
      policy.Judge(IpAddress::Of(target).value_or(IpAddress()));
  if (!allowed.ok()) {
    return {nullptr, ProbeCause::kBlocked, std::string(allowed.message())};
  }
  const int fd =
      socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return {nullptr, CauseOf(errno), std::strerror(errno)};
  auto stream = std::make_unique<ByteStream>(fd);
  const int error = Connect(fd, address, deadline);
  if (error == 0) return {std::move(stream)};
  return {nullptr, CauseOf(error), std::strerror(error)};
}

}  // namespace

TcpResult ConnectTcp(const std::vector<Address>& addresses,
                     const EgressPolicy& policy, absl::Duration deadline) {
  TcpResult result;
  for (size_t i = 0; i < addresses.size(); ++i) {
    const int shares = static_cast<int>(addresses.size() - i) + 1;
    const absl::Duration now = SteadyNow();
    result.tried.push_back(addresses[i].Text());
    Attempt attempt =
        Try(addresses[i], policy, now + (deadline - now) / shares);
    if (attempt.stream != nullptr) {
      result.stream = std::move(attempt.stream);
      return result;
    }
    if (result.failures.empty()) result.cause = attempt.cause;
    result.failures.push_back(
        absl::StrCat(result.tried.back(), ": ", attempt.why));
  }
  return result;
}

}  // namespace mqttpush
