// TokensFile: the access tokens that a file names, as a Kubernetes secret does.
//
//   # TENANT SHA256-HEX-OF-TOKEN
//   acme 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//
// A tenant may have several. Of a token there is only the digest, so that who
// reads the file cannot use what is in it.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_TOKENS_FILE_H_
#define MQTTPUSH_SERVICES_FLOWCORE_TOKENS_FILE_H_

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/changing_file.h"
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
  explicit TokensFile(const std::string& path) : file_(path) {}
  absl::Status ReadIfChanged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  ChangingFile file_ ABSL_GUARDED_BY(mutex_);
  std::vector<TokenDigest> tokens_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_TOKENS_FILE_H_
