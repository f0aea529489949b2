#include "tests/fault/faults.h"

#include "tests/fault/config_faults.h"
#include "tests/fault/network_faults.h"
#include "tests/fault/process_faults.h"

namespace mqttpush::fault {

const std::vector<FaultKind>& AllFaults() {
  constexpr Reach kNothing = Reach::kNothing;
  constexpr Reach kLink = Reach::kLink;
  constexpr Reach kEverything = Reach::kEverything;
  constexpr Session kKept = Session::kKept;
  constexpr Session kUnanswered = Session::kUnanswered;
  constexpr Session kLost = Session::kLost;
  static const auto* const faults = new std::vector<FaultKind>{
      {"kill-worker", "SIGKILL of a worker", kEverything, kUnanswered,
       KillWorker, nullptr},
      {"kill-service", "SIGKILL of the service, which is started again",
       kEverything, kUnanswered, KillService, nullptr},
      {"restart-broker", "a mosquitto ends in order and comes back later",
       kEverything, kUnanswered, StopBroker, StartBroker},
      {"broker-loses-state",
       "SIGKILL of a mosquitto, which comes back knowing nothing", kEverything,
       kLost, LoseBrokerState, nullptr},
      {"session-lost",
       "another client takes the link's client id and ends its session", kLink,
       kLost, TakeSession, nullptr},
      {"cut", "the connection ends by RST or FIN", kLink, kUnanswered, Cut,
       nullptr},
      {"silent-cut", "the connection swallows everything, for ever", kLink,
       kUnanswered, CutSilently, PassAgain},
      {"half-close", "one direction ends, the other goes on", kLink,
       kUnanswered, HalfClose, nullptr},
      {"slow", "everything is late, in both directions", kLink, kKept, Delay,
       PassAgain},
      {"throttle", "some kilobytes a second towards the broker", kLink, kKept,
       Throttle, PassAgain},
      {"swallow-acks", "PUBACK, PUBREC and PUBCOMP do not come", kLink, kKept,
       SwallowAcknowledgements, PassAgain},
      {"lost-answer",
       "the connection ends, and CONNACK is lost together with the next one",
       kLink, kUnanswered, LoseAnswer, KeepAnswers},
      {"corrupt", "the next packet is no packet", kLink, kUnanswered, Corrupt,
       nullptr},
      {"clock-jump", "the wall clock of the service jumps, and jumps back",
       kNothing, kKept, JumpClock, ResetClock},
      {"disk-full", "no write to the data directory succeeds", kNothing,
       kUnanswered, FillDisk, FreeDisk},
      {"credentials-revoked", "a mosquitto lets the workers in no more",
       kEverything, kUnanswered, RevokeCredentials, RestoreCredentials},
      {"topic-changed", "another topic for a subscription", kNothing, kKept,
       ChangeTopic, RestoreSubscription},
      {"retain-changed", "a subscription's messages are retained", kNothing,
       kKept, ChangeRetain, RestoreSubscription},
      {"address-changed", "the link moves to the other mosquitto", kNothing,
       kLost, ChangeAddress, RestoreBroker},
      {"client-id-changed", "another client id for the link", kNothing, kLost,
       ChangeClientId, RestoreBroker},
  };
  return *faults;
}

const FaultKind* FindFault(const std::string& name) {
  for (const FaultKind& kind : AllFaults()) {
    if (name == kind.name) return &kind;
  }
  return nullptr;
}

}  // namespace mqttpush::fault
