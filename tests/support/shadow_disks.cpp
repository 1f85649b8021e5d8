// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/shadow_disks.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/shadow/volume.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

namespace fs = std::filesystem;

bool is_known(const std::vector<std::string>& known, const std::string& name) {
  return std::ranges::find(known, name) != known.end();
}

std::string loops_over_files_of(const std::string& folder, const std::vector<std::string>& known) {
  std::string left;
  for (const auto& entry : fs::directory_iterator("/sys/block")) {
    auto backing = read_file((entry.path() / "loop/backing_file").string());
    while (backing.ends_with('\n')) backing.pop_back();
    if (backing.starts_with(folder + "/") && !is_known(known, backing)) left += "loop device over " + backing + "\n";
  }
  return left;
}

}  // namespace

std::string left_behind(const std::string& folder, const std::string& state, const std::vector<std::string>& known) {
  std::string left;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (!is_known(known, entry.path().string())) left += "file " + entry.path().string() + "\n";
  }
  for (const auto& entry : fs::directory_iterator(state, ignored)) left += "record " + entry.path().string() + "\n";
  std::string loops;
  settles([&] { return (loops = loops_over_files_of(folder, known)).empty(); });
  return left + loops;
}

void fill_file(const std::string& path, std::uint64_t size, std::uint64_t seed) {
  std::vector<std::byte> bytes(size);
  fill_random(seed, bytes);
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(size));
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

set_maker::set_maker(shadow::provider& p) : provider_(p), set_(random_->make<shadow::guid>()) {}

result<shadow::guid> set_maker::add(const std::string& name, attributes a) {
  TRY(const auto v, shadow::find_volume(name));
  const auto id = random_->make<shadow::guid>();
  CHECK(provider_.begin_prepare_snapshot(set_, id, v, a));
  if (provider_.holds(v) == shadow::provider::hold::coordinator) to_freeze_.push_back(v.mount_point);
  ++count_;
  return id;
}

result<void> set_maker::commit() {
  CHECK(provider_.pre_commit_snapshots(set_));
  shadow::freeze_request request;
  request.mount_points = to_freeze_;
  TRY(const auto hold, shadow::make_freezer(request));
  CHECK(hold->freeze());
  auto committed = provider_.commit_snapshots(set_);
  auto thawed = hold->thaw();
  held_ = hold->held();
  CHECK(committed);
  CHECK(thawed);
  return provider_.post_commit_snapshots(set_, count_);
}

result<void> set_maker::make() {
  const auto all = [&]() -> result<void> {
    CHECK(end_prepare());
    CHECK(commit());
    CHECK(pre_final());
    return post_final();
  };
  auto made = all();
  if (made.has_error()) static_cast<void>(abort());
  return made;
}

shadow::guid set_maker::make_one(shadow::provider& p, const std::string& volume, attributes a) {
  set_maker set(p);
  const auto id = set.add(volume, a);
  const auto made = id.has_value() ? set.make() : result<void>(id.error());
  EXPECT_TRUE(made.has_value()) << made.error().message();
  return id.has_value() ? id.value() : shadow::guid{};
}

}  // namespace umbra::test
