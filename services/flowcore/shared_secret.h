// SharedSecret: what a Flowcore endpoint is to send as X-Secret.
#ifndef MQTTPUSH_SERVICES_FLOWCORE_SHARED_SECRET_H_
#define MQTTPUSH_SERVICES_FLOWCORE_SHARED_SECRET_H_

#include <array>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mqttpush {

// Keeps a digest only. Immutable.
class SharedSecret {
 public:
  // `secret` is 1 to 1024 printable ASCII characters without spaces;
  // INVALID_ARGUMENT otherwise.
  static absl::StatusOr<SharedSecret> Make(absl::string_view secret);
  // From a file, which may end with a new line. NOT_FOUND when it cannot be
  // read; as Make otherwise. No message shows what is in it.
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
