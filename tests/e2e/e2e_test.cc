#include "tests/e2e/e2e_test.h"

#include <iostream>
#include <utility>

#include "tests/support/rpc.h"
#include "tests/support/wait_until.h"

namespace mqttpush {

void E2eTest::TearDown() {
  if (!HasFailure() || service_ == nullptr) return;
  constexpr size_t kShown = 20000;
  const std::string log = service_->ReadLog();
  std::cout << "the end of mqttpushd's log:\n"
            << log.substr(log.size() > kShown ? log.size() - kShown : 0);
}

void E2eTest::StartService(std::map<std::string, std::string> environment) {
  auto service = PushService::Start({.data_dir = temp_dir_.File("data"),
                                     .log_path = temp_dir_.File("log"),
                                     .environment = std::move(environment)});
  ASSERT_TRUE(service.ok()) << service.status();
  service_ = *std::move(service);
}

std::unique_ptr<MosquittoBroker> E2eTest::StartMosquitto(
    MosquittoBroker::Options options) {
  auto mosquitto = MosquittoBroker::Create(std::move(options));
  EXPECT_TRUE(mosquitto.ok()) << mosquitto.status();
  return mosquitto.ok() ? *std::move(mosquitto) : nullptr;
}

std::unique_ptr<MqttSubscriber> E2eTest::Subscribe(
    const MosquittoBroker& mosquitto, const std::vector<std::string>& filters) {
  auto subscriber = MqttSubscriber::Start({.host = mosquitto.host(),
                                           .port = mosquitto.port(),
                                           .topic_filters = filters});
  EXPECT_TRUE(subscriber.ok()) << subscriber.status();
  return subscriber.ok() ? *std::move(subscriber) : nullptr;
}

v1::Broker E2eTest::BrokerAt(const MosquittoBroker& mosquitto) {
  v1::Broker broker;
  broker.set_host(mosquitto.host());
  broker.set_port(mosquitto.port());
  return broker;
}

void E2eTest::ProvisionAcme(const MosquittoBroker& mosquitto) {
  ASSERT_OK(admin().CreateTenant(kTenant, {kOwner}));
  ASSERT_OK(admin().CreateBroker(kBroker, BrokerAt(mosquitto)));
  v1::Subscription subscription;
  subscription.set_broker(kBroker);
  subscription.set_topic("events");
  subscription.set_qos(v1::AT_LEAST_ONCE);
  ASSERT_OK(admin().CreateSubscription(kSubscription, subscription));
}

void E2eTest::Publish(const std::vector<v1::Event>& events,
                      v1::EventResult::Outcome outcome) {
  v1::PublishEventsRequest request;
  for (const v1::Event& event : events) *request.add_events() = event;
  const auto response =
      Call<v1::PublishEventsResponse>([&](auto* context, auto* response) {
        return service_->ingest().PublishEvents(context, request, response);
      });
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->results_size(), request.events_size());
  for (const v1::EventResult& result : response->results()) {
    EXPECT_EQ(result.outcome(), outcome) << result.DebugString();
  }
}

std::unique_ptr<LoadProducer> E2eTest::StartLoad() {
  return std::make_unique<LoadProducer>(LoadProducer::Options{
      .address = service_->address(), .owner_id = kOwner});
}

TenantHistory E2eTest::HistoryOf(const std::string& tenant_id) {
  auto history = ReadHistory(tenant_id, service_->history());
  EXPECT_TRUE(history.ok()) << history.status();
  return history.ok() ? *std::move(history) : TenantHistory();
}

void E2eTest::WaitUntilDelivered(const std::string& name) {
  v1::Backlog backlog;
  const bool delivered = WaitUntil(kPatience, [&] {
    const auto subscription = admin().GetSubscription(name);
    if (subscription.ok()) backlog = subscription->backlog();
    return subscription.ok() &&
           backlog.delivered_count() == backlog.accepted_count();
  });
  EXPECT_TRUE(delivered) << name << ": " << backlog.ShortDebugString();
}

v1::Link E2eTest::WaitForLink(v1::Link::State state,
                              const std::string& broker) {
  v1::Link link;
  const bool reached = WaitUntil(kPatience, [&] {
    const auto found = admin().GetBroker(broker);
    if (found.ok()) link = found->link();
    return found.ok() && link.state() == state;
  });
  EXPECT_TRUE(reached) << broker << ": " << link.ShortDebugString();
  return link;
}

}  // namespace mqttpush
