#include "server/commands.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/clock.h"
#include "server/directory_report.h"
#include "storage/sqlite/log/directory_check.h"
#include "storage/sqlite/log/directory_copy.h"

namespace mqttpush {
namespace {

constexpr int kSound = 0;
constexpr int kDamaged = 1;  // or: not done
constexpr int kCannotCheck = 2;

struct Entry {
  Command::Kind kind;
  const char* flag;
  const char* value_name;
  const char* help;
};

constexpr Entry kEntries[] = {
    {Command::Kind::kCheck, "--check", "data directory",
     "Verifies it and prints what it holds; changes nothing, and may be used "
     "while the service is running. Exit code: 0 sound, 1 damaged or "
     "inconsistent (a line for each finding), 2 it cannot be checked."},
    {Command::Kind::kBackUp, "--backup", "target",
     "Copies the data directory, --data-dir or MQTTPUSH_DATA_DIR, to a target "
     "that is missing or empty, consistently, while the service is running or "
     "not. The copy holds the brokers' secrets, as the data directory does "
     "(modes 0700 and 0600): keep it as safe."},
    {Command::Kind::kRestore, "--restore", "backup",
     "Checks a backup and copies it to the data directory, which must be "
     "missing or empty. What was delivered after the backup was taken is sent "
     "again when the service starts on it: see docs/operations.md."},
};

// Overwrites its line on a terminal; says nothing elsewhere.
class ProgressLine {
 public:
  void Show(const std::string& file, int64_t done, int64_t in_all) {
    if (!terminal_) return;
    const int percent =
        in_all == 0 ? 0
                    : static_cast<int>(std::min(done, in_all) * 100 / in_all);
    std::cerr << absl::StrFormat("\r%3d %%  %s of %s  %s\x1b[K", percent,
                                 FormatBytes(done), FormatBytes(in_all), file)
              << std::flush;
    shown_ = true;
  }
  void End() {
    if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
};

int Fail(const absl::Status& status, int code) {
  std::cerr << "mqttpushd: " << status.message() << "\n";
  return code;
}

std::string Seconds(absl::Duration duration) {
  return absl::StrFormat("%.1f s", absl::ToDoubleSeconds(duration));
}

int Check(const std::string& path, const LogOptions& options) {
  const absl::Time start = Clock::Real()->Now();
  const auto check = CheckDataDirectory(path);
  if (!check.ok()) return Fail(check.status(), kCannotCheck);
  const absl::Time end = Clock::Real()->Now();
  const std::string findings = DescribeFindings(*check);
  std::cout << DescribeDirectory(path, *check, options, end) << "\n"
            << findings << (findings.empty() ? "Sound" : "NOT SOUND")
            << "; checked in " << Seconds(end - start) << "\n";
  return findings.empty() ? kSound : kDamaged;
}

// Prints what was copied, and how long it took.
int Copy(const std::string& from, const std::string& to,
         absl::string_view done) {
  const absl::Time start = Clock::Real()->Now();
  ProgressLine line;
  const auto copy = CopyDataDirectory(
      from, to,
      [&](const std::string& file, int64_t bytes_done, int64_t in_all) {
        line.Show(file, bytes_done, in_all);
      });
  line.End();
  if (!copy.ok()) return Fail(copy.status(), kDamaged);
  std::cout << done << " " << to << ": " << copy->files << " files ("
            << copy->segments << " segments), " << FormatBytes(copy->bytes)
            << ", in " << Seconds(Clock::Real()->Now() - start);
  if (copy->use.in_use) {
    std::cout << ", while " << copy->use.holder << " was running on " << from;
  }
  std::cout << "\n";
  for (const std::string& file : copy->left_out) {
    std::cout << "  left out: " << file
              << ", which was dropped or set aside meanwhile\n";
  }
  return kSound;
}

int BackUp(const std::string& from, const std::string& to) {
  const int code = Copy(from, to, "Backed up to");
  if (code == kSound) {
    std::cout << "It holds the brokers' secrets: keep it as safe as " << from
              << "\n";
  }
  return code;
}

int Restore(const std::string& from, const std::string& to) {
  const absl::Time start = Clock::Real()->Now();
  const auto check = CheckDataDirectory(from);
  if (!check.ok()) return Fail(check.status(), kCannotCheck);
  const std::string findings = DescribeFindings(*check);
  std::cout << "Checked " << from << " in "
            << Seconds(Clock::Real()->Now() - start) << std::endl;
  if (!findings.empty()) {
    std::cerr << findings << "mqttpushd: " << from
              << " is not sound, and was not restored; the service also starts "
                 "on a plain copy of it (cp -a), without what is damaged\n";
    return kDamaged;
  }
  return Copy(from, to, "Restored to");
}

}  // namespace

absl::StatusOr<Command> TakeCommand(const std::vector<std::string>& arguments) {
  Command command;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const size_t equals = argument.find('=');
    const std::string flag = argument.substr(0, equals);
    const auto* entry =
        std::find_if(std::begin(kEntries), std::end(kEntries),
                     [&](const Entry& e) { return flag == e.flag; });
    if (entry == std::end(kEntries)) {
      command.arguments.push_back(argument);
      continue;
    }
    if (command.kind != Command::Kind::kServe) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, ": one command at a time"));
    }
    command.kind = entry->kind;
    if (equals != std::string::npos) {
      command.path = argument.substr(equals + 1);
    } else if (++i < arguments.size()) {
      command.path = arguments[i];
    }
    if (command.path.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, ": needs a ", entry->value_name));
    }
  }
  return command;
}

int RunCommand(const Command& command, const ServerConfig& config) {
  switch (command.kind) {
    case Command::Kind::kCheck:
      return Check(command.path, config.log);
    case Command::Kind::kBackUp:
      return BackUp(config.data_dir, command.path);
    case Command::Kind::kRestore:
      return Restore(command.path, config.data_dir);
    case Command::Kind::kServe:
      break;
  }
  return kCannotCheck;
}

std::string CommandHelp() {
  std::string help = "\nInstead of serving, it does one of these and ends:\n\n";
  for (const Entry& entry : kEntries) {
    absl::StrAppendFormat(&help, "  %s <%s>\n      %s\n", entry.flag,
                          entry.value_name, entry.help);
  }
  return help;
}

}  // namespace mqttpush
