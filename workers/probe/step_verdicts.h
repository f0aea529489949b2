// What the steps of a probe say about a broker, in words. All pure.
#ifndef MQTTPUSH_WORKERS_PROBE_STEP_VERDICTS_H_
#define MQTTPUSH_WORKERS_PROBE_STEP_VERDICTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqttpush/worker/v1/probe.pb.h"
#include "workers/probe/dialogue.h"
#include "workers/probe/mqtt_codec.h"
#include "workers/probe/tls_verdict.h"

namespace mqttpush {

// Of a handshake that came to nothing, with ByteStream's error and OpenSSL's
// code.
Verdict JudgeHandshake(const absl::Status& failure, unsigned long error);

// Of one that was made. `certificate` is what was found out about that, whether
// or not it matters.
Verdict JudgeTls(const worker::v1::ProbeTls& tls, const Verdict& certificate,
                 const worker::v1::Configure& settings);

Verdict JudgeConnack(const absl::StatusOr<mqtt::Connack>& connack,
                     const std::string& client_id);

Verdict JudgeAnswer(const PublishAnswer& answer, int qos);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROBE_STEP_VERDICTS_H_
