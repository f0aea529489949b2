#include "server/config.h"

#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/limits.h"
#include "common/status_macros.h"
#include "workers/egress/ip_network.h"

namespace mqttpush {
namespace {

// Sets a field from text; INVALID_ARGUMENT with the rule when it breaks one.
using Setter = absl::Status (*)(ServerConfig& config, const std::string& value);

struct Setting {
  const char* variable;    // the flag is made of it
  const char* value_name;  // "" of a switch
  const char* default_text;
  const char* help;
  Setter set;
};

absl::Status SetDuration(const std::string& value, absl::Duration least,
                         absl::Duration most, absl::Duration& field) {
  absl::Duration parsed;
  if (!absl::ParseDuration(value, &parsed) || parsed < least || parsed > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("must be a duration from ", absl::FormatDuration(least),
                     " to ", absl::FormatDuration(most)));
  }
  field = parsed;
  return absl::OkStatus();
}

// "30d" as well: absl knows no days.
absl::Status SetLongDuration(const std::string& value, absl::Duration least,
                             absl::Duration most, absl::Duration& field) {
  int days = 0;
  if (absl::EndsWith(value, "d") &&
      absl::SimpleAtoi(absl::StripSuffix(value, "d"), &days)) {
    return SetDuration(absl::StrCat(24 * int64_t{days}, "h"), least, most,
                       field);
  }
  return SetDuration(value, least, most, field);
}

// "64MiB" as well: KiB, MiB, GiB, TiB.
absl::Status SetBytes(const std::string& value, int64_t& field) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  absl::string_view number = value;
  int shift = 0;
  for (int i = 0; i < 4; ++i) {
    if (absl::ConsumeSuffix(&number, kUnits[i])) shift = 10 * (i + 1);
  }
  int64_t parsed = 0;
  if (!absl::SimpleAtoi(number, &parsed) || parsed < 0 ||
      parsed > (int64_t{1} << 60 >> shift)) {
    return absl::InvalidArgumentError(
        "must be a number of bytes, such as 1073741824, 512MiB or 20GiB");
  }
  field = parsed << shift;
  return absl::OkStatus();
}

absl::Status SetInt(const std::string& value, int least, int most, int& field) {
  int parsed = 0;
  if (!absl::SimpleAtoi(value, &parsed) || parsed < least || parsed > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("must be a whole number from ", least, " to ", most));
  }
  field = parsed;
  return absl::OkStatus();
}

absl::Status SetCount(const std::string& value, int64_t most, int64_t& field) {
  int64_t parsed = 0;
  if (!absl::SimpleAtoi(value, &parsed) || parsed < 1 || parsed > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("must be a whole number from 1 to ", most));
  }
  field = parsed;
  return absl::OkStatus();
}

absl::Status SetQuotaBytes(const std::string& value, int64_t& field) {
  int64_t bytes = 0;
  MQTTPUSH_RETURN_IF_ERROR(SetBytes(value, bytes));
  if (bytes < 1 || bytes > limits::kMaxOutboxBytes) {
    return absl::InvalidArgumentError("must be from 1 byte to 1TiB");
  }
  field = bytes;
  return absl::OkStatus();
}

absl::Status SetPolicy(const std::string& value, OutboxPolicy& field) {
  if (value != "REFUSE_NEW" && value != "DROP_OLDEST") {
    return absl::InvalidArgumentError("must be REFUSE_NEW or DROP_OLDEST");
  }
  field = value == "REFUSE_NEW" ? OutboxPolicy::kRefuseNew
                                : OutboxPolicy::kDropOldest;
  return absl::OkStatus();
}

absl::Status SetSwitch(const std::string& value, bool& field) {
  if (value != "true" && value != "false") {
    return absl::InvalidArgumentError("must be true or false");
  }
  field = value == "true";
  return absl::OkStatus();
}

absl::Status SetFlowTypes(const std::string& value, FlowTypes& field) {
  MQTTPUSH_ASSIGN_OR_RETURN(field, FlowTypes::Parse(value));
  return absl::OkStatus();
}

absl::Status SetUrl(const std::string& value, std::optional<HttpUrl>& field) {
  MQTTPUSH_ASSIGN_OR_RETURN(field, HttpUrl::Parse(value));
  return absl::OkStatus();
}

absl::Status SetNetworks(const std::string& value,
                         std::vector<std::string>& field) {
  field.clear();
  for (absl::string_view text : absl::StrSplit(value, ',')) {
    MQTTPUSH_ASSIGN_OR_RETURN(const IpNetwork network, IpNetwork::Parse(text));
    field.push_back(network.Text());
  }
  return absl::OkStatus();
}

absl::Status SetText(const std::string& value, std::string& field) {
  if (value.empty()) return absl::InvalidArgumentError("must not be empty");
  field = value;
  return absl::OkStatus();
}

// gRPC would take the port modulo 65536.
absl::Status SetAddress(const std::string& value, std::string& field) {
  const size_t colon = value.rfind(':');
  int port = 0;
  if (!absl::StartsWith(value, "unix:") &&
      (colon == std::string::npos ||
       !absl::SimpleAtoi(value.substr(colon + 1), &port) || port < 0 ||
       port > 65535)) {
    return absl::InvalidArgumentError(
        "must be host:port, with a port from 0 to 65535");
  }
  field = value;
  return absl::OkStatus();
}

constexpr Setting kSettings[] = {
    {"MQTTPUSH_LISTEN_ADDRESS", "host:port", "127.0.0.1:50051",
     "Where the gRPC API listens; port 0 takes a free one. Other than loopback "
     "it needs --tls-certificate-file.",
     [](ServerConfig& c, const std::string& v) {
       return SetAddress(v, c.listen_address);
     }},
    {"MQTTPUSH_HTTP_LISTEN_ADDRESS", "host:port", "none",
     "Where HTTP is served: health, schemas, Flowcore events in and delivery "
     "results out; port 0 takes a free one. Other than loopback it needs "
     "--tls-certificate-file, and is HTTPS with it.",
     [](ServerConfig& c, const std::string& v) {
       return SetAddress(v, c.http_listen_address);
     }},
    {"MQTTPUSH_HEALTH_LISTEN_ADDRESS", "host:port", "none",
     "Where `grpc.health.v1` is served, and nothing else, in plaintext: for "
     "probes that know no TLS.",
     [](ServerConfig& c, const std::string& v) {
       return SetAddress(v, c.health_listen_address);
     }},
    {"MQTTPUSH_TLS_CERTIFICATE_FILE", "path", "none",
     "PEM certificates, the service's own first: with them the listeners speak "
     "TLS (1.2 or newer). Replaced files are taken for new connections within "
     "a "
     "second, as soon as certificate and key belong together.",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.tls_certificate_file);
     }},
    {"MQTTPUSH_TLS_KEY_FILE", "path", "none",
     "The key of --tls-certificate-file, as PEM, unencrypted.",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.tls_key_file);
     }},
    {"MQTTPUSH_TLS_CLIENT_CA_FILE", "path", "none",
     "PEM certificates of authorities: clients of the gRPC API must show a "
     "certificate of one of them (mutual TLS).",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.tls_client_ca_file);
     }},
    {"MQTTPUSH_ALLOW_PLAINTEXT_ON_NETWORK", "", "false",
     "Listens without TLS where other machines can connect, which is refused "
     "otherwise: who can read the network then reads brokers' passwords and "
     "customers' data. Only where something else encrypts all of the way. "
     "`true` or `false`; the flag alone is `true`.",
     [](ServerConfig& c, const std::string& v) {
       return SetSwitch(v, c.allow_plaintext_on_network);
     }},
    {"MQTTPUSH_DATA_DIR", "path", "data",
     "The folder of everything durable. One process at a time; a local disk.",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.data_dir);
     }},
    {"MQTTPUSH_ALLOW_NETWORK_FILESYSTEM", "", "false",
     "Takes a data directory on a network file system (NFS, SMB, sshfs, ...) "
     "too, which is refused otherwise: locks and shared memory cannot be "
     "relied on there, and data would be lost. `true` or `false`; the flag "
     "alone is `true`.",
     [](ServerConfig& c, const std::string& v) {
       return SetSwitch(v, c.allow_network_filesystem);
     }},
    {"MQTTPUSH_PORT_FILE", "path", "none",
     "A file that gets `host:port` once the API listens, for scripts.",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.port_file);
     }},
    {"MQTTPUSH_HTTP_PORT_FILE", "path", "none", "The same for HTTP.",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.http_port_file);
     }},
    {"MQTTPUSH_FLOWCORE_FLOW_TYPES", "table", FlowTypes::kDefault,
     "Which object type the events of a Flowcore flow type hold, at "
     "`POST /transform`. Events of other flow types are refused.",
     [](ServerConfig& c, const std::string& v) {
       return SetFlowTypes(v, c.flowcore_flow_types);
     }},
    {"MQTTPUSH_FLOWCORE_SECRET_FILE", "path", "none",
     "A file with the secret that `POST /transform` wants as `X-Secret`; "
     "without one, anybody who can connect may send events.",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.flowcore_secret_file);
     }},
    {"MQTTPUSH_FLOWCORE_TOKENS_FILE", "path", "none",
     "A file with lines `TENANT SHA256-OF-TOKEN`: with one of these tokens "
     "Flowcore's clients read the tenant's delivery results at `/api/v1`. Read "
     "again when it changes. Without one there is nothing at these paths.",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.flowcore_tokens_file);
     }},
    {"MQTTPUSH_FLOWCORE_EXPORT_URL", "url", "none",
     "A data core of Flowcore's ingestion, such as "
     "`https://webhook.api.flowcore.io/events/TENANT/DATA_CORE`, to which the "
     "delivery results of all tenants are sent, from the first start with it "
     "on.",
     [](ServerConfig& c, const std::string& v) {
       return SetUrl(v, c.flowcore_export_url);
     }},
    {"MQTTPUSH_FLOWCORE_EXPORT_KEY_FILE", "path", "none",
     "A file with the API key for --flowcore-export-url.",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.flowcore_export_key_file);
     }},
    {"MQTT_SET_EVENT_ID", "field", "none",
     "The top-level field that carries the event id in every payload; set but "
     "empty: `eventId`. A subscription's `event_id_field` overrides it.",
     [](ServerConfig& c, const std::string& v) {
       c.set_event_id = v.empty() ? "eventId" : v;
       return absl::OkStatus();
     }},
    {"MQTTPUSH_LOG_LEVEL", "level", "info",
     "`debug`, `info`, `warning` or `error`.",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.log_level);
     }},
    {"MQTTPUSH_AUDIT_INTERVAL", "duration", "10s",
     "How often the counters of all subscriptions are compared with the log; "
     "1s to 1h. A difference is logged as an error.",
     [](ServerConfig& c, const std::string& v) {
       return SetDuration(v, absl::Seconds(1), absl::Hours(1),
                          c.audit_interval);
     }},
    {"MQTTPUSH_WORKER_PATH", "path", "beside mqttpushd",
     "The program mqttpush-worker; mqttpush-probe lies beside it.",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.worker_path);
     }},
    {"MQTTPUSH_ACK_TIMEOUT", "duration", "30s",
     "A link that acknowledges nothing for so long is replaced; 1s to 10m.",
     [](ServerConfig& c, const std::string& v) {
       return SetDuration(v, absl::Seconds(1), absl::Minutes(10),
                          c.ack_timeout);
     }},
    {"MQTTPUSH_CONNECT_BACKOFF_BASE", "duration", "1s",
     "The first delay between connection attempts; it doubles, with full "
     "jitter; 10ms to 1m.",
     [](ServerConfig& c, const std::string& v) {
       return SetDuration(v, absl::Milliseconds(10), absl::Minutes(1),
                          c.connect_backoff_base);
     }},
    {"MQTTPUSH_CONNECT_BACKOFF_MAX", "duration", "2m",
     "The longest delay between connection attempts; 10ms to 1h.",
     [](ServerConfig& c, const std::string& v) {
       return SetDuration(v, absl::Milliseconds(10), absl::Hours(1),
                          c.connect_backoff_max);
     }},
    {"MQTTPUSH_CONNECT_RATE_PER_HOST", "count", "10",
     "How many connection attempts per second one broker host and port gets "
     "from all workers together, after a burst of 5; 1 to 1000.",
     [](ServerConfig& c, const std::string& v) {
       return SetInt(v, 1, 1000, c.connect_rate_per_host);
     }},
    {"MQTTPUSH_EGRESS_ALLOW", "networks", "none",
     "Networks, such as `10.20.0.0/16,fd12:3456::/48`, where brokers of all "
     "tenants may be. Otherwise workers and probes connect to public addresses "
     "only: never to private, loopback, link-local or other special ones, "
     "whatever DNS says.",
     [](ServerConfig& c, const std::string& v) {
       return SetNetworks(v, c.egress_allow);
     }},
    {"MQTTPUSH_EGRESS_TENANTS_FILE", "path", "none",
     "A file with lines `TENANT NETWORK`: the same for brokers of single "
     "tenants. Read again when it changes.",
     [](ServerConfig& c, const std::string& v) {
       return SetText(v, c.egress_tenants_file);
     }},
    {"MQTTPUSH_MAX_ATTEMPTS", "count", "30",
     "A message that the broker refuses is parked after so many attempts; 1 to "
     "1000. Lost links do not count.",
     [](ServerConfig& c, const std::string& v) {
       return SetInt(v, 1, 1000, c.max_attempts);
     }},
    {"MQTTPUSH_QOS_0_LIFETIME", "duration", "60s",
     "An event of QoS 0 waits so long for a link, then it is EXPIRED; 1s to "
     "24h. A subscription's `event_lifetime` overrides it.",
     [](ServerConfig& c, const std::string& v) {
       return SetDuration(v, absl::Seconds(1), absl::Hours(24),
                          c.qos_0_lifetime);
     }},
    {"MQTTPUSH_DEFAULT_INGEST_RATE", "events/s", "1000000",
     "What a tenant may send per second in the long run, where its `quota` "
     "does not say; 1 to 1000000. An event beyond it is OVER_QUOTA. The "
     "default "
     "is more than one service takes in.",
     [](ServerConfig& c, const std::string& v) {
       return SetCount(v, limits::kMaxIngestRate,
                       c.quotas.defaults.ingest_events_per_second);
     }},
    {"MQTTPUSH_DEFAULT_INGEST_BURST", "events", "1000000",
     "What a tenant may send at once after a pause, where its `quota` does not "
     "say; 1 to 1000000.",
     [](ServerConfig& c, const std::string& v) {
       return SetCount(v, limits::kMaxIngestBurst,
                       c.quotas.defaults.ingest_burst);
     }},
    {"MQTTPUSH_DEFAULT_OUTBOX_EVENTS", "events", "1000000",
     "How many events of a tenant may wait to be delivered, where its `quota` "
     "does not say; 1 to 1000000000.",
     [](ServerConfig& c, const std::string& v) {
       return SetCount(v, limits::kMaxOutboxEvents,
                       c.quotas.defaults.max_waiting_events);
     }},
    {"MQTTPUSH_DEFAULT_OUTBOX_BYTES", "bytes", "1GiB",
     "How many bytes of payloads of a tenant may wait to be delivered, where "
     "its `quota` does not say; 1 to 1TiB.",
     [](ServerConfig& c, const std::string& v) {
       return SetQuotaBytes(v, c.quotas.defaults.max_waiting_bytes);
     }},
    {"MQTTPUSH_DEFAULT_OUTBOX_POLICY", "policy", "REFUSE_NEW",
     "What happens when that is used up, where a tenant's `quota` does not "
     "say: `REFUSE_NEW` refuses new events, `DROP_OLDEST` takes them and ends "
     "the oldest that wait as EXPIRED.",
     [](ServerConfig& c, const std::string& v) {
       return SetPolicy(v, c.quotas.defaults.outbox_policy);
     }},
    {"MQTTPUSH_MAX_INGEST_RATE", "events/s", "1000000",
     "The most that a tenant's `quota` may say, and that is in force whatever "
     "it or --default-ingest-rate says; 1 to 1000000.",
     [](ServerConfig& c, const std::string& v) {
       return SetCount(v, limits::kMaxIngestRate,
                       c.quotas.maxima.ingest_events_per_second);
     }},
    {"MQTTPUSH_MAX_INGEST_BURST", "events", "1000000",
     "The same for --default-ingest-burst; 1 to 1000000.",
     [](ServerConfig& c, const std::string& v) {
       return SetCount(v, limits::kMaxIngestBurst,
                       c.quotas.maxima.ingest_burst);
     }},
    {"MQTTPUSH_MAX_OUTBOX_EVENTS", "events", "100000000",
     "The same for --default-outbox-events; 1 to 1000000000.",
     [](ServerConfig& c, const std::string& v) {
       return SetCount(v, limits::kMaxOutboxEvents,
                       c.quotas.maxima.max_waiting_events);
     }},
    {"MQTTPUSH_MAX_OUTBOX_BYTES", "bytes", "100GiB",
     "The same for --default-outbox-bytes; 1 to 1TiB.",
     [](ServerConfig& c, const std::string& v) {
       return SetQuotaBytes(v, c.quotas.maxima.max_waiting_bytes);
     }},
    {"MQTTPUSH_DEDUPE_WINDOW", "duration", "7d",
     "An event id that a tenant used within this time is a DUPLICATE, unless "
     "--retention-bytes has dropped it; 1m to 366d. Costs 5 bytes of memory "
     "for each event in it.",
     [](ServerConfig& c, const std::string& v) {
       return SetLongDuration(v, absl::Minutes(1), absl::Hours(24 * 366),
                              c.log.dedupe_window);
     }},
    {"MQTTPUSH_RETENTION", "duration", "90d",
     "How long the history is kept: segments of the log that are older are "
     "dropped, but none with an event that is waiting, in flight or retrying, "
     "or with attempts at such an event; 1h to 36500d.",
     [](ServerConfig& c, const std::string& v) {
       return SetLongDuration(v, absl::Hours(1), absl::Hours(24 * 36500),
                              c.log.retention);
     }},
    {"MQTTPUSH_RETENTION_BYTES", "bytes", "0",
     "The oldest segments are dropped while the log is larger, such as 50GiB, "
     "looked at once a minute, but none that --retention would keep for an "
     "event; 0: no limit.",
     [](ServerConfig& c, const std::string& v) {
       return SetBytes(v, c.log.retention_bytes);
     }},
    {"MQTTPUSH_SEGMENT_ROWS", "count", "400000",
     "A segment of the log is full with so many rows (events, attempts); 1000 "
     "to 10000000. More make fewer files, and cost 70 bytes of memory each.",
     [](ServerConfig& c, const std::string& v) {
       int rows = 0;
       const absl::Status set = SetInt(v, 1000, 10'000'000, rows);
       if (set.ok()) c.log.segment_rows = rows;
       return set;
     }},
    {"MQTTPUSH_SEGMENT_AGE", "duration", "1d",
     "A segment is full when it is so old; 1m to 31d.",
     [](ServerConfig& c, const std::string& v) {
       return SetLongDuration(v, absl::Minutes(1), absl::Hours(24 * 31),
                              c.log.segment_age);
     }},
};

std::string FlagOf(const Setting& setting) {
  absl::string_view name = setting.variable;
  absl::ConsumePrefix(&name, "MQTTPUSH_");
  return absl::StrCat(
      "--", absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", "-"}}));
}

bool IsSwitch(const Setting& setting) { return *setting.value_name == '\0'; }

absl::Status Set(const Setting& setting, absl::string_view said_as,
                 const std::string& value, ServerConfig& config) {
  absl::Status status = setting.set(config, value);
  if (status.ok()) return status;
  return absl::InvalidArgumentError(
      absl::StrCat(said_as, ": ", status.message()));
}

absl::Status ReadEnvironment(const Environment& environment,
                             const std::vector<std::string>& names,
                             ServerConfig& config) {
  for (const std::string& name : names) {
    if (!absl::StartsWith(name, "MQTTPUSH_")) continue;
    // Those of the command line, which may run in the same shell.
    if (absl::StartsWith(name, "MQTTPUSH_CLI_")) continue;
    if (std::none_of(std::begin(kSettings), std::end(kSettings),
                     [&](const Setting& s) { return name == s.variable; })) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": no such setting; see --help"));
    }
  }
  for (const Setting& setting : kSettings) {
    std::optional<std::string> value = environment(setting.variable);
    if (!value.has_value()) continue;
    MQTTPUSH_RETURN_IF_ERROR(Set(setting, setting.variable, *value, config));
  }
  return absl::OkStatus();
}

absl::Status ReadArguments(const std::vector<std::string>& arguments,
                           ServerConfig& config) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const size_t equals = argument.find('=');
    const std::string flag = argument.substr(0, equals);
    auto setting =
        std::find_if(std::begin(kSettings), std::end(kSettings),
                     [&](const Setting& s) { return FlagOf(s) == flag; });
    if (setting == std::end(kSettings)) {
      return absl::InvalidArgumentError(
          absl::StrCat(flag, ": no such flag; see --help"));
    }
    std::string value;
    if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (IsSwitch(*setting)) {
      value = "true";
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      return absl::InvalidArgumentError(absl::StrCat(flag, ": needs a value"));
    }
    MQTTPUSH_RETURN_IF_ERROR(Set(*setting, flag, value, config));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerConfig> ParseConfig(
    const std::vector<std::string>& arguments, const Environment& environment,
    const std::vector<std::string>& environment_names) {
  ServerConfig config;
  MQTTPUSH_RETURN_IF_ERROR(
      ReadEnvironment(environment, environment_names, config));
  MQTTPUSH_RETURN_IF_ERROR(ReadArguments(arguments, config));
  if (config.connect_backoff_max < config.connect_backoff_base) {
    return absl::InvalidArgumentError(
        "--connect-backoff-max: must not be below --connect-backoff-base");
  }
  if (config.http_listen_address.empty() && !config.http_port_file.empty()) {
    return absl::InvalidArgumentError(
        "--http-port-file: needs --http-listen-address");
  }
  if (config.tls_certificate_file.empty() != config.tls_key_file.empty()) {
    return absl::InvalidArgumentError(
        "--tls-certificate-file and --tls-key-file: need each other");
  }
  if (!config.tls_client_ca_file.empty() &&
      config.tls_certificate_file.empty()) {
    return absl::InvalidArgumentError(
        "--tls-client-ca-file: needs --tls-certificate-file");
  }
  if (config.flowcore_export_url.has_value() ==
      config.flowcore_export_key_file.empty()) {
    return absl::InvalidArgumentError(
        "--flowcore-export-url and --flowcore-export-key-file: need each "
        "other");
  }
  if (config.log.retention < config.log.dedupe_window) {
    return absl::InvalidArgumentError(
        "--retention: must not be below --dedupe-window: what is dropped is "
        "not known as a duplicate any more");
  }
  return config;
}

std::string ConfigHelp() {
  std::string help =
      "mqttpushd: pushes events to customers' MQTT brokers.\n\n"
      "Every setting is a flag or an environment variable; the flag wins.\n\n";
  for (const Setting& setting : kSettings) {
    const std::string value =
        IsSwitch(setting) ? "" : absl::StrCat(" <", setting.value_name, ">");
    absl::StrAppendFormat(&help, "  %s%s\n      %s. Default: %s. %s\n",
                          FlagOf(setting), value, setting.variable,
                          setting.default_text, setting.help);
  }
  absl::StrAppend(&help,
                  "  --help, --help-markdown, --version\n"
                  "      Print this, the same as a markdown table, or the "
                  "version.\n");
  return help;
}

std::string ConfigMarkdown() {
  std::string table =
      "| Flag | Environment variable | Default | Meaning |\n"
      "| --- | --- | --- | --- |\n";
  for (const Setting& setting : kSettings) {
    absl::StrAppendFormat(&table, "| `%s` | `%s` | %s | %s |\n",
                          FlagOf(setting), setting.variable,
                          setting.default_text, setting.help);
  }
  return table;
}

}  // namespace mqttpush
