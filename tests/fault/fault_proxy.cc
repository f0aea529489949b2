#include "tests/fault/fault_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/time/clock.h"

namespace mqttpush::fault {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

sockaddr* Generic(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

// -1 when nobody listens.
int ConnectTo(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(port);
  if (connect(fd, Generic(address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

int MillisecondsUntil(absl::Time time, absl::Time now) {
  if (time == absl::InfiniteFuture()) return -1;
  return static_cast<int>(
      std::max<int64_t>(0, absl::ToInt64Milliseconds(time - now) + 1));
}

}  // namespace

FaultProxy::FaultProxy(int target_port) : target_port_(target_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof address;
  if (bind(listener_, Generic(address), length) != 0 ||
      listen(listener_, 64) != 0 ||
      getsockname(listener_, Generic(address), &length) != 0) {
    std::perror("FaultProxy");
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

FaultProxy::~FaultProxy() {
  Cut(/*reset=*/true);
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    Wake();
  }
  thread_.join();
  close(listener_);
  close(wake_);
}

void FaultProxy::Set(Direction direction, const PathFaults& faults) {
  MutexLock lock(&mutex_);
  faults_[direction] = faults;
  Wake();
}

void FaultProxy::Hold(bool held) {
  MutexLock lock(&mutex_);
  held_ = held;
  Wake();
}

void FaultProxy::Cut(bool reset) {
  MutexLock lock(&mutex_);
  while (!connections_.empty()) {
    if (reset) connections_.front().Reset();
    ++counts_.cut;
    Remove(connections_.begin());
  }
  Wake();
}

void FaultProxy::CutLossy() {
  MutexLock lock(&mutex_);
  for (auto it = connections_.begin(); it != connections_.end();) {
    const auto connection = it++;
    if (!connection->lossy()) continue;
    connection->Reset();
    Remove(connection);
  }
  Wake();
}

void FaultProxy::HalfClose(Direction direction) {
  MutexLock lock(&mutex_);
  for (ProxyConnection& connection : connections_) {
    connection.HalfClose(direction);
    ++counts_.half_closed;
  }
  Wake();
}

void FaultProxy::Corrupt(Direction direction) {
  MutexLock lock(&mutex_);
  for (ProxyConnection& connection : connections_) {
    connection.pipe(direction).CorruptNext();
  }
}

void FaultProxy::LoseAnswer(bool lose) {
  {
    MutexLock lock(&mutex_);
    lose_answer_ = lose;
  }
  if (lose) Cut(/*reset=*/true);
}

bool FaultProxy::HasBytes() const {
  MutexLock lock(&mutex_);
  for (const ProxyConnection& connection : connections_) {
    if (!connection.lossy() && connection.HasBytes()) return true;
  }
  return false;
}

ProxyCounts FaultProxy::counts() const {
  MutexLock lock(&mutex_);
  ProxyCounts counts = counts_;
  for (const ProxyConnection& connection : connections_) {
    connection.AddTo(counts);
  }
  return counts;
}

void FaultProxy::Remove(std::list<ProxyConnection>::iterator connection) {
  connection->AddTo(counts_);
  connections_.erase(connection);
}

void FaultProxy::Wake() {
  const uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);
}

bool FaultProxy::IsSilent() const {
  return faults_[kToBroker].swallow || faults_[kToClient].swallow;
}

void FaultProxy::Run() {
  while (true) {
    WaitForWork();
    MutexLock lock(&mutex_);
    if (stopping_) return;
    if (held_) continue;
    if (!IsSilent()) Accept();
    Move();
  }
}

void FaultProxy::WaitForWork() {
  std::vector<pollfd> polled = {{.fd = wake_, .events = POLLIN, .revents = 0}};
  absl::Time next = absl::InfiniteFuture();
  const absl::Time now = absl::Now();
  {
    MutexLock lock(&mutex_);
    if (!held_) {
      if (!IsSilent()) {
        polled.push_back({.fd = listener_, .events = POLLIN, .revents = 0});
      }
      for (const ProxyConnection& connection : connections_) {
        connection.AddTo(polled, faults_, now);
        // What may leave now is polled for.
        const absl::Time time = connection.NextTime();
        if (time > now) next = std::min(next, time);
      }
    }
  }
  poll(polled.data(), polled.size(), MillisecondsUntil(next, now));
  uint64_t count = 0;
  (void)!read(wake_, &count, sizeof count);
}

void FaultProxy::Accept() {
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int broker = ConnectTo(target_port_);
    if (broker < 0) {
      // As near to "connection refused" as one comes after accepting.
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      close(client);
      continue;
    }
    ++counts_.connections;
    connections_.emplace_back(client, broker);
    if (lose_answer_) connections_.back().pipe(kToClient).LoseAnswer();
  }
}

void FaultProxy::Move() {
  for (auto it = connections_.begin(); it != connections_.end();) {
    const auto connection = it++;
    if (connection->Move(faults_, absl::Now())) continue;
    if (connection->pipe(kToClient).answer_lost()) lose_answer_ = false;
    Remove(connection);
  }
}

}  // namespace mqttpush::fault
