// Mounts that only a test and its children see, and that are gone with it.
#ifndef MQTTPUSH_TESTS_E2E_OWN_MOUNTS_H_
#define MQTTPUSH_TESTS_E2E_OWN_MOUNTS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mqttpush {

// Gives the calling thread, and what it starts from then on, a mount namespace
// of its own: as root, or by a user namespace, for which there must be no other
// thread yet. PERMISSION_DENIED where neither is allowed.
absl::Status EnterOwnMounts();

// Something mounted at a folder, until the end of its life. After
// EnterOwnMounts.
class OwnMount {
 public:
  // An empty file system in memory of that size. Makes the folder.
  static absl::StatusOr<std::unique_ptr<OwnMount>> Memory(
      const std::string& folder, int mebibytes);
  // What is left of an sshfs whose program has died: the kernel knows type and
  // source, and every access fails. Makes the folder.
  static absl::StatusOr<std::unique_ptr<OwnMount>> DeadSshfs(
      const std::string& folder, const std::string& source);
  ~OwnMount();
  OwnMount(const OwnMount&) = delete;
  OwnMount& operator=(const OwnMount&) = delete;

 private:
  explicit OwnMount(std::string folder) : folder_(std::move(folder)) {}
  static absl::StatusOr<std::unique_ptr<OwnMount>> Mount(
      const std::string& folder, const std::string& type,
      const std::string& source, const std::string& options);

  const std::string folder_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_E2E_OWN_MOUNTS_H_
