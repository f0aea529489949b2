#include "services/admin/probe_steps.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "services/admin/probe_converter.h"
#include "services/admin/probe_hint.h"
#include "services/admin/probe_limits.h"
#include "services/admin/values.h"
#include "services/api/text.h"

namespace mqttpush {
namespace {

// A certificate that expires sooner is worth a warning.
constexpr int kFewDays = 14;
constexpr int kNoMatchingSubscribers = 0x10;
constexpr char kNotReached[] = "not made, because a step before it failed";

bool ExpiresSoon(const v1::ProbeStep& step) {
  return step.tls().chain_size() > 0 &&
         step.tls().chain(0).days_to_expiry() < kFewDays;
}

v1::ProbeStep::Outcome OutcomeOf(const ProbeFinding& finding) {
  switch (finding.cause) {
    case ProbeCause::kNone:
      return finding.reason_code == kNoMatchingSubscribers
                 ? v1::ProbeStep::WARNED
                 : v1::ProbeStep::PASSED;
    case ProbeCause::kLinkAddressFailed:
    case ProbeCause::kNotVerified:
      return v1::ProbeStep::WARNED;
    default:
      return v1::ProbeStep::FAILED;
  }
}

v1::ProbeStep MakeStep(const ProbeFinding& finding, const BrokerRecord& broker,
                       absl::Time now) {
  v1::ProbeStep step = FindingToProto(finding, now);
  step.set_outcome(OutcomeOf(finding));
  step.set_hint(std::string(ProbeHint(finding, broker)));
  if (step.outcome() == v1::ProbeStep::PASSED && ExpiresSoon(step)) {
    step.set_outcome(v1::ProbeStep::WARNED);
    step.set_hint("Ask the customer to renew the broker's certificate soon.");
  }
  return step;
}

v1::ProbeStep MakeStep(ProbeKind kind, v1::ProbeStep::Outcome outcome,
                       const std::string& text) {
  v1::ProbeStep step;
  step.set_kind(static_cast<v1::ProbeStep::Kind>(kind));
  step.set_outcome(outcome);
  step.set_text(text);
  return step;
}

// Walks over the steps that there ought to be, beside those that were made.
class Steps {
 public:
  Steps(const ProbePlan& plan, const ProbeReport& report, absl::Time now)
      : plan_(plan), report_(report), now_(now) {}

  v1::ProbeBrokerResponse Make() {
    Add(ProbeKind::kDns);
    Add(ProbeKind::kTcp);
    if (plan_.broker.tls_enabled) Add(ProbeKind::kTls);
    Add(ProbeKind::kConnect);
    AddLimits();
    for (const ProbePublication& publication : plan_.order.publications) {
      v1::ProbeStep& step = Add(ProbeKind::kPublish);
      step.set_subscription(publication.subscription);
      step.set_topic(publication.topic);
      step.set_qos(ToProto(static_cast<Qos>(publication.qos)));
    }
    AddLeftOut();
    response_.set_succeeded(!failed_);
    return response_;
  }

 private:
  v1::ProbeStep& Add(ProbeKind kind) { return Put(Next(kind)); }

  v1::ProbeStep Next(ProbeKind kind) {
    if (taken_ < report_.findings.size() &&
        report_.findings[taken_].kind == kind) {
      return MakeStep(report_.findings[taken_++], plan_.broker, now_);
    }
    // The first step that was not made is the one that was cut short.
    if (!reported_cut_ && !report_.cut_short.empty()) {
      reported_cut_ = true;
      return MakeStep(kind, v1::ProbeStep::FAILED,
                      ReplaceInvalidUtf8(report_.cut_short));
    }
    return MakeStep(kind, v1::ProbeStep::SKIPPED, kNotReached);
  }

  void AddLimits() {
    const bool connected =
        taken_ > 0 && report_.findings[taken_ - 1].offer.has_value();
    Put(connected ? JudgeLimits(*report_.findings[taken_ - 1].offer, plan_)
                  : MakeStep(ProbeKind::kLimits, v1::ProbeStep::SKIPPED,
                             kNotReached));
  }

  // What is asked for and not done is told.
  void AddLeftOut() {
    if (!plan_.publish) return;
    if (plan_.left_out > 0) {
      Put(MakeStep(ProbeKind::kPublish, v1::ProbeStep::SKIPPED,
                   absl::StrCat(plan_.left_out,
                                " more topics: a probe publishes to at most ",
                                limits::kMaxProbePublications)));
    }
    if (plan_.order.publications.empty()) {
      Put(MakeStep(ProbeKind::kPublish, v1::ProbeStep::SKIPPED,
                   "the broker has no subscriptions that are not disabled"));
    }
  }

  v1::ProbeStep& Put(v1::ProbeStep step) {
    failed_ |= step.outcome() == v1::ProbeStep::FAILED;
    return *response_.add_steps() = std::move(step);
  }

  const ProbePlan& plan_;
  const ProbeReport& report_;
  const absl::Time now_;
  size_t taken_ = 0;  // of the findings
  bool reported_cut_ = false;
  bool failed_ = false;
  v1::ProbeBrokerResponse response_;
};

}  // namespace

v1::ProbeBrokerResponse MakeProbeResponse(const ProbePlan& plan,
                                          const ProbeReport& report,
                                          absl::Time now) {
  return Steps(plan, report, now).Make();
}

}  // namespace mqttpush
