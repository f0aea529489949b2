// The ledger process against a real broker that is restarted meanwhile.
#include "tests/fault/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fault/accounts.h"
#include "tests/support/mosquitto_broker.h"

namespace mqttpush::fault {
namespace {

TEST(LedgerRecord, IsReadAsWritten) {
  const auto record = ParseLedger(LineOf(Acceptance{"v4", "e-1", 17, 99}) +
                                  LineOf(Arrival{.broker = 1,
                                                 .topic = "v4/q2/a",
                                                 .qos = 2,
                                                 .number = -1,
                                                 .digest = 3}));
  ASSERT_TRUE(record.ok()) << record.status();
  ASSERT_EQ(record->accepted.size(), 1u);
  EXPECT_EQ(LineOf(record->accepted[0]), "accepted v4 e-1 17 99\n");
  ASSERT_EQ(record->arrivals.size(), 1u);
  EXPECT_EQ(LineOf(record->arrivals[0]), "received 1 v4/q2/a 2 -1 3\n");
  EXPECT_FALSE(ParseLedger("received 1\n").ok());
}

TEST(LedgerRecord, ReadsTheNumber) {
  EXPECT_EQ(NumberOf(R"({"id":12,"x":1})"), 12);
  EXPECT_EQ(NumberOf(R"({"id":12})"), 12);
  EXPECT_EQ(NumberOf(R"({"x":1})"), -1);
  EXPECT_EQ(NumberOf(""), -1);
}

TEST(Ledger, MissesNothingAndCountsNothingTwice) {
  auto broker =
      MosquittoBroker::Create({.users = {{kLedgerUser, kLedgerPassword}},
                               .more_config = "queue_qos0_messages true\n"});
  ASSERT_TRUE(broker.ok()) << broker.status();
  TempDir dir;
  auto ledger = Ledger::Start(dir.File("ledger"), {(*broker)->port()});
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const auto publish = [&](int number) {
    const absl::Status status = ChildProcess::Run(
        {.argv = {"mosquitto_pub", "-p", absl::StrCat((*broker)->port()), "-u",
                  kLedgerUser, "-P", kLedgerPassword, "-t", "v4/q2/a", "-q",
                  "2", "-m", absl::StrCat("{\"id\":", number, "}")}});
    ASSERT_TRUE(status.ok()) << status;
  };
  (*ledger)->Accepted({"v4", "e-1", 1, 5});
  publish(1);
  (*broker)->Stop();
  ASSERT_TRUE((*broker)->Start().ok());
  publish(2);
  ASSERT_TRUE((*ledger)->Barrier(0).ok());
  const auto record = (*ledger)->Read(0);
  ASSERT_TRUE(record.ok()) << record.status();
  ASSERT_EQ(record->accepted.size(), 1u);
  std::vector<int64_t> numbers;
  for (const Arrival& arrival : record->arrivals) {
    numbers.push_back(arrival.number);
  }
  EXPECT_THAT(numbers, ::testing::ElementsAre(1, 2));
}

}  // namespace
}  // namespace mqttpush::fault
