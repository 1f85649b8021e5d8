// SPDX-License-Identifier: GPL-3.0-or-later
#include <ostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "formats/registry/open_image.h"

namespace umbra::cli {
namespace {

struct init_options {
  std::string vault;
  std::string block_size = "64K";
  output_options output;
};

result<std::string> make_vault(const init_options& o, context& c) {
  TRY(const auto block_size, parse_block_size(o.block_size));
  if (o.vault.empty()) return error(errc::usage, "the vault's folder needs a name");
  CHECK(c.files->make_directory(o.vault));
  const auto objects = store::make_local_store(*c.files, o.vault);
  CHECK(native::vault::create(*objects, block_size, *c.random));
  TRY(const auto opened, registry::open_vault_at(*c.files, o.vault, native::intent::add));
  return to_hex(opened.vault->keys().id.view());
}

int run_init(const init_options& o, context& c) {
  const auto id = make_vault(o, c);
  if (id.has_error()) return report_error(c, o.output, id.assume_error());
  if (o.output.json) {
    print_json(c, {{"event", "done"}, {"vault", o.vault}, {"id", id.assume_value()}});
  } else if (!o.output.quiet) {
    *c.out << fmt::format("made a vault in {} (blocks of {})\n", o.vault, o.block_size);
  }
  return exit_done;
}

}  // namespace

void add_init(CLI::App& app, chosen_command& chosen) {
  auto* verb = app.add_subcommand("init", "make a vault: a folder that will hold images");
  const auto o = std::make_shared<init_options>();
  verb->add_option("VAULT", o->vault, "folder; made if it is missing, must be empty")->required();
  verb->add_option("--block-size", o->block_size, "largest block, a power of two from 4K to 4M")
      ->check(block_size_value())
      ->capture_default_str();
  add_output_options(*verb, o->output);
  verb->footer(
      "Small blocks find more duplicates and cost more map; 64K suits most disks.\n"
      "Example: umbra init /backup/vault\nExit codes: 0 done, 1 failed, 2 usage.");
  verb->callback([o, &chosen] { chosen = [o](context& c) { return run_init(*o, c); }; });
}

}  // namespace umbra::cli
