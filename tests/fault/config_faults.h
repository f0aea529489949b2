// What people do to a running system. Each is described in faults.cc.
#ifndef MQTTPUSH_TESTS_FAULT_CONFIG_FAULTS_H_
#define MQTTPUSH_TESTS_FAULT_CONFIG_FAULTS_H_

#include "tests/fault/faults.h"

namespace mqttpush::fault {

absl::Status RevokeCredentials(Bench& bench, const Strike& strike);
absl::Status RestoreCredentials(Bench& bench, const Strike& strike);
absl::Status ChangeTopic(Bench& bench, const Strike& strike);
absl::Status ChangeRetain(Bench& bench, const Strike& strike);
absl::Status RestoreSubscription(Bench& bench, const Strike& strike);
absl::Status ChangeAddress(Bench& bench, const Strike& strike);
absl::Status ChangeClientId(Bench& bench, const Strike& strike);
absl::Status RestoreBroker(Bench& bench, const Strike& strike);

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_CONFIG_FAULTS_H_
