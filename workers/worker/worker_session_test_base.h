// WorkerSessionTest: what the tests of the real worker program with a
// persistent session share.
#ifndef MQTTPUSH_WORKERS_WORKER_WORKER_SESSION_TEST_BASE_H_
#define MQTTPUSH_WORKERS_WORKER_WORKER_SESSION_TEST_BASE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/scripted_broker.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"
#include "workers/worker/worker_test_base.h"

namespace mqttpush {

inline std::string Id(uint16_t packet_id) {
  return {static_cast<char>(packet_id >> 8), static_cast<char>(packet_id)};
}

// Says that the session is present unless the client wants none.
inline std::string ConnackFor(const MqttPacket& connect, int level) {
  const bool clean = (connect.body[7] & 2) != 0;
  std::string connack =
      level == 5 ? ScriptedBroker::Connack5(0) : ScriptedBroker::Connack3(0);
  connack[2] = clean ? 0 : 1;
  return connack;
}

// One worker after the other, with the same session file. `plane` is the
// present one.
class WorkerSessionTest : public ::testing::Test {
 protected:
  wire::Configure SessionSettings(int port, int protocol_level = 4) const {
    wire::Configure settings = Settings(port);
    settings.set_protocol_level(protocol_level);
    settings.mutable_persistent_session()->set_path(dir_.File("1.session"));
    settings.mutable_persistent_session()->mutable_expiry()->set_seconds(3600);
    return settings;
  }
  void StartWorker(const wire::Configure& settings) {
    plane_ = std::make_unique<ControlPlaneStub>(MQTTPUSH_WORKER, dir_.path());
    plane_->Configure(settings);
    seen_ = 0;
  }
  ::testing::AssertionResult Connected() {
    if (plane_->WaitFor(IsConnected, kDeadline)) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << Transcript(*plane_);
  }
  int64_t epoch() const { return plane_->Says().credits.back().epoch(); }

  static wire::Publish Event(int64_t seq, int qos = 2) {
    wire::Publish message =
        Message(seq, qos, absl::StrCat("{\"n\":", seq, "}"));
    message.mutable_delivery()->set_subscription_uid(7);
    message.mutable_delivery()->set_event_seq(seq);
    message.set_subscription_revision(1);
    return message;
  }
  // The message is in the session file: it goes to the socket next.
  bool IsStored(int64_t seq) const {
    return WaitUntil(kDeadline, [&] {
      return ReadFile(dir_.File("1.session"))
                 .find(absl::StrCat("{\"n\":", seq, "}")) != std::string::npos;
    });
  }
  // What came since the last call.
  std::vector<wire::Result> NewResults() {
    const WorkerSays says = plane_->Says();
    std::vector<wire::Result> results(says.results.begin() + seen_,
                                      says.results.end());
    seen_ = says.results.size();
    return results;
  }

  TempDir dir_;
  std::unique_ptr<ControlPlaneStub> plane_;
  size_t seen_ = 0;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_WORKER_SESSION_TEST_BASE_H_
