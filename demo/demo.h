// RunDemo: the whole way of an event, with nothing faked, told to a person.
#ifndef MQTTPUSH_DEMO_DEMO_H_
#define MQTTPUSH_DEMO_DEMO_H_

#include <string>

#include "absl/status/statusor.h"

namespace mqttpush::demo {

// Starts a mosquitto and a mqttpushd on free loopback ports with an empty data
// directory, provisions tenants, sends the fleet, and compares what arrived
// and what the history says with what was sent. Prints as it goes. Returns
// whether all agreed, or the error that ended it early.
absl::StatusOr<bool> RunDemo(const std::string& fleet_path);

}  // namespace mqttpush::demo

#endif  // MQTTPUSH_DEMO_DEMO_H_
