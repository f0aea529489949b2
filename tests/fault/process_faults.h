// Faults of processes and of what they stand on. Each is described in
// faults.cc.
#ifndef MQTTPUSH_TESTS_FAULT_PROCESS_FAULTS_H_
#define MQTTPUSH_TESTS_FAULT_PROCESS_FAULTS_H_

#include "tests/fault/faults.h"

namespace mqttpush::fault {

absl::Status KillWorker(Bench& bench, const Strike& strike);
absl::Status KillService(Bench& bench, const Strike& strike);
absl::Status StopBroker(Bench& bench, const Strike& strike);
absl::Status StartBroker(Bench& bench, const Strike& strike);
absl::Status LoseBrokerState(Bench& bench, const Strike& strike);
absl::Status TakeSession(Bench& bench, const Strike& strike);
absl::Status JumpClock(Bench& bench, const Strike& strike);
absl::Status ResetClock(Bench& bench, const Strike& strike);
absl::Status FillDisk(Bench& bench, const Strike& strike);
absl::Status FreeDisk(Bench& bench, const Strike& strike);

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_PROCESS_FAULTS_H_
