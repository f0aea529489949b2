#include "storage/sqlite/log/key_filter.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"

namespace mqttpush {
namespace {

constexpr uint32_t kSalts[8] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU,
                                0xa2b7289dU, 0x705495c7U, 0x2df1424bU,
                                0x9efc4947U, 0x5c6bfb31U};

size_t BlockOf(uint64_t hash, size_t blocks) {
  return ((hash >> 32) * blocks) >> 32;
}

uint32_t BitOf(uint64_t hash, int word) {
  return 1U << ((static_cast<uint32_t>(hash) * kSalts[word]) >> 27);
}

constexpr size_t kChecksumSize = sizeof(XXH64_hash_t);

std::string ChecksumOf(absl::string_view bytes) {
  const XXH64_hash_t hash = XXH3_64bits(bytes.data(), bytes.size());
  return std::string(reinterpret_cast<const char*>(&hash), sizeof hash);
}

}  // namespace

KeyFilter::KeyFilter(size_t keys)
    : blocks_(std::max<size_t>(1, keys * kBitsPerKey / 8 / sizeof(Block))) {}

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

void KeyFilter::Prefetch(uint64_t hash) const {
  __builtin_prefetch(&blocks_[BlockOf(hash, blocks_.size())]);
}

bool KeyFilter::MayContain(uint64_t hash) const {
  const Block& block = blocks_[BlockOf(hash, blocks_.size())];
  for (int word = 0; word < 8; ++word) {
    if ((block.words[word] & BitOf(hash, word)) == 0) return false;
  }
  return true;
}

std::string KeyFilter::Bytes() const {
  std::string bytes(reinterpret_cast<const char*>(blocks_.data()),
                    blocks_.size() * sizeof(Block));
  return bytes + ChecksumOf(bytes);
}

}  // namespace mqttpush
