#include "server/listen_address.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct AddressCase {
  const char* address;
  bool loopback;
};

class IsLoopbackTest : public testing::TestWithParam<AddressCase> {};

TEST_P(IsLoopbackTest, Tells) {
  EXPECT_EQ(IsLoopback(GetParam().address), GetParam().loopback);
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, IsLoopbackTest,
    testing::Values(
        AddressCase{"127.0.0.1:50051", true}, AddressCase{"127.8.9.1:0", true},
        AddressCase{"localhost:50051", true}, AddressCase{"[::1]:50051", true},
        AddressCase{"unix:/run/mqttpush.sock", true},
        AddressCase{"0.0.0.0:50051", false}, AddressCase{"[::]:50051", false},
        AddressCase{"10.0.0.7:50051", false},
        AddressCase{"[::ffff:10.0.0.7]:50051", false},
        AddressCase{"127.example.com:50051", false},
        AddressCase{"localhost.example.com:50051", false},
        AddressCase{":50051", false}));

TEST(CheckPlaintextTest, NamesFlagAddressAndTheWaysOut) {
  EXPECT_TRUE(CheckPlaintext("--listen-address", "127.0.0.1:0").ok());
  const absl::Status status =
      CheckPlaintext("--listen-address", "0.0.0.0:50051");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("--listen-address"), HasSubstr("0.0.0.0:50051"),
                    HasSubstr("--tls-certificate-file"),
                    HasSubstr("--allow-plaintext-on-network")));
}

}  // namespace
}  // namespace mqttpush
