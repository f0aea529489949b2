#include "tests/e2e/processes.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  const std::string tasks = absl::StrCat("/proc/", parent, "/task");
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator(tasks, ignored)) {
    std::ifstream file(task.path() / "children");
    for (pid_t child = 0; file >> child;) children.push_back(child);
  }
  return children;
}

bool Runs(pid_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/stat"));
  std::string pid, name, state;
  return static_cast<bool>(file >> pid >> name >> state) && state != "Z";
}

std::string StartTextOf(pid_t process) {
  const std::string folder = absl::StrCat("/proc/", process);
  return ReadFile(folder + "/cmdline") + ReadFile(folder + "/environ");
}

}  // namespace mqttpush
