// Log: append and commit alone, while it grows, and while support asks.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/cpu_usage.h"
#include "bench/figures.h"
#include "bench/log_load.h"
#include "bench/log_queries.h"
#include "bench/log_under_test.h"
#include "bench/sections.h"
#include "common/status_macros.h"
#include "common/steady_time.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace mqttpush::bench {
namespace {

constexpr int kSteps = 20;  // of a part
constexpr int kParts = 10;  // of the growth, each measured
constexpr int kThird = 3;   // so many parts are about a third
constexpr uintmax_t kLeastRoom = uintmax_t{4} << 30;  // bytes
constexpr int64_t kWarmUp = 10'000;                   // attempts

double BytesIn(const std::string& directory) {
  double bytes = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file())
      bytes += static_cast<double>(entry.file_size());
  }
  return bytes;
}

int64_t InBatches(int64_t count) {
  return count / LogLoad::kBatch * LogLoad::kBatch;
}

// Other people's work is not to fail for want of room.
absl::Status CheckRoom(const std::string& directory) {
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (error || space.available > kLeastRoom) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the disk of ", directory,
                   " is nearly full; set TMPDIR to a larger one"));
}

struct Part {
  double per_second = 0;
  double cpu_us = 0;  // per event, of the process without the queries
};

// Grows a new log, with queries meanwhile.
class Growth {
 public:
  Growth(Bench& bench, const std::string& directory, LogUnderTest& log)
      : bench_(bench),
        directory_(directory),
        log_(log),
        load_(bench.samples, *log.log, log.sealing),
        queries_(*log.reader, load_),
        attempts_(bench.scale.log_attempts) {}

  absl::Status Run() {
    MQTTPUSH_RETURN_IF_ERROR(GrowTo(warm_up(), 0));
    for (int part = 0; part < kParts; ++part) {
      MQTTPUSH_RETURN_IF_ERROR(Grow(part));
    }
    MQTTPUSH_RETURN_IF_ERROR(load_.Flush());
    PrintParts();
    MQTTPUSH_RETURN_IF_ERROR(PrintQueries());
    PrintSealing();
    return absl::OkStatus();
  }

 private:
  absl::Status Grow(int part) {
    const int64_t from = done_;
    const int64_t all = attempts_ - warm_up();
    const int64_t to = InBatches(warm_up() + all * (part + 1) / kParts);
    const absl::Duration start = SteadyNow();
    const absl::Duration cpu = CpuOfAppending();
    // In steps, so that what is asked for keeps up with what there is.
    for (int step = 1; step <= kSteps; ++step) {
      MQTTPUSH_RETURN_IF_ERROR(CheckRoom(directory_));
      MQTTPUSH_RETURN_IF_ERROR(
          GrowTo(InBatches(from + (to - from) * step / kSteps), part));
    }
    const auto events = static_cast<double>(to - from);
    parts_.push_back(
        {events / absl::ToDoubleSeconds(SteadyNow() - start),
         absl::ToDoubleMicroseconds(CpuOfAppending() - cpu) / events});
    return absl::OkStatus();
  }

  absl::Duration CpuOfAppending() const {
    return CpuTimeOf({getpid()}) - queries_.CpuTime();
  }

  absl::Status GrowTo(int64_t count, int part) {
    MQTTPUSH_RETURN_IF_ERROR(load_.GrowTo(count));
    done_ = count;
    queries_.Grown(done_ - LogLoad::kUnderWay * LogLoad::kBatch, part);
    return absl::OkStatus();
  }

  int64_t warm_up() const { return std::min(kWarmUp, attempts_ / 5); }

  void PrintParts() {
    Table table({"log, up to attempt", "events/s", "CPU µs/event"});
    for (int part = 0; part < kParts; ++part) {
      table.Add({Readable(static_cast<double>(attempts_) * (part + 1) / kParts),
                 Readable(parts_[part].per_second),
                 Readable(parts_[part].cpu_us)});
    }
    table.Print("Log: append and commit alone, 100 tenants, a query each 5 ms");
    // Two parts each, against noise.
    const double early = (parts_[0].per_second + parts_[1].per_second) / 2;
    const double late =
        (parts_[kParts - 2].per_second + parts_[kParts - 1].per_second) / 2;
    bench_.figures.Set("append_early_per_second", early);
    bench_.figures.Set("append_late_per_second", late);
    bench_.figures.Set("append_ratio_late_to_early", late / early);
    // Neighbours on the machine take time, but hardly add CPU time.
    const double early_cpu = (parts_[0].cpu_us + parts_[1].cpu_us) / 2;
    const double late_cpu =
        (parts_[kParts - 2].cpu_us + parts_[kParts - 1].cpu_us) / 2;
    bench_.figures.Set("append_cpu_us_per_event_early", early_cpu);
    bench_.figures.Set("append_cpu_us_per_event_late", late_cpu);
    bench_.figures.Set("append_cpu_ratio_early_to_late", early_cpu / late_cpu);
    bench_.figures.Set("append_attempts", static_cast<double>(attempts_));
  }

  absl::Status PrintQueries() {
    MQTTPUSH_RETURN_IF_ERROR(queries_.Stop());
    Table table({"query, ms", "p50 early", "p99", "p50 late", "p99", "asked"});
    double selective_p99 = 0;
    const auto& kinds = LogQueries::Kinds();
    for (size_t i = 0; i < kinds.size(); ++i) {
      const std::vector<double> early =
          queries_.Millis(kinds[i], 0, kThird - 1);
      const std::vector<double> late =
          queries_.Millis(kinds[i], kParts - kThird, kParts);
      const double p99 = Percentile(late, 0.99);
      table.Add({kinds[i], Readable(Percentile(early, 0.5)),
                 Readable(Percentile(early, 0.99)),
                 Readable(Percentile(late, 0.5)), Readable(p99),
                 Readable(static_cast<double>(late.size()))});
      bench_.figures.Set(absl::StrCat("query_", kinds[i], "_p50_ms"),
                         Percentile(late, 0.5));
      bench_.figures.Set(absl::StrCat("query_", kinds[i], "_p99_ms"), p99);
      if (i < LogQueries::kSelective) {
        selective_p99 = std::max(selective_p99, p99);
      }
    }
    bench_.figures.Set("query_p99_ms", selective_p99);
    table.Print(
        absl::StrCat("Queries while it grew, first and last third; the "
                     "first ",
                     LogQueries::kSelective, " select little"));
    PrintQueriesBySize();
    return absl::OkStatus();
  }

  void PrintQueriesBySize() {
    std::vector<std::string> head = {"p50 and p99, ms, up to attempt"};
    for (int i = 0; i < LogQueries::kSelective; ++i) {
      head.push_back(LogQueries::Kinds()[i]);
    }
    Table table(head);
    for (int part = 0; part < kParts; ++part) {
      std::vector<std::string> row = {
          Readable(static_cast<double>(attempts_) * (part + 1) / kParts)};
      for (int i = 0; i < LogQueries::kSelective; ++i) {
        const auto millis = queries_.Millis(LogQueries::Kinds()[i], part, part);
        row.push_back(absl::StrCat(Readable(Percentile(millis, 0.5)), ", ",
                                   Readable(Percentile(millis, 0.99))));
      }
      table.Add(row);
    }
    table.Print("The same at each size");
  }

  void PrintSealing() {
    const LogUnderTest::SealCost cost = log_.seal_cost();
    const LogLoad::Waits waits = load_.waits();
    Table table({"sealing", ""});
    const auto add = [&](const char* name, const char* key, double value) {
      table.Add({name, Readable(value)});
      bench_.figures.Set(key, value);
    };
    add("segments sealed", "seal_segments", cost.segments);
    add("ms each", "seal_ms", cost.wall_ms_per_segment);
    add("CPU µs a row", "seal_cpu_us_per_row", cost.cpu_us_per_row);
    add("index bytes a row", "seal_index_bytes_per_row",
        cost.index_bytes_per_row);
    add("a batch's wait meanwhile, p50 ms", "append_wait_sealing_p50_ms",
        Percentile(waits.sealing, 0.5));
    add("longest, ms", "append_wait_sealing_max_ms",
        Percentile(waits.sealing, 1));
    add("a batch's wait else, p50 ms", "append_wait_p50_ms",
        Percentile(waits.otherwise, 0.5));
    add("longest, ms", "append_wait_max_ms", Percentile(waits.otherwise, 1));
    table.Print("Sealing, and what batches of 500 waited for their commit");
  }

  Bench& bench_;
  const std::string directory_;
  const LogUnderTest& log_;
  LogLoad load_;
  LogQueries queries_;  // ends before the log
  const int64_t attempts_;
  int64_t done_ = 0;
  std::vector<Part> parts_;
};

absl::Status MeasureStart(Bench& bench, const std::string& directory) {
  const int64_t last = bench.scale.log_attempts;
  const double bytes = BytesIn(directory) / static_cast<double>(last);
  const absl::Duration start = SteadyNow();
  MQTTPUSH_ASSIGN_OR_RETURN(LogUnderTest log, OpenLog(directory));
  MQTTPUSH_ASSIGN_OR_RETURN(const EventRecord event, log.log->ReadEvent(last));
  const double millis = absl::ToDoubleMilliseconds(SteadyNow() - start);
  if (event.event_id != LogLoad::EventId(last - 1)) {
    return absl::InternalError("the log numbered the events otherwise");
  }
  bench.figures.Set("log_start_up_ms", millis);
  Table table({"log", ""});
  table.Add({"start-up, ms", Readable(millis)});
  bench.figures.Set("log_bytes_per_attempt", bytes);
  table.Add({"bytes per event and attempt", Readable(bytes)});
  table.Print("Start-up, and the place it takes");
  return absl::OkStatus();
}

// Opened with room for one byte, the log drops every segment but the newest.
absl::Status MeasureDrop(Bench& bench, const std::string& directory) {
  MQTTPUSH_ASSIGN_OR_RETURN(LogUnderTest log, OpenLog(directory));
  const int64_t segments = log.segments() - 1;
  if (segments == 0) return absl::OkStatus();
  log = {};
  MQTTPUSH_ASSIGN_OR_RETURN(log, OpenLog(directory, 1));
  const absl::Duration start = SteadyNow();
  if (!WaitUntil(absl::Minutes(2), [&] { return log.segments() == 1; })) {
    return absl::DeadlineExceededError("segments were not dropped");
  }
  const double millis = absl::ToDoubleMilliseconds(SteadyNow() - start) /
                        static_cast<double>(segments);
  bench.figures.Set("drop_ms_per_segment", millis);
  Table table({"dropping", ""});
  table.Add({"ms a segment", Readable(millis)});
  table.Print("Retention");
  return absl::OkStatus();
}

}  // namespace

absl::Status RunLog(Bench& bench) {
  TempDir dir("mqttpush-bench");
  {
    MQTTPUSH_ASSIGN_OR_RETURN(LogUnderTest log, OpenLog(dir.path()));
    Growth growth(bench, dir.path(), log);
    MQTTPUSH_RETURN_IF_ERROR(growth.Run());
  }
  MQTTPUSH_RETURN_IF_ERROR(MeasureStart(bench, dir.path()));
  return MeasureDrop(bench, dir.path());
}

}  // namespace mqttpush::bench
