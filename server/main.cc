// mqttpushd: the MQTT Push service.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "server/commands.h"
#include "server/config.h"
#include "server/server.h"

namespace mqttpush {
namespace {

constexpr char kVersion[] = "0.1.0";

std::vector<std::string> EnvironmentNames() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    names.push_back(text.substr(0, text.find('=')));
  }
  return names;
}

absl::StatusOr<ServerConfig> ReadConfig(
    const std::vector<std::string>& arguments) {
  return ParseConfig(
      arguments,
      [](const std::string& name) -> std::optional<std::string> {
        const char* value = getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
      },
      EnvironmentNames());
}

// Memory holds brokers' credentials.
void DisableCoreDumps() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

// A query over a long history opens many segments. Workers set a limit of their
// own.
void AllowManyFiles() {
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

// Before any thread starts, so that all inherit it and only sigwait sees them.
sigset_t BlockStopSignals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of the write
  return stop;
}

// Whole or not at all: a reader never sees half an address.
absl::Status WritePortFile(const std::string& path,
                           const std::string& address) {
  const std::string temporary = path + ".new";
  std::ofstream file(temporary);
  file << address << "\n";
  file.close();
  if (!file || rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

// The API's last: who has seen that one finds the other.
absl::Status WritePortFiles(const ServerConfig& config, const Server& server) {
  if (!config.http_port_file.empty()) {
    MQTTPUSH_RETURN_IF_ERROR(
        WritePortFile(config.http_port_file, server.http_address()));
  }
  if (config.port_file.empty()) return absl::OkStatus();
  return WritePortFile(config.port_file, server.address());
}

absl::Status Run(const ServerConfig& config) {
  absl::Status level = Log::SetLevel(config.log_level);
  if (!level.ok()) return level;
  const sigset_t stop = BlockStopSignals();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(config);
  if (!server.ok()) return server.status();
  Log::Info("listening", {{"address", (*server)->address()},
                          {"http_address", (*server)->http_address()},
                          {"data_dir", config.data_dir}});
  absl::Status written = WritePortFiles(config, **server);
  if (!written.ok()) return written;
  int signal_number = 0;
  sigwait(&stop, &signal_number);
  Log::Info("stopping", {{"signal", signal_number}});
  server->reset();
  Log::Info("stopped");
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1) {
    if (arguments[0] == "--help") {
      return std::cout << ConfigHelp() << CommandHelp(), 0;
    }
    if (arguments[0] == "--help-markdown") {
      return std::cout << ConfigMarkdown(), 0;
    }
    if (arguments[0] == "--version") {
      return std::cout << "mqttpushd " << kVersion << "\n", 0;
    }
  }
  DisableCoreDumps();
  AllowManyFiles();
  const absl::StatusOr<Command> command = TakeCommand(arguments);
  absl::StatusOr<ServerConfig> config =
      command.ok() ? ReadConfig(command->arguments) : command.status();
  if (config.ok() && command->kind != Command::Kind::kServe) {
    return RunCommand(*command, *config);
  }
  absl::Status status = config.ok() ? Run(*config) : config.status();
  if (status.ok()) return 0;
  std::cerr << "mqttpushd: " << status.message() << "\n";
  return config.ok() ? 1 : 2;
}

}  // namespace
}  // namespace mqttpush

int main(int argc, char** argv) {
  return mqttpush::Main({argv + 1, argv + argc});
}
