#include "tests/crash/crash_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"
#include "storage/sqlite/log/legacy_log.h"

namespace mqttpush {

extern const absl::string_view kLegacyLogSchema0001;
extern const absl::string_view kLegacyLogSchema0002;
extern const absl::string_view kLegacyLogSchema0003;

namespace crash {
namespace {

namespace fs = std::filesystem;

// Then a new log is begun, so that comparing does not take ever longer.
constexpr int kRoundsOfARun = 10;

// Dropping is here twice, for not every writer comes to it.
constexpr CrashRun::PartCalls kPartCalls[] = {
    {Part::kAnywhere, 800}, {Part::kOpen, 20}, {Part::kAppend, 250},
    {Part::kBegin, 250},    {Part::kSeal, 90}, {Part::kCheckpoint, 90},
    {Part::kDrop, 4},       {Part::kDrop, 4},  {Part::kClose, 20}};
constexpr CrashRun::PartCalls kImportCalls = {Part::kImport, 250};

int Below(std::mt19937& random, int bound) {
  return static_cast<int>(random() % static_cast<unsigned>(bound));
}

int64_t Number(absl::string_view text) {
  int64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : -1;
}

// Of the events that a subscription took: which are over, and how.
DeliveryUpdate EndMost(int64_t uid, const std::vector<int64_t>& seqs) {
  DeliveryUpdate update = {.subscription_uid = uid};
  for (int64_t seq : seqs) {
    update.cursor = update.sent_through = seq;
    const int64_t fate = seq % 7;
    if (fate == 6) {
      update.put_exceptions.push_back(
          MakeException(seq, DeliveryState::kExpired, 0));
      ++update.newly_expired;
      continue;
    }
    update.attempts.push_back(MakeAttempt(uid, seq, 1, fate < 4));
    if (fate < 4) {
      ++update.newly_delivered;
    } else if (fate == 4) {
      update.put_exceptions.push_back(
          MakeException(seq, DeliveryState::kParked, 1));
      ++update.newly_parked;
    } else {
      update.put_exceptions.push_back(
          MakeException(seq, DeliveryState::kRetrying, 1));
    }
  }
  return update;
}

}  // namespace

CrashRun::CrashRun(uint32_t seed) : random_(seed), temp_("mqttpush-crash") {
  if (Below(random_, 2) == 0) retention_bytes_ = 200'000;
  if (Below(random_, 2) == 0) return;
  const absl::Status status = WriteLegacyLog();
  if (!status.ok()) findings_.push_back(status.ToString());
}

absl::Status CrashRun::WriteLegacyLog() {
  std::vector<int64_t> events;
  std::map<int64_t, std::vector<int64_t>> taken;
  const int count = 50 + Below(random_, 300);
  for (; next_event_ <= count; ++next_event_) {
    events.push_back(next_event_);
    if (next_event_ > count / 2) continue;
    for (const SubscriptionRef& ref : *MakeEventOf(next_event_).route) {
      taken[ref.uid].push_back(next_event_);
    }
  }
  model_.Apply(events);
  for (const auto& [uid, seqs] : taken) model_.Apply(EndMost(uid, seqs));
  MQTTPUSH_ASSIGN_OR_RETURN(
      Database db,
      Database::Open(temp_.File("log.db"), Database::Mode::kReadWrite));
  MQTTPUSH_RETURN_IF_ERROR(Migrate(
      &db, {kLegacyLogSchema0001, kLegacyLogSchema0002, kLegacyLogSchema0003}));
  return model_.WriteLegacyLog(db);
}

// A part that the writer will come to.
CrashRun::PartCalls CrashRun::ChoosePart() {
  if (fs::exists(temp_.File("log.db"))) return kImportCalls;
  PartCalls chosen;
  do {
    chosen = kPartCalls[Below(random_, std::size(kPartCalls))];
  } while (chosen.part == Part::kDrop && retention_bytes_ == 0);
  return chosen;
}

CrashRun::Plan CrashRun::MakePlan() {
  Plan plan;
  switch (Below(random_, 5)) {
    case 0:
      plan.after = absl::Milliseconds(Below(random_, 100));
      break;
    case 1:
      plan.acknowledged = 1 + Below(random_, 80);
      break;
    default: {
      const PartCalls chosen = ChoosePart();
      plan.part = chosen.part;
      plan.call = 1 + Below(random_, chosen.calls);
    }
  }
  return plan;
}

absl::StatusOr<std::unique_ptr<ChildProcess>> CrashRun::StartWriter(
    const Plan& plan, int ledger_fd) {
  return ChildProcess::Spawn(
      {.argv = {MQTTPUSH_CRASH_WRITER_PATH, temp_.path(),
                absl::StrCat(ledger_fd), absl::StrCat(random_()),
                absl::StrCat(next_event_),
                absl::StrCat(50 + Below(random_, 450)),
                absl::StrCat(60 + Below(random_, 100)),
                absl::StrCat(retention_bytes_),
                std::string(PartName(plan.part)), absl::StrCat(plan.call)},
       .log_path = temp_.File("writer.log"),
       .inherited_fds = {ledger_fd}});
}

Findings CrashRun::Round(Places& places) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {"no pipe for the ledger"};
  const Plan plan = MakePlan();
  auto writer = StartWriter(plan, ends[1]);
  close(ends[1]);
  if (!writer.ok()) return {writer.status().ToString()};
  place_.clear();
  Follow(ends[0], plan, **writer);
  close(ends[0]);
  const auto code = (*writer)->Wait(absl::Seconds(60));
  if (!code.ok() || (*code != 0 && *code != 128 + SIGKILL)) {
    findings_.push_back(absl::StrCat("the writer failed: ",
                                     ReadFile(temp_.File("writer.log"))));
  }
  if (code.ok() && *code != 0) ++places[place_];
  if (findings_.empty() && Below(random_, 3) > 0) return Check();
  return findings_;
}

void CrashRun::Follow(int ledger_fd, const Plan& plan, ChildProcess& writer) {
  const absl::Time deadline = absl::Now() + plan.after;
  int acknowledged = 0;
  std::string text;
  char bytes[4096];
  const auto end = [&](const char* place) {
    place_ = place;
    writer.Kill();
  };
  while (true) {
    pollfd readable = {.fd = ledger_fd, .events = POLLIN};
    const absl::Duration left = deadline - absl::Now();
    const int timeout_ms =
        plan.after == absl::InfiniteDuration()
            ? -1
            : static_cast<int>(absl::ToInt64Milliseconds(
                  std::clamp(left, absl::ZeroDuration(), absl::Hours(1))));
    if (place_.empty() && poll(&readable, 1, timeout_ms) == 0) end("by time");
    const ssize_t size = read(ledger_fd, bytes, sizeof bytes);
    if (size <= 0) return;
    text.append(bytes, static_cast<size_t>(size));
    size_t line_end = 0;
    while ((line_end = text.find('\n')) != std::string::npos) {
      const std::string line = text.substr(0, line_end);
      text.erase(0, line_end + 1);
      TakeLine(line);
      acknowledged += absl::StartsWith(line, "done ") ? 1 : 0;
      if (acknowledged == plan.acknowledged && acknowledged > 0 &&
          place_.empty()) {
        end("by count");
      }
    }
  }
}

void CrashRun::TakeLine(absl::string_view line) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  if (words[0] == "open") {
    Settle(Number(words[1]), Number(words[2]));
    if (words[3] != "0") findings_.push_back("the writer's audit differs");
  } else if (words[0] == "do") {
    handed_in_.push_back(Decode(absl::StripPrefix(line, "do ")));
    const auto* events = std::get_if<std::vector<int64_t>>(&handed_in_.back());
    if (events == nullptr) return;
    for (int64_t n : *events) next_event_ = std::max(next_event_, n + 1);
  } else if (words[0] == "done") {
    if (Number(words[1]) != static_cast<int64_t>(outcomes_.size())) {
      findings_.push_back("acknowledged out of order");
    }
    outcomes_.push_back(std::string(words[2]));
  } else if (words[0] == "failed") {
    findings_.push_back(std::string(line));
  } else if (words[0] == "killed") {
    place_ = absl::StrCat(words[1], " ", words[2]);
  }
}

void CrashRun::Settle(int64_t events, int64_t attempts) {
  size_t reached = 0;
  const auto there = [&] {
    return model_.event_count() == events && model_.attempt_count() == attempts;
  };
  while (reached < handed_in_.size() &&
         (!there() || reached < outcomes_.size())) {
    const std::string outcomes = model_.Apply(handed_in_[reached]);
    if (reached < outcomes_.size() && outcomes != outcomes_[reached]) {
      findings_.push_back(absl::StrCat("operation ", reached, " was answered ",
                                       outcomes_[reached], ", expected ",
                                       outcomes));
    }
    ++reached;
  }
  if (!there()) {
    findings_.push_back(absl::StrCat(
        events, " events and ", attempts, " attempts came to the log; ",
        model_.event_count(), " and ", model_.attempt_count(), " after ",
        reached, " operations, of which ", outcomes_.size(),
        " were acknowledged"));
  }
  handed_in_.clear();
  outcomes_.clear();
}

Findings CrashRun::Check() {
  const absl::Status imported =
      ImportLegacyLog(temp_.File("log.db"), temp_.File("log"));
  if (!imported.ok()) return {imported.ToString()};
  auto log = SqliteEventLog::Open(temp_.File("log"),
                                  {.segment_rows = 50 + Below(random_, 450)},
                                  Clock::Real());
  if (!log.ok()) return {log.status().ToString()};
  const Presence presence(**log);
  Settle(presence.last_event_seq(), presence.last_attempt_seq());
  if (!findings_.empty()) return findings_;
  return model_.Compare(**log, random_);
}

CrashResult KillWriters(uint32_t seed, int kills, bool verbose) {
  CrashResult result;
  while (result.kills < kills && result.findings.empty()) {
    const uint32_t run_seed = seed++;
    if (verbose) std::printf("seed %u\n", run_seed);
    CrashRun run(run_seed);
    for (int round = 0; round < kRoundsOfARun && result.kills < kills &&
                        result.findings.empty();
         ++round) {
      Places places;
      result.findings = run.Round(places);
      ++result.rounds;
      for (const auto& [place, count] : places) {
        result.places[place] += count;
        result.kills += count;
        if (verbose) std::printf("  %s\n", place.c_str());
      }
    }
    if (result.findings.empty()) result.findings = run.Check();
    if (!result.findings.empty()) {
      result.findings.push_back(absl::StrCat("found with seed ", run_seed));
    }
  }
  return result;
}

}  // namespace crash
}  // namespace mqttpush
