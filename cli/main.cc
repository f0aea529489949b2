// mqttpush: gives the program its terminal, environment and Ctrl-C.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <thread>

#include "cli/app.h"

namespace mqttpush::cli {
namespace {

std::optional<std::string> ReadVariable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

// Ctrl-C ends the program as ever, unless a command wants to have the last
// word. Blocked before gRPC has threads, so that only this one gets it.
void WatchForCtrlC(Interruption& interruption) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals, &interruption] {
    for (int number = 0; sigwait(&signals, &number) == 0;) {
      if (!interruption.Interrupt()) {
        _exit(static_cast<int>(ExitCode::kInterrupted));
      }
    }
  }).detach();
}

int Main(const std::vector<std::string>& arguments) {
  // Ends with the process, as the thread that uses it does.
  static auto* const interruption = new Interruption();
  WatchForCtrlC(*interruption);
  Console console({.in = std::cin,
                   .out = std::cout,
                   .err = std::cerr,
                   .in_is_terminal = isatty(STDIN_FILENO) == 1,
                   .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                   .err_is_terminal = isatty(STDERR_FILENO) == 1,
                   // See no-color.org.
                   .colours = ReadVariable("NO_COLOR").value_or("").empty()});
  return static_cast<int>(RunMqttpush(
      arguments, {console, ReadVariable, *interruption, *Clock::Real()}));
}

}  // namespace
}  // namespace mqttpush::cli

int main(int argc, char** argv) {
  return mqttpush::cli::Main({argv + 1, argv + argc});
}
