// mqttpush-demo: a fleet goes in, the customers' broker has it, the history
// says so; see `./dev demo`.
#include <cstdlib>
#include <iostream>

#include "demo/demo.h"

int main(int argc, char** argv) {
  const absl::StatusOr<bool> agreed =
      mqttpush::demo::RunDemo(argc > 1 ? argv[1] : MQTTPUSH_DEMO_FLEET);
  if (!agreed.ok()) {
    std::cerr << "demo: " << agreed.status() << std::endl;
    return EXIT_FAILURE;
  }
  return *agreed ? EXIT_SUCCESS : EXIT_FAILURE;
}
