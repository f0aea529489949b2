// InChild: looks at what a process does to itself, in one that is not needed
// any more.
#ifndef MQTTPUSH_WORKERS_PROCESS_CHILD_FOR_TEST_H_
#define MQTTPUSH_WORKERS_PROCESS_CHILD_FOR_TEST_H_

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "gtest/gtest.h"

namespace mqttpush {

struct ChildSaid {
  std::string text;
  int signal = 0;  // that ended it; 0: none
};

// Runs `say` in a forked process, with the descriptor by which the text that it
// returns comes here.
inline ChildSaid InChild(const std::function<std::string(int fd)>& say) {
  int fds[2];
  EXPECT_EQ(pipe(fds), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string text = say(fds[1]);
    if (write(fds[1], text.data(), text.size()) < 0) _exit(1);
    _exit(0);
  }
  close(fds[1]);
  ChildSaid said;
  char part[256];
  ssize_t got = 0;
  while ((got = read(fds[0], part, sizeof part)) > 0)
    said.text.append(part, got);
  close(fds[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) said.signal = WTERMSIG(status);
  return said;
}

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_PROCESS_CHILD_FOR_TEST_H_
