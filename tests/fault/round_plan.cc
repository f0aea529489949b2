#include "tests/fault/round_plan.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mqttpush::fault {
namespace {

constexpr int64_t kMaxStrikes = 4;
constexpr int64_t kMaxHoldMilliseconds = 1'500;

// The standard library's distributions differ between libraries; its engines
// do not.
class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  uint64_t Any() { return engine_(); }
  int64_t Between(int64_t least, int64_t most) {
    const auto count = static_cast<uint64_t>(most - least + 1);
    return least + static_cast<int64_t>(engine_() % count);
  }

 private:
  std::mt19937_64 engine_;
};

Strike DrawStrike(Dice& dice, const std::vector<const FaultKind*>& kinds,
                  size_t links, absl::Duration span) {
  Strike strike;
  strike.kind = kinds[dice.Any() % kinds.size()];
  strike.at =
      absl::Milliseconds(dice.Between(0, absl::ToInt64Milliseconds(span)));
  strike.hold = absl::Milliseconds(dice.Between(0, kMaxHoldMilliseconds));
  strike.link = dice.Any() % links;
  strike.draw = dice.Any();
  return strike;
}

}  // namespace

RoundPlan DrawPlan(uint64_t seed, const std::vector<const FaultKind*>& kinds,
                   size_t links) {
  Dice dice(seed);
  RoundPlan plan{.seed = seed};
  plan.events = static_cast<int>(dice.Between(60, 140));
  plan.batch_size = static_cast<int>(dice.Between(1, 10));
  plan.span = absl::Milliseconds(dice.Between(600, 1'400));
  plan.latency = absl::Milliseconds(dice.Between(0, 25));
  for (int64_t left = dice.Between(1, kMaxStrikes); left > 0; --left) {
    plan.strikes.push_back(DrawStrike(dice, kinds, links, plan.span));
  }
  std::stable_sort(
      plan.strikes.begin(), plan.strikes.end(),
      [](const Strike& a, const Strike& b) { return a.at < b.at; });
  return plan;
}

std::string RoundPlan::Describe(const std::vector<std::string>& links) const {
  return absl::StrJoin(
      strikes, ", ", [&](std::string* out, const Strike& strike) {
        absl::StrAppend(out, strike.kind->name, "(", links[strike.link], ")@",
                        absl::ToInt64Milliseconds(strike.at));
        if (strike.kind->heal == nullptr) return;
        absl::StrAppend(out, "+", absl::ToInt64Milliseconds(strike.hold));
      });
}

}  // namespace mqttpush::fault
