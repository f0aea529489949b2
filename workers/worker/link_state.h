// The state machine of a link: a pure function, so that its test is a table.
//
// A connection that stalled says that the broker's word is worth little: one
// that accepts every connection and acknowledges nothing must neither be called
// again at once, for ever, nor look well in between. So a stalled link waits
// its turn like one that was lost, with delays that grow, and is shown as
// STALLED until the broker has proved itself.
#ifndef MQTTPUSH_WORKERS_WORKER_LINK_STATE_H_
#define MQTTPUSH_WORKERS_WORKER_LINK_STATE_H_

namespace mqttpush {

// kIdle is "not configured yet"; the others are those of worker_link.proto,
// where the last three are one, STALLED.
enum class WorkerLinkState {
  kIdle,
  kConnecting,
  kConnected,
  kBackingOff,
  kRefused,
  kStalled,    // waits for the next attempt
  kReplacing,  // makes the connection that replaces the stalled one
  kUnproven,   // that connection is up, but the broker has not proved itself
};

enum class LinkEvent {
  // Settings came, or changed ones are to be used now.
  kConfigured,
  kConnected,
  // The attempt failed; kRefused when only a person can mend it.
  kConnectFailed,
  kConnectRefused,
  kLinkLost,
  // The broker ended the connection for a reason that only a person can mend.
  kLinkRefused,
  // The broker is silent for too long (progress.h).
  kStalled,
  // The broker acknowledged a message, or had none to acknowledge
  // for an ack timeout.
  kProven,
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
  // Say the new state; the connection goes on.
  kShow,
};

struct LinkTransition {
  WorkerLinkState next;
  LinkAction action;

  friend bool operator==(const LinkTransition&,
                         const LinkTransition&) = default;
};

// What `event` does in `state`. An event that cannot happen in a state leaves
// it as it is and asks for nothing. An attempt to replace a stalled connection
// that fails is a failure like any other: its own reason is then shown, and the
// connection after it need not prove itself.
LinkTransition NextLinkState(WorkerLinkState state, LinkEvent event);

// Whether messages can be sent.
bool IsUp(WorkerLinkState state);

// What a broker's DISCONNECT of this reason code (MQTT 5, section 3.14.2.1)
// means: kLinkRefused when another client took the session over, or the broker
// is another one now, so that coming back at once would be a fight; otherwise,
// and for 0, kLinkLost.
LinkEvent EventOfDisconnect(int reason_code);

// Whether a DISCONNECT of this reason code may be about one message, as 0x87
// and 0x95 may; not so those about the link, as 0x8B server shutting down.
bool MayBeAboutAMessage(int reason_code);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_WORKER_LINK_STATE_H_
