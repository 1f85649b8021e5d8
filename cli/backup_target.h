// SPDX-License-Identifier: GPL-3.0-or-later
// Where a backup goes and what it builds on: a vault or a file, and the parent image.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/backup_sources.h"
#include "engine/image/image_writer.h"
#include "formats/registry/open_image.h"

namespace umbra::cli {

struct target_options {
  std::string to;
  std::string name;
  std::vector<std::string> parents;  // the parent (default: auto), then files or folders where a single file's own parents lie
  std::string block_size;            // single files only
};

// The parent and the writer, in the order in which they must go.
struct backup_target {
  registry::open_vault vault;
  registry::open_image parent;                         // a parent file, or empty
  std::unique_ptr<image::image_reader> parent_reader;  // in a vault
  std::unique_ptr<image::image_writer> writer;

  image::image_reader* parent_image() const { return parent_reader ? parent_reader.get() : parent.reader.get(); }
};

// True if `to` names a single-file image: *.umbra, unless a folder has that name.
bool is_image_file(const std::string& to, context& c);

// `--parent auto`: in a vault the newest image of the name, if it fits the sources (else a full, with a warning); for a file
// none. An explicit parent must fit: errc::geometry_mismatch says how it does not. errc::usage for a parent of the other kind,
// and for a name that could not be asked for later.
result<backup_target> open_target(const target_options& options, const backup_sources& sources, context& c,
                                  const output_options& output);

}  // namespace umbra::cli
