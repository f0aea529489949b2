// ServerConfig: what an operator can set, and the one table that says how.
#ifndef MQTTPUSH_SERVER_CONFIG_H_
#define MQTTPUSH_SERVER_CONFIG_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/flowcore/flow_types.h"
#include "services/http/http_url.h"
#include "storage/sqlite/log/log_options.h"
#include "storage/tenant_quota.h"

namespace mqttpush {

// The meaning of each field is in its row of the table in config.cc.
struct ServerConfig {
  std::string listen_address = "127.0.0.1:50051";
  std::string http_listen_address;    // empty: none
  std::string health_listen_address;  // empty: none
  std::string tls_certificate_file;   // empty: plaintext
  std::string tls_key_file;
  std::string tls_client_ca_file;  // empty: clients show no certificate
  bool allow_plaintext_on_network = false;
  std::string data_dir = "data";
  bool allow_network_filesystem = false;
  std::string port_file;
  std::string http_port_file;
  FlowTypes flowcore_flow_types = FlowTypes::Parse(FlowTypes::kDefault).value();
  std::string flowcore_secret_file;  // empty: none
  std::string flowcore_tokens_file;  // empty: none
  std::optional<HttpUrl> flowcore_export_url;
  std::string flowcore_export_key_file;
  std::string set_event_id;  // empty: none
  std::string log_level = "info";
  absl::Duration audit_interval = absl::Seconds(10);
  std::string worker_path;  // empty: beside this program
  absl::Duration ack_timeout = absl::Seconds(30);
  absl::Duration connect_backoff_base = absl::Seconds(1);
  absl::Duration connect_backoff_max = absl::Seconds(120);
  int connect_rate_per_host = 10;
  std::vector<std::string> egress_allow;  // networks
  std::string egress_tenants_file;        // empty: none
  int max_attempts = 30;
  absl::Duration qos_0_lifetime = absl::Seconds(60);
  QuotaRules quotas;
  LogOptions log;
};

// Reads environment variables; absent when the variable is not set.
using Environment =
    std::function<std::optional<std::string>(const std::string& name)>;

// Defaults, then the environment, then `arguments` (--flag=value or --flag
// value; a switch is on by --flag alone). INVALID_ARGUMENT names the unknown
// flag or variable, or the setting and the rule that its value breaks. Unknown
// variables that begin with MQTTPUSH_ are errors too, but for those of the
// command line, MQTTPUSH_CLI_.
absl::StatusOr<ServerConfig> ParseConfig(
    const std::vector<std::string>& arguments, const Environment& environment,
    const std::vector<std::string>& environment_names);

// The table for people, and as the markdown of README.md.
std::string ConfigHelp();
std::string ConfigMarkdown();

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVER_CONFIG_H_
