// Connections end and brokers restart in the middle of messages: at QoS 1 and 2
// all arrive, first arrivals in order, and how often some arrive twice is
// counted.
#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/e2e/arrivals.h"
#include "tests/interop/interop_test.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::IsEmpty;

constexpr int kCuts = 3;
// Between ten events: some brokers write each message to the disk.
constexpr absl::Duration kPause = absl::Milliseconds(40);

class CutTest : public InteropTest {
 protected:
  void SetUp() override {
    InteropTest::SetUp();
    ASSERT_FALSE(HasFatalFailure());
    proxy_ = std::make_unique<CuttableProxy>(broker().port());
    StartPushing(proxy_->port());
    Add(kSubscription, topic());
    WaitForLink(v1::Link::CONNECTED);
    producer_ = std::make_unique<LoadProducer>(LoadProducer::Options{
        .address = service_->address(), .owner_id = kOwner, .pause = kPause});
    ASSERT_TRUE(producer_->WaitForAccepted(100));
  }

  void MoreLoad() {
    ASSERT_TRUE(producer_->WaitForAccepted(producer_->accepted().size() + 100));
  }

  // Lets the broker have messages whose acknowledgements are lost.
  void LoseAcknowledgements() {
    proxy_->SwallowReplies();
    if (GetParam().qos == 0) return MoreLoad();
    ASSERT_TRUE(WaitUntil(kPatience, [&] { return proxy_->swallowed() > 0; }));
  }

  v1::Backlog BacklogNow() {
    const auto subscription = admin().GetSubscription(kSubscription);
    return subscription.ok() ? subscription->backlog() : v1::Backlog();
  }

  // After a restart, before the worker does: a customer whose session is lost
  // gets nothing that was sent before.
  void CustomerComesBack() {
    if (traits().keeps_messages_over_restart) {
      ASSERT_TRUE(customer_->WaitUntilSubscribed(kPatience));
      return;
    }
    earlier_ = customer_->messages();
    customer_ = SubscribeTo(prefix_ + "/#", prefix_ + "-customer-2");
    ASSERT_NE(customer_, nullptr);
  }

  Arrivals ArrivalsNow() {
    std::vector<ReceivedMessage> all = earlier_;
    const auto later = customer_->messages();
    all.insert(all.end(), later.begin(), later.end());
    return ArrivalsOf(all);
  }

  // Ends the load, and waits until nothing is under way.
  Arrivals Drain() {
    EXPECT_TRUE(IsOk(producer_->Stop()));
    const size_t accepted = producer_->accepted().size();
    v1::Backlog backlog;
    EXPECT_TRUE(WaitUntil(kPatience, [&] {
      backlog = BacklogNow();
      return backlog.delivered_count() + backlog.parked_count() ==
             static_cast<int64_t>(accepted);
    })) << backlog.ShortDebugString();
    Arrivals arrivals;
    // At QoS 0, and where the broker forgets, some may never come.
    const bool all = GetParam().qos > 0 &&
                     traits().keeps_messages_over_restart &&
                     !traits().loses_qos_2_at_cuts;
    WaitUntil(all ? kPatience : absl::Seconds(5), [&] {
      arrivals = ArrivalsNow();
      return arrivals.first.size() >= accepted;
    });
    return arrivals;
  }

  static int Twice(const Arrivals& arrivals) {
    return static_cast<int>(
        std::count_if(arrivals.count.begin(), arrivals.count.end(),
                      [](const auto& event) { return event.second > 1; }));
  }

  // What did not arrive, with all that the history knows of it.
  std::vector<std::string> Missing(const Arrivals& arrivals) {
    const TenantHistory history = HistoryOf();
    std::vector<std::string> missing;
    for (const v1::Delivery& delivery : history.deliveries) {
      if (arrivals.count.count(delivery.event_id()) > 0) continue;
      missing.push_back(delivery.event_id());
      const auto attempts = history.attempts.find(delivery.name());
      if (attempts == history.attempts.end()) continue;
      for (const v1::Attempt& attempt : attempts->second) {
        absl::StrAppend(&missing.back(), " | ", attempt.ShortDebugString());
      }
    }
    return missing;
  }

  // In the order of acceptance, with gaps.
  void ExpectInOrder(const Arrivals& arrivals) {
    if (GetParam().qos == 2 && traits().loses_qos_2_at_cuts) return;
    const std::vector<std::string> accepted = producer_->accepted();
    auto at = accepted.begin();
    for (const std::string& id : arrivals.first) {
      at = std::find(at, accepted.end(), id);
      ASSERT_NE(at, accepted.end()) << id << " is not in order";
    }
  }

  // Of what arrived more than once, how much the product sent more than once,
  // by its own account, and how much of that with a warning. The rest is the
  // broker's doing.
  struct Repeated {
    int sent_again = 0;
    int warned = 0;
    std::set<std::string> warnings = {};
  };
  Repeated RepeatedByUs(const Arrivals& arrivals) {
    Repeated repeated;
    const TenantHistory history = HistoryOf();
    for (const v1::Delivery& delivery : history.deliveries) {
      const auto arrived = arrivals.count.find(delivery.event_id());
      const auto attempts = history.attempts.find(delivery.name());
      if (arrived == arrivals.count.end() || arrived->second < 2 ||
          attempts == history.attempts.end()) {
        continue;
      }
      repeated.sent_again += attempts->second.size() > 1;
      bool warned = false;
      for (const v1::Attempt& attempt : attempts->second) {
        if (attempt.warning().empty()) continue;
        warned = true;
        repeated.warnings.insert(attempt.warning());
      }
      repeated.warned += warned;
    }
    return repeated;
  }

  void Report(const std::string& what, const Arrivals& arrivals) {
    const Repeated repeated = RepeatedByUs(arrivals);
    Fact(absl::StrCat(
        "QoS ", GetParam().qos, ", ", what, ": ", producer_->accepted().size(),
        " accepted, ", producer_->accepted().size() - arrivals.first.size(),
        " did not arrive, ", Twice(arrivals), " arrived more than once (",
        repeated.sent_again, " sent again, ", repeated.warned,
        " with a warning", repeated.warnings.empty() ? "" : ": ",
        absl::StrJoin(repeated.warnings, "; "), ")"));
  }

  std::unique_ptr<CuttableProxy> proxy_;
  std::unique_ptr<LoadProducer> producer_;
  std::vector<ReceivedMessage> earlier_;
};

INSTANTIATE_TEST_SUITE_P(Interop, CutTest, ::testing::ValuesIn(Supported()),
                         [](const auto& info) { return NameOf(info.param); });

TEST_P(CutTest, ConnectionIsCut) {
  for (int i = 0; i < kCuts; ++i) {
    LoseAcknowledgements();
    proxy_->Cut();
    MoreLoad();
  }
  const Arrivals arrivals = Drain();
  Report(absl::StrCat(kCuts, " cuts"), arrivals);
  ExpectInOrder(arrivals);
  if (GetParam().qos == 0) {
    EXPECT_EQ(Twice(arrivals), 0);
    return;
  }
  if (GetParam().qos == 1 || !traits().loses_qos_2_at_cuts) {
    EXPECT_THAT(Missing(arrivals), IsEmpty());
    EXPECT_THAT(Unexplained(arrivals, HistoryOf()), IsEmpty());
  }
  if (GetParam().qos == 2 && traits().exactly_once_across_cuts) {
    EXPECT_EQ(Twice(arrivals), 0);
  }
  // Where the broker says that it has lost the session, so does the history.
  if (GetParam().qos == 2 && !traits().says_qos_2_session) {
    EXPECT_EQ(RepeatedByUs(arrivals).warned, Twice(arrivals));
  }
}

TEST_P(CutTest, BrokerRestarts) {
  LoseAcknowledgements();
  proxy_->Shut();
  proxy_->Cut();
  ASSERT_OK(broker().Stop());
  MoreLoad();
  ASSERT_OK(broker().Start());
  CustomerComesBack();
  proxy_->Open();
  MoreLoad();
  const Arrivals arrivals = Drain();  // all are acknowledged
  Report("broker restarted", arrivals);
  if (GetParam().qos == 2 && !traits().remembers_qos_2_over_restart) return;
  ExpectInOrder(arrivals);
  if (GetParam().qos > 0 && traits().keeps_messages_over_restart) {
    EXPECT_THAT(Missing(arrivals), IsEmpty());
  }
}

}  // namespace
}  // namespace mqttpush
