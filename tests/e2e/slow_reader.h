// SlowReader: an MQTT 3.1.1 broker that accepts a client and then reads a byte
// a second.
#ifndef MQTTPUSH_TESTS_E2E_SLOW_READER_H_
#define MQTTPUSH_TESTS_E2E_SLOW_READER_H_

#include <thread>
#include <vector>

namespace mqttpush {

// On 127.0.0.1. A client that gives up leaves its bytes behind, and its end
// cannot be seen before they are read, so all clients are served at once.
class SlowReader {
 public:
  SlowReader();
  ~SlowReader();

  int port() const { return port_; }

 private:
  void Run();
  void Accept();
  // Reads CONNECT and answers it.
  void Greet(int fd);
  // Reads a byte of each client that was greeted.
  void ReadOn();

  int listener_ = -1;
  int stop_fd_ = -1;  // readable: end
  int port_ = 0;
  std::vector<int> new_clients_;  // not greeted yet
  std::vector<int> clients_;
  std::thread thread_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_E2E_SLOW_READER_H_
