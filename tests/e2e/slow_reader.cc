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
  for (int fd : new_clients_) close(fd);
  for (int fd : clients_) close(fd);
  close(listener_);
  close(stop_fd_);
}

void SlowReader::Run() {
  while (true) {
    std::vector<pollfd> fds = {{stop_fd_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (int fd : new_clients_) fds.push_back({fd, POLLIN, 0});
    const int ready =
        poll(fds.data(), static_cast<nfds_t>(fds.size()), kBytePeriodMs);
    if (fds[0].revents != 0) return;
    if (ready == 0) ReadOn();
    for (size_t i = 2; i < fds.size(); ++i) {
      if (fds[i].revents != 0) Greet(fds[i].fd);
    }
    if (fds[1].revents != 0) Accept();
  }
}

void SlowReader::Accept() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) new_clients_.push_back(fd);
}

void SlowReader::Greet(int fd) {
  std::erase(new_clients_, fd);
  char connect[512];
  if (recv(fd, connect, sizeof connect, MSG_DONTWAIT) > 0 &&
      send(fd, kConnack, sizeof kConnack, MSG_NOSIGNAL) > 0) {
    clients_.push_back(fd);
  } else {
    close(fd);
  }
}

void SlowReader::ReadOn() {
  std::erase_if(clients_, [](int fd) {
    char byte;
    if (recv(fd, &byte, 1, MSG_DONTWAIT) != 0) return false;
    close(fd);
    return true;
  });
}

}  // namespace mqttpush
