#include "common/uuid.h"

#include <algorithm>
#include <cstdint>

#include "absl/random/random.h"
#include "common/mutex.h"

namespace mqttpush {
namespace {

// The 12 bits of rand_a and the first 30 of rand_b are the counter of RFC 9562,
// 6.2, method 1; the last 32 bits are random.
constexpr int kCounterBits = 42;
constexpr uint64_t kCounterEnd = uint64_t{1} << kCounterBits;
constexpr int64_t kMaxMillis = (int64_t{1} << 48) - 1;

struct Uuid {
  uint64_t high;
  uint64_t low;
};

class Generator {
 public:
  Uuid Next(int64_t now_millis) {
    MutexLock lock(&mutex_);
    Advance(std::clamp<int64_t>(now_millis, 0, kMaxMillis));
    const uint64_t rand_a = counter_ >> 30;
    const uint64_t rand_b = (counter_ & ((uint64_t{1} << 30) - 1)) << 32 |
                            absl::Uniform<uint32_t>(random_);
    return {static_cast<uint64_t>(millis_) << 16 | uint64_t{7} << 12 | rand_a,
            uint64_t{2} << 62 | rand_b};
  }

 private:
  void Advance(int64_t now_millis) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (now_millis <= millis_ && ++counter_ < kCounterEnd) return;
    millis_ = std::max(now_millis, millis_ + 1);
    // The top bit stays 0: room to count.
    counter_ = absl::Uniform<uint64_t>(random_, 0, kCounterEnd / 2);
  }

  Mutex mutex_;
  absl::BitGen random_ ABSL_GUARDED_BY(mutex_);
  int64_t millis_ ABSL_GUARDED_BY(mutex_) = -1;
  uint64_t counter_ ABSL_GUARDED_BY(mutex_) = 0;
};

void AppendHex(uint64_t value, int digits, std::string& out) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out.push_back("0123456789abcdef"[value >> shift & 0xF]);
  }
}

}  // namespace

std::string NewUuidV7(absl::Time now) {
  static Generator& generator = *new Generator;
  const Uuid uuid = generator.Next(absl::ToUnixMillis(now));
  std::string text;
  text.reserve(36);
  AppendHex(uuid.high >> 32, 8, text);
  text.push_back('-');
  AppendHex(uuid.high >> 16, 4, text);
  text.push_back('-');
  AppendHex(uuid.high, 4, text);
  text.push_back('-');
  AppendHex(uuid.low >> 48, 4, text);
  text.push_back('-');
  AppendHex(uuid.low, 12, text);
  return text;
}

}  // namespace mqttpush
