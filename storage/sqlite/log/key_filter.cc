#include "storage/sqlite/log/key_filter.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"

namespace mqttpush {
namespace {

constexpr size_t kChecksumSize = sizeof(XXH64_hash_t);

std::string ChecksumOf(absl::string_view bytes) {
  const XXH64_hash_t hash = XXH3_64bits(bytes.data(), bytes.size());
  return std::string(reinterpret_cast<const char*>(&hash), sizeof hash);
}

}  // namespace

KeyFilter::KeyFilter(size_t keys, size_t bits_per_key)
    : blocks_(std::max<size_t>(1, keys * bits_per_key / 8 / sizeof(Block))) {}

absl::StatusOr<KeyFilter> KeyFilter::FromBytes(absl::string_view bytes) {
  if (bytes.size() <= kChecksumSize ||
      (bytes.size() - kChecksumSize) % sizeof(Block) != 0) {
    return absl::DataLossError("a key filter has an impossible size");
  }
  const absl::string_view checksum = bytes.substr(bytes.size() - kChecksumSize);
  bytes.remove_suffix(kChecksumSize);
  if (checksum != ChecksumOf(bytes)) {
    return absl::DataLossError("a key filter is not what was written");
  }
  KeyFilter filter(0);
  filter.blocks_.resize(bytes.size() / sizeof(Block));
  std::memcpy(filter.blocks_.data(), bytes.data(), bytes.size());
  return filter;
}

uint64_t KeyFilter::HashOf(Dimension dimension, int64_t key) {
  return XXH3_64bits_withSeed(&key, sizeof key,
                              static_cast<XXH64_hash_t>(dimension));
}

void KeyFilter::Add(uint64_t hash) {
  Block& block = blocks_[BlockOf(hash, blocks_.size())];
  for (int word = 0; word < 8; ++word) block.words[word] |= BitOf(hash, word);
}

std::string KeyFilter::Bytes() const {
  std::string bytes(reinterpret_cast<const char*>(blocks_.data()),
                    blocks_.size() * sizeof(Block));
  return bytes + ChecksumOf(bytes);
}

}  // namespace mqttpush
