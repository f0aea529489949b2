// SessionFiles: the folder of the workers' stored sessions, one file per
// broker that promises exactly once.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_SESSION_FILES_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_SESSION_FILES_H_

#include <cstdint>
#include <functional>
#include <string>

#include "storage/config_snapshot.h"

namespace mqttpush {

// Whether the broker's link keeps its session: any of its subscriptions, paused
// or not, can send at QoS 2.
bool NeedsSession(const ConfigSnapshot& snapshot, int64_t broker_uid);

// Only a broker's worker writes its file; this names and removes files, and
// with a file the new version that a worker was writing when it was killed
// (".next"). An error is logged: a file too many does no harm, for uids are not
// used again.
class SessionFiles {
 public:
  // `folder` must exist for sessions to be kept.
  explicit SessionFiles(std::string folder) : folder_(std::move(folder)) {}

  std::string PathOf(int64_t broker_uid) const;
  // No effect when there is none. The broker's worker must have ended.
  void Remove(int64_t broker_uid) const;
  // Removes the files of brokers that are not to be kept, and all new versions
  // that were left unfinished. A worker of a service that was killed may still
  // be there for some seconds (worker/session.h): should it be writing a new
  // version, it ends, and the one before is complete. Files that are no
  // session's stay.
  void RemoveExcept(const std::function<bool(int64_t broker_uid)>& keep) const;

 private:
  void RemoveFile(const std::string& path) const;

  const std::string folder_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_SESSION_FILES_H_
