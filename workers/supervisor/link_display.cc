#include "workers/supervisor/link_display.h"

#include "common/logging.h"
#include "workers/supervisor/link_messages.h"

namespace mqttpush {

void LinkDisplay::Show(int64_t broker_uid, LinkStatus status) {
  const LinkStatus before = board_->GetLink(broker_uid);
  // A new worker knows nothing of what the one before met.
  if (status.last_error.empty()) status.last_error = before.last_error;
  // And one without a connection nothing of what the broker offers.
  if (!status.offer.has_value()) status.offer = before.offer;
  if (before.state != status.state) {
    Log::Info("link_state", {{"broker", name_of_(broker_uid)},
                             {"state", LinkStateName(status.state)},
                             {"last_error", status.last_error}});
  }
  board_->SetLink(broker_uid, std::move(status));
}

void LinkDisplay::ShowStarted(int64_t broker_uid) {
  const LinkStatus before = board_->GetLink(broker_uid);
  if (before.state == LinkState::kBackingOff ||
      before.state == LinkState::kStalled) {
    return;
  }
  board_->SetLink(broker_uid, {.state = LinkState::kConnecting,
                               .since = clock_->Now(),
                               .offer = before.offer});
}

void LinkDisplay::ShowDown(int64_t broker_uid, LinkState state,
                           absl::string_view why,
                           absl::Time next_connect_time) {
  LinkStatus link = board_->GetLink(broker_uid);
  if (link.state != state) link.since = clock_->Now();
  link.state = state;
  link.last_error = std::string(why);
  link.next_connect_time = next_connect_time;
  Show(broker_uid, std::move(link));
}

void LinkDisplay::ShowPaused(int64_t broker_uid) {
  const LinkStatus before = board_->GetLink(broker_uid);
  if (before.state == LinkState::kPaused) return;
  board_->SetLink(broker_uid, {.state = LinkState::kPaused,
                               .since = clock_->Now(),
                               .offer = before.offer});
}

}  // namespace mqttpush
