#include "tests/fault/proxy_connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mqttpush::fault {
namespace {

void Prepare(int fd) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

ProxyConnection::ProxyConnection(int client, int broker)
    : sides_{{.from = client, .to = broker}, {.from = broker, .to = client}} {
  Prepare(client);
  Prepare(broker);
}

ProxyConnection::~ProxyConnection() {
  close(sides_[0].from);
  close(sides_[0].to);
}

bool ProxyConnection::lossy() const {
  return sides_[0].pipe.lossy() || sides_[1].pipe.lossy();
}

void ProxyConnection::AddTo(ProxyCounts& counts) const {
  for (const Side& side : sides_) {
    counts.bytes += side.pipe.counts().bytes;
    counts.swallowed += side.pipe.counts().swallowed;
    counts.acknowledgements += side.pipe.counts().acknowledgements;
    counts.corrupted += side.pipe.counts().corrupted;
  }
}

void ProxyConnection::AddTo(std::vector<pollfd>& polled,
                            const PathFaults faults[2], absl::Time now) const {
  for (int i = 0; i < 2; ++i) {
    const Side& side = sides_[i];
    if (!side.read_end && !side.pipe.full()) {
      polled.push_back({.fd = side.from, .events = POLLIN, .revents = 0});
    }
    if (!side.closed && !side.pipe.Ready(faults[i], now).empty()) {
      polled.push_back({.fd = side.to, .events = POLLOUT, .revents = 0});
    }
  }
}

absl::Time ProxyConnection::NextTime() const {
  return std::min(sides_[0].pipe.NextTime(), sides_[1].pipe.NextTime());
}

bool ProxyConnection::Move(const PathFaults faults[2], absl::Time now) {
  for (int i = 0; i < 2; ++i) {
    if (Read(sides_[i], faults[i], now) == Outcome::kBroken ||
        Write(sides_[i], faults[i], now) == Outcome::kBroken) {
      // As the end that broke it would.
      if (!lossy()) Reset();
      return false;
    }
    PassEnd(sides_[i]);
  }
  if (sides_[kToClient].pipe.answer_lost()) {
    Reset();
    return false;
  }
  const bool both_read = sides_[0].read_end && sides_[1].read_end;
  return !(both_read && (lossy() || (sides_[0].closed && sides_[1].closed)));
}

ProxyConnection::Outcome ProxyConnection::Read(Side& side,
                                               const PathFaults& faults,
                                               absl::Time now) {
  char bytes[16 * 1024];
  while (!side.read_end && !side.pipe.full()) {
    const ssize_t got = recv(side.from, bytes, sizeof bytes, 0);
    if (got < 0) {
      if (errno == EAGAIN || errno == EINTR) break;
      if (!lossy()) return Outcome::kBroken;
    }
    if (got <= 0) {
      side.read_end = true;
    } else if (!side.closed) {
      side.pipe.Take({bytes, static_cast<size_t>(got)}, faults, now);
    }
  }
  return Outcome::kGoesOn;
}

ProxyConnection::Outcome ProxyConnection::Write(Side& side,
                                                const PathFaults& faults,
                                                absl::Time now) {
  while (!side.closed) {
    const absl::string_view ready = side.pipe.Ready(faults, now);
    if (ready.empty()) break;
    const ssize_t sent =
        send(side.to, ready.data(), ready.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN || errno == EINTR) break;
      return Outcome::kBroken;
    }
    side.pipe.Wrote(static_cast<size_t>(sent), faults, now);
  }
  return Outcome::kGoesOn;
}

void ProxyConnection::PassEnd(Side& side) {
  if (!side.read_end || side.closed || !side.pipe.empty() || lossy()) return;
  shutdown(side.to, SHUT_WR);
  side.closed = true;
}

void ProxyConnection::Reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  for (const Side& side : sides_) {
    setsockopt(side.from, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
}

void ProxyConnection::HalfClose(Direction direction) {
  shutdown(sides_[direction].to, SHUT_WR);
  sides_[direction].closed = true;
}

}  // namespace mqttpush::fault
