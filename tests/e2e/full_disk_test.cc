// The data directory's disk gets full under the real service. Producers and
// operators are told why, what was accepted goes out all the same, nothing of
// it is lost, and the service goes on by itself when there is room.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "tests/e2e/arrivals.h"
#include "tests/e2e/e2e_test.h"
#include "tests/e2e/own_mounts.h"
#include "tests/support/rpc.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FullDiskTest : public E2eTest {
 protected:
  void TearDown() override {
    E2eTest::TearDown();
    service_.reset();  // before its disk goes
  }

  // Starts it all and sees a few events through.
  void Start() {
    StartService();
    mosquitto_ = StartMosquitto();
    customer_ = Subscribe(*mosquitto_);
    ProvisionAcme(*mosquitto_);
    WaitForLink(v1::Link::CONNECTED);
    for (int i = 0; i < 5; ++i) ASSERT_OK(Offer());
    WaitUntilDelivered();
  }

  // Offers ten events. When they are refused, the next offer is of the same.
  absl::Status Offer() {
    v1::PublishEventsRequest request;
    for (size_t i = 0; i < 10; ++i) {
      const size_t number = accepted_.size() + i;
      *request.add_events() = LocationEvent(
          absl::StrCat("load-", number), kOwner, static_cast<int64_t>(number));
    }
    const auto response =
        Call<v1::PublishEventsResponse>([&](auto* context, auto* response) {
          return service_->ingest().PublishEvents(context, request, response);
        });
    if (!response.ok()) return response.status();
    for (int i = 0; i < response->results_size(); ++i) {
      EXPECT_EQ(response->results(i).outcome(), v1::EventResult::ACCEPTED);
      accepted_.push_back(request.events(i).event_id());
    }
    return absl::OkStatus();
  }

  // Offers events until they are refused, and returns how.
  absl::Status OfferUntilRefused() {
    absl::Status refused;
    WaitUntil(kPatience, [&] { return !(refused = Offer()).ok(); });
    return refused;
  }
  void ExpectRefused(const absl::Status& status, const std::string& reason) {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
  }
  void WaitUntilAcceptedAgain() {
    absl::Status offered;
    EXPECT_TRUE(WaitUntil(kPatience, [&] {
      offered = Offer();
      return offered.ok();
    })) << offered;
  }

  absl::Status GetTenant(const std::string& name) {
    v1::GetTenantRequest request;
    request.set_name(name);
    return Call<v1::Tenant>([&](auto* context, auto* response) {
             return service_->admin().GetTenant(context, request, response);
           })
        .status();
  }
  v1::Backlog BacklogNow() {
    const auto subscription = admin().GetSubscription(kSubscription);
    EXPECT_TRUE(subscription.ok()) << subscription.status();
    return subscription.ok() ? subscription->backlog() : v1::Backlog();
  }

  // All that was accepted has arrived, and the history explains each arrival. A
  // broker that was stopped may itself repeat what its customer had not
  // acknowledged.
  void ExpectAllArrived(bool broker_stopped) {
    WaitUntilDelivered();
    Arrivals arrivals;
    WaitUntil(kPatience, [&] {
      arrivals = ArrivalsOf(customer_->messages());
      return arrivals.first.size() >= accepted_.size();
    });
    EXPECT_EQ(arrivals.first, accepted_) << "not all, or not in order";
    if (broker_stopped) {
      for (auto& [event_id, count] : arrivals.count) count = 1;
    }
    EXPECT_THAT(Unexplained(arrivals, HistoryOf()), IsEmpty());
  }

  void ExpectEachArrivedOnce() const {
    for (const auto& [event_id, count] :
         ArrivalsOf(customer_->messages()).count) {
      EXPECT_EQ(count, 1) << event_id;
    }
  }

  // Of the data directory, but for the reserve.
  rlim_t LargestFile() const {
    rlim_t largest = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(temp_dir_.File("data"))) {
      if (!entry.is_regular_file() || entry.path().filename() == "reserve") {
        continue;
      }
      largest = std::max<rlim_t>(largest, entry.file_size());
    }
    return largest;
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
  std::unique_ptr<MqttSubscriber> customer_;
  std::vector<std::string> accepted_;  // event ids, in order
};

// A small file system of its own, which the test fills up.
class SmallDiskTest : public FullDiskTest {
 protected:
  void SetUp() override {
    absl::Status entered = EnterOwnMounts();
    if (!entered.ok()) GTEST_SKIP() << entered;
    auto disk = OwnMount::Memory(temp_dir_.File("data"), /*mebibytes=*/64);
    if (!disk.ok()) GTEST_SKIP() << disk.status();
    disk_ = *std::move(disk);
    Start();
  }

  // Until not one byte more can be written, also of what others have let go.
  void Fill() {
    const int fd = open(filler().c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ASSERT_GE(fd, 0);
    const std::string block(1 << 20, 'x');
    for (size_t size = block.size(); size > 0;) {
      if (write(fd, block.data(), size) <= 0) size /= 2;
    }
    close(fd);
  }
  void MakeRoom() { ASSERT_EQ(unlink(filler().c_str()), 0); }

 private:
  std::string filler() const { return temp_dir_.File("data/filler"); }
  std::unique_ptr<OwnMount> disk_;
};

TEST_F(SmallDiskTest, ABrokerThatWasAwayGetsWhatWaits) {
  mosquitto_->Stop();
  WaitForLink(v1::Link::BACKING_OFF);
  for (int i = 0; i < 20; ++i) ASSERT_OK(Offer());
  Fill();
  ExpectRefused(admin().CreateTenant("tenants/late", {"late"}),
                "the configuration cannot be stored: the disk is full");
  EXPECT_EQ(GetTenant("tenants/late").code(), absl::StatusCode::kNotFound);
  ExpectRefused(OfferUntilRefused(), "the disk is full");

  ASSERT_OK(mosquitto_->Start());
  WaitUntilDelivered();
  ExpectRefused(Offer(), "the disk is full");

  MakeRoom();
  WaitUntilAcceptedAgain();
  ASSERT_OK(admin().CreateTenant("tenants/late", {"late"}));
  ExpectAllArrived(/*broker_stopped=*/true);
}

// Where not even the reserve is left.
TEST_F(SmallDiskTest, ResultsAreKeptUntilThereIsRoom) {
  mosquitto_->Freeze();
  ASSERT_OK(Offer());
  ASSERT_TRUE(
      WaitUntil(kPatience, [&] { return BacklogNow().in_flight_count() > 0; }));
  Fill();
  ExpectRefused(OfferUntilRefused(), "the disk is full");
  Fill();
  mosquitto_->Thaw();
  EXPECT_TRUE(WaitUntil(kPatience, [&] {
    return ArrivalsOf(customer_->messages()).first.size() >= accepted_.size();
  }));
  EXPECT_TRUE(service_->WaitForLog("event=delivery_commit_failed"));
  EXPECT_LT(BacklogNow().delivered_count(), BacklogNow().accepted_count());

  MakeRoom();
  WaitUntilAcceptedAgain();
  ExpectAllArrived(/*broker_stopped=*/false);
  ExpectEachArrivedOnce();
}

TEST_F(SmallDiskTest, AServiceThatIsKilledMeanwhileLosesNothing) {
  mosquitto_->Stop();
  WaitForLink(v1::Link::BACKING_OFF);
  ASSERT_OK(Offer());
  Fill();
  ExpectRefused(OfferUntilRefused(), "the disk is full");
  service_->Kill();
  ASSERT_OK(mosquitto_->Start());
  // With what the reserve has left.
  ASSERT_OK(service_->Restart());
  ExpectRefused(Offer(), "the disk is full");
  WaitUntilDelivered();

  MakeRoom();
  WaitUntilAcceptedAgain();
  ExpectAllArrived(/*broker_stopped=*/true);
}

// Events, results and the session of QoS 2 compete for the last of the room.
TEST_F(SmallDiskTest, UnderLoadExactlyOnceStaysExactlyOnce) {
  v1::Subscription subscription;
  subscription.set_name(kSubscription);
  subscription.set_qos(v1::EXACTLY_ONCE);
  ASSERT_OK(admin().UpdateSubscription(subscription, {"qos"}));
  const auto producer = StartLoad();
  ASSERT_TRUE(producer->WaitForAccepted(200));
  Fill();
  ASSERT_TRUE(service_->WaitForLog("event=disk_full"));
  WaitUntilDelivered();
  const size_t accepted = producer->accepted().size();

  MakeRoom();
  EXPECT_TRUE(producer->WaitForAccepted(accepted + 200));
  ASSERT_OK(producer->Stop());
  accepted_ = producer->accepted();
  ExpectAllArrived(/*broker_stopped=*/false);
  ExpectEachArrivedOnce();
}

// Neither quota nor full disk, and by default the end of a process (SIGXFSZ).
TEST_F(FullDiskTest, AFileMayNotGrow) {
  Start();
  rlimit limit;
  ASSERT_EQ(prlimit(service_->pid(), RLIMIT_FSIZE, nullptr, &limit), 0);
  const rlimit small = {LargestFile(), limit.rlim_max};
  ASSERT_EQ(prlimit(service_->pid(), RLIMIT_FSIZE, &small, nullptr), 0);
  ExpectRefused(OfferUntilRefused(), "the file size limit is reached");

  ASSERT_EQ(prlimit(service_->pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  WaitUntilAcceptedAgain();
  ExpectAllArrived(/*broker_stopped=*/false);
}

}  // namespace
}  // namespace mqttpush
