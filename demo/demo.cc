#include "demo/demo.h"

#include <iostream>

#include "absl/strings/str_cat.h"
#include "demo/fleet.h"
#include "tests/support/history_reader.h"
#include "demo/plan.h"
#include "demo/report.h"
#include "demo/sender.h"
#include "demo/terminal.h"
#include "demo/verdict.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/mqtt_subscriber.h"
#include "tests/support/push_service.h"
#include "tests/support/status_macros.h"
#include "tests/support/temp_dir.h"

namespace mqttpush::demo {
namespace {
}  // namespace

absl::StatusOr<bool> RunDemo(const std::string& fleet_path) {
  return absl::UnimplementedError("not yet");
}

}  // namespace mqttpush::demo
