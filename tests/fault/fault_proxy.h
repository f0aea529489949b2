// FaultProxy: a TCP proxy on loopback between a worker and its broker, which
// does to the connection what networks do.
#ifndef MQTTPUSH_TESTS_FAULT_FAULT_PROXY_H_
#define MQTTPUSH_TESTS_FAULT_FAULT_PROXY_H_

#include <cstdint>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "tests/fault/proxy_connection.h"

namespace mqttpush::fault {

// Any number of connections, on a thread of its own. Thread-safe; what is asked
// for is done when the call returns.
class FaultProxy {
 public:
  // Connects what it accepts to 127.0.0.1:`target_port`.
  explicit FaultProxy(int target_port);
  // Resets all connections.
  ~FaultProxy();

  int port() const { return port_; }

  // From now on, for this direction of all connections.
  void Set(Direction direction, const PathFaults& faults);
  // Neither reads nor accepts until released; what was on its way waits.
  void Hold(bool held);
  // Ends all connections; `reset`: by RST, otherwise by FIN.
  void Cut(bool reset);
  // Sends a FIN in this direction only.
  void HalfClose(Direction direction);
  // Spoils the next packet of each connection.
  void Corrupt(Direction direction);
  // Ends all connections, and loses the answer to the next CONNECT to which the
  // broker says yes, together with its connection; false: not any more.
  void LoseAnswer(bool lose);
  // Resets the connections that swallowed something, and so are dead.
  void CutLossy();

  // Whether something is on its way on a connection that is not dead.
  bool HasBytes() const;
  ProxyCounts counts() const;

 private:
  void Run();
  // Returns when something is to be done.
  void WaitForWork();
  void Accept() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Move() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(std::list<ProxyConnection>::iterator connection)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // New connections then wait until it passes again, as when TCP tries again
  // and again.
  bool IsSilent() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wake();

  const int target_port_;
  int listener_ = -1;
  int wake_ = -1;
  int port_ = 0;
  mutable Mutex mutex_;
  std::list<ProxyConnection> connections_ ABSL_GUARDED_BY(mutex_);
  PathFaults faults_[2] ABSL_GUARDED_BY(mutex_);
  ProxyCounts counts_ ABSL_GUARDED_BY(mutex_);  // of what has ended
  bool lose_answer_ ABSL_GUARDED_BY(mutex_) = false;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_FAULT_PROXY_H_
