// Where libpaho's sockets may connect, called as Paho calls.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/name_server.h"
#include "workers/worker/paho_seams.h"

namespace mqttpush {
namespace {

using ::testing::StartsWith;

// On loopback, on a port of its own.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address_;
    auto* generic = reinterpret_cast<sockaddr*>(&address_);
    EXPECT_EQ(bind(fd_, generic, length), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    EXPECT_EQ(getsockname(fd_, generic, &length), 0);
  }
  ~Listener() { close(fd_); }
  int fd() const { return fd_; }
  const sockaddr_in& address() const { return address_; }
  // Whether somebody is at the door.
  bool WasCalled() const {
    pollfd entry{fd_, POLLIN, 0};
    return poll(&entry, 1, 0) == 1;
  }

 private:
  const int fd_;
  sockaddr_in address_{};
};

// The errno of connecting a new socket; 0: it worked.
template <typename Address>
int Connect(const Address& address, int type = SOCK_STREAM) {
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  const int fd = socket(generic->sa_family, type, 0);
  const int error = connect(fd, generic, sizeof address) == 0 ? 0 : errno;
  close(fd);
  return error;
}

class EgressSeamTest : public ::testing::Test {
 protected:
  EgressSeamTest() {
    PahoSeams::SetEgressPolicy(EgressPolicy());
    PahoSeams::BeginConnection("", "");
  }
  Listener listener_;
};

TEST_F(EgressSeamTest, ARefusedAddressIsNotCalled) {
  EXPECT_EQ(Connect(listener_.address()), EACCES);
  EXPECT_FALSE(listener_.WasCalled());
  const ConnectDiagnostics seen = PahoSeams::Diagnostics();
  EXPECT_THAT(seen.egress_error, StartsWith("SSRF_BLOCKED: 127.0.0.1 is in "));
  EXPECT_THAT(seen.peer_address, StartsWith("127.0.0.1:"));
  // What is known of it ends with it.
  PahoSeams::BeginConnection("", "");
  EXPECT_EQ(PahoSeams::Diagnostics().egress_error, "");
}

TEST_F(EgressSeamTest, AnotherSpellingIsRefusedToo) {
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = listener_.address().sin_port;
  inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
  EXPECT_EQ(Connect(mapped), EACCES);
  sockaddr_in any = listener_.address();
  any.sin_addr.s_addr = htonl(INADDR_ANY);  // for the kernel this is loopback
  EXPECT_EQ(Connect(any), EACCES);
  EXPECT_FALSE(listener_.WasCalled());
}

TEST_F(EgressSeamTest, AnAllowedAddressIsCalled) {
  PahoSeams::SetEgressPolicy(EgressPolicy({"127.0.0.1"}));
  EXPECT_EQ(Connect(listener_.address()), 0);
  EXPECT_TRUE(listener_.WasCalled());
  EXPECT_EQ(PahoSeams::Diagnostics().egress_error, "");
}

TEST_F(EgressSeamTest, DatagramsAreForNameServers) {
  EXPECT_EQ(Connect(listener_.address(), SOCK_DGRAM), 0);
  EXPECT_EQ(PahoSeams::Diagnostics().egress_error, "");
}

// Answers one question over TCP: 127.0.0.9.
void ServeName(int listener) {
  pollfd entry{listener, POLLIN, 0};
  ASSERT_EQ(poll(&entry, 1, 30'000), 1) << "nobody asked";
  const int fd = accept(listener, nullptr, nullptr);
  std::string query(512, '\0');
  const ssize_t got = read(fd, query.data(), query.size());
  ASSERT_GT(got, 14);
  // Without the length in front.
  const std::string answer = AnswerTo(
      query.substr(2, static_cast<size_t>(got) - 2), {"\x7f\0\0\x09", 4});
  const std::string length = {static_cast<char>(answer.size() >> 8),
                              static_cast<char>(answer.size())};
  const std::string all = length + answer;
  EXPECT_EQ(write(fd, all.data(), all.size()), ssize_t(all.size()));
  close(fd);
}

TEST_F(EgressSeamTest, ANameServerOnLoopbackIsAskedOverTcpToo) {
  ASSERT_TRUE(UseNameServer(listener_.address()));
  _res.options |= RES_USEVC;
  std::thread name_server([this] { ServeName(listener_.fd()); });
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  EXPECT_EQ(getaddrinfo("broker.test", nullptr, &hints, &found), 0);
  if (found == nullptr) Connect(listener_.address());  // not to wait for ever
  name_server.join();
  ASSERT_NE(found, nullptr);
  // What the name stands for is judged when it is used.
  sockaddr_in address = *reinterpret_cast<sockaddr_in*>(found->ai_addr);
  freeaddrinfo(found);
  EXPECT_EQ(Connect(address), EACCES);
  EXPECT_THAT(PahoSeams::Diagnostics().egress_error,
              StartsWith("SSRF_BLOCKED: 127.0.0.9 is in "));
}

}  // namespace
}  // namespace mqttpush
