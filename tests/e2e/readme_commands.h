// The parts of README.md that tests run or compare, so that they stay true.
#ifndef MQTTPUSH_TESTS_E2E_README_COMMANDS_H_
#define MQTTPUSH_TESTS_E2E_README_COMMANDS_H_

#include <string>

namespace mqttpush {

// README.md between the lines "<!-- {mark}: begin..." and "<!-- {mark}: end".
// Empty when they are not there.
std::string ReadmePart(const std::string& mark);

// The text between its ```sh and ```.
std::string ShellOf(const std::string& part);

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_E2E_README_COMMANDS_H_
