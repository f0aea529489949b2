#include "storage/compatibility.h"

#include "gtest/gtest.h"

namespace mqttpush {
namespace {

SubscriptionRecord Subscription(Qos qos, bool retain = false) {
  SubscriptionRecord subscription;
  subscription.qos = qos;
  subscription.retain = retain;
  return subscription;
}

SubscriptionRecord WithOverride(Qos qos, ObjectType type, Qos override_qos,
                                std::vector<ObjectType> takes = {}) {
  SubscriptionRecord subscription = Subscription(qos);
  subscription.object_types = std::move(takes);
  subscription.topic_overrides = {{type, "", override_qos}};
  return subscription;
}

struct Limits {
  int maximum_qos;
  bool retain_available;
};

constexpr char kQos2[] =
    "QoS 2 is asked for, the broker takes at most QoS 1: lower the qos of the "
    "subscription or of its overrides";
constexpr char kQos1[] =
    "QoS 1 is asked for, the broker takes at most QoS 0: lower the qos of the "
    "subscription or of its overrides";
constexpr char kRetain[] =
    "retain is asked for, the broker keeps no retained messages: switch off "
    "the subscription's retain";

TEST(CompatibilityTest, Table) {
  const ObjectType kLocation = ObjectType::kLocation;
  const ObjectType kAsset = ObjectType::kAsset;
  struct Row {
    SubscriptionRecord subscription;
    Limits limits;
    const char* words;
  };
  const Row kTable[] = {
      {Subscription(Qos::kExactlyOnce, true), Limits{2, true}, ""},
      {Subscription(Qos::kAtMostOnce), Limits{0, false}, ""},
      {Subscription(Qos::kExactlyOnce), Limits{1, true}, kQos2},
      {Subscription(Qos::kAtLeastOnce), Limits{0, true}, kQos1},
      {Subscription(Qos::kAtLeastOnce), Limits{1, true}, ""},
      {Subscription(Qos::kAtLeastOnce, true), Limits{2, false}, kRetain},
      {Subscription(Qos::kExactlyOnce, true), Limits{1, false}, kQos2},
      // An override counts when its type is taken, the rest when some type
      // is left to it.
      {WithOverride(Qos::kAtLeastOnce, kLocation, Qos::kExactlyOnce),
       Limits{1, true}, kQos2},
      {WithOverride(Qos::kAtLeastOnce, kLocation, Qos::kExactlyOnce, {kAsset}),
       Limits{1, true}, ""},
      {WithOverride(Qos::kExactlyOnce, kLocation, Qos::kAtLeastOnce),
       Limits{1, true}, kQos2},
      {WithOverride(Qos::kExactlyOnce, kLocation, Qos::kAtLeastOnce,
                    {kLocation}),
       Limits{1, true}, ""},
  };
  int row_number = 0;
  for (const Row& row : kTable) {
    SCOPED_TRACE(row_number++);
    EXPECT_EQ(DescribeIncompatibility(row.subscription, row.limits.maximum_qos,
                                      row.limits.retain_available),
              row.words);
  }
}

TEST(CompatibilityTest, LowestQosIsThatOfAnyTypeTaken) {
  EXPECT_EQ(LowestQos(Subscription(Qos::kExactlyOnce)), Qos::kExactlyOnce);
  EXPECT_EQ(LowestQos(WithOverride(Qos::kExactlyOnce, ObjectType::kAsset,
                                   Qos::kAtMostOnce)),
            Qos::kAtMostOnce);
  EXPECT_EQ(LowestQos(WithOverride(Qos::kExactlyOnce, ObjectType::kAsset,
                                   Qos::kAtMostOnce, {ObjectType::kLocation})),
            Qos::kExactlyOnce);
}

TEST(CompatibilityTest, ExactlyOnceMayBeNamedByAnOverride) {
  EXPECT_TRUE(NamesExactlyOnce(Subscription(Qos::kExactlyOnce)));
  EXPECT_FALSE(NamesExactlyOnce(Subscription(Qos::kAtLeastOnce)));
  EXPECT_TRUE(NamesExactlyOnce(
      WithOverride(Qos::kAtMostOnce, ObjectType::kAsset, Qos::kExactlyOnce)));
}

}  // namespace
}  // namespace mqttpush
