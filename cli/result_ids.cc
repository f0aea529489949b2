#include "cli/result_ids.h"

#include <openssl/sha.h>

#include <array>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mqttpush::cli {
namespace {

constexpr int64_t kTicksPerSecond = 10'000'000;
// From 1582-10-15 to 1970-01-01, in ticks.
constexpr int64_t kGregorianToUnix = 0x01B21DD213814000;
// Ids differ by their ticks; this part is the same in all.
constexpr char kSequenceAndNode[] = "8000-6d7170757368";
constexpr char kNamespace[] =
    "\x8d\x2f\x6a\x1c\x40\x97\x5b\x3e"
    "\xa6\x54\x19\xc8\x72\xe0\x3d\xb5";

}  // namespace

std::string TimeUuid(const google::protobuf::Timestamp& record_time) {
  const int64_t ticks =
      record_time.seconds() * kTicksPerSecond + record_time.nanos() / 100;
  const auto time = static_cast<uint64_t>(ticks + kGregorianToUnix);
  return absl::StrFormat("%08x-%04x-1%03x-%s", time & 0xFFFFFFFF,
                         time >> 32 & 0xFFFF, time >> 48 & 0x0FFF,
                         kSequenceAndNode);
}

std::string DataCoreId(absl::string_view tenant) {
  // RFC 9562, 5.5.
  const std::string text =
      absl::StrCat(absl::string_view(kNamespace, 16), tenant, "/mqtt-push");
  std::array<unsigned char, SHA_DIGEST_LENGTH> hash;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       hash.data());
  hash[6] = (hash[6] & 0x0F) | 0x50;
  hash[8] = (hash[8] & 0x3F) | 0x80;
  const std::string hex = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(hash.data()), 16));
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-",
                      hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                      hex.substr(20));
}

}  // namespace mqttpush::cli
