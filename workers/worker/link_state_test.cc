#include "workers/worker/link_state.h"

#include <map>

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using State = WorkerLinkState;
using Action = LinkAction;

using Event = LinkEvent;

constexpr State kStates[] = {
    State::kIdle,    State::kConnecting, State::kConnected, State::kBackingOff,
    State::kRefused, State::kStalled,    State::kReplacing, State::kUnproven};
constexpr Event kEvents[] = {
    Event::kConfigured, Event::kConnected,   Event::kConnectFailed,
    Event::kLinkLost,   Event::kLinkRefused, Event::kConnectRefused,
    Event::kStalled,    Event::kProven,      Event::kRetryDue,
};

constexpr LinkTransition kConnect = {State::kConnecting, Action::kConnect};
constexpr LinkTransition kServe = {State::kConnected, Action::kServe};
constexpr LinkTransition kBackOff = {State::kBackingOff, Action::kRetryLater};
constexpr LinkTransition kRefuse = {State::kRefused, Action::kRetrySlowly};
constexpr LinkTransition kStall = {State::kStalled, Action::kRetryLater};
constexpr LinkTransition kReplace = {State::kReplacing, Action::kConnect};
constexpr LinkTransition kTryOut = {State::kUnproven, Action::kServe};
constexpr LinkTransition kTrust = {State::kConnected, Action::kShow};

// What is not named leaves the state as it is, but for kConfigured, which
// always connects.
const std::map<State, std::map<Event, LinkTransition>> kTable = {
    {State::kIdle, {}},
    {State::kConnecting,
     {{Event::kConnected, kServe},
      {Event::kConnectFailed, kBackOff},
      {Event::kConnectRefused, kRefuse},
      {Event::kLinkLost, kBackOff},
      {Event::kLinkRefused, kRefuse}}},
    {State::kConnected,
     {{Event::kLinkLost, kBackOff},
      {Event::kLinkRefused, kRefuse},
      {Event::kStalled, kStall}}},
    {State::kBackingOff, {{Event::kRetryDue, kConnect}}},
    {State::kRefused, {{Event::kRetryDue, kConnect}}},
    {State::kStalled, {{Event::kRetryDue, kReplace}}},
    {State::kReplacing,
     {{Event::kConnected, kTryOut},
      {Event::kConnectFailed, kBackOff},
      {Event::kConnectRefused, kRefuse},
      {Event::kLinkLost, kBackOff},
      {Event::kLinkRefused, kRefuse}}},
    {State::kUnproven,
     {{Event::kLinkLost, kBackOff},
      {Event::kLinkRefused, kRefuse},
      {Event::kStalled, kStall},
      {Event::kProven, kTrust}}},
};

TEST(LinkStateTest, EveryStateMeetsEveryEvent) {
  for (State state : kStates) {
    for (Event event : kEvents) {
      LinkTransition expected = {state, Action::kNone};
      if (event == Event::kConfigured) expected = kConnect;
      const auto& row = kTable.at(state);
      if (row.contains(event)) expected = row.at(event);
      EXPECT_EQ(NextLinkState(state, event), expected)
          << "state " << static_cast<int>(state) << ", event "
          << static_cast<int>(event);
    }
  }
}

TEST(LinkStateTest, IsUpWithAConnectionOnly) {
  for (State state : kStates) {
    EXPECT_EQ(IsUp(state),
              state == State::kConnected || state == State::kUnproven);
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

TEST(LinkStateTest, SomeDisconnectsAreAboutNoMessage) {
  for (int code :
       {0, 0x80, 0x81, 0x82, 0x83, 0x87, 0x90, 0x95, 0x99, 0x9A, 0x9B}) {
    EXPECT_TRUE(MayBeAboutAMessage(code)) << code;
  }
  for (int code : {0x89, 0x8B, 0x8D, 0x8E, 0x93, 0x96, 0x97, 0x98, 0x9C, 0x9D,
                   0x9F, 0xA0}) {
    EXPECT_FALSE(MayBeAboutAMessage(code)) << code;
  }
}

}  // namespace
}  // namespace mqttpush
