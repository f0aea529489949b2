#include "workers/worker/link_state.h"

namespace mqttpush {
namespace {

using State = WorkerLinkState;
using Action = LinkAction;

LinkTransition WhileConnecting(State state, LinkEvent event) {
  switch (event) {
    case LinkEvent::kConnected:
      return {State::kConnected, Action::kServe};
    case LinkEvent::kConnectFailed:
    case LinkEvent::kLinkLost:
      return {State::kBackingOff, Action::kRetryLater};
    case LinkEvent::kConnectRefused:
      return {State::kRefused, Action::kRetrySlowly};
    default:
      return {state, Action::kNone};
  }
}

LinkTransition WhileConnected(LinkEvent event) {
  switch (event) {
    case LinkEvent::kLinkLost:
      return {State::kBackingOff, Action::kRetryLater};
    case LinkEvent::kAckTimeout:
      return {State::kStalled, Action::kConnect};
    default:
      return {State::kConnected, Action::kNone};
  }
}

LinkTransition WhileWaiting(State state, LinkEvent event) {
  if (event == LinkEvent::kRetryDue) {
    return {State::kConnecting, Action::kConnect};
  }
  return {state, Action::kNone};
}

}  // namespace

LinkTransition NextLinkState(State state, LinkEvent event) {
  if (event == LinkEvent::kConfigured) {
    return {State::kConnecting, Action::kConnect};
  }
  switch (state) {
    case State::kConnecting:
    case State::kStalled:
      return WhileConnecting(state, event);
    case State::kConnected:
      return WhileConnected(event);
    case State::kBackingOff:
    case State::kRefused:
      return WhileWaiting(state, event);
    case State::kIdle:
      break;
  }
  return {state, Action::kNone};
}

}  // namespace mqttpush
