// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/image_text.h"
#include "cli/layout_bar.h"
#include "cli/layout_json.h"
#include "cli/layout_text.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/size_text.h"
#include "cli/source_argument.h"
#include "engine/image/image_device.h"
#include "formats/registry/allocation.h"
#include "formats/registry/open_image.h"

namespace umbra::cli {
namespace {

struct inspect_options {
  std::vector<std::string> what;
  std::vector<std::string> parents;
  output_options output;
};

// A disk, or what an image holds of one.
struct inspected {
  std::string name;
  nlohmann::json place;  // path, or image and source
  registry::disk_layout layout;
};

bool is_image(const std::string& what) { return what.find("::") != std::string::npos || what.ends_with(".umbra"); }

registry::disk_layout layout_of(io::device& disk) { return registry::survey_disk(disk, {.cuts_on_files = false}).layout; }

// How a source was called when the image was taken; any text.
std::string path_of(const nlohmann::json& metadata, std::size_t source) {
  const auto sources = metadata.find("sources");
  if (sources == metadata.end() || !sources->is_array() || source >= sources->size()) return {};
  const auto& one = (*sources)[source];
  return one.is_object() && one.contains("path") && one["path"].is_string() ? one["path"].get<std::string>() : std::string();
}

result<void> inspect_image(const std::string& what, const inspect_options& o, context& c, std::vector<inspected>& list) {
  TRY(const auto opened, registry::open_image_at(*c.files, what, o.parents));
  const auto& info = opened.reader->info();
  CHECK(opened.reader->check_packs());
  const auto metadata = metadata_of(info);
  for (std::size_t i = 0; i < info.sources.size(); ++i) {
    TRY(const auto device, image::make_image_device(*opened.reader, i));
    const auto path = path_of(metadata, i);
    list.push_back({fmt::format("{}, source {}{}{}", what, i, path.empty() ? "" : ": ", path),
                    {{"image", what}, {"source", i}, {"path", path}},
                    layout_of(*device)});
  }
  return success();
}

result<void> inspect_disk(const std::string& what, std::vector<inspected>& list) {
  TRY(const auto source, parse_source(what));
  TRY(const auto device, open_source(source, {}));
  list.push_back({device->name(), {{"path", what}}, layout_of(*device)});
  return success();
}

result<std::vector<inspected>> inspect_all(const inspect_options& o, context& c) {
  std::vector<inspected> list;
  for (const auto& what : o.what) {
    CHECK(is_image(what) ? inspect_image(what, o, c, list) : inspect_disk(what, list));
  }
  return list;
}

bool is_unreadable(const inspected& one) {
  return std::ranges::any_of(one.layout.regions,
                             [](const auto& r) { return r.content && r.content->state == registry::content_state::unreadable; });
}

void print_one(context& c, const inspected& one) {
  const auto& layout = one.layout;
  *c.out << fmt::format("{}\n{} ({} bytes), {}\n", printable(one.name), size_text(layout.size), layout.size, table_text(layout));
  const auto bar = layout_bar(layout, c.out_columns, c.utf8);
  if (!bar.empty()) *c.out << bar << '\n';
  *c.out << layout_tree(layout, c.utf8);
}

int run_inspect(const inspect_options& o, context& c) {
  const auto done = inspect_all(o, c);
  if (done.has_error()) return report_error(c, o.output, done.assume_error());
  const auto& list = done.assume_value();
  if (o.output.json) {
    auto disks = nlohmann::json::array();
    for (const auto& one : list) {
      auto disk = to_json(one.layout);
      disk.update(one.place);
      disks.push_back(std::move(disk));
    }
    print_json(c, {{"disks", disks}});
  } else {
    for (const auto& one : list) {
      if (&one != list.data()) *c.out << '\n';
      print_one(c, one);
    }
  }
  return std::ranges::any_of(list, is_unreadable) ? exit_faults : exit_done;
}

}  // namespace

void add_inspect(CLI::App& app, chosen_command& chosen) {
  auto* verb = app.add_subcommand("inspect", "show what lies on a disk, or on the disks in an image");
  const auto o = std::make_shared<inspect_options>();
  verb->add_option("DISK|IMAGE", o->what, "a device or file, PATH@offset+length, VAULT::NAME or an .umbra file")->required();
  add_parent_places_option(*verb, o->parents);
  add_output_options(*verb, o->output);
  verb->footer(
      "Partition table, partitions, and what lies in each: format, label, UUID, and how much of it a backup would read (used)\n"
      "or leave out (free). Nothing is written. Examples:\n"
      "  umbra inspect /dev/vdb\n"
      "  umbra inspect /backup/vault::db1 --json\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 something could not be read, 6 damaged image.");
  verb->callback([o, &chosen] { chosen = [o](context& c) { return run_inspect(*o, c); }; });
}

}  // namespace umbra::cli
