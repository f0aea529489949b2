// ProxyConnection: two sockets of the fault proxy and the pipes between them.
#ifndef MQTTPUSH_TESTS_FAULT_PROXY_CONNECTION_H_
#define MQTTPUSH_TESTS_FAULT_PROXY_CONNECTION_H_

#include <poll.h>

#include <vector>

#include "absl/time/time.h"
#include "tests/fault/proxy_pipe.h"

namespace mqttpush::fault {

enum Direction { kToBroker = 0, kToClient = 1 };

// What a proxy did, since it was made.
struct ProxyCounts {
  int64_t connections = 0;
  int64_t cut = 0;               // connections
  int64_t half_closed = 0;       // directions
  int64_t bytes = 0;             // passed on
  int64_t swallowed = 0;         // bytes
  int64_t acknowledgements = 0;  // swallowed
  int64_t corrupted = 0;         // packets
};

// Owns both sockets, which do not block. Not thread-safe.
class ProxyConnection {
 public:
  ProxyConnection(int client, int broker);
  ~ProxyConnection();
  ProxyConnection(const ProxyConnection&) = delete;
  ProxyConnection& operator=(const ProxyConnection&) = delete;

  // Adds what to wait for.
  void AddTo(std::vector<pollfd>& polled, const PathFaults faults[2],
             absl::Time now) const;
  // When bytes that wait may leave.
  absl::Time NextTime() const;
  // Reads and writes what is possible. False when the connection has ended.
  bool Move(const PathFaults faults[2], absl::Time now);

  // Closing then sends RST rather than FIN.
  void Reset();
  void HalfClose(Direction direction);
  ProxyPipe& pipe(Direction direction) { return sides_[direction].pipe; }
  // A direction has swallowed something: no end learns of the other's end.
  bool lossy() const;
  bool HasBytes() const {
    return !sides_[0].pipe.empty() || !sides_[1].pipe.empty();
  }
  // Adds what its pipes did.
  void AddTo(ProxyCounts& counts) const;

 private:
  // One direction: from a socket through a pipe into the other socket.
  struct Side {
    int from;
    int to;
    ProxyPipe pipe = {};
    bool read_end = false;  // FIN was read
    bool closed = false;    // FIN was sent: takes no more
  };
  enum class Outcome { kGoesOn, kBroken };
  Outcome Read(Side& side, const PathFaults& faults, absl::Time now);
  Outcome Write(Side& side, const PathFaults& faults, absl::Time now);
  void PassEnd(Side& side);

  Side sides_[2];
};

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_PROXY_CONNECTION_H_
