// KillPoint: ends the process by SIGKILL at its n-th call that changes the disk
// within one part of the log's work.
//
// Linked into a program, its file puts itself before libc's pwrite, fdatasync,
// fsync, ftruncate, unlink and rename. Which part a call belongs to it tells by
// the file, and by what the program says it is doing.
#ifndef MQTTPUSH_TESTS_CRASH_KILL_POINT_H_
#define MQTTPUSH_TESTS_CRASH_KILL_POINT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace mqttpush::crash {

enum class Part {
  kAnywhere,    // counts all of them
  kImport,      // of log.db
  kOpen,        // all that is done before the log is open
  kAppend,      // to the newest segment, and its own checkpoints
  kBegin,       // of the next segment
  kSeal,        // the WAL of a segment that is not the newest any more
  kCheckpoint,  // the file of such a one
  kDrop,        // the file of one that is dropped
  kClose,
};
inline constexpr Part kParts[] = {
    Part::kAnywhere,   Part::kImport, Part::kOpen,
    Part::kAppend,     Part::kBegin,  Part::kSeal,
    Part::kCheckpoint, Part::kDrop,   Part::kClose};
inline absl::string_view PartName(Part part) {
  static constexpr absl::string_view kNames[] = {
      "anywhere", "import",     "open", "append", "begin",
      "seal",     "checkpoint", "drop", "close"};
  return kNames[static_cast<int>(part)];
}

// The part in which the program is by its own word; kAnywhere: the files tell.
void SetPart(Part part);

// Kills at the `count`-th call of the part, from 1. Of a write it lets the
// first half go through. `ledger_fd` gets a line that says where that was.
void KillAt(Part part, int count, int ledger_fd);

// Calls so far, as "import=0 open=12 ...".
std::string CountCalls();

}  // namespace mqttpush::crash

#endif  // MQTTPUSH_TESTS_CRASH_KILL_POINT_H_
