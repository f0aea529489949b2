#include "workers/worker/link_state.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using State = WorkerLinkState;
using Action = LinkAction;

constexpr State kStates[] = {State::kIdle,      State::kConnecting,
                             State::kConnected, State::kBackingOff,
                             State::kRefused,   State::kStalled};
constexpr LinkEvent kEvents[] = {
    LinkEvent::kConfigured,    LinkEvent::kConnected,
    LinkEvent::kConnectFailed, LinkEvent::kConnectRefused,
    LinkEvent::kLinkLost,      LinkEvent::kAckTimeout,
    LinkEvent::kRetryDue,
};

constexpr LinkTransition kConnect = {State::kConnecting, Action::kConnect};
constexpr LinkTransition kServe = {State::kConnected, Action::kServe};
constexpr LinkTransition kBackOff = {State::kBackingOff, Action::kRetryLater};
constexpr LinkTransition kRefuse = {State::kRefused, Action::kRetrySlowly};
constexpr LinkTransition kReplace = {State::kStalled, Action::kConnect};
constexpr LinkTransition Stay(State state) { return {state, Action::kNone}; }

// Rows: kStates. Columns: kEvents.
const LinkTransition kTable[6][7] = {
    {kConnect, Stay(State::kIdle), Stay(State::kIdle), Stay(State::kIdle),
     Stay(State::kIdle), Stay(State::kIdle), Stay(State::kIdle)},
    {kConnect, kServe, kBackOff, kRefuse, kBackOff, Stay(State::kConnecting),
     Stay(State::kConnecting)},
    {kConnect, Stay(State::kConnected), Stay(State::kConnected),
     Stay(State::kConnected), kBackOff, kReplace, Stay(State::kConnected)},
    {kConnect, Stay(State::kBackingOff), Stay(State::kBackingOff),
     Stay(State::kBackingOff), Stay(State::kBackingOff),
     Stay(State::kBackingOff), kConnect},
    {kConnect, Stay(State::kRefused), Stay(State::kRefused),
     Stay(State::kRefused), Stay(State::kRefused), Stay(State::kRefused),
     kConnect},
    {kConnect, kServe, kBackOff, kRefuse, kBackOff, Stay(State::kStalled),
     Stay(State::kStalled)},
};

TEST(LinkStateTest, EveryStateMeetsEveryEvent) {
  for (int row = 0; row < 6; ++row) {
    for (int column = 0; column < 7; ++column) {
      EXPECT_EQ(NextLinkState(kStates[row], kEvents[column]),
                kTable[row][column])
          << "state " << row << ", event " << column;
    }
  }
}

}  // namespace
}  // namespace mqttpush
