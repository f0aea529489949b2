// TokensFile: the access tokens that a file names, as a Kubernetes secret does.
//
//   # TENANT SHA256-HEX-OF-TOKEN
//   acme 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//
// A tenant may have several. Of a token there is only the digest, so that who
// reads the file cannot use what is in it.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_TOKENS_FILE_H_
#define MQTTPUSH_SERVICES_FLOWCORE_TOKENS_FILE_H_

#include <sys/types.h>

#include <array>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/mutex.h"
#include "services/flowcore/access_tokens.h"

namespace mqttpush {

struct TokenDigest {
  std::string tenant_id;
  std::array<unsigned char, 32> sha256;
};

// INVALID_ARGUMENT names the line and the rule that it breaks, and shows
// nothing of it.
absl::StatusOr<std::vector<TokenDigest>> ParseTokens(absl::string_view text);

// Reads the file again when it has changed. One that is not valid, or not
// there, leaves what was read before, and is logged as a warning once.
// Thread-safe.
class TokensFile : public AccessTokens {
 public:
  // NOT_FOUND when it cannot be read; as ParseTokens otherwise.
  static absl::StatusOr<std::unique_ptr<TokensFile>> Open(
      const std::string& path);

  std::optional<std::string> FindTenant(absl::string_view token) override
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // What changes with the file; zeros when there is none.
  struct Version {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    int64_t modified_ns = 0;
    bool operator==(const Version&) const = default;
  };
  explicit TokensFile(std::string path) : path_(std::move(path)) {}
  Version Look() const;
  absl::Status ReadIfChanged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  Mutex mutex_;
  Version version_ ABSL_GUARDED_BY(mutex_);
  std::vector<TokenDigest> tokens_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_TOKENS_FILE_H_
