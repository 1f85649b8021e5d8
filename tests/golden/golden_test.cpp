// SPDX-License-Identifier: GPL-3.0-or-later
// The committed images of every format version: they are what they were, the engine restores them bit for bit, today's writer
// still makes the same bytes, and what must be refused is refused for the right reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "engine/base/units.h"
#include "formats/native/image_file.h"
#include "formats/native/vault.h"
#include "formats/native/vault_objects.h"
#include "formats/native/verify.h"
#include "tests/golden/files.h"
#include "tests/golden/golden_set.h"
#include "tests/golden/must_fail.h"
#include "tests/support/temp_dir.h"

namespace umbra::golden {
namespace {

namespace fs = std::filesystem;

// liblz4 1.9.4 and libzstd 1.5.4, which made the committed bytes.
constexpr std::string_view codecs_of_the_committed = "5dc96df8f6087452a9cf207a1140d95a2e9760da25bdf00fe3a4ed0b9cc7e1bd";

fs::path folder() { return fs::path(UMBRA_SOURCE_DIR) / "tests/golden"; }

std::string text_of(const bytes& b) { return std::string(as_text(b)); }

// ---- images from disk --------------------------------------------------------------------------------------------------------
struct opened {
  std::unique_ptr<store::file_system> files;
  std::unique_ptr<store::store> objects;
  std::unique_ptr<native::vault> vault;
  std::unique_ptr<image::image_reader> image;
};

result<opened> open_file(const fs::path& path) {
  opened o;
  o.files = store::system_file_system();
  TRY(o.image, native::open_image_file(*o.files, path.string(), {}));
  return o;
}

// `id` empty: the only session there is.
result<opened> open_vault(const fs::path& path, const std::string& id) {
  opened o;
  o.files = store::system_file_system();
  o.objects = store::make_local_store(*o.files, path.string());
  TRY(o.vault, native::vault::open(*o.objects, native::intent::read));
  TRY(const auto sessions, native::list_sessions(*o.objects));
  auto wanted = id_from_hex<image::session_id>(id);
  if (!wanted && sessions.size() == 1) wanted = sessions.begin()->first;
  if (!wanted) return error(errc::usage, "which image?");
  TRY(o.image, o.vault->open_image(*wanted));
  return o;
}

// Bytes [offset, offset + length) of a source, fed to `sum`; every block that they touch is fetched and hashed.
result<void> sum_range(image::image_reader& image, std::size_t source, range wanted, test::sha256& sum) {
  static const bytes zeros(1u << 20);
  for (std::uint64_t at = wanted.offset; at < wanted.end();) {
    TRY(const auto region, image.region_at(source, at / image::region_size));
    for (const auto& b : region->blocks) {
      if (b.end() <= at || at == wanted.end()) continue;
      const auto size = std::min(b.end(), wanted.end()) - at;
      bytes plain;
      if (b.state == image::block_state::stored) {
        plain.resize(b.size);
        CHECK(image.fetch(b, plain, true));
        sum.add(byte_view(plain).subspan(at - b.offset, size));
      } else {
        for (std::uint64_t done = 0; done < size; done += zeros.size())
          sum.add(byte_view(zeros).first(std::min<std::uint64_t>(zeros.size(), size - done)));
      }
      at += size;
    }
  }
  return success();
}

std::string summed(image::image_reader& image, std::size_t source, range wanted) {
  test::sha256 sum;
  const auto done = sum_range(image, source, wanted, sum);
  return done.has_error() ? done.assume_error().message() : sum.hex();
}

// Opens, checks the packs, reads and hashes every stored block.
result<void> read_all(image::image_reader& image) {
  CHECK(image.check_packs());
  for (std::size_t source = 0; source < image.info().sources.size(); ++source) {
    for (std::uint64_t i = 0; i < div_up(image.info().sources[source].size, image::region_size);) {
      TRY(const auto run, image.uniform_at(source, i));
      if (run.count > 0) {
        i += run.count;
        continue;
      }
      TRY(const auto region, image.region_at(source, i++));
      for (const auto& b : region->blocks) {
        if (b.state != image::block_state::stored) continue;
        bytes plain(b.size);
        CHECK(image.fetch(b, plain, true));
      }
    }
  }
  return success();
}

native::verify_report verified(image::image_reader& image) {
  flow::progress progress;
  return must(native::verify_image(image, {.deep = true, .threads = 1}, progress, {}));
}

// ---- the committed bytes -----------------------------------------------------------------------------------------------------
// Nothing but the list itself and what is no image.
file_set committed() {
  auto files = read_folder(folder());
  std::erase_if(files,
                [](const auto& file) { return !file.first.starts_with("native-v1/") && !file.first.starts_with("must-fail/"); });
  return files;
}

TEST(golden, committed_files_are_what_they_were) {
  const auto listed = read_folder(folder()).at("SHA256SUMS");
  EXPECT_EQ(sums_of(committed()), text_of(listed)) << "golden images are never edited, removed or renamed";
}

TEST(golden, sha256_is_right) {
  test::sha256 sum;
  sum.add(as_bytes("abc"));
  EXPECT_EQ(sum.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(golden, todays_writer_makes_the_same_bytes) {
  if (codec_fingerprint() != codecs_of_the_committed) GTEST_SKIP() << "other codec libraries: " << codec_fingerprint();
  file_set made;
  for (auto& [path, content] : make_golden_set()) made["native-v1/" + path] = content;
  for (auto& [path, content] : files_of(make_must_fail())) made["must-fail/" + path] = content;
  const auto there = committed();
  for (const auto& [path, content] : made) {
    ASSERT_TRUE(there.contains(path)) << path;
    EXPECT_TRUE(there.at(path) == content) << path << ": the writer's output changed. Raise writer_build, and keep the old image";
  }
}

// ---- restores ----------------------------------------------------------------------------------------------------------------
// One line of a sums file, after the sum: "SOURCE", "SOURCE OFFSET LENGTH".
void expect_sum(image::image_reader& image, std::istringstream& line, const std::string& expected) {
  std::size_t source = 0;
  range wanted;
  ASSERT_TRUE(line >> source && source < image.info().sources.size());
  if (!(line >> wanted.offset >> wanted.size)) wanted = {0, image.info().sources[source].size};
  EXPECT_EQ(summed(image, source, wanted), expected) << "source " << source << " at " << wanted.offset;
}

std::vector<std::string> golden_names(std::string_view suffix) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder() / "native-v1")) {
    const auto name = entry.path().filename().string();
    if (name.ends_with(suffix)) names.push_back(name.substr(0, name.size() - suffix.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(golden, every_image_file_restores_and_verifies) {
  const auto files = read_folder(folder() / "native-v1");
  const auto names = golden_names(".umbra");
  ASSERT_GE(names.size(), 9u);
  for (const auto& name : names) {
    SCOPED_TRACE(name);
    const auto o = open_file(folder() / "native-v1" / (name + ".umbra"));
    ASSERT_TRUE(o.has_value()) << o.assume_error().message();
    auto& image = *o.assume_value().image;
    std::istringstream sums(text_of(files.at(name + ".umbra.sha256")));
    for (std::string line; std::getline(sums, line);) {
      std::istringstream words(line);
      std::string sum;
      words >> sum;
      expect_sum(image, words, sum);
    }
    const auto report = verified(image);
    EXPECT_TRUE(report.faults.empty()) << report.faults.faults().front().text;
    EXPECT_TRUE(report.notes.empty());
  }
}

TEST(golden, every_image_of_the_vault_restores_and_the_vault_verifies) {
  const auto files = read_folder(folder() / "native-v1");
  const auto place = folder() / "native-v1/vault-basic";
  std::istringstream sums(text_of(files.at("vault-basic.sha256")));
  std::size_t lines = 0;
  for (std::string line; std::getline(sums, line); ++lines) {
    SCOPED_TRACE(line);
    std::istringstream words(line);
    std::string sum, id;
    words >> sum >> id;
    const auto o = open_vault(place, id);
    ASSERT_TRUE(o.has_value()) << o.assume_error().message();
    expect_sum(*o.assume_value().image, words, sum);
  }
  EXPECT_GE(lines, 6u);

  const auto system = store::system_file_system();
  const auto objects = store::make_local_store(*system, place.string());
  const auto vault = must(native::vault::open(*objects, native::intent::read));
  flow::progress progress;
  const auto report = must(native::verify_vault(*vault, {.deep = true, .threads = 1}, progress, {}));
  EXPECT_TRUE(report.faults.empty()) << report.faults.faults().front().text;
  EXPECT_EQ(report.images, 4u);  // of five: one is forgotten

  std::map<std::string, int> names;
  for (const auto& s : must(vault->sessions())) ++names[s.name + (s.forgotten ? ", forgotten" : "")];
  EXPECT_EQ(names["disk"], 2);
  EXPECT_EQ(names["repaired"], 1);
  EXPECT_EQ(names["unwanted, forgotten"], 1);
}

TEST(golden, states_and_sizes_are_what_was_drawn) {
  const auto o = must(open_file(folder() / "native-v1/states.umbra"));
  const auto& s = o.image->info().sources.at(0);
  EXPECT_EQ(s.size % 512, 188u);
  EXPECT_EQ(s.logical_sector, 4096u);
  for (const auto part : {s.stored_bytes, s.zero_bytes, s.unallocated_bytes, s.unreadable_bytes, s.excluded_bytes})
    EXPECT_GT(part, 0u);
  const auto several = must(open_file(folder() / "native-v1/several-sources.umbra"));
  EXPECT_EQ(several.image->info().sources.size(), 4u);
  EXPECT_EQ(several.image->info().sources.at(1).size, 0u);
}

TEST(golden, one_damaged_manifest_copy_does_not_matter) {
  const auto good = read_folder(folder() / "native-v1").at("states.umbra");
  const auto magic = byte_view(bytes_of(native::manifest_magic));
  std::vector<std::size_t> copies;
  for (auto at = good.begin(); (at = std::search(at, good.end(), magic.begin(), magic.end())) != good.end(); ++at)
    copies.push_back(static_cast<std::size_t>(at - good.begin()));
  ASSERT_EQ(copies.size(), 2u);
  EXPECT_GT(copies[1] - copies[0], native::page_size);
  for (const auto place : copies) {
    file_set files{{"image.umbra", good}};
    files["image.umbra"][place + 60] ^= std::byte{1};
    const test::temp_dir dir;
    write_folder(dir.path(), files);
    const auto o = open_file(dir / "image.umbra");
    ASSERT_TRUE(o.has_value()) << o.assume_error().message();
    EXPECT_TRUE(read_all(*o.assume_value().image).has_value());
    EXPECT_FALSE(verified(*o.assume_value().image).faults.empty());
  }
}

// ---- refusals ----------------------------------------------------------------------------------------------------------------
const std::map<std::string, errc> kinds{{"bad_magic", errc::bad_magic},
                                        {"checksum", errc::checksum},
                                        {"damaged", errc::damaged},
                                        {"decode", errc::decode},
                                        {"not_found", errc::not_found},
                                        {"unknown_feature", errc::unknown_feature},
                                        {"unsupported_version", errc::unsupported_version}};

struct expectation {
  std::string when;  // "read" or "verify"
  std::string kind;
  std::string edit;
};

expectation read_expectation(const fs::path& place) {
  std::ifstream in(place / "expect");
  expectation e;
  in >> e.when >> e.kind >> std::ws;
  std::getline(in, e.edit);
  return e;
}

result<opened> open_any(const fs::path& place) {
  return fs::exists(place / "vault") ? open_vault(place, "") : open_file(place / "image.umbra");
}

result<void> open_and_read(const fs::path& place) {
  TRY(const auto o, open_any(place));
  return read_all(*o.image);
}

std::vector<fs::path> must_fail_places() {
  std::vector<fs::path> places;
  for (const auto& entry : fs::directory_iterator(folder() / "must-fail")) places.push_back(entry.path());
  std::sort(places.begin(), places.end());
  return places;
}

TEST(must_fail, each_image_is_refused_with_its_kind_of_error) {
  const auto places = must_fail_places();
  ASSERT_GE(places.size(), 40u);
  for (const auto& place : places) {
    const auto e = read_expectation(place);
    SCOPED_TRACE(place.filename().string() + ": " + e.edit);
    const auto read = open_and_read(place);
    if (e.when == "verify") {
      ASSERT_TRUE(read.has_value()) << read.assume_error().message();
      const auto o = must(open_any(place));
      EXPECT_FALSE(verified(*o.image).faults.empty());
      continue;
    }
    ASSERT_EQ(e.when, "read");
    ASSERT_TRUE(kinds.contains(e.kind)) << e.kind;
    ASSERT_TRUE(read.has_error());
    EXPECT_EQ(static_cast<int>(read.assume_error().code()), static_cast<int>(kinds.at(e.kind))) << read.assume_error().message();
  }
}

TEST(must_fail, the_image_they_were_made_from_is_good) {
  const auto victims = make_victims();
  const test::temp_dir dir;
  write_folder(dir.path(), victims);
  for (const auto& place : {dir / "image.umbra", dir / "child.umbra"}) {
    const auto o = must(open_file(place));
    must(read_all(*o.image));
    EXPECT_TRUE(verified(*o.image).faults.empty());
  }
  must(read_all(*must(open_vault(dir / "vault", "")).image));
}

TEST(must_fail, an_unknown_feature_is_called_by_its_name) {
  const auto o = open_any(folder() / "must-fail/unknown-incompat");
  ASSERT_TRUE(o.has_error());
  EXPECT_NE(o.assume_error().message().find("warp-drive"), std::string::npos) << o.assume_error().message();
}

}  // namespace
}  // namespace umbra::golden
