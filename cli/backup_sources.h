// SPDX-License-Identifier: GPL-3.0-or-later
// The sources of a backup: opened, checked, and their layout read.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/backup_shadow.h"
#include "cli/context.h"
#include "cli/exclusions.h"
#include "cli/output.h"
#include "cli/source_argument.h"
#include "engine/jobs/backup.h"
#include "formats/registry/disk_layout.h"

namespace umbra::cli {

struct source_options {
  std::vector<std::string> arguments;
  std::string cuts = "files";    // files, grid
  bool read_all = false;         // no allocation map: free space is imaged, too
  bool vault_on_source = false;  // allowed
  bool direct = false;
  exclusion_options exclude;
  std::string shadow = "auto";  // which provider copies what is mounted read-write; none: taken as it is
  shadow_service_options service;
};

// One source and what was found out about it. Stays where it is: jobs::backup_source points into it.
struct opened_source {
  source_argument argument;
  std::unique_ptr<io::device> device;
  plan::allocation allocation;
  bool has_allocation = false;
  bool holds_destination = false;
  registry::disk_layout layout;
  std::string identity;  // registry::disk_identity
};

class backup_sources {
 public:
  // The sources as they are now: sizes and identities. errc::usage for the same source twice or a destination that lies on a
  // source.
  static result<backup_sources> open(const source_options& options, const std::string& destination);
  // From here on they show one instant, with the layout of that instant. errc::busy for a volume that is mounted read-write and
  // that nothing can copy.
  result<void> take_shadow_copies(const source_options& options, context& c, const output_options& output);

  // Says which of the user's patterns took nothing.
  void warn_of_idle_patterns(const source_options& options, context& c, const output_options& output) const;

  std::vector<jobs::backup_source> for_job() const;
  std::span<const std::unique_ptr<opened_source>> all() const { return sources_; }
  // For the manifest: path, size, window, identity, notes and layout of each.
  nlohmann::json describe() const;
  // What was left out of all sources, each with its number as "source".
  nlohmann::json describe_left_out() const;
  backup_shadow& shadow() { return shadow_; }
  const backup_shadow& shadow() const { return shadow_; }
  // Nothing is read any longer.
  void close();
  // "vdb", "disk.raw": what an image is called when nobody says.
  std::string default_name() const;

 private:
  std::string destination_;
  backup_shadow shadow_;  // goes after the devices that read from it
  std::vector<std::unique_ptr<opened_source>> sources_;
};

}  // namespace umbra::cli
