// What a process in the sandbox can do and cannot. Each look is taken in a
// child process of its own.
#include "workers/process/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/name_server.h"
#include "tests/support/temp_dir.h"
#include "workers/process/child_for_test.h"
#include "workers/process/sanitized.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

// A symbolic name, for messages that can be read.
std::string ErrorOf(bool failed) {
  return failed ? strerrorname_np(errno) : "works";
}
std::string OfCall(int64_t result) { return ErrorOf(result < 0); }

class SandboxTest : public ::testing::Test {
 protected:
  ChildSaid InSandbox(const std::function<std::string()>& say) {
    return InChild([&](int fd) {
      const absl::Status entered =
          EnterSandbox(fd, {.writable = writable_.path()});
      return entered.ok() ? say() : entered.ToString();
    });
  }
  std::string Try(const std::function<int64_t()>& call) {
    return InSandbox([&] { return OfCall(call()); }).text;
  }

  TempDir writable_;
  TempDir elsewhere_;
};

// Where the filter is left out there is nothing to see.
class SystemCallTest : public SandboxTest {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "sanitizers make calls of their own";
  }
};

TEST_F(SandboxTest, HasItsOwnSession) {
  const ChildSaid said = InSandbox([] {
    std::string stat;
    std::getline(std::ifstream("/proc/self/stat"), stat);
    return absl::StrCat(getpid(), ": ", stat);
  });
  // "PID: PID (NAME) STATE PARENT GROUP SESSION ..."
  const std::string pid = said.text.substr(0, said.text.find(':'));
  EXPECT_THAT(said.text, HasSubstr(absl::StrCat(" ", pid, " ", pid, " ")));
}

TEST_F(SandboxTest, KeepsTheLinkAndTheStandardThreeOnly) {
  const int inherited = open("/dev/null", O_RDONLY);
  ASSERT_GE(inherited, 0);
  const int high = fcntl(inherited, F_DUPFD, 200);
  EXPECT_EQ(Try([&] { return fcntl(inherited, F_GETFD); }), "EBADF");
  EXPECT_EQ(Try([&] { return fcntl(high, F_GETFD); }), "EBADF");
  EXPECT_EQ(Try([&] { return fcntl(2, F_GETFD); }), "works");
  close(inherited);
  close(high);
}

TEST_F(SystemCallTest, TheKernelKnows) {
  const ChildSaid said = InSandbox([] {
    std::ifstream status("/proc/self/status");
    std::string text;
    for (std::string line; std::getline(status, line);) {
      if (line.find("NoNewPrivs") == 0 || line.find("Seccomp:") == 0) {
        absl::StrAppend(&text, line, "\n");
      }
    }
    return text;
  });
  EXPECT_EQ(said.text, "NoNewPrivs:\t1\nSeccomp:\t2\n");
}

TEST_F(SystemCallTest, RunningAProgramIsTheEnd) {
  const ChildSaid said = InSandbox([] {
    char name[] = "/bin/true";
    char* const arguments[] = {name, nullptr};
    return OfCall(execve(name, arguments, nullptr));
  });
  EXPECT_EQ(said.signal, SIGSYS) << said.text;
}

TEST_F(SystemCallTest, LookingIntoAnotherProcessIsTheEnd) {
  const pid_t parent = getpid();
  EXPECT_EQ(InSandbox([&] {
              return OfCall(ptrace(PTRACE_ATTACH, parent, nullptr, nullptr));
            }).signal,
            SIGSYS);
}

TEST_F(SystemCallTest, ThereAreNoOtherProcesses) {
  EXPECT_EQ(Try([] {
              const pid_t child = fork();
              if (child == 0) _exit(0);
              return child;
            }),
            "EPERM");
  const pid_t parent = getpid();
  EXPECT_EQ(Try([&] { return kill(parent, 0); }), "EPERM");
}

TEST_F(SystemCallTest, SocketsAreOfIpOnly) {
  EXPECT_EQ(Try([] { return socket(AF_INET, SOCK_STREAM, 0); }), "works");
  EXPECT_EQ(Try([] { return socket(AF_UNIX, SOCK_STREAM, 0); }), "EPERM");
  EXPECT_EQ(Try([] { return socket(AF_PACKET, SOCK_RAW, 0); }), "EPERM");
  EXPECT_EQ(Try([] { return socket(AF_VSOCK, SOCK_STREAM, 0); }), "EPERM");
  EXPECT_EQ(Try([] { return listen(0, 1); }), "EPERM");
}

TEST_F(SystemCallTest, BoundsStay) {
  EXPECT_EQ(Try([] {
              const rlimit none{0, 0};
              return setrlimit(RLIMIT_CORE, &none);
            }),
            "EPERM");
}

// Says that every name stands for 192.0.2.9.
class NameServer {
 public:
  NameServer() {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address_);
    socklen_t length = sizeof address_;
    EXPECT_EQ(bind(fd_, generic, length), 0);
    EXPECT_EQ(getsockname(fd_, generic, &length), 0);
    thread_ = std::thread([this] { Serve(); });
  }
  ~NameServer() {
    shutdown(fd_, SHUT_RDWR);  // wakes it, though it fails
    thread_.join();
    close(fd_);
  }
  const sockaddr_in& address() const { return address_; }

 private:
  void Serve() {
    std::string question(512, '\0');
    sockaddr_in from{};
    auto* sender = reinterpret_cast<sockaddr*>(&from);
    socklen_t length = sizeof from;
    const ssize_t got =
        recvfrom(fd_, question.data(), question.size(), 0, sender, &length);
    if (got < 13) return;
    question.resize(got);
    const std::string answer = AnswerTo(question, {"\xc0\0\2\x09", 4});
    sendto(fd_, answer.data(), answer.size(), 0, sender, length);
  }

  const int fd_ = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address_{};
  std::thread thread_;
};

TEST_F(SandboxTest, NamesAreLookedUp) {
  NameServer name_server;
  EXPECT_EQ(InSandbox([&]() -> std::string {
              if (!UseNameServer(name_server.address())) return "res_init";
              addrinfo hints{};
              hints.ai_family = AF_INET;
              addrinfo* found = nullptr;
              const int error =
                  getaddrinfo("broker.test", nullptr, &hints, &found);
              if (error != 0) return gai_strerror(error);
              return inet_ntoa(
                  reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_addr);
            }).text,
            "192.0.2.9");
}

TEST_F(SandboxTest, ThreadsCanBeStarted) {
  EXPECT_EQ(InSandbox([] {
              std::string text;
              std::thread([&] { text = "started"; }).join();
              return text;
            }).text,
            "started");
}

TEST_F(SandboxTest, AbortEndsItAsItShould) {
  EXPECT_EQ(InSandbox([]() -> std::string { abort(); }).signal, SIGABRT);
}

// Of these Landlock knows; a kernel without it writes everywhere.
class FileBoundsTest : public SandboxTest {
 protected:
  void SetUp() override {
    testing::internal::CaptureStderr();
    const std::string text = InSandbox([] { return "entered"; }).text;
    const std::string log = testing::internal::GetCapturedStderr();
    ASSERT_EQ(text, "entered");
    if (log.find("files_not_bounded") != std::string::npos) {
      GTEST_SKIP() << log;
    }
  }
  std::string TryToOpen(const std::string& path, int flags) {
    return Try([&] { return open(path.c_str(), flags, 0600); });
  }
};

TEST_F(FileBoundsTest, WritesInItsFolderOnly) {
  const std::string inside = writable_.File("session");
  const std::string outside = elsewhere_.File("session");
  WriteFile(outside, "text");
  EXPECT_EQ(TryToOpen(inside, O_RDWR | O_CREAT), "works");
  EXPECT_EQ(TryToOpen(inside, O_WRONLY | O_TRUNC), "works");
  EXPECT_EQ(TryToOpen(outside, O_RDONLY), "works");
  EXPECT_EQ(TryToOpen(outside, O_RDWR), "EACCES");
  EXPECT_EQ(TryToOpen(outside, O_RDONLY | O_TRUNC), "EACCES");
  EXPECT_EQ(TryToOpen(elsewhere_.File("new"), O_WRONLY | O_CREAT), "EACCES");
  EXPECT_EQ(Try([&] { return unlink(outside.c_str()); }), "EACCES");
  const std::string next = writable_.File("session.next");
  WriteFile(next, "text");
  EXPECT_EQ(Try([&] { return rename(next.c_str(), inside.c_str()); }), "works");
  EXPECT_EQ(ReadFile(outside), "text");
}

TEST_F(FileBoundsTest, OfTheHiddenFolderItReadsWhatIsWritableOnly) {
  const std::string sessions = elsewhere_.File("sessions");
  ASSERT_EQ(mkdir(sessions.c_str(), 0700), 0);
  const std::string secret = elsewhere_.File("config.db");
  const std::string session = sessions + "/session";
  const std::string beside = writable_.File("certificate");
  for (const std::string& path : {secret, session, beside}) {
    WriteFile(path, "text");
  }
  const auto try_to_open = [&](const std::string& path, int flags) {
    return InChild([&](int fd) {
             const absl::Status entered = EnterSandbox(
                 fd, {.hidden = elsewhere_.path(), .writable = sessions});
             if (!entered.ok()) return entered.ToString();
             return OfCall(open(path.c_str(), flags));
           })
        .text;
  };
  EXPECT_EQ(try_to_open(secret, O_RDONLY), "EACCES");
  EXPECT_EQ(try_to_open(elsewhere_.path(), O_RDONLY), "EACCES");
  EXPECT_EQ(try_to_open(session, O_RDWR), "works");
  EXPECT_EQ(try_to_open(sessions, O_RDONLY), "works");
  EXPECT_EQ(try_to_open(beside, O_RDONLY), "works");
  EXPECT_EQ(try_to_open(beside, O_RDWR), "EACCES");
  EXPECT_EQ(try_to_open("/etc/passwd", O_RDONLY), "works");
  EXPECT_EQ(try_to_open("/proc/self/status", O_RDONLY), "works");
}

TEST_F(FileBoundsTest, AFileInMemoryIsNone) {
  EXPECT_EQ(Try([] {
              const int fd = memfd_create("pem", MFD_CLOEXEC);
              if (write(fd, "x", 1) != 1) return -1;
              return open(absl::StrCat("/proc/self/fd/", fd).c_str(), O_RDONLY);
            }),
            "works");
}

TEST_F(FileBoundsTest, WithoutAFolderItWritesNowhere) {
  const std::string path = elsewhere_.File("new");
  EXPECT_EQ(InChild([&](int fd) {
              const absl::Status entered = EnterSandbox(fd, {});
              if (!entered.ok()) return entered.ToString();
              return OfCall(open(path.c_str(), O_WRONLY | O_CREAT, 0600));
            }).text,
            "EACCES");
}

TEST_F(SandboxTest, AFolderThatIsNotThereIsAnError) {
  const ChildSaid said = InChild([&](int fd) {
    return EnterSandbox(fd, {.hidden = writable_.File("nowhere")}).ToString();
  });
  if (said.text == "OK") GTEST_SKIP() << "no Landlock";
  EXPECT_THAT(said.text, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace mqttpush
