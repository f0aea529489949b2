// TempDir: a directory that is gone when the test is.
#ifndef MQTTPUSH_TESTS_SUPPORT_TEMP_DIR_H_
#define MQTTPUSH_TESTS_SUPPORT_TEMP_DIR_H_

#include <string>

namespace mqttpush {

class TempDir {
 public:
  // Makes an empty directory, for its owner only, under $TMPDIR or /tmp. Its
  // name begins with `prefix`.
  explicit TempDir(const std::string& prefix = "mqttpush");
  // Removes it with all it holds.
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  // It stays when this object goes.
  void Keep() { kept_ = true; }

  const std::string& path() const { return path_; }
  // The path of `name` in it.
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  bool kept_ = false;
};

// Writes a file anew, for its owner only. Ends the program when it cannot.
void WriteFile(const std::string& path, const std::string& content);
// The whole content; empty when there is no such file.
std::string ReadFile(const std::string& path);

}  // namespace mqttpush

#endif  // MQTTPUSH_TESTS_SUPPORT_TEMP_DIR_H_
