#include "services/ingest/ingest_service.h"

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "services/ingest/fakes_for_test.h"
#include "services/ingest/openapi_document.h"

namespace mqttpush {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ConfigSnapshot MakeConfig() {
  TenantRecord tenant;
  tenant.uid = 1;
  tenant.id = "acme";
  tenant.owner_ids = {"owner-1"};
  SubscriptionRecord subscription;
  subscription.uid = 10;
  subscription.tenant_uid = 1;
  subscription.id = "all";
  ConfigSnapshot config;
  config.Put(tenant);
  config.Put(subscription);
  return config;
}

std::string Location(absl::string_view owner_id) {
  return absl::StrCat(R"({"id":1,"assetId":"a","ownerId":")", owner_id,
                      R"(","whenCreated":"2024-03-20T14:30:00Z",)",
                      R"("latitude":2.50,"longitude":-0.0})");
}

void AddEvent(std::string event_id, std::string payload,
              v1::PublishEventsRequest& request) {
  v1::Event& event = *request.add_events();
  event.set_event_id(std::move(event_id));
  event.set_object_type(v1::LOCATION);
  event.set_payload(std::move(payload));
}

// A batch of one good event.
v1::PublishEventsRequest Batch(std::string event_id) {
  v1::PublishEventsRequest request;
  AddEvent(std::move(event_id), Location("owner-1"), request);
  return request;
}

std::vector<std::string> OutcomesOf(const v1::PublishEventsResponse& response) {
  std::vector<std::string> outcomes;
  for (const auto& result : response.results()) {
    outcomes.push_back(v1::EventResult::Outcome_Name(result.outcome()));
  }
  return outcomes;
}

// The reason of the ErrorInfo.
std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  for (const auto& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info)) return info.reason();
  }
  return "";
}

class IngestServiceTest : public ::testing::Test {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::PublishEventsRequest,
                                          v1::PublishEventsResponse>;

  IngestServiceTest() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::IngestService::NewStub(grpc::CreateChannel(
        absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  }
  ~IngestServiceTest() override {
    server_->Shutdown();
    server_->Wait();
  }

  grpc::Status Publish(const v1::PublishEventsRequest& request,
                       v1::PublishEventsResponse* response) {
    grpc::ClientContext context;
    SetDeadline(context);
    return stub_->PublishEvents(&context, request, response);
  }
  // A call that hangs is a failure.
  static void SetDeadline(grpc::ClientContext& context) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(60)));
  }

  // The event id of the next answer of `stream`; "" at its end.
  static std::string ReadAnswer(Stream& stream) {
    v1::PublishEventsResponse response;
    if (!stream.Read(&response)) return "";
    return response.results(0).event_id();
  }

  FakeConfigStore config_{MakeConfig()};
  FakeEventLog log_;
  const ObjectSchemas schemas_ =
      ObjectSchemas::Compile(kOpenApiDocument).value();
  RefusedEvents refused_{Clock::Real()->Now()};
  Ingester ingester_{&config_, &log_, &schemas_, &refused_, Clock::Real()};
  IngestService service_{&ingester_};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::IngestService::Stub> stub_;
};

TEST_F(IngestServiceTest, PublishAnswersEachEventInOrder) {
  v1::PublishEventsRequest request;
  AddEvent("evt_1", Location("owner-1"), request);
  AddEvent("evt_2", Location("owner-2"), request);
  AddEvent("evt_3", "{}", request);
  AddEvent("evt_1", Location("owner-1"), request);
  AddEvent("evt_4", Location("owner-1"), request);
  v1::PublishEventsResponse response;
  const grpc::Status status = Publish(request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(OutcomesOf(response),
              ElementsAre("ACCEPTED", "NO_SUBSCRIPTION", "REJECTED",
                          "DUPLICATE", "ACCEPTED"));
  EXPECT_EQ(response.results(2).event_id(), "evt_3");
  EXPECT_THAT(response.results(2).violations(), SizeIs(6));
}

TEST_F(IngestServiceTest, PublishDoesNotTroubleTheLogWithNothing) {
  v1::PublishEventsRequest request;
  AddEvent("evt_1", "{}", request);
  AddEvent("evt_2", Location("owner-2"), request);
  v1::PublishEventsResponse response;
  ASSERT_TRUE(Publish(request, &response).ok());
  EXPECT_THAT(OutcomesOf(response), ElementsAre("REJECTED", "NO_SUBSCRIPTION"));
  EXPECT_EQ(log_.append_count(), 0);
}

TEST_F(IngestServiceTest, PublishAnswersOnlyAfterTheCommit) {
  log_.Hold();
  auto call = std::async(std::launch::async, [this] {
    v1::PublishEventsResponse response;
    EXPECT_TRUE(Publish(Batch("evt_1"), &response).ok());
    return OutcomesOf(response);
  });
  ASSERT_TRUE(log_.WaitForHeld(1));
  EXPECT_EQ(call.wait_for(std::chrono::milliseconds(50)),
            std::future_status::timeout);
  log_.Release();
  EXPECT_THAT(call.get(), ElementsAre("ACCEPTED"));
}

TEST_F(IngestServiceTest, PublishRefusesABatchBeyondTheLimits) {
  v1::PublishEventsRequest request;
  v1::PublishEventsResponse response;
  grpc::Status status = Publish(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELDS");
  for (int i = 0; i <= limits::kMaxEventsPerBatch; ++i) {
    AddEvent("", "{}", request);
  }
  status = Publish(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("1 to 1000 events"));
}

TEST_F(IngestServiceTest, PublishSaysWhyTheLogCannotBeWritten) {
  log_.Fail(absl::UnavailableError("no space left on device"));
  v1::PublishEventsResponse response;
  const grpc::Status status = Publish(Batch("evt_1"), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("no space left on device"));
  EXPECT_THAT(response.results(), IsEmpty());
}

TEST_F(IngestServiceTest, ANewConfigurationHoldsFromTheNextCallOn) {
  config_.Set(ConfigSnapshot());
  v1::PublishEventsResponse response;
  ASSERT_TRUE(Publish(Batch("evt_1"), &response).ok());
  EXPECT_THAT(OutcomesOf(response), ElementsAre("NO_SUBSCRIPTION"));
  config_.Set(MakeConfig());
  ASSERT_TRUE(Publish(Batch("evt_1"), &response).ok());
  EXPECT_THAT(OutcomesOf(response), ElementsAre("ACCEPTED"));
}

TEST_F(IngestServiceTest, StreamAnswersInOrderAndEndsWithTheClient) {
  log_.Hold();
  grpc::ClientContext context;
  SetDeadline(context);
  auto stream = stub_->StreamEvents(&context);
  for (const char* id : {"1", "2", "3"}) ASSERT_TRUE(stream->Write(Batch(id)));
  ASSERT_TRUE(stream->WritesDone());
  ASSERT_TRUE(log_.WaitForHeld(3));
  log_.Release(2);
  log_.Release(0);
  EXPECT_EQ(ReadAnswer(*stream), "1");
  log_.Release(0);
  EXPECT_EQ(ReadAnswer(*stream), "2");
  EXPECT_EQ(ReadAnswer(*stream), "3");
  EXPECT_EQ(ReadAnswer(*stream), "");
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(IngestServiceTest, StreamEndsWellWithoutABatch) {
  grpc::ClientContext context;
  SetDeadline(context);
  auto stream = stub_->StreamEvents(&context);
  ASSERT_TRUE(stream->WritesDone());
  EXPECT_EQ(ReadAnswer(*stream), "");
  EXPECT_TRUE(stream->Finish().ok());
}

// The client has written all; what the server does not read waits.
TEST_F(IngestServiceTest, StreamReadsOnOnlyWhileFewBatchesAreUnanswered) {
  constexpr int kBatches = 3 * limits::kMaxUnansweredBatches;
  log_.Hold();
  grpc::ClientContext context;
  SetDeadline(context);
  auto stream = stub_->StreamEvents(&context);
  std::thread writer([&stream] {
    for (int i = 0; i < kBatches; ++i) {
      EXPECT_TRUE(stream->Write(Batch(absl::StrCat("evt_", i))));
    }
    EXPECT_TRUE(stream->WritesDone());
  });
  for (int i = 0; i < kBatches; ++i) {
    const int left = kBatches - i;
    ASSERT_TRUE(
        log_.WaitForHeld(std::min(left, limits::kMaxUnansweredBatches)));
    log_.Release();
    EXPECT_EQ(ReadAnswer(*stream), absl::StrCat("evt_", i));
  }
  writer.join();
  EXPECT_EQ(ReadAnswer(*stream), "");
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(log_.most_held(), limits::kMaxUnansweredBatches);
}

TEST_F(IngestServiceTest,
       StreamEndsWithTheErrorOfABadBatchAfterEarlierAnswers) {
  log_.Hold();
  grpc::ClientContext context;
  SetDeadline(context);
  auto stream = stub_->StreamEvents(&context);
  ASSERT_TRUE(stream->Write(Batch("1")));
  ASSERT_TRUE(stream->Write(v1::PublishEventsRequest()));
  ASSERT_TRUE(log_.WaitForHeld(1));
  log_.Release();
  EXPECT_EQ(ReadAnswer(*stream), "1");
  EXPECT_EQ(ReadAnswer(*stream), "");
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELDS");
}

TEST_F(IngestServiceTest, StreamEndsWhenTheLogCannotBeWritten) {
  grpc::ClientContext context;
  SetDeadline(context);
  auto stream = stub_->StreamEvents(&context);
  ASSERT_TRUE(stream->Write(Batch("1")));
  EXPECT_EQ(ReadAnswer(*stream), "1");
  log_.Fail(absl::UnavailableError("no space left on device"));
  ASSERT_TRUE(stream->Write(Batch("2")));
  // The client need not half-close to hear of it.
  EXPECT_EQ(ReadAnswer(*stream), "");
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("no space left on device"));
}

TEST_F(IngestServiceTest, StreamMayBeCancelledBeforeTheLogAnswers) {
  log_.Hold();
  {
    grpc::ClientContext context;
    SetDeadline(context);
    auto stream = stub_->StreamEvents(&context);
    ASSERT_TRUE(stream->Write(Batch("1")));
    ASSERT_TRUE(stream->Write(Batch("2")));
    ASSERT_TRUE(log_.WaitForHeld(2));
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  log_.Release(1);
  log_.Release(0);
  // The service goes on.
  auto call = std::async(std::launch::async, [this] {
    v1::PublishEventsResponse response;
    EXPECT_TRUE(Publish(Batch("1"), &response).ok());
    return OutcomesOf(response);
  });
  ASSERT_TRUE(log_.WaitForHeld(1));
  log_.Release();
  EXPECT_THAT(call.get(), ElementsAre("DUPLICATE"));
}

TEST_F(IngestServiceTest, TheLogMayAnswerWhenTheStreamIsGone) {
  log_.Hold();
  grpc::ClientContext context;
  SetDeadline(context);
  auto stream = stub_->StreamEvents(&context);
  ASSERT_TRUE(stream->Write(Batch("1")));
  ASSERT_TRUE(stream->Write(Batch("2")));
  ASSERT_TRUE(log_.WaitForHeld(2));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  server_->Shutdown();  // returns when no call is left
  log_.Release(1);
  log_.Release(0);
}

TEST_F(IngestServiceTest, StreamsDoNotDisturbEachOther) {
  constexpr int kStreams = 4;
  constexpr int kBatches = 500;
  std::vector<std::thread> producers;
  for (int s = 0; s < kStreams; ++s) {
    producers.emplace_back([this, s] {
      grpc::ClientContext context;
      SetDeadline(context);
      auto stream = stub_->StreamEvents(&context);
      std::thread writer([&stream, s] {
        for (int i = 0; i < kBatches; ++i) {
          EXPECT_TRUE(stream->Write(Batch(absl::StrCat(s, "-", i))));
        }
        EXPECT_TRUE(stream->WritesDone());
      });
      for (int i = 0; i < kBatches; ++i) {
        EXPECT_EQ(ReadAnswer(*stream), absl::StrCat(s, "-", i));
      }
      writer.join();
      EXPECT_TRUE(stream->Finish().ok());
    });
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(log_.append_count(), kStreams * kBatches);
}

}  // namespace
}  // namespace mqttpush
