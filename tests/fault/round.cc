#include "tests/fault/round.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"
#include "tests/fault/config_faults.h"
#include "tests/fault/process_faults.h"
#include "tests/fault/producer.h"
#include "tests/fault/round_history.h"
#include "tests/support/wait_until.h"

namespace mqttpush::fault {
namespace {

constexpr absl::Duration kConnectPatience = absl::Seconds(30);
constexpr absl::Duration kAcceptPatience = absl::Seconds(30);
constexpr absl::Duration kDrainPatience = absl::Seconds(30);

// A strike, or its healing.
struct Step {
  absl::Duration at;
  const Strike* strike;
  bool heals;
};

class Round {
 public:
  Round(Bench& bench, const RoundPlan& plan, int64_t first_number,
        const RoundContext& context)
      : bench_(bench),
        plan_(plan),
        first_number_(first_number),
        context_(context),
        id_prefix_(absl::StrCat("f", plan.seed, "-")) {}

  absl::StatusOr<RoundVerdict> Run() {
    MQTTPUSH_RETURN_IF_ERROR(bench_.WaitUntilConnected(kConnectPatience));
    bench_.SetLatency(plan_.latency);
    ledger_begin_ = bench_.ledger().size();
    MQTTPUSH_RETURN_IF_ERROR(ReadBacklogs(&SubscriptionFacts::before));
    StartLoad();
    MQTTPUSH_RETURN_IF_ERROR(StrikeAndHeal());
    for (auto& producer : producers_) {
      MQTTPUSH_RETURN_IF_ERROR(producer->Finish(kAcceptPatience));
    }
    MQTTPUSH_RETURN_IF_ERROR(Drain());
    return Compare();
  }

 private:
  void StartLoad();
  std::vector<Step> Steps() const;
  absl::Status StrikeAndHeal();
  absl::Status Do(const Step& step);
  absl::Status WaitFor(absl::Time time);
  absl::Status Drain();
  absl::Status ReadBacklogs(v1::Backlog SubscriptionFacts::*which);
  void NoteReach();
  void NoteExpired();
  absl::StatusOr<RoundVerdict> Compare();

  Bench& bench_;
  const RoundPlan& plan_;
  const int64_t first_number_;
  const RoundContext& context_;
  const std::string id_prefix_;
  size_t ledger_begin_ = 0;
  std::vector<SubscriptionFacts> subscriptions_;
  std::vector<int> expired_before_;  // by link: Bench::ExpiredByMosquitto
  std::vector<std::unique_ptr<Producer>> producers_;
};

void Round::StartLoad() {
  for (const TenantUnderTest& tenant : Tenants()) {
    producers_.push_back(std::make_unique<Producer>(
        Producer::Options{.tenant = tenant.id,
                          .owner_id = tenant.owner_id,
                          .id_prefix = id_prefix_,
                          .first_number = first_number_,
                          .count = plan_.events,
                          .batch_size = plan_.batch_size,
                          .span = plan_.span},
        bench_.service().address(), context_.fleet, &bench_.ledger()));
  }
}

std::vector<Step> Round::Steps() const {
  std::vector<Step> steps;
  for (const Strike& strike : plan_.strikes) {
    steps.push_back({strike.at, &strike, false});
    if (strike.kind->heal != nullptr) {
      steps.push_back({strike.at + strike.hold, &strike, true});
    }
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.at < b.at; });
  return steps;
}

absl::Status Round::StrikeAndHeal() {
  const absl::Time start = absl::Now();
  for (const Step& step : Steps()) {
    MQTTPUSH_RETURN_IF_ERROR(WaitFor(start + step.at));
    MQTTPUSH_RETURN_IF_ERROR(Do(step));
  }
  return WaitFor(start + plan_.span);
}

absl::Status Round::Do(const Step& step) {
  const Strike& strike = *step.strike;
  const absl::Status status = step.heals ? strike.kind->heal(bench_, strike)
                                         : strike.kind->strike(bench_, strike);
  // The service may have come back elsewhere.
  for (auto& producer : producers_) {
    producer->SetAddress(bench_.service().address());
  }
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(step.heals ? "healing " : "",
                                   strike.kind->name, ": ", status.message()));
}

absl::Status Round::WaitFor(absl::Time time) {
  WaitUntil(time - absl::Now(),
            [this] { return context_.interrupted->load(); });
  return context_.interrupted->load() ? absl::CancelledError("interrupted")
                                      : absl::OkStatus();
}

absl::Status Round::Drain() {
  std::string left;
  const auto is_empty = [&] {
    left.clear();
    if (!ReadBacklogs(&SubscriptionFacts::after).ok()) left = "no answer";
    for (const SubscriptionFacts& facts : subscriptions_) {
      const v1::Backlog& b = facts.after;
      if (b.waiting_count() + b.in_flight_count() + b.retrying_count() == 0) {
        continue;
      }
      absl::StrAppend(&left, facts.tenant, "/", facts.id, ": ",
                      b.ShortDebugString(), "; ");
    }
    return left.empty() || context_.interrupted->load() ||
           !bench_.CrashOfMosquitto().empty();
  };
  if (!WaitUntil(kDrainPatience, is_empty)) {
    const absl::Status connected = bench_.WaitUntilConnected(absl::Seconds(1));
    return absl::DeadlineExceededError(
        absl::StrCat("not drained: ", left, connected.ToString()));
  }
  // What was written at QoS 0 may still be on its way through the proxies and
  // the brokers; the barrier is behind all that a broker has got.
  for (Link& link : bench_.links()) {
    for (auto& proxy : link.proxies) {
      WaitUntil(absl::Seconds(2), [&] { return !proxy->HasBytes(); });
    }
  }
  for (size_t i = 0; i < kMosquittos; ++i) {
    MQTTPUSH_RETURN_IF_ERROR(bench_.ledger().Barrier(i));
  }
  // A connection that fell silent and that nobody needed since is still there.
  for (Link& link : bench_.links()) {
    for (auto& proxy : link.proxies) proxy->CutLossy();
  }
  return WaitFor(absl::Now());
}

absl::Status Round::ReadBacklogs(v1::Backlog SubscriptionFacts::*which) {
  if (subscriptions_.empty()) {
    for (const Link& link : bench_.links()) {
      for (const Subscription& subscription : link.subscriptions) {
        subscriptions_.push_back({.tenant = link.tenant,
                                  .id = subscription.id,
                                  .qos = subscription.qos});
      }
    }
    NoteReach();
  }
  for (SubscriptionFacts& facts : subscriptions_) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        const v1::Subscription subscription,
        bench_.admin().GetSubscription(absl::StrCat(
            "tenants/", facts.tenant, "/subscriptions/", facts.id)));
    facts.*which = subscription.backlog();
  }
  return absl::OkStatus();
}

// A mosquitto that throws out a client, and its session, is a fault that nobody
// planned.
void Round::NoteExpired() {
  size_t index = 0;
  for (size_t link = 0; link < bench_.links().size(); ++link) {
    const bool expired =
        bench_.ExpiredByMosquitto(bench_.links()[link]) > expired_before_[link];
    for (size_t i = 0; i < bench_.links()[link].subscriptions.size(); ++i) {
      SubscriptionFacts& facts = subscriptions_[index++];
      facts.struck |= expired;
      facts.session_lost |= expired;
    }
  }
}

void Round::NoteReach() {
  for (const Link& link : bench_.links()) {
    expired_before_.push_back(bench_.ExpiredByMosquitto(link));
  }
  size_t index = 0;
  for (size_t link = 0; link < bench_.links().size(); ++link) {
    for (size_t i = 0; i < bench_.links()[link].subscriptions.size(); ++i) {
      SubscriptionFacts& facts = subscriptions_[index++];
      for (const Strike& strike : plan_.strikes) {
        const bool reached = strike.link == link;
        const bool everything = strike.kind->reach == Reach::kEverything;
        facts.struck |=
            everything || (reached && strike.kind->reach == Reach::kLink);
        // A pause ends the workers too.
        facts.restarted |= strike.kind->strike == KillWorker ||
                           strike.kind->strike == KillService ||
                           strike.kind->heal == RestoreCredentials;
        facts.topic_changed |= reached && strike.kind->strike == ChangeTopic;
        facts.session_lost |=
            strike.kind->session == Session::kLost && (everything || reached);
        facts.unanswered |= strike.kind->session == Session::kUnanswered &&
                            (strike.kind->reach != Reach::kLink || reached);
      }
    }
  }
}

absl::StatusOr<RoundVerdict> Round::Compare() {
  NoteExpired();
  RoundFacts facts{.subscriptions = subscriptions_};
  MQTTPUSH_ASSIGN_OR_RETURN(facts.ledger, bench_.ledger().Read(ledger_begin_));
  for (const TenantUnderTest& tenant : Tenants()) {
    MQTTPUSH_ASSIGN_OR_RETURN(
        facts.history[tenant.id],
        ReadRoundHistory(tenant.id, id_prefix_, bench_.service().history()));
  }
  RoundVerdict verdict = JudgeRound(facts);
  for (std::string& alarm : bench_.Alarms()) {
    verdict.complaints.push_back(std::move(alarm));
  }
  return verdict;
}

}  // namespace

absl::StatusOr<RoundVerdict> RunRound(Bench& bench, const RoundPlan& plan,
                                      int64_t first_number,
                                      const RoundContext& context) {
  return Round(bench, plan, first_number, context).Run();
}

}  // namespace mqttpush::fault
