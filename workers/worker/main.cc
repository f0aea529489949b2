// mqttpush-worker --fd N --hide FOLDER --sessions FOLDER: one link to one
// customer's broker.
//
// Started by mqttpushd only, which gives it one end of a socket pair as file
// descriptor N and tells it everything else over that; but for the folders,
// because what it may see of them is settled before it hears anything.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/event_loop.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "workers/link/exit_codes.h"
#include "workers/process/process_setup.h"
#include "workers/process/program_arguments.h"
#include "workers/process/sandbox.h"
#include "workers/worker/link_client.h"
#include "workers/worker/paho_client.h"
#include "workers/worker/session.h"
#include "workers/worker/worker.h"

namespace mqttpush {
namespace {

// How long the control plane may take to read our last words.
constexpr absl::Duration kFinishTimeout = absl::Seconds(2);
// How long a worker may live on without it.
constexpr absl::Duration kLeaveTimeout = absl::Seconds(8);

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

// Ends the process when both the worker and the stream have ended: Paho's
// threads are running, and there is nothing left that would be worth an orderly
// end.
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
  bool stream_ended_ = false;
  int code_ = -1;
};

// All that runs on the loop.
struct Program {
  Program(EventLoop* loop, int fd, const wire::Hello& hello)
      : client(loop),
        link(
            loop, fd, hello,
            [this](wire::ControlMessage message) {
              worker.OnControl(std::move(message));
            },
            [this](const absl::Status& status) {
              if (absl::IsDataLoss(status)) {
                Log::Error("link_broken", {{"error", status.message()}});
              }
              ending.OnStreamEnd();
              worker.OnControlLost();
            }),
        worker(
            loop, Clock::Real(), &client, &link, OpenSession,
            [this] { return absl::Uniform(random, 0.0, 1.0); },
            [this, loop](int code) {
              ending.OnWorkerEnd(code);
              loop->PostAfter(kFinishTimeout, [code] { _exit(code); });
              link.Finish();
            }) {}

  absl::BitGen random;
  Ending ending;
  PahoClient client;
  LinkClient link;
  Worker worker;
};

[[noreturn]] void Run(int fd, const std::string& nonce) {
  wire::Hello hello;
  hello.set_nonce(nonce);
  hello.set_pid(getpid());
  EventLoop loop;
  std::unique_ptr<Program> program;
  loop.RunAndWait([&] {
    DieWithParent(true);
    program = std::make_unique<Program>(&loop, fd, hello);
  });
  while (true) pause();
}

absl::StatusOr<std::string> Start(const ProgramArguments& arguments) {
  MQTTPUSH_RETURN_IF_ERROR(SetUpWorkerProcess());
  MQTTPUSH_RETURN_IF_ERROR(EnterSandbox(arguments.link_fd, arguments.files));
  return ReadNonce(arguments.link_fd);
}

int Main(int argc, char** argv) {
  const auto arguments = ParseProgramArguments(argc, argv);
  if (!arguments.has_value()) {
    std::fprintf(stderr, "mqttpush-worker %s\n", kProgramUsage);
    return 2;
  }
  absl::StatusOr<std::string> nonce = Start(*arguments);
  if (!nonce.ok()) {
    Log::Error("worker_not_started", {{"error", nonce.status().message()}});
    return 1;
  }
  Run(arguments->link_fd, *nonce);
}

}  // namespace
}  // namespace mqttpush

int main(int argc, char** argv) { return mqttpush::Main(argc, argv); }
