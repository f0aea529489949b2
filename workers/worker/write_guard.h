// WriteGuard: watches the MQTT packets that Paho writes to one socket.
#ifndef MQTTPUSH_WORKERS_WORKER_WRITE_GUARD_H_
#define MQTTPUSH_WORKERS_WORKER_WRITE_GUARD_H_

#include <sys/uio.h>

#include <bitset>
#include <cstddef>

#include "workers/worker/mqtt_packet.h"

namespace mqttpush {

// Paho 1.3.12 has two defects that this class turns into harmless events:
// - When writing a QoS 1 or 2 PUBLISH fails for good, it frees the message and
//   yet sends it again after a reconnect, from freed memory. Told that the
//   write succeeded, on a connection that is then shut down, it does neither.
// - It repeats unacknowledged messages on a live connection, which MQTT 5
//   forbids and mosquitto punishes by closing. Such repeats are swallowed.
// Paho writes one packet per call and continues a partial write before the
// next.
//
// Pure: it says what to do, the seams (paho_seams.h) do it. Not thread-safe.
class WriteGuard {
 public:
  enum class Before {
    kWrite,
    kSwallow,  // do not write; report all bytes as written
  };
  enum class After {
    kReport,          // report the result as it is
    kKillConnection,  // shut the socket down; report all bytes as written
  };

  // `parts` hold a packet, or the rest of one that was written partly.
  Before BeforeWrite(const iovec* parts, int count);
  // The outcome of that write: `written` bytes, or -1. `retry` says that the
  // failure is only "not now".
  After AfterWrite(const iovec* parts, int count, ssize_t written, bool retry);

  // Whether a CONNECT was written.
  bool connect_seen() const { return connect_seen_; }
  // The packet of the last BeforeWrite; without a packet id when it went on
  // with one that was written partly.
  const PacketHead& packet() const { return packet_; }

 private:
  void Continue(ssize_t written, bool retry);

  std::bitset<65536> sent_ids_;
  // Bytes of a packet that are still to be written.
  size_t pending_bytes_ = 0;
  PacketHead packet_;
  bool connect_seen_ = false;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_WRITE_GUARD_H_
