#include "workers/supervisor/session_files.h"

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::UnorderedElementsAre;

constexpr int64_t kBroker = 3;

SubscriptionRecord Subscription(int64_t broker_uid, Qos qos,
                                std::optional<Qos> override_qos = {}) {
  SubscriptionRecord subscription;
  subscription.uid = 7;
  subscription.tenant_uid = 1;
  subscription.broker_uid = broker_uid;
  subscription.id = "all";
  subscription.qos = qos;
  subscription.topic_overrides = {{ObjectType::kAsset, "", Qos::kAtMostOnce},
                                  {ObjectType::kLocation, "", override_qos}};
  return subscription;
}

TEST(NeedsSessionTest, WhenAnythingCanBeSentAtQos2) {
  struct Case {
    SubscriptionRecord subscription;
    bool needed;
  };
  SubscriptionRecord paused = Subscription(kBroker, Qos::kExactlyOnce);
  paused.paused = true;
  const Case kTable[] = {
      {Subscription(kBroker, Qos::kAtMostOnce), false},
      {Subscription(kBroker, Qos::kAtLeastOnce), false},
      {Subscription(kBroker, Qos::kExactlyOnce), true},
      {Subscription(kBroker, Qos::kAtLeastOnce, Qos::kExactlyOnce), true},
      {Subscription(kBroker, Qos::kAtLeastOnce, Qos::kAtLeastOnce), false},
      {Subscription(kBroker, Qos::kExactlyOnce, Qos::kAtMostOnce), true},
      {Subscription(kBroker + 1, Qos::kExactlyOnce), false},
      {paused, true},
  };
  for (const Case& c : kTable) {
    ConfigSnapshot config;
    TenantRecord tenant;
    tenant.uid = 1;
    tenant.id = "acme";
    config.Put(tenant);
    BrokerRecord broker;
    broker.uid = kBroker;
    broker.tenant_uid = 1;
    broker.id = "main";
    config.Put(broker);
    EXPECT_FALSE(NeedsSession(config, kBroker));
    config.Put(c.subscription);
    EXPECT_EQ(NeedsSession(config, kBroker), c.needed);
    EXPECT_FALSE(NeedsSession(config, 99));
  }
}

class SessionFilesTest : public ::testing::Test {
 protected:
  std::vector<std::string> List() {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(temp_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  TempDir temp_;
  SessionFiles files_{temp_.path()};
};

TEST_F(SessionFilesTest, RemovesTheFileOfOneBroker) {
  WriteFile(files_.PathOf(3), "a");
  WriteFile(files_.PathOf(3) + ".next", "of a worker that was killed");
  WriteFile(files_.PathOf(33), "b");
  files_.Remove(3);
  files_.Remove(4);
  EXPECT_THAT(List(), UnorderedElementsAre("33.session"));
}

TEST_F(SessionFilesTest, RemovesStraysAndNothingElse) {
  WriteFile(files_.PathOf(3), "a");
  WriteFile(files_.PathOf(4), "b");
  WriteFile(temp_.File("4.txt"), "c");
  WriteFile(temp_.File("notes.session"), "d");
  files_.RemoveExcept([](int64_t uid) { return uid == 3; });
  EXPECT_THAT(List(),
              UnorderedElementsAre("3.session", "4.txt", "notes.session"));
}

TEST_F(SessionFilesTest, RemovesWhatWasLeftUnfinished) {
  WriteFile(files_.PathOf(3), "a");
  WriteFile(files_.PathOf(3) + ".next", "b");
  WriteFile(files_.PathOf(4) + ".next", "c");
  WriteFile(temp_.File("notes.session.next"), "d");
  files_.RemoveExcept([](int64_t uid) { return uid == 3; });
  EXPECT_THAT(List(), UnorderedElementsAre("3.session", "notes.session.next"));
}

TEST_F(SessionFilesTest, AMissingFolderHoldsNothing) {
  SessionFiles nowhere(temp_.File("nowhere"));
  nowhere.Remove(3);
  nowhere.RemoveExcept([](int64_t) { return false; });
}

}  // namespace
}  // namespace mqttpush
