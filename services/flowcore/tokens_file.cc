#include "services/flowcore/tokens_file.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/logging.h"
#include "common/status_macros.h"

namespace mqttpush {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr size_t kMaxTenantBytes = 64;
// What a shell writes whose variable for the token is not set.
constexpr char kDigestOfNothing[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

absl::Status Broken(int line, absl::string_view rule) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, " ", rule));
}

absl::StatusOr<TokenDigest> ParseLine(absl::string_view line, int number) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (words.size() != 2) {
    return Broken(number, "must be a tenant id and a digest");
  }
  if (words[0].size() > kMaxTenantBytes) {
    return Broken(number, "does not begin with a tenant id");
  }
  if (words[1].size() != 64 ||
      !absl::c_all_of(words[1], absl::ascii_isxdigit)) {
    return Broken(number,
                  "must end with the 64 hexadecimal digits of a SHA-256");
  }
  if (absl::EqualsIgnoreCase(words[1], kDigestOfNothing)) {
    return Broken(number, "has the digest of an empty token");
  }
  TokenDigest digest = {.tenant_id = std::string(words[0]), .sha256 = {}};
  absl::c_copy(absl::HexStringToBytes(words[1]), digest.sha256.begin());
  return digest;
}

}  // namespace

absl::StatusOr<std::vector<TokenDigest>> ParseTokens(absl::string_view text) {
  std::vector<TokenDigest> tokens;
  std::set<std::array<unsigned char, 32>> seen;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    MQTTPUSH_ASSIGN_OR_RETURN(TokenDigest token, ParseLine(line, number));
    if (!seen.insert(token.sha256).second) {
      return Broken(number, "has the digest of an earlier line");
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

absl::StatusOr<std::unique_ptr<TokensFile>> TokensFile::Open(
    const std::string& path) {
  std::unique_ptr<TokensFile> file(new TokensFile(path));
  MutexLock lock(&file->mutex_);
  const absl::Status read = file->ReadIfChanged();
  if (read.ok()) return file;
  return absl::Status(read.code(), absl::StrCat(path, " ", read.message()));
}

absl::Status TokensFile::ReadIfChanged() {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::optional<std::string> text,
                            file_.ReadIfChanged(kMaxFileBytes));
  if (!text.has_value()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(tokens_, ParseTokens(*text));
  return absl::OkStatus();
}

// All of them are compared, so that the time says nothing of which it was.
std::optional<std::string> TokensFile::FindTenant(absl::string_view token) {
  std::array<unsigned char, 32> sha256;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(),
         sha256.data());
  MutexLock lock(&mutex_);
  const absl::Status read = ReadIfChanged();
  if (!read.ok()) {
    Log::Warning("flowcore_tokens_not_read",
                 {{"file", file_.path()}, {"error", read.message()}});
  }
  const TokenDigest* found = nullptr;
  for (const TokenDigest& known : tokens_) {
    if (CRYPTO_memcmp(sha256.data(), known.sha256.data(), sha256.size()) == 0) {
      found = &known;
    }
  }
  if (found == nullptr) return std::nullopt;
  return found->tenant_id;
}

}  // namespace mqttpush
