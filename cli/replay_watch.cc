#include "cli/replay_watch.h"

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/attempt_follower.h"
#include "cli/proto_json.h"
#include "cli/proto_text.h"
#include "cli/text.h"
#include "cli/times.h"
#include "cli/words.h"

namespace mqttpush::cli {
namespace {

// In a row, before a watch is given up; the replay itself goes on.
constexpr int kMaxFailures = 10;

// One call; `replay` is how it was last seen.
absl::Status WatchOnce(const std::string& name, Session& session,
                       v1::Replay* replay, int* failures) {
  grpc::ClientContext context;
  const Interruption::Listener listener(session.interruption,
                                        [&] { context.TryCancel(); });
  v1::WatchReplayRequest request;
  request.set_name(name);
  const auto reader = session.client.history().WatchReplay(&context, request);
  while (reader->Read(replay)) {
    *failures = 0;
    const int64_t done = replay->requested_count() + replay->skipped_count();
    session.console.Progress("sending again", done, replay->matched_count());
  }
  return session.client.ToStatus(reader->Finish());
}

ExitCode SayItGoesOn(const std::string& name, Console& console) {
  const std::string id = ShortName(name);
  console.Note(absl::StrCat("the replay goes on; mqttpush replay watch ", id,
                            " shows how far it is, mqttpush replay cancel ", id,
                            " ends it"));
  return ExitCode::kInterrupted;
}

std::string StatesOf(const v1::Replay& replay) {
  return absl::StrJoin(replay.states(), ", ", [](std::string* out, int state) {
    absl::StrAppend(
        out, v1::Delivery::State_Name(static_cast<v1::Delivery::State>(state)));
  });
}

}  // namespace

absl::StatusOr<ExitCode> WatchReplay(const std::string& name,
                                     Session& session) {
  v1::Replay replay;
  int failures = 0;
  while (true) {
    const absl::Status status = WatchOnce(name, session, &replay, &failures);
    if (session.interruption.interrupted()) {
      return SayItGoesOn(name, session.console);
    }
    if (status.ok()) break;
    // A service that ends cancels the calls that it has.
    const bool was_cut =
        absl::IsUnavailable(status) || absl::IsCancelled(status);
    if (!was_cut || failures == kMaxFailures) {
      return status;
    }
    session.interruption.WaitFor(ReconnectDelay(failures++));
  }
  PrintReplay(replay, session);
  return replay.state() == v1::Replay::SUCCEEDED ? ExitCode::kOk
                                                 : ExitCode::kNegative;
}

void PrintReplay(const v1::Replay& replay, Session& session) {
  Console& console = session.console;
  if (session.json) {
    console.Line(ToJson(replay));
    return;
  }
  const absl::Time now = session.clock.Now();
  console.Line(absl::StrCat("replay     ", ShortName(replay.name())));
  console.Line(
      absl::StrCat("state      ", v1::Replay::State_Name(replay.state())));
  if (!replay.error().empty()) {
    console.Line(absl::StrCat("why        ", OneLine(replay.error())));
  }
  console.Line(absl::StrCat("matched    ", replay.matched_count(), " ",
                            StatesOf(replay), ", ",
                            FormatBytes(replay.matched_bytes())));
  console.Line(absl::StrCat("requested  ", replay.requested_count(),
                            ", at most ", replay.max_per_second(),
                            " per second"));
  console.Line(absl::StrCat("skipped    ", replay.skipped_count()));
  console.Line(absl::StrCat("begun      ",
                            FormatSeconds(ToTime(replay.create_time())), "  (",
                            Ago(replay.create_time(), now), ")"));
  if (replay.has_end_time()) {
    console.Line(absl::StrCat("ended      ",
                              FormatSeconds(ToTime(replay.end_time())), "  (",
                              Ago(replay.end_time(), now), ")"));
  }
}

}  // namespace mqttpush::cli
