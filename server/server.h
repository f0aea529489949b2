// Server: the object graph of mqttpushd. Builds everything in order, owns it,
// and stops it in reverse.
#ifndef MQTTPUSH_SERVER_SERVER_H_
#define MQTTPUSH_SERVER_SERVER_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/event_loop.h"
#include "common/limits.h"
#include "common/tls/server_certificate.h"
#include "server/config.h"
#include "server/conservation_watch.h"
#include "server/grpc_listener.h"
#include "services/admin/admin_service.h"
#include "services/api/refused_events.h"
#include "services/flowcore/result_exporter.h"
#include "services/history/history_service.h"
#include "services/history/live_streams.h"
#include "services/history/replay_runner.h"
#include "services/http/http_listener.h"
#include "services/ingest/ingest_service.h"
#include "services/ingest/ingester.h"
#include "services/ingest/object_schema.h"
#include "storage/event_log.h"
#include "storage/sqlite/data_directory.h"
#include "storage/sqlite/log/conservation_audit.h"
#include "storage/sqlite/log/sqlite_attempt_journal.h"
#include "storage/sqlite/log/sqlite_history_reader.h"
#include "storage/sqlite/log/sqlite_stats_reader.h"
#include "storage/sqlite/sqlite_config_store.h"
#include "storage/sqlite/sqlite_replay_store.h"
#include "workers/dispatch/dispatcher.h"
#include "workers/dispatch/status_board.h"
#include "workers/egress/egress_allowances.h"
#include "workers/supervisor/broker_probes.h"
#include "workers/supervisor/supervisor.h"

namespace mqttpush {

class Server {
 public:
  // Opens the data, starts the workers, and serves. What is wrong with the data
  // directory or the address comes back as an error.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerConfig& config);

  // Ends the streams, drains and stops: replays and workers finish what is
  // under way, then calls end, then the log is closed. Takes at most some 20 s.
  ~Server();

  // The address in use, with the real port.
  const std::string& address() const { return grpc_listener_->address(); }
  // The same of the health alone; empty when it has none.
  const std::string& health_address() const {
    return grpc_listener_->health_address();
  }
  // The same of HTTP; empty when it is not served.
  std::string http_address() const;
  // What the audit found so far. Thread-safe; waits for the loop.
  ConservationCounters conservation();

 private:
  Server() = default;
  absl::Status OpenStorage(const ServerConfig& config);
  void StartWatch(const ServerConfig& config);
  void StartDelivery(const ServerConfig& config);
  absl::Status MakeServices(const ServerConfig& config);
  void MakeHistoryService(const ServerConfig& config);
  absl::Status Listen(const ServerConfig& config);
  absl::Status ListenForHttp(const ServerConfig& config);
  absl::Status StartExport(const ServerConfig& config);
  void SayNotServing();
  void StopDelivery();

  std::unique_ptr<const ObjectSchemas> schemas_;
  std::unique_ptr<DataDirectory> data_directory_;
  StatusBoard board_;
  RefusedEvents refused_events_{Clock::Real()->Now()};
  EventLoop loop_;
  std::unique_ptr<SqliteConfigStore> config_store_;
  std::unique_ptr<SqliteReplayStore> replay_store_;
  std::unique_ptr<SqliteHistoryReader> history_reader_;
  std::unique_ptr<SqliteStatsReader> stats_reader_;
  std::unique_ptr<SqliteAttemptJournal> journal_;
  LiveStreams attempt_streams_{"StreamAttempts", limits::kMaxAttemptStreams};
  LiveStreams replay_watchers_{"WatchReplay", limits::kMaxReplayWatches};
  std::unique_ptr<SqliteConservationAudit> audit_;
  std::unique_ptr<EgressAllowances> egress_;
  // Only the loop's thread uses these two.
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<BrokerProbes> probes_;
  // Its writer calls into the loop and into the services' calls: it goes before
  // them.
  std::unique_ptr<EventLog> event_log_;
  std::unique_ptr<ReplayRunner> replay_runner_;
  std::unique_ptr<Ingester> ingester_;
  std::unique_ptr<AdminService> admin_service_;
  std::unique_ptr<IngestService> ingest_service_;
  std::unique_ptr<HistoryService> history_service_;
  std::unique_ptr<ServerCertificate> certificate_;  // null: plaintext
  std::unique_ptr<GrpcListener> grpc_listener_;
  std::atomic<bool> is_serving_ = true;
  std::unique_ptr<HttpListener> http_listener_;
  std::unique_ptr<ResultExporter> exporter_;
  // Made and ended by the loop's thread.
  std::unique_ptr<ConservationWatch> watch_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVER_SERVER_H_
