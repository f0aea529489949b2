// Faults of the network, done by the proxies. Each is described in faults.cc.
#ifndef MQTTPUSH_TESTS_FAULT_NETWORK_FAULTS_H_
#define MQTTPUSH_TESTS_FAULT_NETWORK_FAULTS_H_

#include "tests/fault/faults.h"

namespace mqttpush::fault {

absl::Status Cut(Bench& bench, const Strike& strike);
absl::Status CutSilently(Bench& bench, const Strike& strike);
absl::Status HalfClose(Bench& bench, const Strike& strike);
absl::Status Delay(Bench& bench, const Strike& strike);
absl::Status Throttle(Bench& bench, const Strike& strike);
absl::Status SwallowAcknowledgements(Bench& bench, const Strike& strike);
absl::Status LoseAnswer(Bench& bench, const Strike& strike);
absl::Status KeepAnswers(Bench& bench, const Strike& strike);
absl::Status Corrupt(Bench& bench, const Strike& strike);
absl::Status PassAgain(Bench& bench, const Strike& strike);

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_NETWORK_FAULTS_H_
