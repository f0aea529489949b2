// A worker without a broker, for supervisor_test: it speaks the real link and
// behaves as the host of the broker that it is given says:
//   crash             ends when it is configured, with exit code 3
//   crash-on-publish  ends when it gets a message, with exit code 4
//   leaves            ends its stream, but not its process
//   answers-late      answers messages when it is asked to drain
//   hangs             takes no notice of Drain
//   deaf              takes no notice of anything any more
//   asks-N, asks-N-x  asks N times for leave to call, N of one digit or more
// With any other host it answers every message with success. Its link status
// says, as the last error, "pid P configured N at HOST", and as the broker's
// address "LEAVES SESSION": how often it was given leave, and the file of its
// session, or "-". Started under the name `silent` it never attaches.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mqttpush/worker/v1/worker_link.pb.h"
#include "workers/link/link_peer_for_test.h"

namespace mqttpush {
namespace {

using worker::v1::ControlMessage;
using worker::v1::WorkerMessage;

constexpr int kFd = 3;

class FakeWorker {
 public:
  FakeWorker() : nonce_(link_.ReadNonce()) {
    if (nonce_.empty()) _exit(1);
  }

  // Until the stream ends.
  void Run() {
    WorkerMessage hello;
    hello.mutable_hello()->set_nonce(nonce_);
    hello.mutable_hello()->set_pid(getpid());
    link_.Write(hello);
    ControlMessage message;
    while (link_.Read(&message)) Obey(message);
  }

 private:
  void Obey(const ControlMessage& message) {
    if (message.has_configure()) Configure(message.configure());
    if (message.has_connect_permit()) TakeLeave();
    if (message.has_publish_batch()) Publish(message.publish_batch());
    if (message.has_drain()) Drain();
    if (message.has_ping()) Answer();
  }

  void Answer() {
    WorkerMessage message;
    message.mutable_pong();
    link_.Write(message);
  }

  void Configure(const worker::v1::Configure& settings) {
    host_ = settings.host();
    session_ = settings.has_persistent_session()
                   ? settings.persistent_session().path()
                   : "-";
    ++configured_;
    if (host_ == "crash") _exit(3);
    if (host_ == "leaves") Leave();
    Report();
    while (host_ == "deaf") pause();
    int requests = 0;
    std::sscanf(host_.c_str(), "asks-%d", &requests);
    for (WorkerMessage message; requests > 0; --requests) {
      message.mutable_connect_request();
      link_.Write(message);
    }
    WorkerMessage room;
    room.mutable_credit()->set_epoch(1);
    room.mutable_credit()->set_limit(100);
    link_.Write(room);
  }

  void Report() {
    WorkerMessage message;
    auto* status = message.mutable_link_status();
    status->set_state(worker::v1::LinkStatus::CONNECTED);
    status->set_last_error(absl::StrCat("pid ", getpid(), " configured ",
                                        configured_, " at ", host_));
    status->set_broker_address(absl::StrCat(leaves_, " ", session_));
    link_.Write(message);
  }

  void TakeLeave() {
    ++leaves_;
    Report();
  }

  void Publish(const worker::v1::PublishBatch& batch) {
    if (host_ == "crash-on-publish") _exit(4);
    for (const auto& message : batch.messages()) {
      auto* result = results_.mutable_results()->add_results();
      result->set_token(message.token());
      result->set_outcome(worker::v1::Result::SUCCEEDED);
    }
    if (host_ != "answers-late") GiveResults();
  }

  void GiveResults() {
    link_.Write(results_);
    results_.Clear();
  }

  void Drain() {
    if (host_ == "hangs") return;
    if (results_.has_results()) GiveResults();
    link_.Finish();
  }

  [[noreturn]] void Leave() {
    link_.Finish();
    while (true) pause();
  }

  LinkPeer link_{kFd};
  const std::string nonce_;
  std::string host_;
  std::string session_;
  int configured_ = 0;
  int leaves_ = 0;
  WorkerMessage results_;  // not given yet
};

}  // namespace
}  // namespace mqttpush

int main(int, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (absl::EndsWith(argv[0], "/silent")) {
    while (true) pause();
  }
  mqttpush::FakeWorker().Run();
  _exit(0);
}
