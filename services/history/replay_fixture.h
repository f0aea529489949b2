// ReplayFixture: for tests, the history service in process, with what a
// ReplayLogFixture has.
#ifndef MQTTPUSH_SERVICES_HISTORY_REPLAY_FIXTURE_H_
#define MQTTPUSH_SERVICES_HISTORY_REPLAY_FIXTURE_H_

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_interceptor.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "google/protobuf/text_format.h"
#include "services/history/history_service.h"
#include "services/history/replay_log_fixture.h"
#include "tests/support/fake_delivery_status.h"
#include "tests/support/rpc.h"
#include "tests/support/wait_until.h"

namespace mqttpush {

// Counts the ReplayDeliveries calls whose end or cancellation a server knows
// of.
class CallEnds : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CallEnds(std::atomic<int>* count) : count_(*count) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    const bool counts = absl::EndsWith(info->method(), "/ReplayDeliveries");
    return counts ? new Watch(count_) : nullptr;
  }

 private:
  struct Watch : grpc::experimental::Interceptor {
    explicit Watch(std::atomic<int>& count) : count(count) {}
    void Intercept(
        grpc::experimental::InterceptorBatchMethods* methods) override {
      using Point = grpc::experimental::InterceptionHookPoints;
      if (methods->QueryInterceptionHookPoint(Point::POST_RECV_CLOSE)) ++count;
      methods->Proceed();
    }
    std::atomic<int>& count;
  };
  std::atomic<int>& count_;
};

class ReplayFixture : public ReplayLogFixture {
 protected:
  void SetUp() override {
    ReplayLogFixture::SetUp();
    Serve();
  }
  void TearDown() override { StopService(); }

  // As the server does both.
  void StartService() {
    StartRunner();
    Serve();
  }
  void StopService() {
    watchers_->EndAll();
    runner_->Stop();
    server_->Shutdown(DeadlineAfter(absl::ZeroDuration()));
    server_->Wait();
    service_.reset();
    StopRunner();
  }
  void Serve() {
    service_ = std::make_unique<HistoryService>(
        config_.get(),
        HistorySources{
            .history = history_.get(),
            .replays = {store_.get(), runner_.get(), watchers_.get()}},
        &attempt_streams_, &status_, Clock::Real(), redeliver_);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    std::vector<
        std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
        interceptors;
    interceptors.push_back(std::make_unique<CallEnds>(&ends_));
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    server_ = builder.BuildAndStart();
    stub_ = v1::HistoryService::NewStub(server_->InProcessChannel({}));
  }

  // `text`: without the parent.
  absl::StatusOr<v1::Replay> Replay(const std::string& text) {
    v1::ReplayDeliveriesRequest request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request));
    request.set_parent("tenants/acme");
    return Call<v1::Replay>([&](auto* context, auto* response) {
      return stub_->ReplayDeliveries(context, request, response);
    });
  }
  // One that is there.
  v1::Replay Begin(const std::string& text) {
    auto replay = Replay(text);
    EXPECT_TRUE(replay.ok()) << replay.status();
    return replay.value_or(v1::Replay());
  }
  absl::StatusOr<v1::Replay> Get(const std::string& name) {
    v1::GetReplayRequest request;
    request.set_name(name);
    return Call<v1::Replay>([&](auto* context, auto* response) {
      return stub_->GetReplay(context, request, response);
    });
  }
  absl::StatusOr<v1::Replay> Cancel(const std::string& name) {
    v1::CancelReplayRequest request;
    request.set_name(name);
    return Call<v1::Replay>([&](auto* context, auto* response) {
      return stub_->CancelReplay(context, request, response);
    });
  }
  // Reads it until `holds`, and returns it as it is then.
  v1::Replay WaitFor(const std::string& name,
                     const std::function<bool(const v1::Replay&)>& holds) {
    v1::Replay replay;
    EXPECT_TRUE(WaitUntil(kPatience, [&] {
      replay = Get(name).value_or(v1::Replay());
      return holds(replay);
    })) << replay.DebugString();
    return replay;
  }
  v1::Replay WaitForEnd(const std::string& name) {
    return WaitFor(
        name, [](const v1::Replay& replay) { return replay.has_end_time(); });
  }

  std::atomic<int> ends_ = 0;  // of ReplayDeliveries calls
  LiveStreams attempt_streams_{"StreamAttempts", 1};
  FakeDeliveryStatus status_;
  std::unique_ptr<HistoryService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::HistoryService::Stub> stub_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_HISTORY_REPLAY_FIXTURE_H_
