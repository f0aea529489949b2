#include "storage/sqlite/log/posting_block.h"

#include <xxhash.h>

#include <algorithm>

#include "absl/status/status.h"

namespace mqttpush {
namespace {

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// The difference wraps where keys are hashes; adding it wraps back.
void AppendDifference(int64_t from, int64_t to, std::string& out) {
  const uint64_t difference =
      static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
  const uint64_t sign = (difference >> 63) != 0 ? ~uint64_t{0} : 0;
  AppendVarint((difference << 1) ^ sign, out);
}

bool TakeVarint(absl::string_view& in, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return false;
    const uint64_t byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool AddDifference(absl::string_view& in, int64_t& value) {
  uint64_t zigzag = 0;
  if (!TakeVarint(in, zigzag)) return false;
  const uint64_t difference = (zigzag >> 1) ^ (~(zigzag & 1) + 1);
  value = static_cast<int64_t>(static_cast<uint64_t>(value) + difference);
  return true;
}

constexpr size_t kChecksumSize = sizeof(uint32_t);
constexpr size_t kMostPostingBytes = 3 * 10;  // varints of 64 bits

std::string ChecksumOf(const KeyedPosting& first, absl::string_view packed) {
  const int64_t name[] = {first.key, first.posting.order, first.posting.row};
  const uint32_t hash = static_cast<uint32_t>(XXH3_64bits_withSeed(
      packed.data(), packed.size(), XXH3_64bits(name, sizeof name)));
  return std::string(reinterpret_cast<const char*>(&hash), sizeof hash);
}

}  // namespace

std::string PackBlock(absl::Span<const KeyedPosting>& postings) {
  const KeyedPosting first = postings.front();
  KeyedPosting last = first;
  std::string packed;
  while (!postings.empty() &&
         packed.size() + kMostPostingBytes + kChecksumSize <= kBlockBytes) {
    const KeyedPosting& next = postings.front();
    AppendDifference(last.key, next.key, packed);
    AppendDifference(last.posting.order, next.posting.order, packed);
    AppendDifference(last.posting.row, next.posting.row, packed);
    last = next;
    postings.remove_prefix(1);
  }
  return packed + ChecksumOf(first, packed);
}

absl::StatusOr<std::vector<KeyedPosting>> UnpackPostings(
    const KeyedPosting& first, absl::string_view packed) {
  const size_t size = packed.size() - std::min(packed.size(), kChecksumSize);
  const absl::string_view checksum = packed.substr(size);
  packed.remove_suffix(checksum.size());
  if (checksum != ChecksumOf(first, packed)) {
    return absl::DataLossError("an index block is not what was written");
  }
  std::vector<KeyedPosting> postings;
  postings.reserve(kMostPostingsPerBlock);
  KeyedPosting next = first;
  while (!packed.empty()) {
    if (!AddDifference(packed, next.key) ||
        !AddDifference(packed, next.posting.order) ||
        !AddDifference(packed, next.posting.row)) {
      return absl::DataLossError("an index block ends within a posting");
    }
    postings.push_back(next);
  }
  return postings;
}

}  // namespace mqttpush
