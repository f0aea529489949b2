#include "services/admin/etag.h"

#include <gtest/gtest.h>

#include "storage/records.h"

namespace mqttpush {
namespace {

TEST(EtagTest, ChangesWithUidAndRevision) {
  TenantRecord tenant;
  tenant.uid = 7;
  tenant.revision = 3;
  EXPECT_EQ(Etag(tenant), "\"7-3\"");
}

TEST(EtagTest, OnlyAnEmptyOrTheCurrentOnePasses) {
  EXPECT_TRUE(CheckEtag("", "\"7-3\"", "tenants/a").ok());
  EXPECT_TRUE(CheckEtag("\"7-3\"", "\"7-3\"", "tenants/a").ok());
  for (const char* other : {"\"7-2\"", "7-3", "*", " "}) {
    EXPECT_EQ(CheckEtag(other, "\"7-3\"", "tenants/a").code(),
              absl::StatusCode::kAborted)
        << other;
  }
}

}  // namespace
}  // namespace mqttpush
