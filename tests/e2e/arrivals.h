// Arrivals: what a customer got of a LoadProducer's events, and whether the
// history explains it.
#ifndef MQTTPUSH_TESTS_E2E_ARRIVALS_H_
#define MQTTPUSH_TESTS_E2E_ARRIVALS_H_

#include <map>
#include <string>
#include <vector>

#include "tests/support/history_reader.h"
#include "tests/support/mqtt_subscriber.h"

namespace mqttpush {

struct Arrivals {
  // Event ids, each at its first arrival.
  std::vector<std::string> first;
  // With repetitions.
  std::map<std::string, int> count;
};

// Knows the events by their ids: LocationEvent's payload holds the number of
// "load-{number}".
Arrivals ArrivalsOf(const std::vector<ReceivedMessage>& messages);

// Whether the history accounts for it: each event that arrived is DELIVERED,
// has exactly one succeeded attempt, numbered attempts, a reason for each
// failed one, and at least as many attempts as arrivals. Returns what is not
// so, in words, at most a few.
std::vector<std::string> Unexplained(const Arrivals& arrivals,
                                     const TenantHistory& history);

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_E2E_ARRIVALS_H_
