#include "tests/e2e/slow_reader.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace mqttpush {
namespace {

constexpr int kBytePeriodMs = 1000;
// The kernel takes at least some 2 kB.
constexpr int kReceiveBufferBytes = 1;
constexpr char kConnack[] = {0x20, 0x02, 0x00, 0x00};

}  // namespace

SlowReader::SlowReader() {
  stop_fd_ = eventfd(0, EFD_CLOEXEC);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes,
             sizeof kReceiveBufferBytes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, length) != 0 || listen(listener_, 10) != 0 ||
      getsockname(listener_, generic, &length) != 0) {
    std::perror("SlowReader");
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

SlowReader::~SlowReader() {
  eventfd_write(stop_fd_, 1);
  thread_.join();
  close(listener_);
  close(stop_fd_);
}

void SlowReader::Run() {
  while (WaitForClient(listener_, POLLIN, -1)) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    Serve(fd);
    close(fd);
  }
}

void SlowReader::Serve(int fd) {
  char connect[512];
  if (!WaitForClient(fd, POLLIN, -1) ||
      recv(fd, connect, sizeof connect, 0) <= 0 ||
      send(fd, kConnack, sizeof kConnack, MSG_NOSIGNAL) < 0) {
    return;
  }
  char byte;
  do {
    pollfd gone{fd, POLLRDHUP, 0};
    if (!WaitForClient(fd, POLLRDHUP, kBytePeriodMs)) return;
    if (poll(&gone, 1, 0) > 0) return;
  } while (recv(fd, &byte, 1, MSG_DONTWAIT) != 0);
}

bool SlowReader::WaitForClient(int fd, int events, int timeout_ms) {
  pollfd fds[] = {{stop_fd_, POLLIN, 0}, {fd, static_cast<short>(events), 0}};
  return poll(fds, 2, timeout_ms) >= 0 && fds[0].revents == 0;
}

}  // namespace mqttpush
