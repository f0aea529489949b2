#include "services/flowcore/time_uuid.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mqttpush {
namespace {

// From 1582-10-15 to 1970-01-01.
constexpr int64_t kGregorianToUnix = 0x01B21DD213814000;

// Ids differ by their ticks; what follows those is the same in all. The node
// has the bit that says that it is no network card's: "mqpush".
constexpr char kSequenceAndNode[] = "8000-6d7170757368";

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

}  // namespace

std::string TimeUuid(int64_t ticks) {
  const uint64_t time = static_cast<uint64_t>(ticks + kGregorianToUnix);
  return absl::StrFormat("%08x-%04x-1%03x-%s", time & 0xFFFFFFFF,
                         time >> 32 & 0xFFFF, time >> 48 & 0x0FFF,
                         kSequenceAndNode);
}

std::optional<int64_t> TicksOfTimeUuid(absl::string_view text) {
  if (!IsUuid(text) || text[14] != '1') return std::nullopt;
  // As one number, from the high bits to the low ones.
  uint64_t time = 0;
  (void)absl::SimpleHexAtoi(
      absl::StrCat(text.substr(15, 3), text.substr(9, 4), text.substr(0, 8)),
      &time);
  return static_cast<int64_t>(time) - kGregorianToUnix;
}

}  // namespace mqttpush
