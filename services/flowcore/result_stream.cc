#include "services/flowcore/result_stream.h"

#include <openssl/sha.h>

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace mqttpush {
namespace {

// Of all our names; any UUID would do, but not another one later.
constexpr char kNamespace[] =
    "\x8d\x2f\x6a\x1c\x40\x97\x5b\x3e"
    "\xa6\x54\x19\xc8\x72\xe0\x3d\xb5";

// RFC 9562, 5.5.
std::string NameUuid(absl::string_view name) {
  const std::string text =
      absl::StrCat(absl::string_view(kNamespace, 16), name);
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

}  // namespace

ResultStream ResultStreamOf(absl::string_view tenant) {
  const std::string data_core = absl::StrCat(tenant, "/", kResultDataCore);
  const std::string flow_type = absl::StrCat(data_core, "/", kResultFlowType);
  return {.tenant = std::string(tenant),
          .tenant_id = NameUuid(tenant),
          .data_core_id = NameUuid(data_core),
          .flow_type_id = NameUuid(flow_type),
          .event_type_id =
              NameUuid(absl::StrCat(flow_type, "/", kResultEventType))};
}

}  // namespace mqttpush
