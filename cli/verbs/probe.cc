// probe: tests the connection to a broker.
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/errors.h"
#include "cli/proto_json.h"
#include "cli/proto_text.h"
#include "cli/resource_calls.h"
#include "cli/resource_input.h"
#include "cli/text.h"
#include "cli/times.h"
#include "cli/verbs/verbs.h"
#include "common/status_macros.h"
#include "mqttpush/v1/admin_service.pb.h"

namespace mqttpush::cli {
namespace {

constexpr absl::Duration kDefaultWait = absl::Seconds(15);

struct Options {
  std::string broker;
  ResourceInput input;
  bool publish = false;
  std::string payload_file;
  std::string wait;
};

struct Mark {
  const char* sign;
  Tone tone;
};

Mark MarkOf(v1::ProbeStep::Outcome outcome) {
  switch (outcome) {
    case v1::ProbeStep::PASSED:
      return {"ok", Tone::kGood};
    case v1::ProbeStep::WARNED:
      return {"warning", Tone::kWarning};
    case v1::ProbeStep::FAILED:
      return {"FAILED", Tone::kBad};
    default:
      return {"skipped", Tone::kDim};
  }
}

void PrintTls(const v1::ProbeTls& tls, const std::string& lead,
              Console& console) {
  console.Line(
      absl::StrCat(lead, OneLine(tls.protocol()), " ", OneLine(tls.cipher())));
  for (const auto& certificate : tls.chain()) {
    console.Line(
        absl::StrCat(lead, OneLine(certificate.subject()), ", by ",
                     OneLine(certificate.issuer()), ", expires ",
                     FormatSeconds(ToTime(certificate.not_after_time())), " (",
                     certificate.days_to_expiry(), " days)"));
    if (!certificate.names().empty()) {
      console.Line(absl::StrCat(
          lead, "  for ", OneLine(absl::StrJoin(certificate.names(), ", "))));
    }
  }
}

void PrintStep(const v1::ProbeStep& step, Console& console) {
  const Mark mark = MarkOf(step.outcome());
  std::string line = absl::StrCat(
      PadRight(v1::ProbeStep::Kind_Name(step.kind()), 8), " ",
      PadRight(console.Styled(mark.tone, mark.sign), 8), " ",
      PadLeft(
          step.has_duration() ? FormatLength(ToDuration(step.duration())) : "",
          8));
  if (!step.topic().empty()) {
    absl::StrAppend(&line, "  ", OneLine(step.topic()), " QoS ",
                    QosNumber(step.qos()));
  }
  absl::StrAppend(&line, step.text().empty() ? "" : "  ", OneLine(step.text()));
  console.Line(absl::StripTrailingAsciiWhitespace(line));
  const std::string lead(28, ' ');
  if (!step.addresses().empty()) {
    console.Line(absl::StrCat(lead, absl::StrJoin(step.addresses(), ", ")));
  }
  if (step.has_tls()) PrintTls(step.tls(), lead, console);
  if (!step.hint().empty()) {
    console.Line(absl::StrCat(lead, "hint: ", OneLine(step.hint())));
  }
}

absl::StatusOr<absl::Duration> ReadWait(const Options& options) {
  if (options.wait.empty()) return kDefaultWait;
  const auto wait = ParseLength(options.wait);
  if (!wait.ok()) return At("--wait", wait.status());
  return *wait;
}

absl::Status ReadSettings(const Options& options, Session& session,
                          v1::ProbeBrokerRequest* request) {
  v1::Broker broker;
  std::vector<std::string> paths;
  MQTTPUSH_RETURN_IF_ERROR(
      ReadResource(options.input, session, &broker, &paths));
  if (!paths.empty()) *request->mutable_broker() = std::move(broker);
  if (options.payload_file.empty()) return absl::OkStatus();
  MQTTPUSH_ASSIGN_OR_RETURN(*request->mutable_publish_payload(),
                            ReadInput(options.payload_file, session.console));
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Run(const Options& options, Session& session) {
  v1::ProbeBrokerRequest request;
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string name,
                            ResourceName(BrokerKind(), options.broker));
  request.set_name(name);
  request.set_publish(options.publish || !options.payload_file.empty());
  MQTTPUSH_ASSIGN_OR_RETURN(const absl::Duration wait, ReadWait(options));
  *request.mutable_timeout() = ToProto(wait);
  MQTTPUSH_RETURN_IF_ERROR(ReadSettings(options, session, &request));
  MQTTPUSH_ASSIGN_OR_RETURN(const auto response,
                            session.client.Call<v1::ProbeBrokerResponse>(
                                "AdminService/ProbeBroker", request, wait));
  if (session.json) {
    session.console.Line(ToJson(response));
  } else {
    for (const v1::ProbeStep& step : response.steps()) {
      PrintStep(step, session.console);
    }
  }
  return response.succeeded() ? ExitCode::kOk : ExitCode::kNegative;
}

}  // namespace

void AddProbe(Command root) {
  auto options = std::make_shared<Options>();
  Command probe = root.Add(
      "probe", "tests the connection to a broker, step by step",
      "Looks up the name, connects, does the TLS handshake, logs in and looks "
      "at what the broker offers; each step with its time and its exact "
      "failure. The worker's own connection is not disturbed. With -f or --set "
      "it tests settings that are not saved: all that is not given has its "
      "default, but for passwords and keys, which are those of the saved "
      "broker as long as host, port and TLS settings are. Ends with 5 when a "
      "step failed.");
  probe.Argument("BROKER", &options->broker,
                 "The broker, as acme/main; it need not exist with -f or "
                 "--set.");
  AddResourceOptions(probe, &options->input);
  probe
      .Flag("--publish", &options->publish,
            "Publishes a message to each topic of the broker's subscriptions, "
            "at its QoS. The customer sees it.")
      .Option("--payload", "FILE", &options->payload_file,
              "The payload of these messages; implies --publish. Default: "
              "{\"probe\":true}.")
      .Option("--wait", "DURATION", &options->wait,
              "How long the probe may take, 1s to 60s. Default: 15s.")
      .Example("mqttpush probe acme/main", "Tests a saved broker.")
      .Example(
          "mqttpush probe acme/new --set host=broker.example.com --set "
          "tls.enabled=true",
          "Tests an address before it is saved.")
      .Does([options](Session& session) { return Run(*options, session); });
}

}  // namespace mqttpush::cli
