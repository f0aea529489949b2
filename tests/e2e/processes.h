// Looks at the processes of the service from outside, by /proc.
#ifndef MQTTPUSH_TESTS_E2E_PROCESSES_H_
#define MQTTPUSH_TESTS_E2E_PROCESSES_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace mqttpush {

// The processes whose parent is `parent`, whichever of its threads made them.
std::vector<pid_t> ChildrenOf(pid_t parent);

// Whether it runs. Zombies do not: nobody may have waited for them.
bool Runs(pid_t process);

// Its arguments and its environment, as they were when it was started.
std::string StartTextOf(pid_t process);

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_E2E_PROCESSES_H_
