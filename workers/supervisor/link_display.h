// LinkDisplay: what the supervisor lets people see of the links.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_LINK_DISPLAY_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_LINK_DISPLAY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "workers/dispatch/status_board.h"

namespace mqttpush {

// Puts links on the board, and each change of a state into the log. On the loop
// only. What is passed in must outlive it.
class LinkDisplay {
 public:
  // A broker's name, for the log.
  using NameOf = std::function<std::string(int64_t broker_uid)>;

  LinkDisplay(StatusBoard* board, const Clock* clock, NameOf name_of)
      : board_(board), clock_(clock), name_of_(std::move(name_of)) {}

  // What the worker said. It may repeat the state, with a newer
  // acknowledgement.
  void Show(int64_t broker_uid, LinkStatus status);
  // A worker was started. One that ended before shows why until the new one has
  // something to say.
  void ShowStarted(int64_t broker_uid);
  // There is no worker that would be of use: `state` is BACKING_OFF or STALLED.
  // However often workers end, the link is down since it first was.
  void ShowDown(int64_t broker_uid, LinkState state, absl::string_view why,
                absl::Time next_connect_time = absl::InfinitePast());
  void ShowPaused(int64_t broker_uid);
  void Remove(int64_t broker_uid) { board_->RemoveLink(broker_uid); }

 private:
  StatusBoard* const board_;
  const Clock* const clock_;
  const NameOf name_of_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_LINK_DISPLAY_H_
