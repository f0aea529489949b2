// SharedSecret: what a Flowcore endpoint is to send as X-Secret.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_SHARED_SECRET_H_
#define MQTTPUSH_SERVICES_FLOWCORE_SHARED_SECRET_H_

#include <array>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

// The one secret in a file, which may end with a new line: 1 to 1024 printable
// ASCII characters without spaces. NOT_FOUND when it cannot be read,
// INVALID_ARGUMENT when it is none; no message shows what is in it.
absl::StatusOr<std::string> LoadSecretText(const std::string& path);

// Keeps a digest only. Immutable.
class SharedSecret {
 public:
  // `secret` is 1 to 1024 printable ASCII characters without spaces;
  // INVALID_ARGUMENT otherwise.
  static absl::StatusOr<SharedSecret> Make(absl::string_view secret);
  // As LoadSecretText.
  static absl::StatusOr<SharedSecret> Load(const std::string& path);

  // In the same time, whatever `given` has in common with it.
  bool Matches(absl::string_view given) const;

 private:
  using Digest = std::array<unsigned char, 32>;
  static Digest DigestOf(absl::string_view text);
  explicit SharedSecret(const Digest& digest) : digest_(digest) {}

  Digest digest_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_FLOWCORE_SHARED_SECRET_H_
