#include "workers/worker/link_state.h"

namespace mqttpush {
namespace {

using State = WorkerLinkState;
using Action = LinkAction;

LinkTransition WhileConnecting(State state, LinkEvent event) {
  switch (event) {
    case LinkEvent::kConnected:
      return {state == State::kReplacing ? State::kUnproven : State::kConnected,
              Action::kServe};
    case LinkEvent::kConnectFailed:
    case LinkEvent::kLinkLost:
      return {State::kBackingOff, Action::kRetryLater};
    case LinkEvent::kConnectRefused:
    case LinkEvent::kLinkRefused:
      return {State::kRefused, Action::kRetrySlowly};
    default:
      return {state, Action::kNone};
  }
}

LinkTransition WhileUp(State state, LinkEvent event) {
  switch (event) {
    case LinkEvent::kLinkLost:
      return {State::kBackingOff, Action::kRetryLater};
    case LinkEvent::kLinkRefused:
      return {State::kRefused, Action::kRetrySlowly};
    case LinkEvent::kStalled:
      return {State::kStalled, Action::kRetryLater};
    case LinkEvent::kProven:
      if (state == State::kUnproven) return {State::kConnected, Action::kShow};
      return {state, Action::kNone};
    default:
      return {state, Action::kNone};
  }
}

LinkTransition WhileWaiting(State state, LinkEvent event) {
  if (event == LinkEvent::kRetryDue) {
    return {state == State::kStalled ? State::kReplacing : State::kConnecting,
            Action::kConnect};
  }
  return {state, Action::kNone};
}

constexpr int kSessionTakenOver = 0x8E;
constexpr int kUseAnotherServer = 0x9C;
constexpr int kServerMoved = 0x9D;

}  // namespace

bool IsUp(State state) {
  return state == State::kConnected || state == State::kUnproven;
}

LinkEvent EventOfDisconnect(int reason_code) {
  switch (reason_code) {
    case kSessionTakenOver:
    case kUseAnotherServer:
    case kServerMoved:
      return LinkEvent::kLinkRefused;
    default:
      return LinkEvent::kLinkLost;
  }
}

bool MayBeAboutAMessage(int reason_code) {
  switch (reason_code) {
    case 0x89:  // server busy
    case 0x8B:  // server shutting down
    case 0x8D:  // keep alive timeout
    case 0x8E:  // session taken over
    case 0x93:  // receive maximum exceeded
    case 0x96:  // message rate too high
    case 0x97:  // quota exceeded
    case 0x98:  // administrative action
    case 0x9C:  // use another server
    case 0x9D:  // server moved
    case 0x9F:  // connection rate exceeded
    case 0xA0:  // maximum connect time
      return false;
    default:
      return true;
  }
}

LinkTransition NextLinkState(State state, LinkEvent event) {
  if (event == LinkEvent::kConfigured) {
    return {State::kConnecting, Action::kConnect};
  }
  switch (state) {
    case State::kConnecting:
    case State::kReplacing:
      return WhileConnecting(state, event);
    case State::kConnected:
    case State::kUnproven:
      return WhileUp(state, event);
    case State::kBackingOff:
    case State::kRefused:
    case State::kStalled:
      return WhileWaiting(state, event);
    case State::kIdle:
      break;
  }
  return {state, Action::kNone};
}

}  // namespace mqttpush
