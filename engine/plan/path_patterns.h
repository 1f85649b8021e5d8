// SPDX-License-Identifier: GPL-3.0-or-later
// Globs over whole paths: "/swapfile", "/var/lib/*/cache/**", "pagefile.sys".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace umbra::plan {

// '*' and '?' stand for what is inside one name, "**" as a whole name for any number of names, none included; '[' is an ordinary
// character, '\' takes the next one as it is. A pattern without '/' means a file of that name in any folder; all others
// begin at the root, with or without the first '/'. Matching takes time in proportion to pattern times path.
class path_patterns {
 public:
  enum class letter_case : std::uint8_t { exact, folded };  // folded: a-z are A-Z, as on NTFS, FAT and exFAT

  path_patterns() = default;
  explicit path_patterns(const std::vector<std::string>& patterns);

  bool empty() const { return patterns_.empty(); }
  // `path` from the root: "/a/b".
  bool matches(std::string_view path, letter_case how) const;
  // True if a path below `folder` ("/" or "/a/b") could match: what cannot need not be walked.
  bool may_match_below(std::string_view folder, letter_case how) const;

 private:
  std::vector<std::vector<std::string>> patterns_;  // each a row of names
};

}  // namespace umbra::plan
