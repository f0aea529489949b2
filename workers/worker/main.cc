// mqttpush-worker --fd N: one link to one customer's broker.
//
// Started by mqttpushd only, which gives it one end of a socket pair as file
// descriptor N and tells it everything else over that.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "absl/random/random.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/clock.h"
#include "common/event_loop.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "grpcpp/create_channel_posix.h"
#include "workers/link/exit_codes.h"
#include "workers/worker/link_client.h"
#include "workers/worker/paho_client.h"
#include "workers/worker/process_setup.h"
#include "workers/worker/session.h"
#include "workers/worker/worker.h"

namespace mqttpush {
namespace {

// How long the control plane may take to read our last words.
constexpr absl::Duration kFinishTimeout = absl::Seconds(2);
// How long a worker may live on without it.
constexpr absl::Duration kLeaveTimeout = absl::Seconds(8);

// Batches are bounded by the credit, which counts messages, not bytes.
std::shared_ptr<grpc::Channel> MakeChannel(int fd) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomInsecureChannelFromFd("worker-link", fd, arguments);
}

// The kernel's boot id; on a system without one no file of another process is
// trusted that was not closed.
std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot_id;
  std::getline(file, boot_id);
  return boot_id.empty() ? absl::StrCat("process ", getpid()) : boot_id;
}

absl::StatusOr<std::unique_ptr<Session>> OpenSession(
    const std::string& path, const std::string& identity) {
  return Session::Open(
      {.path = path,
       .identity = identity,
       .boot_id = BootId(),
       .on_broken =
           [](const absl::Status& status) {
             Log::Error("session_not_written", {{"error", status.message()}});
             _exit(kExitSessionUnwritable);
           },
       .on_connecting = [](bool connecting) { DieWithParent(!connecting); }});
}

// Ends the process when both the worker and the stream have ended: threads of
// two libraries are running, and there is nothing left that would be worth an
// orderly end.
class Ending {
 public:
  void OnStreamEnd() {
    LeaveWithin(kLeaveTimeout);
    stream_ended_ = true;
    if (code_ >= 0) _exit(code_);
  }
  void OnWorkerEnd(int code) {
    code_ = code;
    if (stream_ended_) _exit(code);
  }

 private:
  std::atomic<bool> stream_ended_ = false;
  std::atomic<int> code_ = -1;
};

[[noreturn]] void Run(int fd, std::string nonce) {
  EventLoop loop;
  loop.Post([] { DieWithParent(true); });
  PahoClient client(&loop);
  absl::BitGen random;
  Ending ending;
  Worker* worker_ptr = nullptr;
  LinkClient link(
      MakeChannel(fd),
      [&loop, &worker_ptr](wire::ControlMessage message) {
        auto shared = std::make_shared<wire::ControlMessage>();
        shared->Swap(&message);
        loop.Post([&worker_ptr, shared] {
          worker_ptr->OnControl(std::move(*shared));
        });
      },
      [&loop, &worker_ptr, &ending](const grpc::Status&) {
        ending.OnStreamEnd();
        loop.Post([&worker_ptr] { worker_ptr->OnControlLost(); });
      });
  Worker worker(
      &loop, Clock::Real(), &client, &link, OpenSession,
      [&random] { return absl::Uniform(random, 0.0, 1.0); },
      [&loop, &link, &ending](int code) {
        ending.OnWorkerEnd(code);
        loop.PostAfter(kFinishTimeout, [code] { _exit(code); });
        link.Finish();
      });
  worker_ptr = &worker;
  wire::Hello hello;
  hello.set_nonce(std::move(nonce));
  hello.set_pid(getpid());
  link.Start(std::move(hello));
  while (true) pause();
}

absl::StatusOr<std::string> Start(int fd) {
  MQTTPUSH_RETURN_IF_ERROR(SetUpWorkerProcess());
  return ReadNonce(fd);
}

int Main(int argc, char** argv) {
  int fd = -1;
  if (argc != 3 || absl::string_view(argv[1]) != "--fd" ||
      !absl::SimpleAtoi(argv[2], &fd) || fd < 0) {
    std::fprintf(stderr, "mqttpush-worker is started by mqttpushd: --fd N\n");
    return 2;
  }
  absl::StatusOr<std::string> nonce = Start(fd);
  if (!nonce.ok()) {
    Log::Error("worker_not_started", {{"error", nonce.status().message()}});
    return 1;
  }
  Run(fd, *std::move(nonce));
}

}  // namespace
}  // namespace mqttpush

int main(int argc, char** argv) { return mqttpush::Main(argc, argv); }
