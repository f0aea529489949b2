// WorkerTestBase: what the tests of the real worker program share.
#ifndef MQTTPUSH_WORKERS_WORKER_WORKER_TEST_BASE_H_
#define MQTTPUSH_WORKERS_WORKER_WORKER_TEST_BASE_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "workers/worker/control_plane_stub.h"
#include "workers/worker/wire.h"

namespace mqttpush {

inline constexpr absl::Duration kDeadline = absl::Seconds(30);

inline wire::Configure Settings(int port) {
  wire::Configure settings;
  settings.set_host("127.0.0.1");
  settings.set_port(port);
  settings.add_allowed_networks("127.0.0.0/8");
  settings.set_protocol_level(4);
  settings.set_client_id("worker-under-test");
  settings.mutable_keep_alive()->set_seconds(60);
  settings.set_max_in_flight(100);
  settings.mutable_ack_timeout()->set_seconds(30);
  settings.mutable_connect_backoff_base()->set_nanos(50'000'000);
  settings.mutable_connect_backoff_max()->set_nanos(500'000'000);
  return settings;
}

inline wire::Publish Message(int64_t token, int qos, std::string payload = "") {
  wire::Publish message;
  message.set_token(token);
  message.set_topic("globe-tracker/events/location");
  message.set_qos(qos);
  message.set_payload(payload.empty() ? absl::StrCat("{\"n\":", token, "}")
                                      : payload);
  return message;
}

inline std::vector<wire::Publish> Messages(int64_t first, int64_t last,
                                           int qos) {
  std::vector<wire::Publish> messages;
  for (int64_t token = first; token <= last; ++token) {
    messages.push_back(Message(token, qos));
  }
  return messages;
}

inline bool IsConnected(const WorkerSays& says) {
  return !says.credits.empty() && says.credits.back().limit() > 0;
}

// Connected for the `epoch`th time.
inline auto HasEpoch(int64_t epoch) {
  return [epoch](const WorkerSays& says) {
    return IsConnected(says) && says.credits.back().epoch() == epoch;
  };
}

inline auto HasResults(size_t count) {
  return
      [count](const WorkerSays& says) { return says.results.size() >= count; };
}

inline auto HasState(wire::LinkStatus::State state) {
  return [state](const WorkerSays& says) {
    return !says.statuses.empty() && says.statuses.back().state() == state;
  };
}

inline int Count(const WorkerSays& says, wire::Result::Outcome outcome) {
  int count = 0;
  for (const wire::Result& result : says.results) {
    count += result.outcome() == outcome;
  }
  return count;
}

inline std::vector<int64_t> Tokens(const WorkerSays& says) {
  std::vector<int64_t> tokens;
  for (const wire::Result& result : says.results) {
    tokens.push_back(result.token());
  }
  return tokens;
}

inline std::string Transcript(const ControlPlaneStub& plane) {
  const WorkerSays says = plane.Says();
  std::string text = absl::StrJoin(says.order, "\n");
  for (const wire::LinkStatus& status : says.statuses) {
    absl::StrAppend(&text, "\n", status.ShortDebugString());
  }
  return text;
}

class WorkerTestBase : public ::testing::Test {
 protected:
  // Waits for `condition`; fails with what the worker said when it does not
  // come.
  ::testing::AssertionResult Await(const ControlPlaneStub::Condition& condition,
                                   absl::Duration timeout = kDeadline) {
    if (plane_.WaitFor(condition, timeout)) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << Transcript(plane_);
  }
  ::testing::AssertionResult ConnectTo(const wire::Configure& settings) {
    plane_.Configure(settings);
    return Await(IsConnected);
  }

  ControlPlaneStub plane_{MQTTPUSH_WORKER};
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_WORKER_TEST_BASE_H_
