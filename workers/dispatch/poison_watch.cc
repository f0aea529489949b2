#include "workers/dispatch/poison_watch.h"

namespace mqttpush {

bool PoisonWatch::MustBeAlone(Delivery delivery) const {
  auto found = watched_.find(delivery);
  return found != watched_.end() && found->second.losses >= kLossesBeforeAlone;
}

bool PoisonWatch::Lost(Delivery delivery, bool suspect, bool alone) {
  if (!suspect) {
    auto found = watched_.find(delivery);
    if (found != watched_.end() && alone) found->second.losses_alone = 0;
    return false;
  }
  if (watched_.size() >= kMaxWatched && watched_.count(delivery) == 0) {
    watched_.erase(watched_.begin());
  }
  Watched& watched = watched_[delivery];
  if (!alone) {
    ++watched.losses;
    return false;
  }
  ++watched.losses_alone;
  if (watched.refused) return true;
  if (watched.losses_alone < kLossesAlone) return false;
  if (refused_since_answer_ >= kMaxRefused) return false;
  ++refused_since_answer_;
  watched.refused = true;
  return true;
}

void PoisonWatch::Suspect(Delivery delivery) {
  if (watched_.size() >= kMaxWatched) watched_.erase(watched_.begin());
  watched_[delivery].losses = kLossesBeforeAlone;
}

void PoisonWatch::Acknowledged(Delivery delivery) {
  watched_.erase(delivery);
  refused_since_answer_ = 0;
}

}  // namespace mqttpush
