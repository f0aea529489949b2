#include "tests/fault/process_faults.h"

#include <signal.h>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "tests/e2e/processes.h"
#include "tests/fault/accounts.h"

namespace mqttpush::fault {
namespace {

size_t MosquittoOf(Bench& bench, const Strike& strike) {
  return bench.links()[strike.link].home;
}

}  // namespace

absl::Status KillWorker(Bench& bench, const Strike& strike) {
  const std::vector<pid_t> workers = ChildrenOf(bench.service().pid());
  if (!workers.empty()) kill(workers[strike.draw % workers.size()], SIGKILL);
  return absl::OkStatus();
}

absl::Status KillService(Bench& bench, const Strike&) {
  bench.service().Kill();
  // A service does not start without a disk to write to.
  bench.shim().SetDiskFull(false);
  return bench.service().Restart();
}

absl::Status StopBroker(Bench& bench, const Strike& strike) {
  bench.mosquitto(MosquittoOf(bench, strike)).Stop();
  return absl::OkStatus();
}

absl::Status StartBroker(Bench& bench, const Strike& strike) {
  MosquittoBroker& mosquitto = bench.mosquitto(MosquittoOf(bench, strike));
  return mosquitto.pid() > 0 ? absl::OkStatus() : mosquitto.Start();
}

// The workers are held off until the ledger has all that this broker ever
// acknowledged, and until it has subscribed to the new one: what is lost here
// is what a worker may still not take as delivered.
absl::Status LoseBrokerState(Bench& bench, const Strike& strike) {
  const size_t index = MosquittoOf(bench, strike);
  MQTTPUSH_RETURN_IF_ERROR(StartBroker(bench, strike));
  for (Link& link : bench.links()) link.proxies[index]->Hold(true);
  MQTTPUSH_RETURN_IF_ERROR(bench.ledger().Barrier(index));
  bench.mosquitto(index).LoseState();
  MQTTPUSH_RETURN_IF_ERROR(bench.mosquitto(index).Start());
  MQTTPUSH_RETURN_IF_ERROR(bench.ledger().Barrier(index));
  for (Link& link : bench.links()) {
    link.proxies[index]->Cut(/*reset=*/true);
    link.proxies[index]->Hold(false);
  }
  return absl::OkStatus();
}

absl::Status TakeSession(Bench& bench, const Strike& strike) {
  const Link& link = bench.links()[strike.link];
  MQTTPUSH_RETURN_IF_ERROR(StartBroker(bench, strike));
  // A clean session of the same name ends the old one.
  return ChildProcess::Run(
      {.argv = {"mosquitto_pub", "-p",
                absl::StrCat(bench.mosquitto(link.home).port()), "-i",
                link.client_id(), "-u", kLedgerUser, "-P", kLedgerPassword,
                "-t", "ledger/thief", "-n"}});
}

absl::Status JumpClock(Bench& bench, const Strike& strike) {
  constexpr int kSeconds[] = {-7200, -90, -5, 5, 90, 7200};
  bench.shim().SetClockOffset(absl::Seconds(kSeconds[strike.draw % 6]));
  return absl::OkStatus();
}

absl::Status ResetClock(Bench& bench, const Strike&) {
  bench.shim().SetClockOffset(absl::ZeroDuration());
  return absl::OkStatus();
}

absl::Status FillDisk(Bench& bench, const Strike&) {
  bench.shim().SetDiskFull(true);
  return absl::OkStatus();
}

absl::Status FreeDisk(Bench& bench, const Strike&) {
  bench.shim().SetDiskFull(false);
  return absl::OkStatus();
}

}  // namespace mqttpush::fault
