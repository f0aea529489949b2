// Prober: the steps of a probe, one after the other.
#ifndef MQTTPUSH_WORKERS_PROBE_PROBER_H_
#define MQTTPUSH_WORKERS_PROBE_PROBER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/broker_probe.h"
#include "mqttpush/worker/v1/probe.pb.h"
#include "workers/probe/byte_stream.h"
#include "workers/probe/dialogue.h"
#include "workers/probe/name_lookup.h"
#include "workers/probe/tls_client.h"
#include "workers/probe/tls_verdict.h"

namespace mqttpush {

// For one probe. Blocks; not thread-safe.
class Prober {
 public:
  // Told of each step as it ends.
  using Emit = std::function<void(const worker::v1::ProbeFinding&)>;

  // `request` must outlive it.
  Prober(const worker::v1::ProbeRequest* request, std::string client_id,
         Emit emit);

  void Run();

 private:
  // Each makes one step, and returns whether the next one can be made.
  bool LookUpHost();
  bool ConnectToHost();
  bool SecureConnection();
  Verdict ShakeHands();
  bool LogIn();
  // What there is to say of TLS, with what came instead of CONNACK. False: the
  // broker refused our certificate.
  bool EndTls(const absl::Status& connack);
  bool Publish(const worker::v1::ProbePublish& publish);
  // A broker may end the connection after it refused a message, and the next
  // one must not be blamed for that. Tells of no step.
  bool ConnectAgain();

  void Begin(ProbeKind kind);
  void Conclude(const Verdict& verdict);
  void Say(const worker::v1::ProbeFinding& finding);

  // Why the settings or the broker's limits forbid it; empty: they do not.
  std::string WhyNotSent(const worker::v1::ProbePublish& publish) const;
  bool Speaks5() const;

  const worker::v1::ProbeRequest& request_;
  const worker::v1::Configure& settings_;
  const std::string client_id_;
  const Emit emit_;
  const absl::Duration deadline_;  // of SteadyNow()

  std::vector<Address> addresses_;
  std::unique_ptr<TlsClient> tls_;  // of the stream
  std::unique_ptr<ByteStream> stream_;
  std::optional<Dialogue> dialogue_;
  worker::v1::BrokerLimits limits_;
  bool is_up_ = false;  // and can be trusted with the next message
  bool quiet_ = false;

  // The step that is being made.
  absl::Duration begin_{};
  worker::v1::ProbeFinding finding_;
  // That of TLS, until the broker has said something: in TLS 1.3 it says only
  // after the handshake that it does not like our certificate.
  std::optional<worker::v1::ProbeFinding> held_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROBE_PROBER_H_
