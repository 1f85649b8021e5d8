// SPDX-License-Identifier: GPL-3.0-or-later
// Images that must be refused, each made from a good one by one small edit.
#pragma once

#include "tests/golden/drawing.h"

namespace umbra::golden {

struct must_fail_case {
  std::string name;  // folder below must-fail
  bool on_read;      // false: only a full verification finds it
  std::string kind;  // of the error, as in engine/base/errc.h; "damage" where a verification tells
  std::string edit;  // what was done
  file_set files;    // image.umbra, or a vault's objects
};

std::vector<must_fail_case> make_must_fail();

// The files with `expect` beside them, by path below must-fail.
file_set files_of(const std::vector<must_fail_case>& cases);

}  // namespace umbra::golden
