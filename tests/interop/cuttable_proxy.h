// CuttableProxy: stands between a worker and a broker, and cuts.
#ifndef MQTTPUSH_TESTS_INTEROP_CUTTABLE_PROXY_H_
#define MQTTPUSH_TESTS_INTEROP_CUTTABLE_PROXY_H_

#include <cstddef>
#include <thread>
#include <vector>

#include "common/mutex.h"

namespace mqttpush {

// Listens on 127.0.0.1 and forwards each connection. Thread-safe.
class CuttableProxy {
 public:
  explicit CuttableProxy(int target_port);
  ~CuttableProxy();

  int port() const { return port_; }
  // What the broker says is lost from now on, until the next Cut; but not
  // CONNACK, with which each connection begins.
  void SwallowReplies();
  // How many bytes of it are lost since.
  size_t swallowed();
  // Ends all connections at once: for the worker by RST; the broker still reads
  // what it was sent.
  void Cut();
  // From now on connections are closed as soon as they come; Open forwards
  // again.
  void Shut();
  void Open();

 private:
  struct Pair {
    int client = -1;
    int broker = -1;
    bool greeted = false;  // CONNACK was forwarded
  };
  enum class Gate { kOpen, kShut };

  void Run();
  void Accept();
  // False when the connection has ended.
  bool ForwardRequests(const Pair& pair);
  bool ForwardReplies(Pair& pair);
  // Lets the thread look at what was asked for.
  void Wake();

  const int target_port_;
  int listener_ = -1;
  int wake_ = -1;
  int port_ = 0;
  std::vector<Pair> pairs_;  // of the thread
  Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool swallowing_ ABSL_GUARDED_BY(mutex_) = false;
  size_t swallowed_ ABSL_GUARDED_BY(mutex_) = 0;
  bool cut_ ABSL_GUARDED_BY(mutex_) = false;
  Gate gate_ ABSL_GUARDED_BY(mutex_) = Gate::kOpen;
  std::thread thread_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_INTEROP_CUTTABLE_PROXY_H_
