#include "tests/fault/network_faults.h"

namespace mqttpush::fault {
namespace {

absl::Status Set(Bench& bench, const Strike& strike,
                 const PathFaults& to_broker, const PathFaults& to_client) {
  for (auto& proxy : bench.links()[strike.link].proxies) {
    proxy->Set(kToBroker, to_broker);
    proxy->Set(kToClient, to_client);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Cut(Bench& bench, const Strike& strike) {
  for (auto& proxy : bench.links()[strike.link].proxies) {
    proxy->Cut(/*reset=*/strike.draw % 2 == 0);
  }
  return absl::OkStatus();
}

absl::Status CutSilently(Bench& bench, const Strike& strike) {
  PathFaults silent = bench.Usual();
  silent.swallow = true;
  // One direction or both.
  return Set(bench, strike, strike.draw % 3 == 1 ? bench.Usual() : silent,
             strike.draw % 3 == 2 ? bench.Usual() : silent);
}

absl::Status HalfClose(Bench& bench, const Strike& strike) {
  for (auto& proxy : bench.links()[strike.link].proxies) {
    proxy->HalfClose(strike.draw % 2 == 0 ? kToBroker : kToClient);
  }
  return absl::OkStatus();
}

absl::Status Delay(Bench& bench, const Strike& strike) {
  const PathFaults late{.delay = absl::Milliseconds(50 + strike.draw % 350)};
  return Set(bench, strike, late, late);
}

absl::Status Throttle(Bench& bench, const Strike& strike) {
  PathFaults narrow = bench.Usual();
  narrow.bytes_per_second = static_cast<int64_t>(1'000 + strike.draw % 20'000);
  return Set(bench, strike, narrow, bench.Usual());
}

absl::Status SwallowAcknowledgements(Bench& bench, const Strike& strike) {
  PathFaults deaf = bench.Usual();
  deaf.swallow_acknowledgements = true;
  return Set(bench, strike, bench.Usual(), deaf);
}

absl::Status LoseAnswer(Bench& bench, const Strike& strike) {
  for (auto& proxy : bench.links()[strike.link].proxies) {
    proxy->LoseAnswer(true);
  }
  return absl::OkStatus();
}

absl::Status KeepAnswers(Bench& bench, const Strike& strike) {
  for (auto& proxy : bench.links()[strike.link].proxies) {
    proxy->LoseAnswer(false);
  }
  return absl::OkStatus();
}

absl::Status Corrupt(Bench& bench, const Strike& strike) {
  for (auto& proxy : bench.links()[strike.link].proxies) {
    proxy->Corrupt(strike.draw % 2 == 0 ? kToBroker : kToClient);
  }
  return absl::OkStatus();
}

absl::Status PassAgain(Bench& bench, const Strike& strike) {
  return Set(bench, strike, bench.Usual(), bench.Usual());
}

}  // namespace mqttpush::fault
