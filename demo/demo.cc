#include "demo/demo.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "demo/fleet.h"
#include "demo/plan.h"
#include "demo/report.h"
#include "demo/sender.h"
#include "demo/terminal.h"
#include "demo/verdict.h"
#include "tests/support/admin_client.h"
#include "tests/support/history_reader.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/mqtt_subscriber.h"
#include "tests/support/push_service.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace mqttpush::demo {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

// One run, step by step.
class Demo {
 public:
  absl::Status Start(const std::string& fleet_path);
  absl::Status ProvisionTenants();
  absl::Status Subscribe();
  absl::Status Send();
  // Waits for every message, or until none has come for long.
  void AwaitArrival();
  // Waits until the history has caught up, or for long.
  void AwaitHistory();
  absl::StatusOr<bool> Compare();
  absl::Status Stop();

 private:
  size_t ArrivedCount() const;
  void PrintOutcomes(const std::vector<v1::EventResult>& results);
  absl::Status PrintOneDelivery(const TenantHistory& history);

  Terminal terminal_;
  TempDir temp_dir_;
  std::vector<FleetEvent> fleet_;
  std::vector<TenantPlan> plans_;
  std::vector<std::vector<FleetEvent>> accepted_;  // as plans_
  size_t accepted_count_ = 0;
  std::unique_ptr<MosquittoBroker> mosquitto_;
  std::unique_ptr<PushService> service_;
  std::vector<std::unique_ptr<MqttSubscriber>> customers_;  // as plans_
};

absl::Status Demo::Start(const std::string& fleet_path) {
  terminal_.Heading("Start");
  MQTTPUSH_ASSIGN_OR_RETURN(fleet_, LoadFleet(fleet_path));
  terminal_.Line(
      absl::StrCat("fleet      ", fleet_.size(), " events from ", fleet_path));
  MQTTPUSH_ASSIGN_OR_RETURN(mosquitto_, MosquittoBroker::Create());
  terminal_.Line(absl::StrCat("broker     mosquitto on ", mosquitto_->host(),
                              ":", mosquitto_->port()));
  MQTTPUSH_ASSIGN_OR_RETURN(
      service_, PushService::Start({.data_dir = temp_dir_.File("data"),
                                    .log_path = temp_dir_.File("log")}));
  terminal_.Line(absl::StrCat("service    mqttpushd on ", service_->address(),
                              ", process ", service_->pid(),
                              ", empty data directory"));
  plans_ = MakePlans(fleet_, mosquitto_->host(), mosquitto_->port());
  return absl::OkStatus();
}

absl::Status Demo::ProvisionTenants() {
  terminal_.Heading("Provision, over gRPC");
  AdminClient admin(service_->admin());
  for (const TenantPlan& plan : plans_) {
    MQTTPUSH_RETURN_IF_ERROR(Provision(plan, admin));
    terminal_.Line(absl::StrCat(plan.id, ": ", plan.tenant.owner_ids_size(),
                                " owners; ", plan.shape));
  }
  return absl::OkStatus();
}

absl::Status Demo::Subscribe() {
  for (const TenantPlan& plan : plans_) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        auto customer, MqttSubscriber::Start(
                           {.host = mosquitto_->host(),
                            .port = mosquitto_->port(),
                            .topic_filters = {plan.topic_filter},
                            .client_id = absl::StrCat("customer-", plan.id)}));
    customers_.push_back(std::move(customer));
  }
  return absl::OkStatus();
}

absl::Status Demo::Send() {
  terminal_.Heading("Send the fleet, by PublishEvents and StreamEvents");
  MQTTPUSH_ASSIGN_OR_RETURN(
      const std::vector<v1::EventResult> results,
      SendFleet(fleet_, service_->ingest(), [&](size_t answered) {
        terminal_.Progress("answered after fsync", answered, fleet_.size());
      }));
  accepted_.resize(plans_.size());
  for (size_t i = 0; i < fleet_.size(); ++i) {
    if (results[i].outcome() != v1::EventResult::ACCEPTED) continue;
    ++accepted_count_;
    for (size_t p = 0; p < plans_.size(); ++p) {
      if (plans_[p].Owns(fleet_[i].owner_id)) accepted_[p].push_back(fleet_[i]);
    }
  }
  PrintOutcomes(results);
  return absl::OkStatus();
}

void Demo::PrintOutcomes(const std::vector<v1::EventResult>& results) {
  std::map<std::string, int> counts;
  for (const v1::EventResult& result : results) {
    ++counts[v1::EventResult::Outcome_Name(result.outcome())];
  }
  for (const auto& [outcome, count] : counts) {
    terminal_.Line(absl::StrCat(count, " ", outcome,
                                outcome == "NO_SUBSCRIPTION"
                                    ? " (an owner that nobody provisioned)"
                                    : ""));
  }
}

size_t Demo::ArrivedCount() const {
  size_t count = 0;
  for (const auto& customer : customers_) count += customer->count();
  return count;
}

void Demo::AwaitArrival() {
  terminal_.Heading("Push");
  WaitUntil(kPatience, [&] {
    const size_t arrived = ArrivedCount();
    if (arrived < accepted_count_) {
      terminal_.Progress("arrived at the customers", arrived, accepted_count_);
    }
    return arrived >= accepted_count_;
  });
  terminal_.Progress("arrived at the customers", ArrivedCount(),
                     accepted_count_);
}

void Demo::AwaitHistory() {
  AdminClient admin(service_->admin());
  WaitUntil(kPatience, [&] {
    int64_t delivered = 0;
    for (const TenantPlan& plan : plans_) {
      const auto subscription = admin.GetSubscription(
          absl::StrCat("tenants/", plan.id, "/subscriptions/events"));
      if (subscription.ok()) {
        delivered += subscription->backlog().delivered_count();
      }
    }
    return delivered >= static_cast<int64_t>(accepted_count_);
  });
}

absl::StatusOr<bool> Demo::Compare() {
  std::vector<Verdict> verdicts;
  TenantHistory shown;
  for (size_t i = 0; i < plans_.size(); ++i) {
    MQTTPUSH_ASSIGN_OR_RETURN(TenantHistory history,
                              ReadHistory(plans_[i].id, service_->history()));
    std::vector<Message> received;
    for (const ReceivedMessage& message : customers_[i]->messages()) {
      received.push_back({message.topic, message.payload});
    }
    verdicts.push_back(Judge(plans_[i], accepted_[i], received, history));
    if (i == 1) shown = std::move(history);
  }
  terminal_.Heading("What happened");
  PrintResults(plans_, verdicts, terminal_);
  MQTTPUSH_RETURN_IF_ERROR(PrintOneDelivery(shown));
  return PrintConclusion(verdicts, terminal_);
}

absl::Status Demo::PrintOneDelivery(const TenantHistory& history) {
  if (history.deliveries.empty()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(
      const v1::Delivery delivery,
      ReadDelivery(history.deliveries.front().name(), service_->history()));
  terminal_.Heading("One delivery's history");
  PrintDelivery(delivery, terminal_);
  return absl::OkStatus();
}

absl::Status Demo::Stop() { return service_->Stop(); }

}  // namespace

absl::StatusOr<bool> RunDemo(const std::string& fleet_path) {
  Demo demo;
  MQTTPUSH_RETURN_IF_ERROR(demo.Start(fleet_path));
  MQTTPUSH_RETURN_IF_ERROR(demo.ProvisionTenants());
  MQTTPUSH_RETURN_IF_ERROR(demo.Subscribe());
  MQTTPUSH_RETURN_IF_ERROR(demo.Send());
  demo.AwaitArrival();
  demo.AwaitHistory();
  MQTTPUSH_ASSIGN_OR_RETURN(const bool agreed, demo.Compare());
  MQTTPUSH_RETURN_IF_ERROR(demo.Stop());
  return agreed;
}

}  // namespace mqttpush::demo
