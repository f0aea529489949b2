// BrokerProbes: probes of brokers, each in a process of its own, as it handles
// a customer's secrets and the bytes of strangers.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_BROKER_PROBES_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_BROKER_PROBES_H_

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/broker_probe.h"
#include "common/event_loop.h"
#include "storage/records.h"
#include "workers/egress/egress_allowances.h"
#include "workers/link/link_stream.h"
#include "workers/supervisor/process_watcher.h"

namespace mqttpush {

// Start and Cancel are thread-safe; all else happens on the loop. How many
// there may be is the caller's concern. They do not wait for the leave that
// workers need to call a host (connect_governor.h).
class BrokerProbes {
 public:
  // Called on the loop, exactly once.
  using Done = std::function<void(ProbeReport)>;

  // `program` is the path of mqttpush-probe. `loop` must outlive this.
  // `data_path` is the folder that is hidden from probes; empty: none is.
  BrokerProbes(EventLoop* loop, std::string program, std::string data_path,
               AllowedNetworks allowed_networks);
  // Once the loop has stopped.
  ~BrokerProbes();

  // Returns a number for Cancel.
  int64_t Start(BrokerRecord broker, ProbeOrder order, Done done);
  // Kills its process; what it had found until then is reported. No effect when
  // it has ended.
  void Cancel(int64_t id);

  // On the loop. Ends all of them, and from now on each at once.
  void Stop();

 private:
  struct Probe {
    Done done;
    ProbeReport report;
    size_t most_findings = 0;
    pid_t pid = 0;
    std::unique_ptr<LinkStream> stream;  // until it ends
    absl::Status stream_end;             // then
    bool exited = false;
    int wait_status = 0;
    std::string killed_because;  // empty: we did not
    EventLoop::TimerId timer = 0;
  };

  void Begin(int64_t id, const BrokerRecord& broker, const ProbeOrder& order,
             Done done);
  // Its stream and process; the order is not sent yet.
  absl::Status Launch(int64_t id, Probe& probe);
  // DATA_LOSS for garbage, and for more than there can be to say.
  absl::Status Take(int64_t id, absl::string_view bytes);
  void Kill(int64_t id, const std::string& why);
  void OnStreamEnd(int64_t id, const absl::Status& end);
  void OnExit(int64_t id, int wait_status);
  static std::string WhyCutShort(const Probe& probe);
  // Reports once both stream and process have ended.
  void EndIfOver(int64_t id);

  EventLoop* const loop_;
  const std::string program_;
  const std::string data_path_;
  const std::vector<std::string> environment_;
  const AllowedNetworks allowed_networks_;
  std::atomic<int64_t> next_id_ = 1;
  std::map<int64_t, Probe> probes_;
  bool stopping_ = false;

  ProcessWatcher watcher_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_BROKER_PROBES_H_
