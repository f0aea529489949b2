// The environment of a worker process.
#ifndef MQTTPUSH_WORKERS_SUPERVISOR_WORKER_ENVIRONMENT_H_
#define MQTTPUSH_WORKERS_SUPERVISOR_WORKER_ENVIRONMENT_H_

#include <string>
#include <vector>

namespace mqttpush {

// Of `environment` ("NAME=value" each) what a worker gets: that by which an
// operator sets how any program runs on this machine, i.e. the dynamic loader
// and memory allocator, the resolver, the certificate authorities, the time
// zone, and what tests put under a process (sanitizers, faketime). All else
// stays behind: a worker's settings come over its link, the service's are none
// of its business and may hold secrets, and proxy and trace variables would
// change Paho. Pure.
std::vector<std::string> WorkerEnvironment(
    const std::vector<std::string>& environment);

// The environment of this process. No other thread may change it meanwhile.
std::vector<std::string> OwnEnvironment();

}  // namespace mqttpush

#endif  // MQTTPUSH_WORKERS_SUPERVISOR_WORKER_ENVIRONMENT_H_
