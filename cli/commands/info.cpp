// SPDX-License-Identifier: GPL-3.0-or-later
#include <ostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/exclusions.h"
#include "cli/exit_code.h"
#include "cli/image_faults.h"
#include "cli/image_text.h"
#include "cli/output.h"
#include "cli/shadow_text.h"
#include "cli/size_text.h"
#include "formats/native/pack_reader.h"
#include "formats/registry/open_image.h"

namespace umbra::cli {
namespace {

struct info_options {
  std::string image;
  bool faults = false;
  output_options output;
};

std::string source_path(std::size_t number, const nlohmann::json& metadata) {
  if (!metadata.contains("sources") || !metadata["sources"].is_array() || number >= metadata["sources"].size()) return {};
  const auto& m = metadata["sources"][number];
  return m.is_object() && m.contains("path") && m["path"].is_string() ? m["path"].get<std::string>() : std::string();
}

void print_source(context& c, std::size_t number, const image::source_info& s, const nlohmann::json& metadata) {
  nlohmann::json m = nlohmann::json::object();
  if (metadata.contains("sources") && metadata["sources"].is_array() && number < metadata["sources"].size()) {
    if (metadata["sources"][number].is_object()) m = metadata["sources"][number];
  }
  const auto path = source_path(number, metadata);
  *c.out << fmt::format("source {}     {}, {} ({} bytes)\n", number, printable(path), size_text(s.size), s.size);
  *c.out << fmt::format("  stored     {} ({})\n", size_text(s.stored_bytes), share_text(s.stored_bytes, s.size));
  *c.out << fmt::format("  zeros      {}\n  free       {}\n", size_text(s.zero_bytes), size_text(s.unallocated_bytes));
  if (s.excluded_bytes > 0) *c.out << fmt::format("  left out   {}\n", size_text(s.excluded_bytes));
  if (m.contains("left_out")) *c.out << left_out_text(m["left_out"], "             ");
  if (s.unreadable_bytes > 0) *c.out << fmt::format("  unreadable {}\n", size_text(s.unreadable_bytes));
}

int show_faults(const info_options& o, context& c, image::image_reader& reader) {
  const auto found = faults_of(reader);
  if (found.has_error()) return report_error(c, o.output, found.assume_error());
  const auto& info = reader.info();
  const auto metadata = metadata_of(info);
  auto documents = nlohmann::json::array();
  for (std::size_t i = 0; i < info.sources.size(); ++i) {
    const auto& s = info.sources[i];
    const auto& faults = found.assume_value()[i];
    if (o.output.json) {
      auto one = to_json(faults);
      one["path"] = source_path(i, metadata);
      one["size"] = s.size;
      one["unreadable_bytes"] = s.unreadable_bytes;
      documents.push_back(std::move(one));
      continue;
    }
    *c.out << fmt::format("source {}     {}, {}: ", i, printable(source_path(i, metadata)), size_text(s.size));
    *c.out << (faults.places.empty() ? std::string("all of it was read\n")
                                     : fmt::format("{} in {} could not be read\n", size_text(s.unreadable_bytes),
                                                   counted(faults.places.size(), "place")));
    print_places(c, faults);
  }
  if (o.output.json) print_json(c, {{"image", to_hex(info.id.view())}, {"sources", documents}});
  return any_faults(found.assume_value()) ? exit_faults : exit_done;
}

int run_info(const info_options& o, context& c) {
  const auto opened = registry::open_image_at(*c.files, o.image, {});
  if (opened.has_error()) return report_error(c, o.output, opened.assume_error());
  auto& reader = *opened.assume_value().reader;
  if (o.faults) return show_faults(o, c, reader);
  const auto& info = reader.info();
  if (o.output.json) {
    auto document = to_json(info);
    document["name"] = image_label(info);
    document["metadata"] = metadata_of(info);
    auto packs = nlohmann::json::array();
    for (const auto& p : reader.packs()) packs.push_back(native::to_string(p));
    document["packs"] = packs;
    print_json(c, document);
    return exit_done;
  }
  const auto metadata = metadata_of(info);
  *c.out << fmt::format("image        {}\n", to_hex(info.id.view()));
  *c.out << fmt::format("name         {}\n", printable(image_label(info)));
  *c.out << fmt::format("taken        {}\n", utc_text(info.created));
  if (metadata.contains("host") && metadata["host"].is_string()) {
    *c.out << fmt::format("host         {}\n", printable(metadata["host"].get<std::string>()));
  }
  *c.out << (info.parent.is_none() ? std::string("kind         full\n")
                                   : fmt::format("kind         incremental on {}\n", to_hex(info.parent.view())));
  *c.out << fmt::format("blocks       up to {}\n", size_text(info.block_size));
  *c.out << fmt::format("added        {} of data, {} stored\n", size_text(info.new_plain_bytes),
                        size_text(info.new_stored_bytes));
  *c.out << fmt::format("packs        {}\n", reader.packs().size());
  *c.out << fmt::format("root         {}\n", to_hex(info.root.view()));
  for (std::size_t i = 0; i < info.sources.size(); ++i) print_source(c, i, info.sources[i], metadata);
  if (metadata.contains("shadow")) *c.out << describe_origin(metadata["shadow"]);
  return exit_done;
}

}  // namespace

void add_info(CLI::App& app, chosen_command& chosen) {
  auto* verb = app.add_subcommand("info", "show what an image holds");
  const auto o = std::make_shared<info_options>();
  verb->add_option("IMAGE", o->image, "VAULT::NAME, VAULT::NAME@N, VAULT::ID or a file")->required();
  verb->add_flag("--faults", o->faults, "list what could not be read, and which files it hits");
  add_output_options(*verb, o->output);
  verb->footer(
      "Examples:\n"
      "  umbra info /backup/vault::db1@1\n"
      "  umbra info /backup/vault::old-disk --faults\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 --faults, and there are some, 6 damaged image.");
  verb->callback([o, &chosen] { chosen = [o](context& c) { return run_info(*o, c); }; });
}

}  // namespace umbra::cli
