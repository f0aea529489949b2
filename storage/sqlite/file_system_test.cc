#include "storage/sqlite/file_system.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"

namespace mqttpush {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

// Of real machines, but for the names. 60 hides 58, which is mounted at the
// same place.
constexpr char kMountinfo[] =
    R"(22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
41 27 0:39 / /srv/push rw shared:181 - nfs4 nas:/export/push rw,vers=4.2
42 27 0:40 /x /srv/a\040b rw shared:7 master:1 - cifs //nas/share\040one rw
58 27 8:17 / /data rw,relatime - xfs /dev/sdb1 rw
60 58 0:52 / /data rw,nosuid,nodev - fuse.sshfs fleet@nas:/srv/data rw,user_id=0
61 27 0:53 / /bound rw - fuse.bindfs /data rw
62 27 0:54 / /home ro
)";

TEST(FileSystemTest, FindsTheMountByItsId) {
  struct Case {
    int id;
    const char* type;
    const char* source;
  };
  for (const Case& c :
       {Case{27, "ext4", "/dev/vda"}, Case{41, "nfs4", "nas:/export/push"},
        Case{42, "cifs", "//nas/share one"}, Case{58, "xfs", "/dev/sdb1"},
        Case{60, "fuse.sshfs", "fleet@nas:/srv/data"},
        Case{61, "fuse.bindfs", "/data"}}) {
    SCOPED_TRACE(c.id);
    const auto found = FindMount(kMountinfo, c.id);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->type, c.type);
    EXPECT_EQ(found->source, c.source);
  }
}

TEST(FileSystemTest, SaysSoWhenMountinfoDoesNotSay) {
  EXPECT_FALSE(FindMount(kMountinfo, 4).has_value());
  EXPECT_FALSE(FindMount(kMountinfo, 62).has_value()) << "a line cut short";
  EXPECT_FALSE(FindMount("", 27).has_value());
}

TEST(FileSystemTest, KnowsWhatIsAnotherMachines) {
  struct Case {
    const char* type;
    const char* source;
    bool network;
  };
  for (const Case& c : {
           Case{"ext4", "/dev/vda", false},
           Case{"xfs", "/dev/mapper/a:b", false},
           Case{"btrfs", "/dev/sda", false},
           Case{"zfs", "tank/push", false},
           Case{"tmpfs", "tmpfs", false},
           Case{"overlay", "overlay", false},
           Case{"virtiofs", "share", false},
           Case{"", "", false},
           Case{"nfs", "nas:/export", true},
           Case{"nfs4", "[2001:db8::1]:/export", true},
           Case{"cifs", "//nas/share", true},
           Case{"smb3", "//nas/share", true},
           Case{"afs", "#root.cell.", true},
           Case{"ceph", "10.0.0.1:6789:/", true},
           Case{"9p", "share", true},
           Case{"lustre", "mgs@tcp:/fs", true},
           Case{"gpfs", "fs1", true},
           Case{"ocfs2", "/dev/drbd0", true},
           Case{"gfs2", "/dev/mapper/shared", true},
           Case{"fuse.sshfs", "fleet@nas:", true},
           Case{"fuse.glusterfs", "nas:/volume", true},
           Case{"fuse.s3fs", "s3fs", true},
           Case{"fuse.rclone", "remote:bucket", true},
           Case{"fuse.unheardof", "nas:/volume", true},
           Case{"fuse", "https://dav.example.com/files", true},
           Case{"fuse", "/dev/fuse", false},
           Case{"fuse.bindfs", "/srv/data", false},
           Case{"fuse.fuse-overlayfs", "fuse-overlayfs", false},
           Case{"fuse.gocryptfs", "/srv/sealed", false},
           Case{"fuseblk", "/dev/sda1", false},
       }) {
    EXPECT_EQ(IsNetworkFileSystem({c.type, c.source}), c.network)
        << c.type << " " << c.source;
  }
}

TEST(FileSystemTest, MagicNumbersNameNetworkFileSystemsOnly) {
  EXPECT_EQ(NetworkTypeOfMagic(0x6969), "nfs");
  EXPECT_EQ(NetworkTypeOfMagic(0xFE534D42), "smb3");
  EXPECT_EQ(NetworkTypeOfMagic(0x01021997), "9p");
  EXPECT_EQ(NetworkTypeOfMagic(0xEF53), "") << "ext4";
  EXPECT_EQ(NetworkTypeOfMagic(0x65735546), "") << "FUSE";
}

TEST(FileSystemTest, AsksTheKernelAboutARealFolder) {
  EXPECT_EQ(FindFileSystem("/proc/self").type, "proc");
  TempDir temp;
  const FileSystem file_system = FindFileSystem(temp.path());
  EXPECT_THAT(file_system.type, Not(IsEmpty()));
  EXPECT_FALSE(IsNetworkFileSystem(file_system)) << file_system.type;
}

TEST(FileSystemTest, AFolderThatIsNotThereYetIsWhereItWouldBe) {
  EXPECT_EQ(FindFileSystem("/proc/self/not/there/").type, "proc");
  EXPECT_THAT(FindFileSystem("not/there").type, Not(IsEmpty()));
}

}  // namespace
}  // namespace mqttpush
