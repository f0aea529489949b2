// Time UUIDs: the event ids of Flowcore.
//
// They are UUIDs of version 1 (RFC 9562), whose order is that of the time in
// them, in units of 100 ns; not that of their text, which begins with the low
// bits.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_TIME_UUID_H_
#define MQTTPUSH_SERVICES_FLOWCORE_TIME_UUID_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush {

// The one that we make of a time in ticks since the Unix epoch
// (common/ticks.h): always the same, in lower case.
std::string TimeUuid(int64_t ticks);

// The ticks of anybody's, negative before the Unix epoch; absent for what is
// none.
std::optional<int64_t> TicksOfTimeUuid(absl::string_view text);

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_TIME_UUID_H_
