// The exit codes of a worker that mean something: the worker ends with them,
// the supervisor says in words what they mean.
#ifndef MQTTPUSH_WORKERS_LINK_EXIT_CODES_H_
#define MQTTPUSH_WORKERS_LINK_EXIT_CODES_H_

namespace mqttpush {

// Its session file could not be written: nothing more may be promised.
inline constexpr int kExitSessionUnwritable = 74;
// The MQTT library holds on to a freed packet and would send it: it may not be
// used any more (write_guard.h).
inline constexpr int kExitLibraryPoisoned = 75;

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_LINK_EXIT_CODES_H_
