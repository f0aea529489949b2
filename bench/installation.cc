#include "bench/installation.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/pacing.h"
#include "bench/sample_events.h"
#include "common/status_macros.h"
#include "tests/e2e/processes.h"
#include "tests/support/admin_client.h"

namespace mqttpush::bench {
namespace {

// Looking is not free: it takes the log's time.
constexpr absl::Duration kLook = absl::Milliseconds(20);

std::string BrokerName(int tenant) {
  return Installation::TenantName(tenant) + "/brokers/main";
}

int64_t Open(const v1::Backlog& backlog) {
  return backlog.waiting_count() + backlog.in_flight_count() +
         backlog.retrying_count();
}

}  // namespace

absl::StatusOr<std::unique_ptr<MosquittoBroker>> StartBroker() {
  return MosquittoBroker::Create({.raised_limits = true,
                                  .persistence = false,
                                  .more_config = "max_connections -1\n"});
}

std::string Installation::TenantName(int tenant) {
  return absl::StrFormat("tenants/t%04d", tenant);
}

std::string Installation::SubscriptionName(int tenant) {
  return TenantName(tenant) + "/subscriptions/all";
}

absl::StatusOr<std::unique_ptr<Installation>> Installation::Create(
    Options options, const MosquittoBroker& broker) {
  std::unique_ptr<Installation> made(new Installation(options));
  MQTTPUSH_ASSIGN_OR_RETURN(
      made->service_,
      PushService::Start({.data_dir = made->dir_.File("data"),
                          .log_path = made->dir_.File("log"),
                          .environment = {
                              {"MQTTPUSH_LOG_LEVEL", "info"},
                              {"MQTTPUSH_CONNECT_RATE_PER_HOST", "1000"},
                              // Ingest is faster than what relays.
                              {"MQTTPUSH_DEFAULT_OUTBOX_EVENTS", "100000000"},
                              {"MQTTPUSH_DEFAULT_OUTBOX_BYTES", "100GiB"},
                          }}));
  for (int tenant = 0; tenant < options.tenants; ++tenant) {
    MQTTPUSH_RETURN_IF_ERROR(made->Provision(tenant, broker));
  }
  MQTTPUSH_RETURN_IF_ERROR(made->WaitUntilConnected(absl::Minutes(2)));
  return made;
}

absl::Status Installation::Provision(int tenant,
                                     const MosquittoBroker& broker) {
  AdminClient admin(service_->admin());
  MQTTPUSH_RETURN_IF_ERROR(
      admin.CreateTenant(TenantName(tenant), {OwnerId(tenant)}));
  v1::Broker settings;
  settings.set_host(broker.host());
  settings.set_port(broker.port());
  MQTTPUSH_RETURN_IF_ERROR(admin.CreateBroker(BrokerName(tenant), settings));
  v1::Subscription subscription;
  subscription.set_broker(BrokerName(tenant));
  subscription.set_topic(kTopic);
  subscription.set_qos(options_.qos);
  MQTTPUSH_RETURN_IF_ERROR(
      admin.CreateSubscription(SubscriptionName(tenant), subscription));
  if (!options_.paused) return absl::OkStatus();
  return admin.PauseSubscription(SubscriptionName(tenant));
}

std::vector<pid_t> Installation::workers() const {
  return ChildrenOf(service_->pid());
}

std::vector<pid_t> Installation::all() const {
  std::vector<pid_t> processes = workers();
  processes.push_back(service_->pid());
  return processes;
}

absl::Status Installation::WaitUntilConnected(absl::Duration timeout) {
  const absl::Duration deadline = SteadyNow() + timeout;
  for (int tenant = 0; tenant < options_.tenants; ++tenant) {
    MQTTPUSH_RETURN_IF_ERROR(
        WaitForLink(tenant, v1::Link::CONNECTED, deadline - SteadyNow()));
  }
  return absl::OkStatus();
}

absl::Status Installation::WaitForLink(int tenant, v1::Link::State state,
                                       absl::Duration timeout) {
  AdminClient admin(service_->admin());
  const absl::Duration deadline = SteadyNow() + timeout;
  while (true) {
    MQTTPUSH_ASSIGN_OR_RETURN(const v1::Broker broker,
                              admin.GetBroker(BrokerName(tenant)));
    if (broker.link().state() == state) return absl::OkStatus();
    if (SteadyNow() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(
          BrokerName(tenant), " is not ", v1::Link::State_Name(state), ": ",
          broker.link().ShortDebugString()));
    }
    LetPass(kLook);
  }
}

absl::Status Installation::WaitUntilDelivered(absl::Duration timeout) {
  const absl::Duration deadline = SteadyNow() + timeout;
  for (int tenant = 0; tenant < options_.tenants; ++tenant) {
    MQTTPUSH_ASSIGN_OR_RETURN(v1::Backlog backlog, BacklogOf(tenant));
    while (Open(backlog) > 0) {
      if (SteadyNow() > deadline) {
        return absl::DeadlineExceededError(
            absl::StrCat(SubscriptionName(tenant), " still has ",
                         backlog.ShortDebugString()));
      }
      LetPass(kLook);
      MQTTPUSH_ASSIGN_OR_RETURN(backlog, BacklogOf(tenant));
    }
    if (backlog.delivered_count() != backlog.accepted_count()) {
      return absl::FailedPreconditionError(
          absl::StrCat(SubscriptionName(tenant),
                       " did not deliver all: ", backlog.ShortDebugString()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Backlog> Installation::BacklogOf(int tenant) {
  AdminClient admin(service_->admin());
  MQTTPUSH_ASSIGN_OR_RETURN(const v1::Subscription subscription,
                            admin.GetSubscription(SubscriptionName(tenant)));
  return subscription.backlog();
}

}  // namespace mqttpush::bench
