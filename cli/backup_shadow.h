// SPDX-License-Identifier: GPL-3.0-or-later
// The shadow copies that a backup reads from: of every volume on its sources that something may write to, made at one instant.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/context.h"
#include "cli/output.h"
#include "cli/shadow_service.h"
#include "cli/source_argument.h"
#include "engine/io/file_device.h"

namespace umbra::cli {

// A volume in the set.
struct shadowed_volume {
  shadow::placed_volume where;
  std::string source;  // path of the source that it lies on
  shadow::guid snapshot;
  std::string provider;
};

// Destroying it deletes the copies: after the devices that read from them.
class backup_shadow {
 public:
  backup_shadow();
  ~backup_shadow();
  backup_shadow(backup_shadow&&) noexcept;
  backup_shadow& operator=(backup_shadow&&) noexcept;

  // Looks for mounted volumes that can be written to on the sources. If there are any: writers prepare and freeze, a set of
  // copies is made, everybody goes on. `provider`: "auto", a name, or "none": nothing is copied, with a warning. errc::busy with
  // the way out if a volume cannot be copied.
  static result<backup_shadow> make(std::span<const source_argument> sources, const std::string& provider,
                                    const shadow_service_options& service, context& c, const output_options& output);

  // The source as it was at the instant: the copy of the volume, or the disk with its volumes read from their copies, or, if
  // nothing on it is mounted for writing, the source itself.
  result<std::unique_ptr<io::device>> open(const source_argument& source, const io::open_options& how);
  // Something on the source is mounted for writing and read as it is all the same: what is in use now need not be when it is
  // read.
  bool is_read_live(const source_argument& source) const;
  // After the last read: no copy was lost meanwhile, and nobody mounted for writing what was read as it is.
  result<void> check();
  // The image is durable: writers hear of it, the copies go. The devices that open() gave are closed.
  void finish(context& c, const output_options& output);

  // A writer failed before the image was complete, or was left out: the image is only crash-consistent for it.
  bool lacks_writers() const;
  // A writer failed when it was told that the image is complete: that changes nothing in the image.
  bool has_late_failures() const;
  // For the manifest and reports: how the copies were made, what each volume and writer is worth, the writers' documents.
  nlohmann::json describe() const;

 private:
  result<void> find_volumes(std::span<const source_argument> sources);
  result<void> refuse_scattered() const;
  void warn_of_writable(context& c, const output_options& output) const;
  result<void> start_set(context& c, const output_options& output);
  result<void> add_volumes(const shadow::guid& provider);
  result<void> look_at_copies();
  void warn_of_writers(bool late, context& c, const output_options& output) const;
  bool is_copied(const std::string& device) const;
  std::string consistency_of(const shadowed_volume& v) const;

  std::unique_ptr<shadow::backup_components> session_;  // none: nothing was to be copied
  shadow::guid set_;
  std::vector<std::string> sources_;
  std::vector<shadowed_volume> volumes_;
  bool as_it_is_ = false;  // --shadow none
  std::vector<shadow::writer_metadata> metadata_;
  std::vector<shadow::writer_status> writers_;
};

}  // namespace umbra::cli
