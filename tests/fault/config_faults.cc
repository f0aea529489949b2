#include "tests/fault/config_faults.h"

#include "common/status_macros.h"
#include "tests/support/wait_until.h"

namespace mqttpush::fault {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

// A full disk keeps a change from being stored; the operator tries again. While
// the fault strikes there is nobody to wait: then the change does not happen.
absl::Status IfPossible(absl::Status status) {
  return absl::IsUnavailable(status) ? absl::OkStatus() : status;
}

// Healing comes after whatever keeps it from being stored.
template <typename Change>
absl::Status UntilDone(Bench& bench, Change change) {
  bench.shim().SetDiskFull(false);
  absl::Status status;
  WaitUntil(kPatience, [&] {
    status = change();
    return !absl::IsUnavailable(status);
  });
  return status;
}

const Subscription& SubscriptionOf(const Link& link, const Strike& strike) {
  return link.subscriptions[strike.draw % link.subscriptions.size()];
}

}  // namespace

absl::Status RevokeCredentials(Bench& bench, const Strike& strike) {
  const size_t mosquitto = bench.links()[strike.link].home;
  MQTTPUSH_RETURN_IF_ERROR(bench.AdmitWorkers(mosquitto, false));
  for (Link& link : bench.links()) {
    link.proxies[mosquitto]->Cut(/*reset=*/false);
  }
  return absl::OkStatus();
}

// The broker lets them in again, and the operator pauses and resumes: a refused
// link would else wait for minutes before it tries.
absl::Status RestoreCredentials(Bench& bench, const Strike& strike) {
  MQTTPUSH_RETURN_IF_ERROR(
      bench.AdmitWorkers(bench.links()[strike.link].home, true));
  for (const TenantUnderTest& tenant : Tenants()) {
    const std::string name = "tenants/" + tenant.id;
    MQTTPUSH_RETURN_IF_ERROR(
        UntilDone(bench, [&] { return bench.admin().PauseTenant(name); }));
    MQTTPUSH_RETURN_IF_ERROR(
        UntilDone(bench, [&] { return bench.admin().ResumeTenant(name); }));
  }
  return absl::OkStatus();
}

absl::Status ChangeTopic(Bench& bench, const Strike& strike) {
  const Link& link = bench.links()[strike.link];
  const Subscription& wanted = SubscriptionOf(link, strike);
  v1::Subscription changed = bench.SubscriptionOf(link, wanted);
  changed.set_topic(link.topic(wanted, 'b'));
  return IfPossible(bench.admin().UpdateSubscription(changed, {"topic"}));
}

absl::Status ChangeRetain(Bench& bench, const Strike& strike) {
  const Link& link = bench.links()[strike.link];
  v1::Subscription changed =
      bench.SubscriptionOf(link, SubscriptionOf(link, strike));
  changed.set_retain(true);
  return IfPossible(bench.admin().UpdateSubscription(changed, {"retain"}));
}

absl::Status RestoreSubscription(Bench& bench, const Strike& strike) {
  const Link& link = bench.links()[strike.link];
  const v1::Subscription original =
      bench.SubscriptionOf(link, SubscriptionOf(link, strike));
  return UntilDone(bench, [&] {
    return bench.admin().UpdateSubscription(original, {"topic", "retain"});
  });
}

absl::Status ChangeAddress(Bench& bench, const Strike& strike) {
  const Link& link = bench.links()[strike.link];
  v1::Broker changed = bench.BrokerOf(link);
  changed.set_port(link.proxies[1 - link.home]->port());
  return IfPossible(bench.admin().UpdateBroker(changed, {"port"}));
}

absl::Status ChangeClientId(Bench& bench, const Strike& strike) {
  v1::Broker changed = bench.BrokerOf(bench.links()[strike.link]);
  changed.set_client_id(changed.client_id() + "-new");
  return IfPossible(bench.admin().UpdateBroker(changed, {"client_id"}));
}

absl::Status RestoreBroker(Bench& bench, const Strike& strike) {
  const v1::Broker original = bench.BrokerOf(bench.links()[strike.link]);
  return UntilDone(bench, [&] {
    return bench.admin().UpdateBroker(original, {"port", "client_id"});
  });
}

}  // namespace mqttpush::fault
