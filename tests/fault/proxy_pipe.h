// ProxyPipe: one direction of one connection through the fault proxy: what it
// does to the bytes, and when they may leave. No sockets, no clock.
#ifndef MQTTPUSH_TESTS_FAULT_PROXY_PIPE_H_
#define MQTTPUSH_TESTS_FAULT_PROXY_PIPE_H_

#include <cstdint>
#include <deque>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/fault/mqtt_packets.h"

namespace mqttpush::fault {

// What is wrong with one direction.
struct PathFaults {
  // Takes everything and passes nothing on: as a path that is gone without a
  // word. What comes after it on the same connection is lost as well, for ever:
  // nobody can go on in the middle of a stream.
  bool swallow = false;
  // Drops PUBACK, PUBREC and PUBCOMP; all else passes.
  bool swallow_acknowledgements = false;
  // Everything comes so much later.
  absl::Duration delay;
  // 0: as fast as it goes.
  int64_t bytes_per_second = 0;
};

class ProxyPipe {
 public:
  struct Counts {
    int64_t bytes = 0;             // passed on
    int64_t swallowed = 0;         // bytes
    int64_t acknowledgements = 0;  // swallowed
    int64_t corrupted = 0;         // packets
  };

  // Takes bytes that were read.
  void Take(absl::string_view bytes, const PathFaults& faults, absl::Time now);
  // The first byte of the next packet becomes that of no packet that is valid
  // here, which any receiver can notice.
  void CorruptNext() { corrupt_next_ = true; }
  // The next CONNACK that lets the client in is lost, and the connection with
  // it.
  void LoseAnswer() { lose_answer_ = true; }

  // What may be written now.
  absl::string_view Ready(const PathFaults& faults, absl::Time now) const;
  // So many bytes of Ready() were written.
  void Wrote(size_t count, const PathFaults& faults, absl::Time now);
  // When Ready() will have something; InfiniteFuture when nothing waits.
  absl::Time NextTime() const;

  bool empty() const { return chunks_.empty(); }
  // So much waits that the sender should be held back.
  bool full() const { return waiting_ >= kMaxWaiting; }
  // Has swallowed something.
  bool lossy() const { return lossy_; }
  // Has lost an answer: the connection is to be reset.
  bool answer_lost() const { return answer_lost_; }
  const Counts& counts() const { return counts_; }

 private:
  static constexpr size_t kMaxWaiting = 64 * 1024;
  struct Chunk {
    std::string bytes;
    absl::Time due;
  };
  void TakePacket(std::string packet, const PathFaults& faults, absl::Time now);

  PacketSplitter splitter_;
  std::deque<Chunk> chunks_;
  size_t waiting_ = 0;                      // bytes
  absl::Time free_ = absl::InfinitePast();  // when the throttle lets more pass
  bool corrupt_next_ = false;
  bool lossy_ = false;
  bool lose_answer_ = false;
  bool answer_lost_ = false;
  Counts counts_;
};

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_PROXY_PIPE_H_
