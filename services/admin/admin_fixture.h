// AdminFixture: the AdminService behind a real gRPC server on loopback, with a
// real config.db, for tests.
#ifndef MQTTPUSH_SERVICES_ADMIN_ADMIN_FIXTURE_H_
#define MQTTPUSH_SERVICES_ADMIN_ADMIN_FIXTURE_H_

#include <google/protobuf/text_format.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "mqttpush/v1/admin_service.grpc.pb.h"
#include "services/admin/admin_service.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "tests/support/fake_delivery_status.h"
#include "tests/support/fake_event_log.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {

// One second later with every look at it.
class SteppingClock : public Clock {
 public:
  absl::Time Now() const override {
    return absl::FromUnixSeconds(1'700'000'000 + ++steps_);
  }

 private:
  mutable std::atomic<int> steps_{0};
};

// What a caller gets: the response, or the error with its details.
template <typename Response>
struct Reply {
  grpc::Status status;
  Response response;
  std::string reason;                   // of the ErrorInfo
  std::vector<std::string> violations;  // "field: description"

  bool ok() const { return status.ok(); }
  const Response* operator->() const { return &response; }
};

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

class AdminFixture : public ::testing::Test {
 protected:
  using Stub = v1::AdminService::Stub;

  // No reply of the test, good or bad, may hold one.
  static constexpr char kPassword[] = "hunter2-the-password";

  void SetUp() override;
  // Checks that.
  void TearDown() override;

  // Starts the server anew on the same config.db.
  void Restart();

  template <typename Request, typename Response>
  Reply<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                    const Request&, Response*),
                       const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(30));
    Reply<Response> reply;
    reply.status = (stub_.get()->*method)(&context, request, &reply.response);
    Record(reply.response.SerializeAsString());
    Record(reply.status.error_message());
    Record(reply.status.error_details());
    ReadDetails(reply.status, &reply.reason, &reply.violations);
    return reply;
  }

  Reply<v1::Tenant> CreateTenant(const std::string& id,
                                 const std::string& tenant = "");
  Reply<v1::Broker> CreateBroker(const std::string& parent,
                                 const std::string& id,
                                 const std::string& broker = "host: 'h'");
  // On the broker "main" of the parent unless `subscription` says otherwise.
  Reply<v1::Subscription> CreateSubscription(const std::string& parent,
                                             const std::string& id,
                                             const std::string& subscription);
  Reply<v1::Tenant> GetTenant(const std::string& name);
  Reply<v1::Broker> GetBroker(const std::string& name);
  Reply<v1::Subscription> GetSubscription(const std::string& name);

  Stub* stub() { return stub_.get(); }
  std::shared_ptr<const ConfigSnapshot> Snapshot() {
    return config_->Snapshot();
  }

  FakeEventLog log_;
  FakeDeliveryStatus delivery_status_;
  BrokerProber prober_;  // to be set before SetUp
  QuotaRules quotas_;    // count from the next Restart on
  SteppingClock clock_;

 private:
  static void ReadDetails(const grpc::Status& status, std::string* reason,
                          std::vector<std::string>* violations);
  void Record(const std::string& text);

  TempDir dir_;
  std::unique_ptr<SqliteConfigStore> config_;
  std::unique_ptr<AdminService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Stub> stub_;
  Mutex mutex_;
  std::string said_ ABSL_GUARDED_BY(mutex_);  // everything callers got
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_ADMIN_ADMIN_FIXTURE_H_
