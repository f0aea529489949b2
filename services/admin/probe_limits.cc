#include "services/admin/probe_limits.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"
#include "services/admin/broker_offer_converter.h"
#include "services/api/text.h"
#include "storage/compatibility.h"

namespace mqttpush {
namespace {

constexpr int kHighestQos = 2;
// With a window below this a link is slow.
constexpr int kSmallWindow = 10;

// Something that a person should know, and what to do about it.
struct Remark {
  std::string text;
  std::string hint;
};
using Remarks = std::vector<Remark>;

// What cannot work.
Remarks FindMisfits(const BrokerOffer& offer, const ProbePlan& plan) {
  Remarks remarks;
  for (const ProbePlan::Demand& demand : plan.demands) {
    const std::string words = DescribeIncompatibility(
        demand.subscription, offer.maximum_qos.value_or(kHighestQos),
        offer.retain_available.value_or(true));
    if (words.empty()) continue;
    remarks.push_back({absl::StrCat(demand.name, ": ", words),
                       "Its events are held until either is changed: change "
                       "the subscription, or ask the customer to allow it at "
                       "the broker."});
  }
  return remarks;
}

// The default stands for as many as there may be: mosquitto's own takes 20.
bool IsWindowTooSmall(int receive_maximum, int max_in_flight) {
  if (receive_maximum >= max_in_flight) return false;
  return max_in_flight != BrokerRecord().max_in_flight ||
         receive_maximum < kSmallWindow;
}

void RemarkOnWindow(const BrokerOffer& offer, const BrokerRecord& broker,
                    Remarks& remarks) {
  if (!offer.receive_maximum.has_value() ||
      !IsWindowTooSmall(*offer.receive_maximum, broker.max_in_flight)) {
    return;
  }
  remarks.push_back(
      {absl::StrCat("the broker takes ", *offer.receive_maximum,
                    " unacknowledged messages, `max_in_flight` is ",
                    broker.max_in_flight),
       "The smaller one is used. For more messages per second ask the customer "
       "to raise the broker's."});
}

void RemarkOnKeepAlive(const BrokerOffer& offer, const BrokerRecord& broker,
                       Remarks& remarks) {
  if (!offer.server_keep_alive.has_value() ||
      *offer.server_keep_alive >= broker.keep_alive) {
    return;
  }
  remarks.push_back(
      {absl::StrCat("the broker demands a keep alive of ",
                    absl::FormatDuration(*offer.server_keep_alive),
                    ", `keep_alive` is ",
                    absl::FormatDuration(broker.keep_alive)),
       "The link connects a second time to follow it: set `keep_alive` to the "
       "broker's."});
}

void RemarkOnPacketSize(const BrokerOffer& offer, Remarks& remarks) {
  constexpr int64_t kLargest = limits::kMaxPayloadBytes;
  if (offer.maximum_packet_size.value_or(kLargest + 1) > kLargest) return;
  remarks.push_back(
      {absl::StrCat("the broker takes packets of at most ",
                    *offer.maximum_packet_size, " bytes, events may have ",
                    kLargest),
       "A larger event is PARKED: ask the customer to raise the broker's "
       "packet size limit."});
}

void RemarkOnSession(const BrokerOffer& offer, const ProbePlan& plan,
                     Remarks& remarks) {
  if (!offer.session_expiry.has_value() ||
      *offer.session_expiry >= plan.order.session_expiry) {
    return;
  }
  remarks.push_back(
      {absl::StrCat("the broker keeps a session for ",
                    absl::FormatDuration(*offer.session_expiry), ", ",
                    absl::FormatDuration(plan.order.session_expiry),
                    " are asked for"),
       "After a longer outage messages of QoS 2 may arrive twice: ask the "
       "customer to raise the broker's."});
}

// What works, but not as one might think.
Remarks FindRestrictions(const BrokerOffer& offer, const ProbePlan& plan) {
  Remarks remarks;
  RemarkOnWindow(offer, plan.broker, remarks);
  RemarkOnKeepAlive(offer, plan.broker, remarks);
  RemarkOnPacketSize(offer, remarks);
  RemarkOnSession(offer, plan, remarks);
  return remarks;
}

// Each hint once.
void AddTo(const Remarks& remarks, std::vector<std::string>& texts,
           std::vector<std::string>& hints) {
  for (const Remark& remark : remarks) {
    texts.push_back(remark.text);
    if (hints.empty() || hints.back() != remark.hint) {
      hints.push_back(remark.hint);
    }
  }
}

}  // namespace

v1::ProbeStep JudgeLimits(const BrokerOffer& offer, const ProbePlan& plan) {
  const Remarks misfits = FindMisfits(offer, plan);
  const Remarks restrictions = FindRestrictions(offer, plan);
  std::vector<std::string> texts;
  std::vector<std::string> hints;
  AddTo(misfits, texts, hints);
  AddTo(restrictions, texts, hints);

  v1::ProbeStep step;
  step.set_kind(v1::ProbeStep::LIMITS);
  step.set_outcome(!misfits.empty()        ? v1::ProbeStep::FAILED
                   : !restrictions.empty() ? v1::ProbeStep::WARNED
                                           : v1::ProbeStep::PASSED);
  if (plan.broker.protocol_version == ProtocolVersion::kMqtt311) {
    step.set_text("in MQTT 3.1.1 a broker does not say what it offers");
  } else {
    step.set_text(texts.empty() ? "the broker offers all that is asked for"
                                : Truncate(absl::StrJoin(texts, "; "),
                                           4 * limits::kMaxErrorMessageBytes));
  }
  step.set_hint(absl::StrJoin(hints, " "));
  *step.mutable_offer() = OfferToProto(offer);
  return step;
}

}  // namespace mqttpush
