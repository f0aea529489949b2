// Who may log in at the suite's brokers.
#ifndef MQTTPUSH_TESTS_FAULT_ACCOUNTS_H_
#define MQTTPUSH_TESTS_FAULT_ACCOUNTS_H_

namespace mqttpush::fault {

// The ledger's subscribers.
inline constexpr char kLedgerUser[] = "ledger";
inline constexpr char kLedgerPassword[] = "ledger-secret";
// The workers.
inline constexpr char kWorkerUser[] = "worker";
inline constexpr char kWorkerPassword[] = "worker-secret";

}  // namespace mqttpush::fault

#endif  // MQTTPUSH_TESTS_FAULT_ACCOUNTS_H_
