// SlowReader: an MQTT 3.1.1 broker that accepts a client and then reads a byte
// a second.
#ifndef MQTTPUSH_TESTS_E2E_SLOW_READER_H_
#define MQTTPUSH_TESTS_E2E_SLOW_READER_H_

#include <thread>

namespace mqttpush {

// Serves one connection after the other, on 127.0.0.1.
class SlowReader {
 public:
  SlowReader();
  ~SlowReader();

  int port() const { return port_; }

 private:
  void Run();
  // Returns when the client is gone.
  void Serve(int fd);
  // Waits until the client speaks, or is gone. False when it is to end.
  bool WaitForClient(int fd, int events, int timeout_ms);

  int listener_ = -1;
  int stop_fd_ = -1;  // readable: end
  int port_ = 0;
  std::thread thread_;
};

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_E2E_SLOW_READER_H_
