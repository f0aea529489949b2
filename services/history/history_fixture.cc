#include "services/history/history_fixture.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/support/log_fixture.h"
#include "tests/support/rpc.h"

namespace mqttpush {
namespace {

// "RESULT_EVENTS acme 1/2": of event 1 attempt 2.
std::vector<std::string> FakeResults(const std::vector<AttemptRow>& rows,
                                     const std::string& tenant_id,
                                     v1::StreamAttemptsRequest::View view) {
  std::vector<std::string> results;
  for (const AttemptRow& row : rows) {
    results.push_back(absl::StrCat(v1::StreamAttemptsRequest::View_Name(view),
                                   " ", tenant_id, " ", row.attempt.event_seq,
                                   "/", row.attempt.number));
  }
  return results;
}

}  // namespace

std::vector<std::string> ViolatedFields(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  std::vector<std::string> fields;
  for (const auto& detail : details.details()) {
    google::rpc::BadRequest bad;
    if (!detail.UnpackTo(&bad)) continue;
    for (const auto& violation : bad.field_violations()) {
      fields.push_back(violation.field());
    }
  }
  return fields;
}

void HistoryFixture::SetUp() {
  config_ = *SqliteConfigStore::Open(temp_.File("config.db"));
  Provision();
  StartService();
}

void HistoryFixture::Provision() {
  tenant_.id = "acme";
  tenant_.owner_ids = {"owner-1"};
  tenant_.uid = Put(tenant_);
  BrokerRecord broker;
  broker.id = "main";
  broker.tenant_uid = tenant_.uid;
  broker.host = "h";
  broker.client_id = "c";
  broker_uid_ = Put(broker);
}

void HistoryFixture::StartService() {
  streams_ = std::make_unique<LiveStreams>("StreamAttempts", max_streams_);
  log_ = *SqliteEventLog::Open(temp_.File(log_folder_), log_options_, &clock_);
  log_->SetAttemptListener([this](const std::vector<int64_t>& tenant_uids) {
    streams_->Wake(tenant_uids);
  });
  reader_ = MakeReader();
  stats_ = std::make_unique<SqliteStatsReader>(log_.get());
  service_ = std::make_unique<HistoryService>(
      config_.get(),
      HistorySources{.history = reader_.get(),
                     .stats = stats_.get(),
                     .log = log_.get(),
                     .refused = &refused_,
                     .write_results = FakeResults},
      streams_.get(), &status_, &clock_,
      [this](int64_t uid, int64_t event_seq, auto done) {
        Redeliver(uid, event_seq, done);
      });
  grpc::ServerBuilder builder;
  builder.RegisterService(service_.get());
  RegisterMore(builder);
  server_ = builder.BuildAndStart();
  stub_ = v1::HistoryService::NewStub(server_->InProcessChannel({}));
}

void HistoryFixture::StopService() {
  streams_->EndAll();
  server_->Shutdown(DeadlineAfter(absl::ZeroDuration()));
  server_->Wait();
  service_.reset();
  log_.reset();
}

int64_t HistoryFixture::Apply(const ConfigChange& change) {
  const auto applied = config_->Apply(
      [&](const ConfigSnapshot&) -> absl::StatusOr<ConfigChange> {
        return change;
      });
  EXPECT_TRUE(applied.ok()) << applied.status();
  return applied.ok() ? applied->uid : 0;
}

SubscriptionRecord HistoryFixture::MakeSubscription(
    const std::string& id) const {
  SubscriptionRecord subscription;
  subscription.id = id;
  subscription.tenant_uid = tenant_.uid;
  subscription.broker_uid = broker_uid_;
  subscription.topic = "t";
  return subscription;
}

NewEvent HistoryFixture::MakeTenantEvent(const std::string& event_id,
                                         Route route) const {
  NewEvent event = MakeEvent(event_id, {});
  event.tenant_uid = tenant_.uid;
  event.route = std::make_shared<const Route>(std::move(route));
  return event;
}

AttemptRecord HistoryFixture::MakeAttempt(int64_t event_seq,
                                          int64_t subscription_uid, int number,
                                          bool succeeded) const {
  return {.event_seq = event_seq,
          .subscription_uid = subscription_uid,
          .number = number,
          .start_time = clock_.Now(),
          .topic = "t",
          .succeeded = succeeded,
          .error_class = succeeded ? ErrorClass::kNone : ErrorClass::kRejected,
          .reason_code = succeeded ? 0 : 0x97};
}

}  // namespace mqttpush
