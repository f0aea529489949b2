// What the kernel knows of the real worker program while it delivers.
#include <unistd.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/mosquitto_broker.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificate_authority.h"
#include "workers/process/sanitized.h"
#include "workers/worker/worker_test_base.h"

namespace mqttpush {
namespace {

using ::testing::HasSubstr;

class WorkerSandboxTest : public WorkerTestBase {
 protected:
  // Over TLS, with a name, so that it has done all that it ever does.
  void Deliver() {
    wire::Configure settings = Settings(broker_->port());
    settings.set_host("localhost");
    settings.mutable_tls()->set_ca_certificates_pem(authority_->ca_pem());
    ASSERT_TRUE(ConnectTo(settings));
    plane_.Publish(1, Messages(1, 10, 2));
    ASSERT_TRUE(Await(HasResults(10)));
    EXPECT_EQ(Count(plane_.Says(), wire::Result::SUCCEEDED), 10);
  }

  const std::unique_ptr<TestCertificateAuthority> authority_ =
      TestCertificateAuthority::Create().value();
  const std::unique_ptr<MosquittoBroker> broker_ =
      MosquittoBroker::Create({.tls = authority_.get()}).value();
  const std::string proc_ = absl::StrCat("/proc/", plane_.process().pid());
};

TEST_F(WorkerSandboxTest, HasNoWayToMorePrivileges) {
  Deliver();
  const std::string status = ReadFile(proc_ + "/status");
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1\n"));
  EXPECT_THAT(status,
              HasSubstr(kSanitized ? "Seccomp:\t0\n" : "Seccomp:\t2\n"));
}

TEST_F(WorkerSandboxTest, HasNothingOpenButItsOwn) {
  Deliver();
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root may look into a process that cannot be dumped";
  }
  for (const auto& entry : std::filesystem::directory_iterator(proc_ + "/fd")) {
    const std::string name = entry.path().filename();
    if (name == "0" || name == "1" || name == "2") continue;
    const std::string target = std::filesystem::read_symlink(entry.path());
    EXPECT_TRUE(absl::StartsWith(target, "socket:") ||
                absl::StartsWith(target, "anon_inode:") ||
                absl::StartsWith(target, "/memfd:pem"))
        << name << " is " << target;
  }
}

}  // namespace
}  // namespace mqttpush
