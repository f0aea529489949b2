// KeyFilter: tells for most keys that a segment does not hold them, without
// looking into it.
//
// A split block Bloom filter, as Apache Parquet specifies it (BloomFilter.md):
// eight bits of one block of 32 bytes for each key. With 24 bits a key about
// one in 10,000 is taken for one that is there. A log has many segments, and
// each that says "perhaps" is looked into, also for a new event's id.
#ifndef MQTTPUSH_STORAGE_SQLITE_LOG_KEY_FILTER_H_
#define MQTTPUSH_STORAGE_SQLITE_LOG_KEY_FILTER_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/sqlite/log/posting.h"

namespace mqttpush {

// Thread-compatible.
class KeyFilter {
 public:
  static constexpr size_t kBitsPerKey = 24;

  struct alignas(32) Block {
    std::array<uint32_t, 8> words{};
    bool MayContain(uint64_t hash) const {
      for (int word = 0; word < 8; ++word) {
        if ((words[word] & BitOf(hash, word)) == 0) return false;
      }
      return true;
    }
  };
  // Which of so many blocks tells of a key.
  static size_t BlockOf(uint64_t hash, size_t block_count) {
    return ((hash >> 32) * block_count) >> 32;
  }

  // For about `keys` keys.
  explicit KeyFilter(size_t keys, size_t bits_per_key = kBitsPerKey);
  // DATA_LOSS when `bytes` is nothing that Bytes() gives.
  static absl::StatusOr<KeyFilter> FromBytes(absl::string_view bytes);

  void Add(Dimension dimension, int64_t key) { Add(HashOf(dimension, key)); }
  void Add(uint64_t hash);
  // False: certainly not added.
  bool MayContain(Dimension dimension, int64_t key) const {
    return MayContain(HashOf(dimension, key));
  }
  // The same, for who asks many filters for one key.
  static uint64_t HashOf(Dimension dimension, int64_t key);
  bool MayContain(uint64_t hash) const {
    return blocks_[BlockOf(hash, blocks_.size())].MayContain(hash);
  }
  // Makes a MayContain that follows after some other work fast.
  void Prefetch(uint64_t hash) const {
    __builtin_prefetch(&blocks_[BlockOf(hash, blocks_.size())]);
  }
  const std::vector<Block>& blocks() const { return blocks_; }
  // The blocks, and a checksum of them.
  std::string Bytes() const;

 private:
  static constexpr uint32_t kSalts[8] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU,
                                         0xa2b7289dU, 0x705495c7U, 0x2df1424bU,
                                         0x9efc4947U, 0x5c6bfb31U};

  static uint32_t BitOf(uint64_t hash, int word) {
    return 1U << ((static_cast<uint32_t>(hash) * kSalts[word]) >> 27);
  }

  std::vector<Block> blocks_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_STORAGE_SQLITE_LOG_KEY_FILTER_H_
