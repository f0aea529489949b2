// Check, backup and restore of a live service's data directory.
#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/e2e/e2e_test.h"
#include "tests/support/child_process.h"
#include "tests/support/wait_until.h"

namespace mqttpush {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr char kHeld[] = "tenants/acme/subscriptions/held";

class BackupTest : public E2eTest {
 protected:
  void SetUp() override {
    mosquitto_ = StartMosquitto();
    ASSERT_NE(mosquitto_, nullptr);
    customer_ = Subscribe(*mosquitto_);
    ASSERT_NE(customer_, nullptr);
    StartService({{"MQTTPUSH_AUDIT_INTERVAL", "1s"}});
    ProvisionAcme(*mosquitto_);
  }

  // A subscription that sends nothing before it is resumed.
  void AddHeld(v1::Qos qos) {
    v1::Subscription held;
    held.set_broker(kBroker);
    held.set_topic("held");
    held.set_qos(qos);
    ASSERT_OK(admin().CreateSubscription(kHeld, held));
    ASSERT_OK(admin().PauseSubscription(kHeld));
  }
  // Runs the program to its end; what it prints is in output_.
  int Run(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {MQTTPUSHD_PATH};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const std::string log = temp_dir_.File("output");
    fs::remove(log);
    auto process = ChildProcess::Spawn({.argv = argv, .log_path = log});
    EXPECT_TRUE(process.ok()) << process.status();
    const auto code = (*process)->Wait(kPatience);
    EXPECT_TRUE(code.ok()) << code.status();
    output_ = ReadFile(log);
    return code.ok() ? *code : -1;
  }
  void BackUp() {
    ASSERT_EQ(Run({"--backup", backup_, "--data-dir", data_}), 0) << output_;
    EXPECT_THAT(output_, HasSubstr("Backed up to"));
    EXPECT_THAT(output_, HasSubstr(" was running on "));
    EXPECT_THAT(output_, HasSubstr("secrets"));
  }
  // Ends the service, and starts one on the backup in another directory.
  void StartRestored() {
    ASSERT_OK(service_->Stop());
    const std::string restored = temp_dir_.File("restored");
    ASSERT_EQ(Run({"--restore", backup_, "--data-dir", restored}), 0)
        << output_;
    EXPECT_THAT(output_, HasSubstr("Restored to"));
    auto service = PushService::Start(
        {.data_dir = restored,
         .log_path = temp_dir_.File("restored.log"),
         .environment = {{"MQTTPUSH_AUDIT_INTERVAL", "1s"}}});
    ASSERT_TRUE(service.ok()) << service.status();
    service_ = *std::move(service);
  }
  size_t CountOn(const std::string& topic) const {
    size_t count = 0;
    for (const ReceivedMessage& message : customer_->messages()) {
      count += message.topic == topic;
    }
    return count;
  }

  std::unique_ptr<MosquittoBroker> mosquitto_;
  std::unique_ptr<MqttSubscriber> customer_;
  const std::string data_ = temp_dir_.File("data");
  const std::string backup_ = temp_dir_.File("backup");
  std::string output_;
};

TEST_F(BackupTest, TakenUnderLoadItGoesOnElsewhere) {
  AddHeld(v1::AT_LEAST_ONCE);
  const auto producer = StartLoad();
  ASSERT_TRUE(producer->WaitForAccepted(500));
  const TenantHistory before = HistoryOf("acme");
  const std::vector<std::string> accepted = producer->accepted();
  BackUp();
  // The service was not held up, and is sound while it runs.
  ASSERT_TRUE(producer->WaitForAccepted(accepted.size() + 200));
  EXPECT_EQ(Run({"--check", data_}), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("in use by process "));
  EXPECT_EQ(Run({"--check", backup_}), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("no service is running on it"));
  ASSERT_OK(producer->Stop());
  StartRestored();

  WaitUntilDelivered();
  ASSERT_OK(admin().ResumeSubscription(kHeld));
  WaitUntilDelivered(kHeld);
  const TenantHistory after = HistoryOf("acme");
  std::set<std::string> ids;
  for (const v1::Delivery& delivery : after.deliveries) {
    EXPECT_EQ(delivery.state(), v1::Delivery::DELIVERED);
    ids.insert(delivery.event_id());
  }
  for (const std::string& id : accepted) {
    EXPECT_TRUE(ids.contains(id)) << id << " is missing";
  }
  for (const auto& [name, attempts] : before.attempts) {
    std::map<std::string, std::string> found;
    const auto restored = after.attempts.find(name);
    ASSERT_NE(restored, after.attempts.end()) << name;
    for (const v1::Attempt& attempt : restored->second) {
      found[attempt.name()] = attempt.SerializeAsString();
    }
    for (const v1::Attempt& attempt : attempts) {
      EXPECT_EQ(found[attempt.name()], attempt.SerializeAsString());
    }
  }
  ASSERT_TRUE(service_->WaitForLog("event=conservation_audited"));
  EXPECT_FALSE(absl::StrContains(service_->ReadLog(), "conservation_violated"));
  // What was accepted after it was taken is not in it, and goes on to be taken.
  Publish({LocationEvent("new", kOwner, 7)});
  WaitUntilDelivered();
  ASSERT_OK(service_->Stop());
  EXPECT_EQ(Run({"--check", temp_dir_.File("restored")}), 0) << output_;
}

// The broker remembers a session of packet ids that the restored service does
// not have: they are thrown away, and what was delivered meanwhile comes again.
TEST_F(BackupTest, OfQos2SendsAgainWhatWasDeliveredAfterIt) {
  AddHeld(v1::EXACTLY_ONCE);
  Publish({LocationEvent("a", kOwner, 1), LocationEvent("b", kOwner, 2)});
  WaitUntilDelivered();
  BackUp();
  ASSERT_OK(admin().ResumeSubscription(kHeld));
  WaitUntilDelivered(kHeld);
  EXPECT_EQ(CountOn("held"), 2u);
  StartRestored();
  EXPECT_FALSE(fs::exists(backup_ + "/sessions"));
  ASSERT_OK(admin().ResumeSubscription(kHeld));
  WaitUntilDelivered(kHeld);
  EXPECT_TRUE(WaitUntil(kPatience, [&] { return CountOn("held") == 4; }));
  EXPECT_EQ(CountOn("events"), 2u);
}

TEST_F(BackupTest, ExitCodesTellWhatWasFound) {
  Publish({LocationEvent("a", kOwner, 1)});
  WaitUntilDelivered();
  ASSERT_OK(service_->Stop());
  EXPECT_EQ(Run({"--check", data_}), 0) << output_;
  EXPECT_EQ(Run({"--check", temp_dir_.File("none")}), 2);
  EXPECT_THAT(output_, HasSubstr("there is no directory"));
  EXPECT_EQ(Run({"--check", data_ + "/sessions"}), 2);
  EXPECT_THAT(output_, HasSubstr("is not a data directory"));
  EXPECT_EQ(Run({"--check"}), 2);
  EXPECT_EQ(Run({"--backup", data_, "--data-dir", data_}), 1);
  EXPECT_THAT(output_, HasSubstr("is not empty"));
  ASSERT_EQ(Run({"--backup", backup_, "--data-dir", data_}), 0) << output_;
  const std::string segment = backup_ + "/log/0000000001.db";
  std::string bytes = ReadFile(segment);
  constexpr size_t kPage = 4096;
  bytes.replace(kPage, kPage, std::string(kPage, '\x55'));
  WriteFile(segment, bytes);
  EXPECT_EQ(Run({"--check", backup_}), 1);
  EXPECT_THAT(output_, HasSubstr("log/0000000001.db: "));
  EXPECT_THAT(output_, HasSubstr("NOT SOUND"));
  const std::string restored = temp_dir_.File("restored");
  EXPECT_EQ(Run({"--restore", backup_, "--data-dir", restored}), 1);
  EXPECT_THAT(output_, HasSubstr("was not restored"));
  EXPECT_FALSE(fs::exists(restored));
}

}  // namespace
}  // namespace mqttpush
