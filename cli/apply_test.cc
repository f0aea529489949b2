// apply against a service that ends while it is being asked.
#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "cli/cli_fixture.h"
#include "mqttpush/v1/admin_service.grpc.pb.h"

namespace mqttpush::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kFile[] = R"(
tenant: acme
brokers: {main: {host: b}}
subscriptions: {all: {broker: main, topic: t}}
)";

// Has nothing, takes everything, and ends when a broker is to be made.
class EndingAdmin : public v1::AdminService::Service {
 public:
  using Context = grpc::ServerContext;
  grpc::Status GetTenant(Context*, const v1::GetTenantRequest*,
                         v1::Tenant*) override {
    return {grpc::StatusCode::NOT_FOUND, "no"};
  }
  grpc::Status GetBroker(Context*, const v1::GetBrokerRequest*,
                         v1::Broker*) override {
    return {grpc::StatusCode::NOT_FOUND, "no"};
  }
  grpc::Status GetSubscription(Context*, const v1::GetSubscriptionRequest*,
                               v1::Subscription*) override {
    return {grpc::StatusCode::NOT_FOUND, "no"};
  }
  grpc::Status CreateTenant(Context*, const v1::CreateTenantRequest*,
                            v1::Tenant*) override {
    return grpc::Status::OK;
  }
  grpc::Status CreateBroker(Context*, const v1::CreateBrokerRequest* request,
                            v1::Broker*) override {
    return request->validate_only() ? grpc::Status::OK : end;
  }
  grpc::Status CreateSubscription(Context*,
                                  const v1::CreateSubscriptionRequest*,
                                  v1::Subscription*) override {
    return grpc::Status::OK;
  }

  grpc::Status end{grpc::StatusCode::UNAVAILABLE, "ends"};
};

class ApplyTest : public CliFixture {
 protected:
  void SetUp() override {
    int port = 0;
    service_ = grpc::ServerBuilder()
                   .AddListeningPort("127.0.0.1:0",
                                     grpc::InsecureServerCredentials(), &port)
                   .RegisterService(&admin_)
                   .BuildAndStart();
    server_ = absl::StrCat("127.0.0.1:", port);
  }

  EndingAdmin admin_;
  std::unique_ptr<grpc::Server> service_;
};

TEST_F(ApplyTest, SaysWhereItStopped) {
  const RunResult result = Run({"apply", "-f", "-"}, kFile);
  EXPECT_EQ(result.code, ExitCode::kUnavailable);
  EXPECT_THAT(result.err,
              HasSubstr("mqttpush: it stopped half way:\n"
                        "  done       create tenants/acme\n"
                        "  not known  create tenants/acme/brokers/main\n"
                        "  not done   create tenants/acme/subscriptions/all\n"
                        "Applying the file again goes on from there.\n"));
}

// Somebody was faster.
TEST_F(ApplyTest, SaysWhatWasRefused) {
  admin_.end = {grpc::StatusCode::ALREADY_EXISTS, "there is one"};
  const RunResult result = Run({"apply", "-f", "-"}, kFile);
  EXPECT_EQ(result.code, ExitCode::kServiceError);
  EXPECT_THAT(result.err,
              HasSubstr("  refused    create tenants/acme/brokers/main\n"));
  const std::string json = Run({"--json", "apply", "-f", "-"}, kFile).out;
  for (const char* part : {R"("name":"tenants/acme","action":"create",)"
                           R"("result":"done")",
                           R"("result":"refused")", R"("result":"not done")"}) {
    EXPECT_THAT(json, HasSubstr(part));
  }
}

}  // namespace
}  // namespace mqttpush::cli
