// ConnectGovernor: whose turn it is to call a broker.
//
// Hundreds of workers may lose the same broker in the same moment; a broker
// that comes back to all of their TLS handshakes at once goes down again.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_CONNECT_GOVERNOR_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_CONNECT_GOVERNOR_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace mqttpush {

// A line of waiting workers and a token bucket for each host and port: kBurst
// connections at once, then `rate` per second. No second ever sees more than
// kBurst + rate of them, or one more when the last call takes two. Hosts are
// told apart by name: two names of one machine have two lines. `now` is
// SteadyNow(). Pure; not thread-safe.
class ConnectGovernor {
 public:
  static constexpr int kBurst = 5;

  // `rate` is from 1.
  explicit ConnectGovernor(int rate) : interval_(absl::Seconds(1) / rate) {}

  // Puts a request of the worker, for so many connections, at the end of the
  // line of its host.
  void Add(int64_t worker_id, absl::string_view host, int port,
           int connections = 1);

  // Takes all requests of the worker out of their lines; those behind move up.
  // Returns how many there were.
  int Remove(int64_t worker_id);

  // Takes out the requests whose turn has come, in order, and returns their
  // workers. Forgets hosts that nobody has called lately.
  std::vector<int64_t> TakeDue(absl::Duration now);

  // From `now` to the next turn; InfiniteDuration when nobody waits.
  absl::Duration NextDelay(absl::Duration now) const;

  // How many hosts it remembers.
  size_t host_count() const { return hosts_.size(); }

 private:
  struct Request {
    int64_t worker_id;
    int connections;
  };
  struct Host {
    std::deque<Request> line;
    // When the bucket is full again; each connection moves it by an interval.
    absl::Duration full_time = -absl::InfiniteDuration();
  };
  absl::Duration Wait(const Host& host, absl::Duration now) const;

  const absl::Duration interval_;  // between two connections
  std::map<std::string, Host> hosts_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_CONNECT_GOVERNOR_H_
