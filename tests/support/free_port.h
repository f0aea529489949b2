// FreePort: a TCP port on 127.0.0.1 that nothing listens on.
#ifndef MQTTPUSH_TESTS_SUPPORT_FREE_PORT_H_
#define MQTTPUSH_TESTS_SUPPORT_FREE_PORT_H_

#include "absl/time/time.h"

namespace mqttpush {

// The kernel does not give the same port again soon. Ends the program when
// there is none.
int FreePort();

// Waits until something accepts on 127.0.0.1:`port`; false when `timeout`
// passed.
bool WaitUntilAccepting(int port, absl::Duration timeout);

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_FREE_PORT_H_
