#include "services/flowcore/shared_secret.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/read_file.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxSecretBytes = 1024;
constexpr size_t kMaxFileBytes = 64 << 10;
constexpr char kRule[] =
    "must hold 1 to 1024 printable ASCII characters without spaces";

bool IsSecret(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxSecretBytes &&
         absl::c_all_of(text, absl::ascii_isgraph);
}

}  // namespace

absl::StatusOr<std::string> LoadSecretText(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path, kMaxFileBytes);
  if (!text.ok()) {
    return absl::Status(
        text.status().code(),
        absl::StrCat("the secret in ", path, " ", text.status().message()));
  }
  std::string secret(absl::StripTrailingAsciiWhitespace(*text));
  if (IsSecret(secret)) return secret;
  return absl::InvalidArgumentError(absl::StrCat(path, " ", kRule));
}

absl::StatusOr<SharedSecret> SharedSecret::Make(absl::string_view secret) {
  if (IsSecret(secret)) return SharedSecret(DigestOf(secret));
  return absl::InvalidArgumentError(kRule);
}

absl::StatusOr<SharedSecret> SharedSecret::Load(const std::string& path) {
  const absl::StatusOr<std::string> secret = LoadSecretText(path);
  if (!secret.ok()) return secret.status();
  return Make(*secret);
}

bool SharedSecret::Matches(absl::string_view given) const {
  const Digest digest = DigestOf(given);
  return CRYPTO_memcmp(digest.data(), digest_.data(), digest.size()) == 0;
}

SharedSecret::Digest SharedSecret::DigestOf(absl::string_view text) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         digest.data());
  return digest;
}

}  // namespace mqttpush
