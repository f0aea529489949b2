#include "server/server.h"

#include <unistd.h>

#include <climits>
#include <future>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/clock.h"
#include "common/limits.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "server/http_doors.h"
#include "server/listen_address.h"
#include "services/api/linked_descriptors.h"
#include "services/flowcore/result_texts.h"
#include "services/flowcore/shared_secret.h"
#include "services/ingest/openapi_document.h"
#include "storage/sqlite/full_disk_log.h"
#include "storage/sqlite/log/legacy_log.h"
#include "storage/sqlite/log/sqlite_event_log.h"

namespace mqttpush {
namespace {

// For the results that the workers handed in last.
constexpr auto kCommitGrace = std::chrono::seconds(5);

absl::StatusOr<std::string> WorkerPath(const ServerConfig& config) {
  std::string path = config.worker_path;
  if (path.empty()) {
    char self[PATH_MAX];
    const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
    if (size <= 0) return absl::InternalError("cannot read /proc/self/exe");
    path.assign(self, size);
    path.replace(path.rfind('/') + 1, std::string::npos, "mqttpush-worker");
  }
  if (access(path.c_str(), X_OK) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("worker program ", path, " cannot be executed"));
  }
  return path;
}

// It is installed beside the worker program.
std::string ProbePath(const std::string& worker_path) {
  return absl::StrCat(worker_path.substr(0, worker_path.rfind('/') + 1),
                      "mqttpush-probe");
}

// Uids that are given anew would make the events of one customer another's.
absl::Status CheckUids(const SqliteConfigStore& config, SqliteEventLog& log) {
  const SqliteConfigStore::LastUids& last = config.last_uids_at_open();
  for (const SubscriptionRecovery& recovery : log.store()->states().All()) {
    const SubscriptionState& state = recovery.state;
    if (state.uid <= last.subscription && state.tenant_uid <= last.tenant) {
      continue;
    }
    return absl::FailedPreconditionError(absl::StrCat(
        "config.db does not know subscription uid ", state.uid, " (", state.id,
        "), of which the log holds events: config.db is missing, or older than "
        "the log; restore both from the same backup"));
  }
  return absl::OkStatus();
}

// An error names the setting that it comes of.
template <typename Result>
Result Named(absl::string_view setting, Result result) {
  if (result.ok()) return result;
  return absl::Status(result.status().code(),
                      absl::StrCat(setting, ": ", result.status().message()));
}

absl::Status CheckWithoutTls(const ServerConfig& config) {
  if (config.allow_plaintext_on_network) return absl::OkStatus();
  MQTTPUSH_RETURN_IF_ERROR(
      CheckPlaintext("--listen-address", config.listen_address));
  if (config.http_listen_address.empty()) return absl::OkStatus();
  return CheckPlaintext("--http-listen-address", config.http_listen_address);
}

absl::StatusOr<std::unique_ptr<ServerCertificate>> LoadCertificate(
    const ServerConfig& config) {
  if (config.tls_certificate_file.empty()) return nullptr;
  return Named("TLS", ServerCertificate::Load(
                          {.certificate = config.tls_certificate_file,
                           .key = config.tls_key_file,
                           .client_ca = config.tls_client_ca_file}));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const ServerConfig& config) {
  std::unique_ptr<Server> server(new Server());
  ServerConfig resolved = config;
  MQTTPUSH_ASSIGN_OR_RETURN(resolved.worker_path, WorkerPath(config));
  MQTTPUSH_ASSIGN_OR_RETURN(
      server->egress_,
      Named("--egress-tenants-file",
            EgressAllowances::Create(config.egress_allow,
                                     config.egress_tenants_file)));
  MQTTPUSH_RETURN_IF_ERROR(server->OpenStorage(resolved));
  server->StartDelivery(resolved);
  MQTTPUSH_RETURN_IF_ERROR(server->MakeServices(resolved));
  MQTTPUSH_RETURN_IF_ERROR(server->Listen(resolved));
  MQTTPUSH_RETURN_IF_ERROR(server->ListenForHttp(resolved));
  MQTTPUSH_RETURN_IF_ERROR(server->replay_runner_->Start());
  MQTTPUSH_RETURN_IF_ERROR(server->StartExport(resolved));
  server->StartWatch(resolved);
  return server;
}

absl::Status Server::OpenStorage(const ServerConfig& config) {
  MQTTPUSH_ASSIGN_OR_RETURN(
      data_directory_,
      DataDirectory::Open(config.data_dir, config.allow_network_filesystem
                                               ? NetworkFileSystems::kAllowed
                                               : NetworkFileSystems::kRefused));
  MQTTPUSH_ASSIGN_OR_RETURN(
      config_store_, SqliteConfigStore::Open(data_directory_->config_path()));
  MQTTPUSH_ASSIGN_OR_RETURN(
      replay_store_, SqliteReplayStore::Open(data_directory_->config_path()));
  MQTTPUSH_RETURN_IF_ERROR(ImportLegacyLog(data_directory_->legacy_log_path(),
                                           data_directory_->log_path()));
  MQTTPUSH_ASSIGN_OR_RETURN(
      auto log, SqliteEventLog::Open(data_directory_->log_path(), config.log,
                                     Clock::Real()));
  MQTTPUSH_RETURN_IF_ERROR(CheckUids(*config_store_, *log));
  log->SetAttemptListener([this](const std::vector<int64_t>& tenant_uids) {
    attempt_streams_.Wake(tenant_uids);
  });
  history_reader_ = std::make_unique<SqliteHistoryReader>(log.get());
  stats_reader_ = std::make_unique<SqliteStatsReader>(log.get());
  journal_ = std::make_unique<SqliteAttemptJournal>(log.get());
  audit_ = std::make_unique<SqliteConservationAudit>(log.get());
  event_log_ = std::make_unique<FullDiskLog>(
      std::move(log), DiskReserve(data_directory_->reserve_path()));
  return absl::OkStatus();
}

// The loop gets the first configuration before any change and any event.
void Server::StartDelivery(const ServerConfig& config) {
  dispatcher_ = std::make_unique<Dispatcher>(
      event_log_.get(), history_reader_.get(), &loop_, Clock::Real(), &board_,
      DispatcherOptions{.default_event_id_field = config.set_event_id,
                        .max_attempts = config.max_attempts,
                        .qos_0_lifetime = config.qos_0_lifetime,
                        .quotas = config.quotas});
  const AllowedNetworks allowed_networks =
      [this](const std::string& tenant_id) { return egress_->For(tenant_id); };
  supervisor_ = std::make_unique<Supervisor>(
      dispatcher_.get(), &loop_, Clock::Real(), &board_,
      SupervisorOptions{
          .worker_path = config.worker_path,
          .data_path = config.data_dir,
          .sessions_path = data_directory_->sessions_path(),
          .link = {.ack_timeout = config.ack_timeout,
                   .connect_backoff_base = config.connect_backoff_base,
                   .connect_backoff_max = config.connect_backoff_max},
          .allowed_networks = allowed_networks,
          .connect_rate = config.connect_rate_per_host});
  probes_ = std::make_unique<BrokerProbes>(
      &loop_, ProbePath(config.worker_path), config.data_dir, allowed_networks);
  auto on_config = [this](std::shared_ptr<const ConfigSnapshot> snapshot) {
    loop_.Post([this, snapshot = std::move(snapshot)] {
      dispatcher_->OnConfig(snapshot);
      supervisor_->OnConfig(snapshot);
    });
  };
  config_store_->SetListener(on_config);
  event_log_->SetAppendListener([this](std::vector<int64_t> uids) {
    loop_.Post(
        [this, uids = std::move(uids)] { dispatcher_->OnAppended(uids); });
  });
  on_config(config_store_->Snapshot());
}

absl::Status Server::MakeServices(const ServerConfig& config) {
  admin_service_ = std::make_unique<AdminService>(
      config_store_.get(), event_log_.get(), &board_, Clock::Real(),
      BrokerProber{.start =
                       [this](const BrokerRecord& broker,
                              const ProbeOrder& order, auto done) {
                         return probes_->Start(broker, order, std::move(done));
                       },
                   .cancel = [this](int64_t id) { probes_->Cancel(id); }},
      config.quotas);
  MQTTPUSH_ASSIGN_OR_RETURN(ObjectSchemas schemas,
                            ObjectSchemas::Compile(kOpenApiDocument));
  schemas_ = std::make_unique<const ObjectSchemas>(std::move(schemas));
  ingester_ = std::make_unique<Ingester>(config_store_.get(), event_log_.get(),
                                         schemas_.get(), &refused_events_,
                                         Clock::Real(), config.quotas);
  ingest_service_ = std::make_unique<IngestService>(ingester_.get());
  MakeHistoryService(config);
  return absl::OkStatus();
}

void Server::MakeHistoryService(const ServerConfig& config) {
  const Redeliver redeliver = [this](int64_t subscription_uid,
                                     int64_t event_seq, auto done) {
    loop_.Post([this, subscription_uid, event_seq, done] {
      dispatcher_->SendAgain(subscription_uid, event_seq, done);
    });
  };
  replay_runner_ = std::make_unique<ReplayRunner>(
      ReplayParts{.store = replay_store_.get(),
                  .config = config_store_.get(),
                  .history = history_reader_.get(),
                  .clock = Clock::Real(),
                  .redeliver = redeliver},
      &replay_watchers_);
  const WriteResults write_results = [this,
                                      flow_types = config.flowcore_flow_types](
                                         const std::vector<AttemptRow>& rows,
                                         const std::string& tenant,
                                         v1::StreamAttemptsRequest::View view) {
    const ResultForm form = view == v1::StreamAttemptsRequest::RESULT_PAYLOADS
                                ? ResultForm::kPayload
                                : ResultForm::kEvent;
    return ResultTexts(rows, tenant, form, flow_types,
                       *config_store_->Snapshot());
  };
  history_service_ = std::make_unique<HistoryService>(
      config_store_.get(),
      HistorySources{.history = history_reader_.get(),
                     .stats = stats_reader_.get(),
                     .log = event_log_.get(),
                     .refused = &refused_events_,
                     .write_results = write_results,
                     .replays = {.store = replay_store_.get(),
                                 .runner = replay_runner_.get(),
                                 .watchers = &replay_watchers_}},
      &attempt_streams_, &board_, Clock::Real(), redeliver);
}

absl::Status Server::Listen(const ServerConfig& config) {
  LinkDescriptors();
  MQTTPUSH_ASSIGN_OR_RETURN(certificate_, LoadCertificate(config));
  if (certificate_ == nullptr)
    MQTTPUSH_RETURN_IF_ERROR(CheckWithoutTls(config));
  MQTTPUSH_ASSIGN_OR_RETURN(
      grpc_listener_,
      GrpcListener::Start({.address = config.listen_address,
                           .health_address = config.health_listen_address,
                           .certificate = certificate_.get()},
                          {admin_service_.get(), ingest_service_.get(),
                           history_service_.get()}));
  return absl::OkStatus();
}

absl::Status Server::ListenForHttp(const ServerConfig& config) {
  if (config.http_listen_address.empty()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(
      HttpRouter router,
      MakeHttpRouter(config,
                     {.ingester = ingester_.get(),
                      .results = {.config = config_store_.get(),
                                  .journal = journal_.get(),
                                  .pool = history_service_->pool(),
                                  .clock = Clock::Real()},
                      .is_serving = [this] { return is_serving_.load(); }}));
  MQTTPUSH_ASSIGN_OR_RETURN(
      http_listener_,
      HttpListener::Start(
          config.http_listen_address, std::move(router), Clock::Real(),
          {.drain_timeout = GrpcListener::kShutdownGrace}, certificate_.get()));
  return absl::OkStatus();
}

absl::Status Server::StartExport(const ServerConfig& config) {
  if (!config.flowcore_export_url.has_value()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(
      std::string key, Named("--flowcore-export-key-file",
                             LoadSecretText(config.flowcore_export_key_file)));
  MQTTPUSH_ASSIGN_OR_RETURN(
      exporter_,
      Named("--flowcore-export-url",
            ResultExporter::Start(
                journal_.get(), config_store_.get(), config.flowcore_flow_types,
                Clock::Real(),
                {.url = *config.flowcore_export_url,
                 .api_key = std::move(key),
                 .cursor_path = data_directory_->export_cursor_path()})));
  return absl::OkStatus();
}

std::string Server::http_address() const {
  return http_listener_ == nullptr ? "" : http_listener_->address();
}

// After the loop has taken up the deliveries of the last run: those reads come
// first.
void Server::StartWatch(const ServerConfig& config) {
  loop_.Post([this, interval = config.audit_interval] {
    watch_ = std::make_unique<ConservationWatch>(std::move(audit_), interval,
                                                 Clock::Real());
  });
}

ConservationCounters Server::conservation() {
  ConservationCounters counters;
  loop_.RunAndWait([&] {
    if (watch_ != nullptr) counters = watch_->counters();
  });
  return counters;
}

Server::~Server() {
  loop_.RunAndWait([this] { watch_.reset(); });
  SayNotServing();
  attempt_streams_.EndAll();
  replay_watchers_.EndAll();
  if (replay_runner_ != nullptr) replay_runner_->BeginStop();
  if (supervisor_ != nullptr) StopDelivery();
  if (replay_runner_ != nullptr) replay_runner_->Stop();
  grpc_listener_.reset();
  exporter_.reset();
  http_listener_.reset();
  history_service_.reset();
  replay_runner_.reset();
  ingest_service_.reset();
  admin_service_.reset();
  loop_.Stop();  // no timer of the supervisor, nothing calls into the log
  probes_.reset();
  supervisor_.reset();
  event_log_.reset();
  dispatcher_.reset();
}

// Who looks at health goes elsewhere; calls are still answered while the
// workers drain.
void Server::SayNotServing() {
  is_serving_ = false;
  if (grpc_listener_ != nullptr) grpc_listener_->SayNotServing();
}

void Server::StopDelivery() {
  std::promise<void> workers_stopped;
  loop_.RunAndWait([&] {
    probes_->Stop();
    dispatcher_->StopSending();
    supervisor_->Stop([&] { workers_stopped.set_value(); });
  });
  workers_stopped.get_future().wait();
  // Shared, because with a disk that hangs this gives up before they do.
  auto committed = std::make_shared<std::promise<void>>();
  loop_.Post([this, committed] {
    dispatcher_->WhenIdle([committed] { committed->set_value(); });
  });
  committed->get_future().wait_for(kCommitGrace);
  loop_.RunAndWait([this] { dispatcher_->StopSendingAgain(); });
}

}  // namespace mqttpush
