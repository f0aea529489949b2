#include "cli/app.h"

#include "cli/client.h"
#include "cli/command.h"
#include "cli/errors.h"
#include "cli/verbs/verbs.h"

namespace mqttpush::cli {
namespace {

constexpr char kDetails[] =
    R"(A client of the gRPC API of MQTT Push, for operators and support:
provision customers, see what happened to each message, and send messages again.

Names are short: TENANT is acme, BROKER is acme/main, SUBSCRIPTION is
acme/events, DELIVERY is acme/1-1. Full names such as
tenants/acme/brokers/main do as well.

Where the service is, and how long to wait for it, is said by, in this order:
    1. --server, --timeout
    2. MQTTPUSH_CLI_SERVER, MQTTPUSH_CLI_TIMEOUT
    3. a profile of the file, which --profile, MQTTPUSH_CLI_PROFILE or the
       file's own `profile` names
    4. the default
The file is --config, MQTTPUSH_CLI_CONFIG,
$XDG_CONFIG_HOME/mqttpush/config.yaml or ~/.config/mqttpush/config.yaml:
    profile: production
    profiles:
      production:
        server: push.example.com:50051
        timeout: 30s

Tables are for people and may change; programs read --json. Results go to
standard output, everything else to standard error. Times are UTC.)";

struct GlobalOptions {
  GivenSettings settings;
  bool json = false;
};

void AddGlobalOptions(Command root, GlobalOptions& options) {
  root.Option("--server", "HOST:PORT", &options.settings.server,
              "Where the gRPC API listens. Plaintext. Default: "
              "127.0.0.1:50051.")
      .Option("--profile", "NAME", &options.settings.profile,
              "The profile of the configuration file to take.")
      .Option("--config", "FILE", &options.settings.config,
              "The configuration file.")
      .Option("--timeout", "DURATION", &options.settings.timeout,
              "How long a call may take, as 30s or 1m30s. Default: 30s.")
      .Flag("-j,--json", &options.json,
            "Prints proto JSON instead of tables; errors too, as one object "
            "on standard error.");
}

void PrintError(const absl::Status& status, bool json, Console& console) {
  const ErrorReport report = ReportOf(status);
  console.Note(json ? ErrorJson(report) : ErrorText(report));
}

absl::StatusOr<ExitCode> RunAction(const Action& action,
                                   const GlobalOptions& options,
                                   const World& world) {
  const auto settings = ResolveSettings(options.settings, world.environment);
  if (!settings.ok()) return settings.status();
  Client client(*settings, &world.clock);
  Session session{world.console,      client,
                  world.interruption, world.clock,
                  world.environment,  options.json};
  return action(session);
}

}  // namespace

ExitCode RunMqttpush(const std::vector<std::string>& arguments, World world) {
  CommandTree tree("mqttpush", "the command line of MQTT Push", kDetails);
  GlobalOptions options;
  AddGlobalOptions(tree.root(), options);
  AddVerbs(tree);
  const absl::StatusOr<Parsed> parsed = tree.Parse(arguments);
  if (!parsed.ok()) {
    PrintError(parsed.status(), options.json, world.console);
    return ExitCode::kUsage;
  }
  if (!parsed->text.empty()) {
    world.console.Write(parsed->text);
    return ExitCode::kOk;
  }
  const auto result = RunAction(parsed->action, options, world);
  if (result.ok()) return *result;
  PrintError(result.status(), options.json, world.console);
  return ExitCodeOf(result.status());
}

}  // namespace mqttpush::cli
