// The functions that stand between Paho and the system, called as Paho calls
// them.
#include "workers/worker/paho_seams.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Two ends of a TCP connection over loopback; the client's was connected
// through the seam.
class TcpPair {
 public:
  TcpPair() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener, generic, length), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    EXPECT_EQ(getsockname(listener, generic, &length), 0);
    client_ = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(connect(client_, generic, length), 0);
    server_ = accept(listener, nullptr, nullptr);
    close(listener);
  }
  ~TcpPair() {
    close(client_);
    if (server_ >= 0) close(server_);
  }
  int client() const { return client_; }
  int server() const { return server_; }
  // Sends a reset, which the client's next write or read finds.
  void Reset() {
    const linger abort{1, 0};
    setsockopt(server_, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    close(server_);
    server_ = -1;
  }

 private:
  int client_ = -1;
  int server_ = -1;
};

ssize_t Write(int fd, std::string packet) {
  const iovec part{packet.data(), packet.size()};
  return writev(fd, &part, 1);
}

// A PUBLISH to topic "t" with packet id 1.
std::string Publish(int qos, bool duplicate = false) {
  std::string packet(1, static_cast<char>(0x30 | qos << 1 | duplicate << 3));
  packet +=
      qos == 0 ? std::string("\4\0\1tx", 5) : std::string("\6\0\1t\0\1x", 7);
  return packet;
}

class PahoSeamsTest : public ::testing::Test {
 protected:
  PahoSeamsTest() {
    signal(SIGPIPE, SIG_IGN);
    PahoSeams::SetEgressPolicy(EgressPolicy({"127.0.0.0/8"}));
    PahoSeams::BeginConnection("", "");
  }
};

TEST_F(PahoSeamsTest, SetsUpTheSocketAndRemembersThePeer) {
  TcpPair pair;
  int no_delay = 0;
  socklen_t length = sizeof no_delay;
  getsockopt(pair.client(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &length);
  EXPECT_NE(no_delay, 0);
  EXPECT_NE(fcntl(pair.client(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_THAT(PahoSeams::Diagnostics().peer_address, StartsWith("127.0.0.1:"));
}

TEST_F(PahoSeamsTest, AHardWriteErrorOfAPublishBecomesADeadConnection) {
  for (int qos : {0, 1, 2}) {
    const int64_t killed = PahoSeams::counters().killed_connections;
    TcpPair pair;
    pair.Reset();
    char byte = 0;
    EXPECT_EQ(recv(pair.client(), &byte, 1, 0), -1);  // waits for the reset
    const std::string packet = Publish(qos);
    const ssize_t written = Write(pair.client(), packet);
    if (qos == 0) {
      EXPECT_EQ(written, -1);
      EXPECT_EQ(errno, EPIPE);
    } else {
      EXPECT_EQ(written, static_cast<ssize_t>(packet.size()));
      EXPECT_EQ(recv(pair.client(), &byte, 1, 0), 0);
    }
    EXPECT_EQ(PahoSeams::counters().killed_connections - killed, qos > 0);
    EXPECT_EQ(PahoSeams::Diagnostics().socket_error, EPIPE);
  }
}

// Whether Paho goes on reading is up to what it is told about the PUBREL.
TEST_F(PahoSeamsTest, WhatTheBrokerSaidBeforeItClosedIsRead) {
  TcpPair pair;
  EXPECT_EQ(Write(pair.client(), Publish(2)), 8);
  const std::string pubrec("\x50\2\0\1", 4);
  ASSERT_EQ(send(pair.server(), pubrec.data(), pubrec.size(), 0), 4);
  pair.Reset();
  pollfd reset{pair.client(), 0, 0};
  ASSERT_EQ(poll(&reset, 1, 10'000), 1);
  EXPECT_EQ(Write(pair.client(), std::string("\x62\2\0\1", 4)), 4);
  char read[100];
  EXPECT_EQ(recv(pair.client(), read, sizeof read, 0), 4);
  EXPECT_TRUE(PahoSeams::Evidence(1).received());
  // It was published on this connection, whatever became of PUBREL.
  EXPECT_TRUE(PahoSeams::Evidence(1).written());
}

TEST_F(PahoSeamsTest, ARepeatIsNotWritten) {
  TcpPair pair;
  const int64_t swallowed = PahoSeams::counters().swallowed_repeats;
  EXPECT_EQ(Write(pair.client(), Publish(1)), 8);
  EXPECT_EQ(Write(pair.client(), Publish(1, true)), 8);
  EXPECT_EQ(PahoSeams::counters().swallowed_repeats - swallowed, 1);
  shutdown(pair.client(), SHUT_WR);
  char received[100];
  EXPECT_EQ(recv(pair.server(), received, sizeof received, MSG_WAITALL), 8);
}

TEST_F(PahoSeamsTest, OtherFilesAreLeftAlone) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  EXPECT_EQ(Write(fds[0], Publish(1)), 8);
  EXPECT_EQ(Write(fds[0], Publish(1, true)), 8);
  char received[100];
  EXPECT_EQ(recv(fds[1], received, sizeof received, 0), 16);
  close(fds[1]);
  EXPECT_EQ(Write(fds[0], Publish(1)), -1);
  close(fds[0]);
}

TEST_F(PahoSeamsTest, AReusedNumberIsANewFile) {
  int number = -1;
  {
    TcpPair pair;
    number = pair.client();
    Write(number, Publish(1));
  }
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  // The kernel gives the lowest numbers first.
  ASSERT_THAT(fds, ::testing::Contains(number));
  const int other = fds[0] == number ? fds[1] : fds[0];
  EXPECT_EQ(Write(number, Publish(1, true)), 8);
  char received[100];
  EXPECT_EQ(recv(other, received, sizeof received, MSG_DONTWAIT), 8);
  close(number);
  close(other);
}

ssize_t Receive(int fd) {
  char bytes[100];
  return recv(fd, bytes, sizeof bytes, 0);
}

void Send(int fd, const std::string& bytes) {
  ASSERT_EQ(send(fd, bytes.data(), bytes.size(), 0),
            static_cast<ssize_t>(bytes.size()));
}

TEST_F(PahoSeamsTest, KnowsWhoEndedTheConnection) {
  {
    TcpPair pair;
    shutdown(pair.server(), SHUT_WR);
    EXPECT_EQ(PahoSeams::Diagnostics().ended_by, EndedBy::kUnknown);
    EXPECT_EQ(Receive(pair.client()), 0);
    EXPECT_EQ(PahoSeams::Diagnostics().ended_by, EndedBy::kBroker);
  }
  PahoSeams::BeginConnection("", "");
  {
    TcpPair pair;
    pair.Reset();
    EXPECT_EQ(Receive(pair.client()), -1);
    EXPECT_EQ(PahoSeams::Diagnostics().ended_by, EndedBy::kBroker);
    EXPECT_EQ(PahoSeams::Diagnostics().socket_error, ECONNRESET);
  }
  PahoSeams::BeginConnection("", "");
  {
    TcpPair pair;
    Send(pair.server(), std::string("\x41\2\0\1", 4));  // PUBACK, wrong flags
    EXPECT_EQ(Receive(pair.client()), -1);
    EXPECT_TRUE(PahoSeams::Diagnostics().malformed_packet);
    EXPECT_EQ(Receive(pair.client()), 0);  // we closed it
    EXPECT_EQ(PahoSeams::Diagnostics().ended_by, EndedBy::kUs);
  }
}

TEST_F(PahoSeamsTest, AMessageThatCouldNotBeWrittenLeavesNoTrace) {
  TcpPair pair;
  EXPECT_EQ(Write(pair.client(), Publish(1)), 8);
  EXPECT_TRUE(PahoSeams::Evidence(1).written());
  std::string next = Publish(1);
  next[6] = 2;  // its packet id
  pair.Reset();
  EXPECT_EQ(Receive(pair.client()), -1);
  EXPECT_EQ(Write(pair.client(), next), 8);
  EXPECT_TRUE(PahoSeams::Evidence(1).written());
  EXPECT_FALSE(PahoSeams::Evidence(2).written());
}

TEST_F(PahoSeamsTest, NothingIsWrittenAfterStopWriting) {
  TcpPair pair;
  Write(pair.client(), Publish(1));
  EXPECT_TRUE(PahoSeams::Evidence(1).written());
  PahoSeams::StopWriting();
  std::string second = Publish(1);
  second[6] = 2;  // its packet id
  Write(pair.client(), second);
  EXPECT_FALSE(PahoSeams::Evidence(2).written());
  EXPECT_EQ(Receive(pair.server()), static_cast<int>(Publish(1).size()));
  EXPECT_EQ(Receive(pair.server()), 0);
}

TEST_F(PahoSeamsTest, MeasuresTheBrokersSilence) {
  EXPECT_EQ(PahoSeams::Silence(), absl::ZeroDuration());
  TcpPair pair;
  Write(pair.client(), Publish(1));
  // What we send does not break it.
  EXPECT_EQ(PahoSeams::Silence(), absl::ZeroDuration());
  Send(pair.server(), std::string("\xd0\0", 2));  // PINGRESP
  EXPECT_EQ(Receive(pair.client()), 2);
  const absl::Duration silence = PahoSeams::Silence();
  EXPECT_GT(silence, absl::ZeroDuration());
  EXPECT_LT(silence, absl::Seconds(10));
  EXPECT_GT(PahoSeams::Silence(), silence);
  PahoSeams::BeginConnection("", "");
  EXPECT_EQ(PahoSeams::Silence(), absl::ZeroDuration());
}

TEST_F(PahoSeamsTest, InsistsOnOrderOnlySoOften) {
  // A PUBREC that passes over an older message of QoS 2.
  auto break_order = [] {
    PahoSeams::BeginConnection("", "");
    TcpPair pair;
    std::string second = Publish(2);
    second[6] = 2;  // its packet id
    Write(pair.client(), Publish(2));
    Write(pair.client(), second);
    Send(pair.server(), std::string("\x50\2\0\2", 4));
    return Receive(pair.client()) < 0;
  };
  int closed = 0;
  while (closed < 100 && break_order()) ++closed;
  EXPECT_EQ(closed, 5);
  EXPECT_FALSE(break_order());
  EXPECT_FALSE(PahoSeams::Diagnostics().out_of_order);
  // After many answers in order it counts anew.
  {
    PahoSeams::BeginConnection("", "");
    TcpPair pair;
    for (int i = 0; i <= 100; ++i) {
      Send(pair.server(), std::string("\x50\2\0\1", 4));
      Write(pair.client(), Publish(2));
      EXPECT_EQ(Receive(pair.client()), 4);
      PahoSeams::ForgetEvidence(1);
    }
  }
  EXPECT_TRUE(break_order());
  EXPECT_TRUE(PahoSeams::Diagnostics().out_of_order);
}

TEST_F(PahoSeamsTest, ResolvesOneNameToAnotherHost) {
  PahoSeams::BeginConnection("broker.example", "127.0.0.1");
  addrinfo hints{};
  hints.ai_family = AF_INET;
  addrinfo* result = nullptr;
  ASSERT_EQ(getaddrinfo("broker.example", nullptr, &hints, &result), 0);
  EXPECT_EQ(reinterpret_cast<sockaddr_in*>(result->ai_addr)->sin_addr.s_addr,
            htonl(INADDR_LOOPBACK));
  freeaddrinfo(result);
  hints.ai_flags = AI_NUMERICHOST;
  EXPECT_NE(getaddrinfo("other.example", nullptr, &hints, &result), 0);
  EXPECT_THAT(PahoSeams::Diagnostics().dns_error, HasSubstr("other.example: "));
}

}  // namespace
}  // namespace mqttpush
