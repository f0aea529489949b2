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
    LinkEvent::kLinkLost,      LinkEvent::kStalled,
    LinkEvent::kRetryDue,      LinkEvent::kLinkRefused,
};

constexpr LinkTransition kConnect = {State::kConnecting, Action::kConnect};
constexpr LinkTransition kServe = {State::kConnected, Action::kServe};
constexpr LinkTransition kBackOff = {State::kBackingOff, Action::kRetryLater};
constexpr LinkTransition kRefuse = {State::kRefused, Action::kRetrySlowly};
constexpr LinkTransition kReplace = {State::kStalled, Action::kConnect};
constexpr LinkTransition Stay(State state) { return {state, Action::kNone}; }

// Rows: kStates. Columns: kEvents.
const LinkTransition kTable[6][8] = {
    {kConnect, Stay(State::kIdle), Stay(State::kIdle), Stay(State::kIdle),
     Stay(State::kIdle), Stay(State::kIdle), Stay(State::kIdle),
     Stay(State::kIdle)},
    {kConnect, kServe, kBackOff, kRefuse, kBackOff, Stay(State::kConnecting),
     Stay(State::kConnecting), kRefuse},
    {kConnect, Stay(State::kConnected), Stay(State::kConnected),
     Stay(State::kConnected), kBackOff, kReplace, Stay(State::kConnected),
     kRefuse},
    {kConnect, Stay(State::kBackingOff), Stay(State::kBackingOff),
     Stay(State::kBackingOff), Stay(State::kBackingOff),
     Stay(State::kBackingOff), kConnect, Stay(State::kBackingOff)},
    {kConnect, Stay(State::kRefused), Stay(State::kRefused),
     Stay(State::kRefused), Stay(State::kRefused), Stay(State::kRefused),
     kConnect, Stay(State::kRefused)},
    {kConnect, kServe, kBackOff, kRefuse, kBackOff, Stay(State::kStalled),
     Stay(State::kStalled), kRefuse},
};

TEST(LinkStateTest, EveryStateMeetsEveryEvent) {
  for (int row = 0; row < 6; ++row) {
    for (int column = 0; column < 8; ++column) {
      EXPECT_EQ(NextLinkState(kStates[row], kEvents[column]),
                kTable[row][column])
          << "state " << row << ", event " << column;
    }
  }
}

TEST(LinkStateTest, ATakenSessionIsNotFoughtOver) {
  for (int code : {0x8E, 0x9C, 0x9D}) {
    EXPECT_EQ(EventOfDisconnect(code), LinkEvent::kLinkRefused) << code;
  }
  // 0x87 may be about one message, as HiveMQ says it.
  for (int code : {0, 0x81, 0x87, 0x89, 0x8B, 0x8D, 0x93, 0x95, 0x98}) {
    EXPECT_EQ(EventOfDisconnect(code), LinkEvent::kLinkLost) << code;
  }
}

}  // namespace
}  // namespace mqttpush
