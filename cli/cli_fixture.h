// CliFixture: runs mqttpush within the test's process and keeps what it wrote.
#ifndef MQTTPUSH_CLI_CLI_FIXTURE_H_
#define MQTTPUSH_CLI_CLI_FIXTURE_H_

#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cli/app.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush::cli {

struct RunResult {
  ExitCode code = ExitCode::kOk;
  std::string out;
  std::string err;
};

class CliFixture : public ::testing::Test {
 protected:
  // Runs one command line against `server_`.
  RunResult Run(const std::vector<std::string>& arguments,
                const std::string& input = "") {
    std::ostringstream out;
    std::ostringstream err;
    const ExitCode code = RunTo(out, err, arguments, input);
    return {code, out.str(), err.str()};
  }
  ExitCode RunTo(std::ostream& out, std::ostream& err,
                 std::vector<std::string> arguments,
                 const std::string& input = "") {
    std::istringstream in(input);
    Console console({.in = in,
                     .out = out,
                     .err = err,
                     .in_is_terminal = is_terminal_,
                     .err_is_terminal = is_terminal_});
    if (!server_.empty()) {
      arguments.insert(arguments.begin(), {"--server", server_});
    }
    return RunMqttpush(
        arguments, {console, ReadVariable(), *interruption_, *Clock::Real()});
  }
  // Fails the test when it does not end with 0; returns what it wrote.
  std::string RunOk(const std::vector<std::string>& arguments,
                    const std::string& input = "") {
    const RunResult result = Run(arguments, input);
    EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
    return result.out;
  }

  std::string server_;
  std::map<std::string, std::string> environment_;
  // Whether a person sits at it: progress is drawn, and questions are asked.
  bool is_terminal_ = false;
  std::unique_ptr<Interruption> interruption_ =
      std::make_unique<Interruption>();

 private:
  Environment ReadVariable() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      if (found == environment_.end()) return std::nullopt;
      return found->second;
    };
  }
};

}  // namespace mqttpush::cli

#endif  // MQTTPUSH_CLI_CLI_FIXTURE_H_
