#include "workers/supervisor/worker_environment.h"

#include <stdlib.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqttpush {
namespace {

using ::testing::Contains;
using ::testing::ElementsAreArray;

TEST(WorkerEnvironmentTest, PassesWhatSaysHowProgramsRun) {
  const std::vector<std::string> passed = {"LD_LIBRARY_PATH=/opt/lib",
                                           "LD_PRELOAD=libfaketime.so",
                                           "RES_OPTIONS=ndots:1",
                                           "SSL_CERT_FILE=/etc/ca.pem",
                                           "SSL_CERT_DIR=/etc/certs",
                                           "TZ=Europe/Copenhagen",
                                           "ASAN_OPTIONS=a=b",
                                           "TSAN_OPTIONS=",
                                           "FAKETIME=+1h",
                                           "FAKETIME_NO_CACHE=1",
                                           "MALLOC_ARENA_MAX=2"};
  EXPECT_THAT(WorkerEnvironment(passed), ElementsAreArray(passed));
}

TEST(WorkerEnvironmentTest, KeepsBackAllElse) {
  EXPECT_TRUE(WorkerEnvironment({"MQTTPUSH_DATA_DIR=/data", "PATH=/bin",
                                 "HOME=/root", "http_proxy=http://proxy",
                                 "AWS_SECRET_ACCESS_KEY=secret",
                                 "MQTT_C_CLIENT_TRACE=ON", "TZX=1",
                                 "XLD_PRELOAD=1", "SSL_CERT_FILEX=1", ""})
                  .empty());
}

TEST(WorkerEnvironmentTest, ReadsItsOwn) {
  ASSERT_EQ(setenv("MQTTPUSH_TEST_VARIABLE", "a=b", 1), 0);
  EXPECT_THAT(OwnEnvironment(), Contains("MQTTPUSH_TEST_VARIABLE=a=b"));
}

}  // namespace
}  // namespace mqttpush
