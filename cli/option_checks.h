// SPDX-License-Identifier: GPL-3.0-or-later
// Checks of option values that say plainly what is wrong: "--threads: 'x' is not a whole number from 0 to 256". They run while
// the command line is parsed, before anything is opened. Each also names its kind of value for the help.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "engine/base/result.h"
#include "engine/codec/codec.h"

namespace umbra::cli {

CLI::Validator whole_number(std::uint64_t lowest, std::uint64_t highest);
// 0 to 100, fractions allowed.
CLI::Validator percentage();
CLI::Validator one_of(const std::vector<std::string>& choices);
// What parse_size() takes.
CLI::Validator size_value();
// What parse_time() takes.
CLI::Validator time_value();
// What parse_block_size() takes.
CLI::Validator block_size_value();

// A power of two from 4K to 4M. errc::usage otherwise.
result<std::uint32_t> parse_block_size(const std::string& text);

constexpr std::uint64_t most_sources = 0xffff'ffff;  // as --source-number

// Declares --threads, 0 to 256.
void add_threads_option(CLI::App& verb, unsigned& threads);
// Declares --parent, to be given as often as needed: where a single-file image's parents lie.
void add_parent_places_option(CLI::App& verb, std::vector<std::string>& places);
// Declares --codec, --level and --acceleration.
void add_codec_options(CLI::App& verb, std::string& name, codec::encoder_options& options);
// `options` with the codec of that name; errc::usage if the codec has no such level.
result<codec::encoder_options> chosen_codec(const std::string& name, codec::encoder_options options);

}  // namespace umbra::cli
