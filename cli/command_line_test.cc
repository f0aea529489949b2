// What can be typed: help, mistakes, completion. No service is there.
#include "absl/strings/str_cat.h"
#include "cli/cli_fixture.h"
#include "cli/errors.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace mqttpush::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class CommandLineTest : public CliFixture {};

TEST_F(CommandLineTest, HelpIsAManualPage) {
  const std::string help = RunOk({"stream", "--help"});
  EXPECT_THAT(help, StartsWith("NAME\n    mqttpush stream - follows the"));
  for (const char* part :
       {"\nSYNOPSIS\n    mqttpush stream [OPTIONS] TENANT\n", "\nDESCRIPTION\n",
        "\nARGUMENTS\n    TENANT\n", "\nOPTIONS\n", "    -s, --start TIME\n",
        "    --live, --no-live\n", "\nGLOBAL OPTIONS\n", "\nEXAMPLES\n",
        "mqttpush stream acme --no-live -s 1d --payload --json",
        "\nEXIT STATUS\n"}) {
    EXPECT_THAT(help, HasSubstr(part));
  }
}

// Whoever has only the help finds every command, and of each what it does.
TEST_F(CommandLineTest, EveryCommandHasHelp) {
  const std::string help = RunOk({"--help"});
  for (const char* command :
       {"tenants", "brokers", "subscriptions", "apply", "probe", "publish",
        "history", "stream", "explain", "retry", "replay", "stats",
        "completion"}) {
    EXPECT_THAT(help, HasSubstr(absl::StrCat("\n    ", command, " ")));
    EXPECT_THAT(RunOk({command, "-h"}),
                StartsWith(absl::StrCat("NAME\n    mqttpush ", command, " ")));
  }
  EXPECT_THAT(RunOk({"brokers", "create", "--help"}),
              HasSubstr("tls.ca_certificates_pem  (string)"));
}

// A broker has no pause of its own.
TEST_F(CommandLineTest, PauseOfABrokerSaysWhatItActsOn) {
  for (const char* verb : {"pause", "resume"}) {
    EXPECT_THAT(RunOk({"brokers", verb, "--help"}),
                HasSubstr("Acts on the subscriptions"));
  }
}

struct MistakeCase {
  std::vector<std::string> arguments;
  std::string error;
};

TEST_F(CommandLineTest, SaysItsVersion) {
  EXPECT_EQ(RunOk({"--version"}), "mqttpush 0.1.0\n");
}

TEST_F(CommandLineTest, MistakesAreNamed) {
  const MistakeCase cases[] = {
      {{}, "see mqttpush --help"},
      {{"tenant"}, "there is no command \"mqttpush tenant\""},
      {{"brokers", "probe"}, "there is no command \"mqttpush brokers probe\""},
      {{"history"}, "TENANT is required; see mqttpush history --help"},
      {{"history", "acme", "--nope"}, "--nope"},
      {{"history", "acme", "-n", "0"}, "--limit"},
      {{"history", "a/b/c"}, "is no such name"},
      {{"history", "acme", "--state", "lost"}, "--state: \"lost\" is none of"},
      {{"history", "acme", "-s", "soon"}, "--start: \"soon\" is no time"},
      {{"history", "acme", "--type", "ship"}, "--type: \"ship\" is none of"},
      {{"stats", "acme", "--by", "year"}, "--by: \"year\" is none of"},
      {{"explain", "acme", "--asset", "a", "--at", "x"},
       "--at: \"x\" is no time"},
      {{"apply"}, "-f: required"},
      {{"publish", "/nowhere"},
       "/nowhere: cannot be read: No such file or directory"},
      {{"publish", "/"}, "/: is a directory; FILE must be a file, or -"},
      {{"publish", "/proc/self/mem"}, "/proc/self/mem: cannot be read to its"},
      {{"apply", "-f", "/"}, "/ cannot be read"},
      {{"replay", "acme", "-s", "1d"}, "--yes: required where nobody"},
      {{"replay"}, "TENANT: required"},
      {{"replay", "acme", "--yes"}, "one of -s, --subscription, --asset,"},
      {{"brokers"}, "a command is required; see mqttpush brokers --help"},
      {{"completion"}, "a command is required; see mqttpush completion --help"},
      {{"tenants"}, "a command is required; see mqttpush tenants --help"},
      {{"explain", "acme"}, "ask by --event alone; or by --object"},
      {{"explain", "acme", "--event", "a", "--object", "b"}, "ask by --event"},
      {{"explain", "acme", "--asset", "a"}, "or by --asset with --at"},
      {{"brokers", "update", "acme/main"}, "nothing to change"},
      {{"brokers", "create", "a/b", "--set", "port"}, "must be FIELD=VALUE"},
      {{"brokers", "create", "a/b", "--set", "username_password.password=x"},
       "password: is a secret"},
  };
  for (const MistakeCase& sample : cases) {
    const RunResult result = Run(sample.arguments);
    EXPECT_EQ(result.code, ExitCode::kUsage) << sample.error;
    EXPECT_THAT(result.err, HasSubstr(sample.error));
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(CommandLineTest, ServiceThatIsNotThereIsSaidSo) {
  server_ = "127.0.0.1:1";
  const RunResult result = Run({"tenants", "list"});
  EXPECT_EQ(result.code, ExitCode::kUnavailable);
  EXPECT_THAT(result.err,
              HasSubstr("cannot reach the service at 127.0.0.1:1: "));
  EXPECT_THAT(result.err, HasSubstr("\n  hint: is it running there?"));
  const RunResult json = Run({"--json", "tenants", "list"});
  EXPECT_THAT(json.err, StartsWith(R"({"error":{"code":"UNAVAILABLE",)"));
}

// Global options may stand anywhere.
TEST_F(CommandLineTest, GlobalOptionsMayStandBehind) {
  EXPECT_EQ(Run({"tenants", "list", "--server", "127.0.0.1:1"}).code,
            ExitCode::kUnavailable);
  environment_["MQTTPUSH_CLI_TIMEOUT"] = "never";
  EXPECT_THAT(Run({"tenants", "list"}).err,
              HasSubstr("MQTTPUSH_CLI_TIMEOUT: \"never\" is no duration"));
}

// Asks a real bash.
TEST_F(CommandLineTest, BashCompletes) {
  TempDir dir;
  const std::string script = dir.File("completion");
  WriteFile(script, RunOk({"completion", "bash"}));
  const auto complete = [&](const std::string& words, int at) {
    const std::string log = dir.File("answer");
    WriteFile(log, "");
    const absl::Status status = ChildProcess::Run(
        {.argv = {"bash", "-c",
                  absl::StrCat("source ", script, "; COMP_WORDS=(", words,
                               "); COMP_CWORD=", at,
                               "; _mqttpush; echo \"${COMPREPLY[*]}\"")},
         .log_path = log});
    EXPECT_TRUE(status.ok()) << status;
    return ReadFile(log);
  };
  EXPECT_EQ(complete("mqttpush ten", 1), "tenants\n");
  EXPECT_EQ(complete("mqttpush tenants p", 2), "pause\n");
  EXPECT_EQ(complete("mqttpush --json tenants li", 3), "list\n");
  EXPECT_EQ(complete("mqttpush history acme --state pa", 4), "parked\n");
  EXPECT_EQ(complete("mqttpush stream acme --no", 3), "--no-live\n");
  EXPECT_EQ(complete("mqttpush stream --ser", 2), "--server\n");
}

TEST_F(CommandLineTest, OtherShellsAreServed) {
  EXPECT_THAT(RunOk({"completion", "zsh"}), StartsWith("#compdef mqttpush\n"));
  EXPECT_THAT(RunOk({"completion", "fish"}),
              HasSubstr("-n '__mqttpush_at mqttpush tenants' -a list -d "
                        "'lists tenants'"));
}

TEST(ErrorsTest, NoDetailIsNoRawDump) {
  const grpc::Status status(grpc::StatusCode::DEADLINE_EXCEEDED,
                            "Deadline Exceeded");
  EXPECT_EQ(ErrorText(ReportOf(FromGrpc(status, "host:1"))),
            "mqttpush: Deadline Exceeded\n"
            "  hint: --timeout gives it longer");
  const grpc::Status unknown(grpc::StatusCode::UNIMPLEMENTED, "");
  EXPECT_THAT(ErrorText(ReportOf(FromGrpc(unknown, "host:1"))),
              StartsWith("mqttpush: the service does not know this call\n"));
}

}  // namespace
}  // namespace mqttpush::cli
