#include "tests/fault/faults.h"

#include "tests/fault/config_faults.h"
#include "tests/fault/network_faults.h"
#include "tests/fault/process_faults.h"

namespace mqttpush::fault {

const std::vector<FaultKind>& AllFaults() {
  constexpr Reach kNothing = Reach::kNothing;
  constexpr Reach kLink = Reach::kLink;
  constexpr Reach kEverything = Reach::kEverything;
  static const auto* const faults = new std::vector<FaultKind>{
      {"kill-worker", "SIGKILL of a worker", kEverything, false, KillWorker,
       nullptr},
      {"kill-service", "SIGKILL of the service, which is started again",
       kEverything, false, KillService, nullptr},
      {"restart-broker", "a mosquitto ends in order and comes back later",
       kEverything, false, StopBroker, StartBroker},
      {"broker-loses-state",
       "SIGKILL of a mosquitto, which comes back knowing nothing", kEverything,
       true, LoseBrokerState, nullptr},
      {"session-lost",
       "another client takes the link's client id and ends its session", kLink,
       true, TakeSession, nullptr},
      {"cut", "the connection ends by RST or FIN", kLink, false, Cut, nullptr},
      {"silent-cut", "the connection swallows everything, for ever", kLink,
       false, CutSilently, PassAgain},
      {"half-close", "one direction ends, the other goes on", kLink, false,
       HalfClose, nullptr},
      {"slow", "everything is late, in both directions", kLink, false, Delay,
       PassAgain},
      {"throttle", "some kilobytes a second towards the broker", kLink, false,
       Throttle, PassAgain},
      {"swallow-acks", "PUBACK, PUBREC and PUBCOMP do not come", kLink, false,
       SwallowAcknowledgements, PassAgain},
      {"corrupt", "the next packet is no packet", kLink, false, Corrupt,
       nullptr},
      {"clock-jump", "the wall clock of the service jumps, and jumps back",
       kNothing, false, JumpClock, ResetClock},
      {"disk-full", "no write to the data directory succeeds", kNothing, false,
       FillDisk, FreeDisk},
      {"credentials-revoked", "a mosquitto lets the workers in no more",
       kEverything, false, RevokeCredentials, RestoreCredentials},
      {"topic-changed", "another topic for a subscription", kNothing, false,
       ChangeTopic, RestoreSubscription},
      {"retain-changed", "a subscription's messages are retained", kNothing,
       false, ChangeRetain, RestoreSubscription},
      {"address-changed", "the link moves to the other mosquitto", kNothing,
       true, ChangeAddress, RestoreBroker},
      {"client-id-changed", "another client id for the link", kNothing, true,
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
