// The bench itself works: the smallest sizes of all sections, and every figure
// that somebody may look for. It asserts nothing about time.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

std::vector<std::string> ExpectedKeys() {
  std::vector<std::string> keys = {
      "append_cpu_us_per_event_late",
      "append_cpu_ratio_early_to_late",
      "append_ratio_late_to_early",
      "catchup_drain_per_second",
      "catchup_memory_growth_mib",
      "catchup_ratio_to_steady",
      "catchup_steady_per_second",
      "idle_tenant_pss_mib",
      "ingest_stream_100_per_second",
      "ingest_unary_100_per_second",
      "ingest_unary_10_per_second",
      "ingest_unary_1_per_second",
      "ingest_unary_1_p99_ms",
      "load_average_before",
      "log_bytes_per_attempt",
      "log_start_up_ms",
      "machine",
      "query_p99_ms",
      "scale",
      "sizes",
  };
  for (const char* kind : {"event_id", "asset", "time", "subscription", "topic",
                           "object_type", "failures"}) {
    keys.push_back(absl::StrCat("query_", kind, "_p50_ms"));
    keys.push_back(absl::StrCat("query_", kind, "_p99_ms"));
  }
  for (const char* tenants : {"1_tenant", "100_tenants"}) {
    for (const char* figure :
         {"all_connected_seconds", "pss_mib_per_tenant", "threads_per_tenant",
          "idle_cpu_percent_per_tenant", "busy_cpu_percent_per_tenant"}) {
      keys.push_back(absl::StrCat("tenants_", tenants, "_", figure));
    }
    for (int qos = 0; qos <= 2; ++qos) {
      for (const char* figure :
           {"events_per_second", "ceiling_per_second", "ratio_to_ceiling",
            "cpu_ratio_to_ceiling", "service_cpu_us_per_event",
            "workers_cpu_us_per_event", "broker_cpu_us_per_event",
            "producer_cpu_us_per_event", "broker_busy",
            "latency_p50_ms_at_10_percent", "latency_p99_ms_at_50_percent",
            "latency_p99_ms_at_90_percent"}) {
        keys.push_back(
            absl::StrCat("relay_qos", qos, "_", tenants, "_", figure));
      }
    }
  }
  return keys;
}

TEST(BenchSmokeTest, MeasuresEverything) {
  TempDir dir;
  const std::string json_path = dir.File("figures.json");
  const std::string log_path = dir.File("log");
  const absl::Status status = ChildProcess::Run(
      {.argv = {MQTTPUSH_BENCH_PATH, "--tiny", "--json", json_path},
       .log_path = log_path},
      absl::Minutes(2));
  ASSERT_TRUE(status.ok()) << status << "\n" << ReadFile(log_path);
  const std::string json = ReadFile(json_path);
  for (const std::string& key : ExpectedKeys()) {
    EXPECT_TRUE(absl::StrContains(json, absl::StrCat("\"", key, "\": ")))
        << key << " is missing";
    EXPECT_FALSE(absl::StrContains(json, absl::StrCat("\"", key, "\": null")))
        << key;
  }
}

TEST(BenchSmokeTest, RefusesWhatItDoesNotKnow) {
  for (const std::string argument : {"--fast", "--only", "--json"}) {
    EXPECT_FALSE(
        ChildProcess::Run({.argv = {MQTTPUSH_BENCH_PATH, argument}}).ok())
        << argument;
  }
  EXPECT_FALSE(ChildProcess::Run({.argv = {MQTTPUSH_BENCH_PATH, "--tiny",
                                           "--only", "relays"}})
                   .ok());
  EXPECT_FALSE(ChildProcess::Run({.argv = {MQTTPUSH_BENCH_PATH, "--tiny",
                                           "--relay", "qos3_1_tenant"}})
                   .ok());
}

}  // namespace
}  // namespace mqttpush
