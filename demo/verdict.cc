#include "demo/verdict.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"

namespace mqttpush::demo {
namespace {

using ByTopic = std::map<std::string, std::vector<std::string>>;

// The first few say enough; a broken run has hundreds.
constexpr size_t kMaxDifferences = 10;

void Report(Verdict& verdict, std::string difference) {
  if (verdict.differences.size() < kMaxDifferences) {
    verdict.differences.push_back(std::move(difference));
  }
}

// How many of `expected` are in `received`, each counted once.
size_t CountCommon(std::vector<std::string> expected,
                   std::vector<std::string> received) {
  std::sort(expected.begin(), expected.end());
  std::sort(received.begin(), received.end());
  std::vector<std::string> common;
  std::set_intersection(expected.begin(), expected.end(), received.begin(),
                        received.end(), std::back_inserter(common));
  return common.size();
}

void CompareTopic(const std::string& topic,
                  const std::vector<std::string>& expected,
                  const std::vector<std::string>& received, Verdict& verdict) {
  const size_t equal = CountCommon(expected, received);
  verdict.bytes_equal += equal;
  if (expected == received) return;
  if (equal < expected.size()) {
    Report(verdict, absl::StrCat(topic, ": ", expected.size() - equal,
                                 " payloads did not arrive as sent"));
  } else if (received.size() > expected.size()) {
    Report(verdict, absl::StrCat(topic, ": ", received.size() - expected.size(),
                                 " messages more than expected"));
  } else {
    Report(verdict, absl::StrCat(topic, ": not in the order of ingest"));
  }
}

void CompareMessages(const TenantPlan& plan,
                     const std::vector<FleetEvent>& accepted,
                     const std::vector<Message>& received, Verdict& verdict) {
  ByTopic expected, found;
  for (const FleetEvent& event : accepted) {
    Message message = ExpectedMessage(plan, event);
    expected[message.topic].push_back(std::move(message.payload));
  }
  for (const Message& message : received) {
    found[message.topic].push_back(message.payload);
    expected[message.topic];  // so that topics nobody expects are compared too
  }
  for (const auto& [topic, payloads] : expected) {
    CompareTopic(topic, payloads, found[topic], verdict);
  }
}

// The difference between one delivery's history and what must stand there.
std::string HistoryDifference(const TenantPlan& plan, const FleetEvent& event,
                              const v1::Delivery& delivery,
                              const std::vector<v1::Attempt>& attempts) {
  if (delivery.state() != v1::Delivery::DELIVERED) {
    return absl::StrCat("is ", v1::Delivery::State_Name(delivery.state()));
  }
  if (delivery.topic() != ExpectedMessage(plan, event).topic) {
    return absl::StrCat("has the topic ", delivery.topic());
  }
  if (delivery.qos() - v1::AT_MOST_ONCE != ExpectedQos(plan, event)) {
    return absl::StrCat("has the QoS ", v1::Qos_Name(delivery.qos()));
  }
  if (attempts.size() != static_cast<size_t>(delivery.attempt_count())) {
    return absl::StrCat("counts ", delivery.attempt_count(), " attempts, but ",
                        attempts.size(), " are listed");
  }
  const auto succeeded =
      std::count_if(attempts.begin(), attempts.end(), [](const auto& attempt) {
        return attempt.outcome() == v1::Attempt::SUCCEEDED;
      });
  return succeeded == 1
             ? ""
             : absl::StrCat("has ", succeeded, " succeeded attempts");
}

void CompareHistory(const TenantPlan& plan,
                    const std::vector<FleetEvent>& accepted,
                    const TenantHistory& history, Verdict& verdict) {
  std::map<std::string, const v1::Delivery*> by_event;
  for (const v1::Delivery& delivery : history.deliveries) {
    by_event[delivery.event_id()] = &delivery;
    verdict.delivered += delivery.state() == v1::Delivery::DELIVERED;
  }
  if (history.deliveries.size() != accepted.size()) {
    Report(verdict,
           absl::StrCat("the history lists ", history.deliveries.size(),
                        " deliveries of ", accepted.size(), " events"));
  }
  static const auto* const none = new std::vector<v1::Attempt>;
  for (const FleetEvent& event : accepted) {
    const auto found = by_event.find(event.event_id);
    if (found == by_event.end()) {
      Report(verdict, absl::StrCat("no history of event ", event.event_id));
      continue;
    }
    const auto attempts = history.attempts.find(found->second->name());
    const std::string difference = HistoryDifference(
        plan, event, *found->second,
        attempts == history.attempts.end() ? *none : attempts->second);
    if (!difference.empty()) {
      Report(verdict, absl::StrCat(found->second->name(), " ", difference));
    }
  }
}

// When the last attempt of each delivery ended, since its acceptance.
std::vector<absl::Duration> Latencies(const TenantHistory& history) {
  std::vector<absl::Duration> latencies;
  for (const v1::Delivery& delivery : history.deliveries) {
    const auto attempts = history.attempts.find(delivery.name());
    if (attempts == history.attempts.end()) continue;
    absl::Time end = absl::InfinitePast();
    for (const v1::Attempt& attempt : attempts->second) {
      end = std::max(
          end, TimeOf(attempt.start_time()) + DurationOf(attempt.duration()));
    }
    latencies.push_back(end - TimeOf(delivery.accept_time()));
  }
  std::sort(latencies.begin(), latencies.end());
  return latencies;
}

}  // namespace

Verdict Judge(const TenantPlan& plan, const std::vector<FleetEvent>& accepted,
              const std::vector<Message>& received,
              const TenantHistory& history) {
  Verdict verdict;
  verdict.accepted = accepted.size();
  for (const auto& [name, attempts] : history.attempts) {
    verdict.attempts += attempts.size();
  }
  CompareMessages(plan, accepted, received, verdict);
  CompareHistory(plan, accepted, history, verdict);
  const std::vector<absl::Duration> latencies = Latencies(history);
  if (!latencies.empty()) {
    verdict.p50 = latencies[latencies.size() / 2];
    verdict.p99 = latencies[latencies.size() * 99 / 100];
  }
  return verdict;
}

}  // namespace mqttpush::demo
