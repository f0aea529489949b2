// What mqttpushd tells a worker or a probe by its command line, before there is
// a link. Everybody may read it.
#ifndef MQTTPUSH_WORKERS_PROCESS_PROGRAM_ARGUMENTS_H_
#define MQTTPUSH_WORKERS_PROCESS_PROGRAM_ARGUMENTS_H_

#include <optional>
#include <string>

#include "workers/process/file_bounds.h"

namespace mqttpush {

struct ProgramArguments {
  int link_fd = -1;
  FileBounds files;
};

inline constexpr char kProgramUsage[] =
    "is started by mqttpushd: --fd N [--hide FOLDER] [--sessions FOLDER]";

// Absent when they are not as in kProgramUsage.
std::optional<ProgramArguments> ParseProgramArguments(int argc, char** argv);

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROCESS_PROGRAM_ARGUMENTS_H_
