// SPDX-License-Identifier: GPL-3.0-or-later
// What FAT and exFAT have in common as formatted volumes: clusters in use are what the format's table claims and what a walk over
// all files touches, together; files and owners come out of the same walk.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/plan/formatted_volume.h"
#include "formats/fs/cluster_walk.h"

namespace umbra::fs {

// What is the format's own.
class cluster_format {
 public:
  virtual ~cluster_format() = default;

  virtual plan::volume_facts facts() const = 0;
  // Checks what can be checked without a walk: every other call comes after it. The doubt is the error.
  virtual result<void> check() = 0;
  virtual cluster_space space() const = 0;
  virtual result<void> walk(cluster_walk& walk, const node_visitor& visit) = 0;
  virtual cluster_chains& chains() = 0;
  virtual record_parser& parser() = 0;
  // After a walk. Adds a word for each 64 clusters: in use by any table, or touched.
  virtual result<void> add_usage(cluster_ranges& out, const cluster_set& touched) = 0;
  // What lies before the clusters, in order; what is missing is metadata without a name.
  virtual std::vector<plan::range_owner> before_clusters() const = 0;

  // Filled by the calls above: lines for the report, and why files cannot be trusted (empty: they can).
  std::vector<std::string> notes;
  std::string mistrust;
};

// `volume` outlives the answer, and is the one `format` reads.
plan::volume_ptr make_cluster_volume(io::device& volume, std::unique_ptr<cluster_format> format);

}  // namespace umbra::fs
