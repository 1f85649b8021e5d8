// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>

#include "engine/shadow/writer.h"

namespace umbra::shadow {
namespace {

TEST(writer_session, knows_paths_on_its_volumes) {
  writer_session session;
  session.volumes = {"/srv", "/var/lib"};
  EXPECT_TRUE(session.is_path_affected("/srv"));
  EXPECT_TRUE(session.is_path_affected("/srv/data"));
  EXPECT_TRUE(session.is_path_affected("/var/lib/mysql"));
  EXPECT_FALSE(session.is_path_affected("/srv2/data"));
  EXPECT_FALSE(session.is_path_affected("/var"));
  EXPECT_FALSE(session.is_path_affected(""));
}

TEST(writer_session, of_the_root_affects_everything) {
  writer_session session;
  session.volumes = {"/"};
  EXPECT_TRUE(session.is_path_affected("/srv/data"));
}

TEST(writer_session, without_volumes_affects_nothing) { EXPECT_FALSE(writer_session().is_path_affected("/srv")); }

}  // namespace
}  // namespace umbra::shadow
