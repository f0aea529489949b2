// BrokerProbesTest: the real probe program, started as mqttpushd does.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_BROKER_PROBES_FIXTURE_FOR_TEST_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_BROKER_PROBES_FIXTURE_FOR_TEST_H_

#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/event_loop.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/mosquitto_broker.h"
#include "workers/supervisor/broker_probes.h"

namespace mqttpush {

class BrokerProbesTest : public ::testing::Test {
 protected:
  static constexpr absl::Duration kPatience = absl::Seconds(60);

  ~BrokerProbesTest() override {
    loop_.RunAndWait([this] { probes_.Stop(); });
    loop_.Stop();
  }

  static std::unique_ptr<MosquittoBroker> Start(
      MosquittoBroker::Options options) {
    auto broker = MosquittoBroker::Create(std::move(options));
    EXPECT_TRUE(broker.ok()) << broker.status();
    return *std::move(broker);
  }
  static BrokerRecord At(int port, ProtocolVersion version) {
    BrokerRecord broker;
    broker.host = "127.0.0.1";
    broker.port = port;
    broker.protocol_version = version;
    broker.client_id = "the-link";
    return broker;
  }
  static ProbeOrder Order(absl::Duration timeout = kPatience) {
    return {.timeout = timeout, .payload = "{}"};
  }

  // Of probes that connect nowhere.
  static std::vector<std::string> NoNetworks(const std::string&) { return {}; }

  std::future<ProbeReport> Begin(const BrokerRecord& broker,
                                 const ProbeOrder& order) {
    auto promise = std::make_shared<std::promise<ProbeReport>>();
    id_ = probes_.Start(broker, order, [promise](ProbeReport report) {
      promise->set_value(std::move(report));
    });
    return promise->get_future();
  }
  ProbeReport Run(const BrokerRecord& broker,
                  const ProbeOrder& order = Order()) {
    return Begin(broker, order).get();
  }
  // Checks that the steps before the last one went well, and returns that.
  static ProbeFinding Last(const ProbeReport& report, ProbeKind kind) {
    EXPECT_EQ(report.cut_short, "");
    if (report.findings.empty()) {
      ADD_FAILURE() << "nothing was found";
      return {};
    }
    for (size_t i = 0; i + 1 < report.findings.size(); ++i) {
      EXPECT_EQ(report.findings[i].cause, ProbeCause::kNone)
          << report.findings[i].text;
    }
    EXPECT_EQ(report.findings.back().kind, kind) << report.findings.back().text;
    return report.findings.back();
  }

  // Where probes may connect, by tenant; that of Order() has no id.
  std::map<std::string, std::vector<std::string>> networks_{
      {"", {"127.0.0.0/8"}}};
  EventLoop loop_;
  BrokerProbes probes_{
      &loop_, MQTTPUSH_PROBE, "",
      [this](const std::string& tenant_id) { return networks_[tenant_id]; }};
  int64_t id_ = 0;  // of the probe that was begun last
};

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_BROKER_PROBES_FIXTURE_FOR_TEST_H_
