#include "tests/interop/cuttable_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace mqttpush {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// -1 when nothing listens there.
int ConnectTo(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address),
              sizeof address) == 0) {
    return fd;
  }
  close(fd);
  return -1;
}

void CloseWithReset(int fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

// Empty when the connection has ended.
std::string Receive(int fd) {
  char bytes[16384];
  const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
  return {bytes, static_cast<size_t>(std::max<ssize_t>(got, 0))};
}

// False when the connection has ended; so it has when there is nothing to send.
bool SendAll(int fd, const std::string& bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count =
        send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<size_t>(count);
  }
  return sent > 0;
}

}  // namespace

CuttableProxy::CuttableProxy(int target_port) : target_port_(target_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  wake_ = eventfd(0, EFD_CLOEXEC);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, length) != 0 || listen(listener_, 10) != 0 ||
      getsockname(listener_, generic, &length) != 0) {
    std::perror("CuttableProxy");
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

CuttableProxy::~CuttableProxy() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  for (const Pair& pair : pairs_) {
    close(pair.client);
    close(pair.broker);
  }
  close(listener_);
  close(wake_);
}

void CuttableProxy::SwallowReplies() {
  MutexLock lock(&mutex_);
  swallowing_ = true;
  swallowed_ = 0;
}

size_t CuttableProxy::swallowed() {
  MutexLock lock(&mutex_);
  return swallowed_;
}

void CuttableProxy::Cut() {
  {
    MutexLock lock(&mutex_);
    cut_ = true;
    swallowing_ = false;
  }
  Wake();
}

void CuttableProxy::Shut() {
  MutexLock lock(&mutex_);
  gate_ = Gate::kShut;
}

void CuttableProxy::Open() {
  MutexLock lock(&mutex_);
  gate_ = Gate::kOpen;
}

void CuttableProxy::Wake() { eventfd_write(wake_, 1); }

void CuttableProxy::Run() {
  while (true) {
    {
      MutexLock lock(&mutex_);
      if (stopping_) return;
      if (cut_) {
        for (const Pair& pair : pairs_) {
          CloseWithReset(pair.client);
          close(pair.broker);
        }
        pairs_.clear();
        cut_ = false;
      }
    }
    std::vector<pollfd> fds = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      fds.push_back({pair.client, POLLIN, 0});
      fds.push_back({pair.broker, POLLIN, 0});
    }
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[0].revents != 0) {
      eventfd_t count;
      eventfd_read(wake_, &count);
      continue;  // what was asked for comes before what arrived
    }
    std::vector<Pair> open;
    for (size_t i = 0; i < pairs_.size(); ++i) {
      Pair& pair = pairs_[i];
      const bool alive =
          (fds[2 + 2 * i].revents == 0 || ForwardRequests(pair)) &&
          (fds[3 + 2 * i].revents == 0 || ForwardReplies(pair));
      if (alive) {
        open.push_back(pair);
      } else {
        // Not by RST, which could overtake the last words of the other side.
        close(pair.client);
        close(pair.broker);
      }
    }
    pairs_ = std::move(open);
    if (fds[1].revents != 0) Accept();
  }
}

void CuttableProxy::Accept() {
  Pair pair;
  pair.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (pair.client < 0) return;
  {
    MutexLock lock(&mutex_);
    if (gate_ == Gate::kOpen) pair.broker = ConnectTo(target_port_);
  }
  if (pair.broker >= 0) {
    pairs_.push_back(pair);
  } else {
    CloseWithReset(pair.client);
  }
}

bool CuttableProxy::ForwardRequests(const Pair& pair) {
  return SendAll(pair.broker, Receive(pair.client));
}

bool CuttableProxy::ForwardReplies(Pair& pair) {
  const std::string bytes = Receive(pair.broker);
  MutexLock lock(&mutex_);
  if (swallowing_ && pair.greeted) {
    swallowed_ += bytes.size();
    return !bytes.empty();
  }
  pair.greeted = true;
  return SendAll(pair.client, bytes);
}

}  // namespace mqttpush
