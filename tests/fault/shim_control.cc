#include "tests/fault/shim_control.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/support/temp_dir.h"

namespace mqttpush::fault {

ShimControl::ShimControl(const std::string& path, const std::string& directory)
    : path_(path) {
  WriteFile(path, std::string(sizeof(ShimState), '\0'));
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  void* page = mmap(nullptr, sizeof(ShimState), PROT_READ | PROT_WRITE,
                    MAP_SHARED, fd, 0);
  close(fd);
  if (page == MAP_FAILED || directory.size() >= sizeof state_->directory) {
    std::perror(path.c_str());
    std::abort();
  }
  state_ = static_cast<ShimState*>(page);
  std::copy(directory.begin(), directory.end(), state_->directory);
}

ShimControl::~ShimControl() { munmap(state_, sizeof(ShimState)); }

std::map<std::string, std::string> ShimControl::environment() const {
  return {{"LD_PRELOAD", MQTTPUSH_SHIM_PATH}, {kShimVariable, path_}};
}

void ShimControl::SetClockOffset(absl::Duration offset) {
  state_->clock_offset_ns = absl::ToInt64Nanoseconds(offset);
}

void ShimControl::SetDiskFull(bool full) { state_->disk_full = full; }

}  // namespace mqttpush::fault
