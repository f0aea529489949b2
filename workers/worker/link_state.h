// The state machine of a link: a pure function, so that its test is a table.
#ifndef MQTTPUSH_WORKERS_WORKER_LINK_STATE_H_
#define MQTTPUSH_WORKERS_WORKER_LINK_STATE_H_

namespace mqttpush {

// kIdle is "not configured yet"; the others are those of worker_link.proto.
enum class WorkerLinkState {
  kIdle,
  kConnecting,
  kConnected,
  kBackingOff,
  kRefused,
  kStalled,
};

enum class LinkEvent {
  // Settings came, or changed ones are to be used now.
  kConfigured,
  kConnected,
  // The attempt failed; kRefused when only a person can mend it.
  kConnectFailed,
  kConnectRefused,
  kLinkLost,
  // In flight, and no acknowledgement for too long.
  kAckTimeout,
  kRetryDue,
};

enum class LinkAction {
  kNone,
  // Leave the present connection, if any, and make a new one at once.
  kConnect,
  // Serve: the broker is there.
  kServe,
  // Try again after the delay of the fast or of the slow lane.
  kRetryLater,
  kRetrySlowly,
};

struct LinkTransition {
  WorkerLinkState next;
  LinkAction action;

  friend bool operator==(const LinkTransition&,
                         const LinkTransition&) = default;
};

// What `event` does in `state`. An event that cannot happen in a state leaves
// it as it is and asks for nothing. kStalled is the first attempt after an
// acknowledgement timeout: it connects as kConnecting does, but shows why.
LinkTransition NextLinkState(WorkerLinkState state, LinkEvent event);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_LINK_STATE_H_
