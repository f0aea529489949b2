// The whole service within the test's process, with the real worker program.
#include "server/server.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <future>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "grpc/health/v1/health.pb.h"
#include "gtest/gtest.h"
#include "services/ingest/openapi_document.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log/sqlite_event_log.h"
#include "tests/support/admin_client.h"
#include "tests/support/free_port.h"
#include "tests/support/log_fixture.h"
#include "tests/support/raw_http_client.h"
#include "tests/support/rpc.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::testing::HasSubstr;

constexpr char kTenant[] = "tenants/acme";
constexpr char kBroker[] = "tenants/acme/brokers/main";
constexpr absl::Duration kDeadline = absl::Seconds(60);
// What the destructor promises.
constexpr absl::Duration kStopTimeout = absl::Seconds(20);

// One call of server reflection. Its messages come from the descriptors that
// libgrpc++_reflection brings along; there is no header for them.
class ReflectionCall {
 public:
  explicit ReflectionCall(const std::string& address)
      : stub_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
        stream_(stub_.PrepareCall(&context_,
                                  "/grpc.reflection.v1alpha.ServerReflection/"
                                  "ServerReflectionInfo",
                                  &queue_)) {
    context_.set_deadline(DeadlineAfter(kDeadline));
    stream_->StartCall(nullptr);
    Step();
  }
  ~ReflectionCall() {
    context_.TryCancel();
    grpc::Status status;
    stream_->Finish(&status, nullptr);
    Step();
  }

  // The answer to a ServerReflectionRequest, both in text format; empty when
  // there is none.
  std::string Ask(const std::string& request_text) {
    auto request = NewMessage("ServerReflectionRequest");
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(request_text,
                                                              request.get()));
    grpc::Slice slice(request->SerializeAsString());
    stream_->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    return Step() ? Read() : "";
  }
  std::string Read() {
    grpc::ByteBuffer bytes;
    stream_->Read(&bytes, nullptr);
    if (!Step()) return "";
    grpc::Slice slice;
    EXPECT_TRUE(bytes.DumpToSingleSlice(&slice).ok());
    auto response = NewMessage("ServerReflectionResponse");
    EXPECT_TRUE(response->ParseFromArray(slice.begin(), slice.size()));
    return response->DebugString();
  }

 private:
  static std::unique_ptr<google::protobuf::Message> NewMessage(
      const std::string& name) {
    const auto* descriptor =
        google::protobuf::DescriptorPool::generated_pool()
            ->FindMessageTypeByName("grpc.reflection.v1alpha." + name);
    return std::unique_ptr<google::protobuf::Message>(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(descriptor)
            ->New());
  }
  // Waits for the one operation that goes on.
  bool Step() {
    void* tag;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerConfig Config(const std::string& data = "data") {
    ServerConfig config;
    config.listen_address = "127.0.0.1:0";
    config.data_dir = temp_.File(data);
    config.worker_path = MQTTPUSH_WORKER;
    config.egress_allow = {"127.0.0.0/8"};
    config.connect_backoff_base = absl::Milliseconds(100);
    config.connect_backoff_max = absl::Milliseconds(500);
    return config;
  }
  void Start(const ServerConfig& config) {
    auto server = Server::Start(config);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::AdminService::NewStub(grpc::CreateChannel(
        server_->address(), grpc::InsecureChannelCredentials()));
  }
  void ExpectStopsInTime() {
    const absl::Time start = absl::Now();
    server_.reset();
    EXPECT_LE(absl::Now() - start, kStopTimeout);
  }

  AdminClient admin() { return AdminClient(*stub_); }
  // A broker that nobody listens for, so that its link backs off.
  void Provision() {
    v1::Broker broker;
    broker.set_host("127.0.0.1");
    broker.set_port(FreePort());
    ASSERT_TRUE(admin().CreateTenant(kTenant, {"owner-1"}).ok());
    ASSERT_TRUE(admin().CreateBroker(kBroker, broker).ok());
  }
  // Waits until the broker's worker says that it cannot connect.
  void ExpectWorkerRuns() {
    absl::StatusOr<v1::Broker> broker;
    EXPECT_TRUE(WaitUntil(kDeadline, [&] {
      broker = admin().GetBroker(kBroker);
      return broker.ok() && broker->link().state() == v1::Link::BACKING_OFF;
    }));
    ASSERT_TRUE(broker.ok()) << broker.status();
    EXPECT_THAT(broker->link().last_error(), HasSubstr("connection refused"));
  }
  absl::StatusOr<HealthCheckResponse> CheckHealth() {
    grpc::TemplatedGenericStub<HealthCheckRequest, HealthCheckResponse> stub(
        grpc::CreateChannel(server_->address(),
                            grpc::InsecureChannelCredentials()));
    const HealthCheckRequest request;
    return Call<HealthCheckResponse>([&](auto* context, auto* response) {
      std::promise<grpc::Status> done;
      stub.UnaryCall(context, "/grpc.health.v1.Health/Check",
                     grpc::StubOptions(), &request, response,
                     [&](grpc::Status status) { done.set_value(status); });
      return done.get_future().get();
    });
  }

  TempDir temp_;
  std::unique_ptr<v1::AdminService::Stub> stub_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, ServesAndSaysSo) {
  Start(Config());
  EXPECT_THAT(server_->address(), ::testing::StartsWith("127.0.0.1:"));
  EXPECT_NE(server_->address(), "127.0.0.1:0");
  const auto health = CheckHealth();
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_EQ(health->status(), HealthCheckResponse::SERVING);
  ExpectStopsInTime();
  EXPECT_EQ(admin().CreateTenant(kTenant, {"owner-1"}).code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, DescribesAllItServes) {
  Start(Config());
  ReflectionCall reflection(server_->address());
  const std::string services = reflection.Ask("list_services: ''");
  for (const char* service :
       {"mqttpush.v1.AdminService", "mqttpush.v1.IngestService",
        "mqttpush.v1.HistoryService", "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection"}) {
    EXPECT_THAT(services, HasSubstr(absl::StrCat("\"", service, "\"")));
  }
  // Private: it is for the workers.
  EXPECT_THAT(services, ::testing::Not(HasSubstr("WorkerLink")));
  for (const char* symbol :
       {"grpc.health.v1.Health", "mqttpush.v1.AdminService",
        "mqttpush.v1.IngestService", "mqttpush.v1.HistoryService",
        "google.rpc.ErrorInfo"}) {
    EXPECT_THAT(
        reflection.Ask(absl::StrCat("file_containing_symbol: '", symbol, "'")),
        HasSubstr("file_descriptor_proto:"))
        << symbol;
  }
}

TEST_F(ServerTest, DataDirectoryIsForOneServerOnly) {
  Start(Config());
  const auto second = Server::Start(Config());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(second.status().message(),
            absl::StrCat("data directory ", temp_.File("data"),
                         " is in use by process ", getpid()));
  EXPECT_TRUE(CheckHealth().ok());
}

TEST_F(ServerTest, AddressInUseIsRefusedAndLeavesNothingBehind) {
  Start(Config("other"));
  Provision();
  server_.reset();
  Start(Config());
  ServerConfig config = Config("other");
  config.listen_address = server_->address();
  const absl::Time start = absl::Now();
  const auto second = Server::Start(config);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("cannot listen on " + server_->address()));
  // The worker that had been started for its broker is gone as well.
  EXPECT_LE(absl::Now() - start, kStopTimeout);
  EXPECT_TRUE(CheckHealth().ok());
  Start(Config("other"));
  EXPECT_TRUE(admin().GetBroker(kBroker).ok());
}

TEST_F(ServerTest, MissingWorkerProgramIsRefused) {
  ServerConfig config = Config();
  config.worker_path = temp_.File("nowhere");
  const auto server = Server::Start(config);
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.status().message(),
            absl::StrCat("worker program ", config.worker_path,
                         " cannot be executed"));
}

TEST_F(ServerTest, KeepsItsConfigurationOverARestart) {
  Start(Config());
  Provision();
  ExpectWorkerRuns();
  const auto before = admin().GetBroker(kBroker);
  ExpectStopsInTime();
  Start(Config());
  ExpectWorkerRuns();
  const auto after = admin().GetBroker(kBroker);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_EQ(after->etag(), before->etag());
  EXPECT_EQ(after->port(), before->port());
  ExpectStopsInTime();
}

// Uids would be given anew, and a new customer would see another's events.
TEST_F(ServerTest, RefusesALogThatItsConfigurationDoesNotKnow) {
  const ServerConfig config = Config();
  Start(config);
  ExpectStopsInTime();
  {
    auto log = SqliteEventLog::Open(config.data_dir + "/log", Clock::Real());
    ASSERT_TRUE(log.ok()) << log.status();
    ASSERT_TRUE(AppendAndWait(**log, {MakeEvent("a", {7})}).ok());
  }
  const auto started = Server::Start(config);
  EXPECT_EQ(started.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(started.status().message()),
              ::testing::HasSubstr("does not know subscription uid 7"));
}

TEST_F(ServerTest, FindsAnEventThatIsMissingFromItsBooks) {
  ServerConfig config = Config();
  config.audit_interval = absl::Milliseconds(10);
  Start(config);
  ASSERT_TRUE(
      WaitUntil(kDeadline, [&] { return server_->conservation().audits > 0; }));
  EXPECT_EQ(server_->conservation().differences, 0);
  auto log = Database::Open(config.data_dir + "/log/0000000001.db",
                            Database::Mode::kReadWrite);
  ASSERT_TRUE(log.ok()) << log.status();
  const absl::Status broken = log->Execute(
      "INSERT INTO subscription (uid, tenant_uid, subscription_id, cursor, "
      "sent_through, accepted_count, delivered_count, parked_count, "
      "expired_count, discarded_count) "
      "VALUES (9, 1, 'lossy', 0, 0, 2, 1, 1, 0, 0)");
  ASSERT_TRUE(broken.ok()) << broken;
  // Accepted, delivered and parked.
  EXPECT_TRUE(WaitUntil(
      kDeadline, [&] { return server_->conservation().differences == 3; }));
  EXPECT_EQ(server_->conservation().violations, 3);
  ExpectStopsInTime();
}

TEST_F(ServerTest, ServesHttpWhenItIsAskedFor) {
  Start(Config());
  EXPECT_EQ(server_->http_address(), "");
  ServerConfig config = Config("other");
  config.http_listen_address = "127.0.0.1:0";
  Start(config);
  const std::string address = server_->http_address();
  EXPECT_EQ(HttpGet(address, "/healthz").body, "{\"status\":\"SERVING\"}\n");
  EXPECT_EQ(HttpGet(address, "/health").body, "{\"status\":\"ok\"}\n");
  EXPECT_EQ(HttpGet(address, "/openapi.json").body, kOpenApiDocument);
  EXPECT_THAT(HttpGet(address, "/asyncapi.json").body,
              HasSubstr("\"asyncapi\": \"3.0.0\""));
  EXPECT_EQ(HttpPost(address, "/transform", "{}").status, 400);
  ExpectStopsInTime();
  EXPECT_EQ(HttpGet(address, "/healthz").status, 0);
}

TEST_F(ServerTest, WantsTheSecretOfTheFile) {
  ServerConfig config = Config();
  config.http_listen_address = "127.0.0.1:0";
  config.flowcore_secret_file = temp_.File("secret");
  const auto without = Server::Start(config);
  EXPECT_EQ(without.status().message(),
            absl::StrCat("--flowcore-secret-file: the secret in ",
                         config.flowcore_secret_file,
                         " cannot be read: No such file or directory"));
  WriteFile(config.flowcore_secret_file, "s3cret\n");
  Start(config);
  const std::string address = server_->http_address();
  EXPECT_EQ(HttpPost(address, "/transform", "{}").status, 401);
  EXPECT_EQ(
      HttpPost(address, "/transform", "{}", "X-Secret: s3cret\r\n").status,
      400);
}

TEST_F(ServerTest, GivesResultsToWhoHasATokenOfTheFile) {
  constexpr char kPath[] = "/api/v1/time-buckets?eventTypeId=created.0";
  ServerConfig config = Config();
  config.http_listen_address = "127.0.0.1:0";
  Start(config);
  EXPECT_EQ(HttpGet(server_->http_address(), kPath).status, 404);
  server_.reset();
  config.flowcore_tokens_file = temp_.File("tokens");
  EXPECT_EQ(
      Server::Start(config).status().message(),
      absl::StrCat("--flowcore-tokens-file: ", config.flowcore_tokens_file,
                   " cannot be read: No such file or directory"));
  WriteFile(config.flowcore_tokens_file, "acme\n");
  EXPECT_THAT(std::string(Server::Start(config).status().message()),
              HasSubstr(" line 1 must be a tenant id and a digest"));
  WriteFile(config.flowcore_tokens_file, "# none yet\n");
  Start(config);
  EXPECT_EQ(HttpGet(server_->http_address(), kPath).status, 401);
}

TEST_F(ServerTest, ExportsResultsWithTheKeyOfTheFile) {
  ServerConfig config = Config();
  config.flowcore_export_url = HttpUrl::Parse("http://127.0.0.1:1/x").value();
  config.flowcore_export_key_file = temp_.File("key");
  EXPECT_EQ(Server::Start(config).status().message(),
            absl::StrCat("--flowcore-export-key-file: the secret in ",
                         config.flowcore_export_key_file,
                         " cannot be read: No such file or directory"));
  WriteFile(config.flowcore_export_key_file, "fc_key\n");
  const std::string cursor = config.data_dir + "/export.cursor";
  WriteFile(cursor, "oops");
  EXPECT_EQ(
      Server::Start(config).status().message(),
      absl::StrCat("--flowcore-export-url: ", cursor, " holds no event id"));
  unlink(cursor.c_str());
  Start(config);
  EXPECT_NE(ReadFile(cursor), "");
  ExpectStopsInTime();
}

TEST_F(ServerTest, CallsUnderWayDoNotKeepItFromStopping) {
  Start(Config());
  ReflectionCall idle(server_->address());
  ASSERT_NE(idle.Ask("list_services: ''"), "");
  ExpectStopsInTime();
  EXPECT_EQ(idle.Read(), "");
}

TEST_F(ServerTest, StreamsOfAttemptsEndWhenItStops) {
  Start(Config());
  Provision();
  auto history = v1::HistoryService::NewStub(grpc::CreateChannel(
      server_->address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  v1::StreamAttemptsRequest request;
  request.set_parent(kTenant);
  auto reader = history->StreamAttempts(&context, request);
  v1::StreamAttemptsResponse response;
  // The one that says that there are no attempts yet.
  ASSERT_TRUE(reader->Read(&response));
  ExpectStopsInTime();
  EXPECT_FALSE(reader->Read(&response));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the service is stopping");
}

}  // namespace
}  // namespace mqttpush
