#include "server/grpc_listener.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <filesystem>
#include <future>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.pb.h"
#include "gtest/gtest.h"
#include "tests/support/rpc.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificate_authority.h"

namespace mqttpush {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::testing::HasSubstr;

// Of a new connection: gRPC shares one among channels that are alike.
absl::StatusOr<HealthCheckResponse> AskHealth(
    const std::string& address,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  grpc::TemplatedGenericStub<HealthCheckRequest, HealthCheckResponse> stub(
      grpc::CreateCustomChannel(address, credentials, arguments));
  const HealthCheckRequest request;
  return Call<HealthCheckResponse>([&](auto* context, auto* response) {
    std::promise<grpc::Status> done;
    stub.UnaryCall(context, "/grpc.health.v1.Health/Check", grpc::StubOptions(),
                   &request, response,
                   [&](grpc::Status status) { done.set_value(status); });
    return done.get_future().get();
  });
}

bool IsServing(const std::string& address,
               const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  auto response = AskHealth(address, credentials);
  return response.ok() && response->status() == HealthCheckResponse::SERVING;
}

class GrpcListenerTest : public testing::Test {
 protected:
  void SetUp() override {
    authority_ = *TestCertificateAuthority::Create();
    Install(*authority_->IssueServer());
  }

  void Install(const TestCertificate& certificate) {
    for (const auto& [from, to] :
         {std::pair(certificate.certificate_path, Path("tls.crt")),
          std::pair(certificate.key_path, Path("tls.key"))}) {
      std::filesystem::copy_file(
          from, to, std::filesystem::copy_options::overwrite_existing);
    }
  }
  std::string Path(const std::string& name) const {
    return absl::StrCat(dir_.path(), "/", name);
  }
  // With TLS; looks for new files at each handshake.
  std::unique_ptr<GrpcListener> Start(const std::string& client_ca = "",
                                      const std::string& health = "") {
    auto certificate = ServerCertificate::Load({.certificate = Path("tls.crt"),
                                                .key = Path("tls.key"),
                                                .client_ca = client_ca},
                                               absl::ZeroDuration());
    EXPECT_TRUE(certificate.ok()) << certificate.status();
    certificate_ = *std::move(certificate);
    auto listener = GrpcListener::Start({.address = "127.0.0.1:0",
                                         .health_address = health,
                                         .certificate = certificate_.get()},
                                        {});
    EXPECT_TRUE(listener.ok()) << listener.status();
    return *std::move(listener);
  }
  static std::shared_ptr<grpc::ChannelCredentials> Trusting(
      const TestCertificateAuthority& authority,
      const TestCertificate& client = {}) {
    return grpc::SslCredentials({.pem_root_certs = authority.ca_pem(),
                                 .pem_private_key = client.key_pem,
                                 .pem_cert_chain = client.certificate_pem});
  }

  TempDir dir_;
  std::unique_ptr<TestCertificateAuthority> authority_;
  std::unique_ptr<ServerCertificate> certificate_;
};

TEST_F(GrpcListenerTest, SpeaksTlsOnly) {
  auto listener = Start();
  EXPECT_TRUE(IsServing(listener->address(), Trusting(*authority_)));
  EXPECT_EQ(AskHealth(listener->address(), grpc::InsecureChannelCredentials())
                .status()
                .code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(GrpcListenerTest, AReplacedCertificateIsServedWithoutARestart) {
  auto listener = Start();
  ASSERT_TRUE(IsServing(listener->address(), Trusting(*authority_)));
  auto other = *TestCertificateAuthority::Create("Other CA");
  Install(*other->IssueServer());
  EXPECT_TRUE(IsServing(listener->address(), Trusting(*other)));
  EXPECT_FALSE(IsServing(listener->address(), Trusting(*authority_)));
}

// gRPC's own watcher would serve nobody until the pair is whole again.
TEST_F(GrpcListenerTest, HalfAPairLeavesTheOneBefore) {
  auto listener = Start();
  auto other = *TestCertificateAuthority::Create("Other CA");
  const TestCertificate next = *other->IssueServer();
  std::filesystem::copy_file(next.key_path, Path("tls.key"),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(IsServing(listener->address(), Trusting(*authority_)));
}

TEST_F(GrpcListenerTest, ClientsMustShowACertificateOfTheAuthority) {
  auto clients = *TestCertificateAuthority::Create("Clients CA");
  auto listener = Start(clients->ca_path());
  EXPECT_TRUE(IsServing(listener->address(),
                        Trusting(*authority_, *clients->IssueClient("ops"))));
  EXPECT_FALSE(IsServing(listener->address(), Trusting(*authority_)));
  EXPECT_FALSE(IsServing(listener->address(),
                         Trusting(*authority_, *authority_->IssueClient("x"))));
}

TEST_F(GrpcListenerTest, HealthAloneIsPlaintextAndTurnsWithTheOther) {
  auto listener = Start("", "127.0.0.1:0");
  const auto plaintext = grpc::InsecureChannelCredentials();
  EXPECT_TRUE(IsServing(listener->health_address(), plaintext));
  listener->SayNotServing();
  for (const auto& [address, credentials] :
       {std::pair(listener->health_address(), plaintext),
        std::pair(listener->address(), Trusting(*authority_))}) {
    auto response = AskHealth(address, credentials);
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->status(), HealthCheckResponse::NOT_SERVING);
  }
}

TEST_F(GrpcListenerTest, AnAddressThatCannotBeUsedIsNamed) {
  const auto listener = GrpcListener::Start({.address = "192.0.2.1:0"}, {});
  EXPECT_EQ(listener.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(listener.status().message()),
              HasSubstr("192.0.2.1:0"));
}

}  // namespace
}  // namespace mqttpush
