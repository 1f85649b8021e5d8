// SPDX-License-Identifier: GPL-3.0-or-later
// The system's own file system: what the store contract does not reach.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "engine/base/units.h"
#include "engine/store/store.h"
#include "tests/support/pattern.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

namespace fs = std::filesystem;

template <class T>
errc code_of(const result<T>& r) {
  return r.has_error() ? r.assume_error().code() : errc{};
}

struct file_system_posix : testing::Test {
  temp_dir dir;
  std::unique_ptr<store::file_system> files = store::system_file_system();

  void make_file(const std::string& name, std::string_view text = "x") { std::ofstream(dir.at(name)) << text; }
};

TEST_F(file_system_posix, new_files_and_folders_are_the_owners_alone) {
  const auto before = ::umask(0);
  const bool made = files->create(dir.at("f")).has_value() && files->make_directory(dir.at("d")).has_value();
  ::umask(before);
  ASSERT_TRUE(made);
  EXPECT_EQ(fs::status(dir / "f").permissions(), fs::perms(0600));
  EXPECT_EQ(fs::status(dir / "d").permissions(), fs::perms(0700));
}

TEST_F(file_system_posix, created_file_does_not_replace_anything) {
  make_file("f", "old");
  fs::create_symlink(dir / "nowhere", dir / "l");
  EXPECT_EQ(code_of(files->create(dir.at("f"))), errc::exists);
  EXPECT_EQ(code_of(files->create(dir.at("l"))), errc::exists);
  EXPECT_FALSE(fs::exists(dir / "nowhere"));
  EXPECT_EQ(fs::file_size(dir / "f"), 3u);
}

TEST_F(file_system_posix, errors_name_the_path_and_the_reason) {
  const auto path = dir.at("absent/f");
  const auto failed = files->create(path);
  ASSERT_TRUE(failed.has_error());
  EXPECT_EQ(failed.assume_error().code(), errc::not_found);
  EXPECT_EQ(failed.assume_error().message(), "cannot create " + path + ": No such file or directory");
}

TEST_F(file_system_posix, path_below_a_regular_file_is_not_found) {
  make_file("f");
  EXPECT_EQ(code_of(files->create(dir.at("f/below"))), errc::not_found);
  EXPECT_EQ(code_of(files->open(dir.at("f/below"))), errc::not_found);
  EXPECT_EQ(code_of(files->list(dir.at("f"))), errc::not_found);
  EXPECT_EQ(code_of(files->sync_directory(dir.at("f"))), errc::not_found);
}

TEST_F(file_system_posix, make_directory_takes_one_that_is_there_but_not_a_file) {
  make_file("f");
  EXPECT_TRUE(files->make_directory(dir.at("d")).has_value());
  EXPECT_TRUE(files->make_directory(dir.at("d")).has_value());
  EXPECT_EQ(code_of(files->make_directory(dir.at("f"))), errc::usage);
  EXPECT_EQ(code_of(files->make_directory(dir.at("absent/d"))), errc::not_found);
}

TEST_F(file_system_posix, appends_of_many_pieces_pass_the_kernels_limit) {
  const auto bytes = random_bytes(3, 30'000);
  std::vector<byte_view> pieces;
  for (std::size_t at = 0; at < bytes.size(); at += 10) pieces.push_back(byte_view(bytes).subspan(at, 10));
  pieces.insert(pieces.begin(), 100, byte_view());
  auto out = files->create(dir.at("f"));
  ASSERT_TRUE(out.has_value());
  ASSERT_TRUE(out.assume_value()->append(pieces).has_value());
  ASSERT_TRUE(out.assume_value()->append(byte_view(bytes).first(7)).has_value());
  EXPECT_EQ(out.assume_value()->size(), 30'007u);
  ASSERT_TRUE(out.assume_value()->sync().has_value());
  ASSERT_TRUE(out.assume_value()->close().has_value());

  auto in = files->open(dir.at("f"));
  ASSERT_TRUE(in.has_value());
  const auto all = in.assume_value()->map();
  ASSERT_EQ(all.size(), 30'007u);
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), all.begin()));
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.begin() + 7, all.begin() + 30'000));
}

TEST_F(file_system_posix, closed_file_refuses_everything) {
  auto out = files->create(dir.at("f"));
  ASSERT_TRUE(out.has_value());
  auto& file = *out.assume_value();
  ASSERT_TRUE(file.close().has_value());
  EXPECT_EQ(code_of(file.append(as_bytes("x"))), errc::io_write);
  EXPECT_EQ(code_of(file.sync()), errc::io_write);
  EXPECT_EQ(code_of(file.close()), errc::io_write);
}

TEST_F(file_system_posix, failed_append_gives_the_file_up) {
  // A child, since the limit and the ignored signal belong to the process.
  const auto path = dir.at("f");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10'000, 10'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto bytes = zero_bytes(8'000);
    auto out = files->create(path);
    if (out.has_error()) ::_exit(1);
    if (out.assume_value()->append(bytes).has_error()) ::_exit(2);
    if (code_of(out.assume_value()->append(bytes)) != errc::io_write) ::_exit(3);  // a short write, then EFBIG
    if (!out.assume_value()->append(as_bytes("")).has_error()) ::_exit(4);
    if (!out.assume_value()->sync().has_error()) ::_exit(5);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// A small file system of its own; needs the right to mount.
class small_disk {
 public:
  explicit small_disk(const std::string& path) : path_(path) {
    mounted_ = ::mount("none", path.c_str(), "tmpfs", 0, "size=256k") == 0;
  }
  ~small_disk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  bool make_read_only() const { return ::mount("none", path_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0; }

 private:
  std::string path_;
  bool mounted_ = false;
};

TEST_F(file_system_posix, full_disk_is_no_space_and_names_the_path) {
  const small_disk disk(dir.string());
  if (!disk.mounted()) GTEST_SKIP() << "cannot mount a small tmpfs here";
  const auto store = store::make_local_store(*files, dir.string());
  ASSERT_TRUE(store->put_if_absent("small", as_bytes("x")).has_value());

  const auto put = store->put_if_absent("large", zero_bytes(1_MiB));
  ASSERT_EQ(code_of(put), errc::no_space);
  EXPECT_NE(put.assume_error().message().find(dir.string()), std::string::npos) << put.assume_error().message();
  EXPECT_NE(put.assume_error().message().find("No space left"), std::string::npos) << put.assume_error().message();
  EXPECT_EQ(code_of(store->open("large")), errc::not_found);
  EXPECT_TRUE(store->put_if_absent("large", zero_bytes(100_KiB)).has_value()) << "the failed try left its bytes behind";
}

TEST_F(file_system_posix, read_only_disk_is_denied) {
  const small_disk disk(dir.string());
  if (!disk.mounted()) GTEST_SKIP() << "cannot mount a small tmpfs here";
  const auto store = store::make_local_store(*files, dir.string());
  ASSERT_TRUE(store->put_if_absent("packs/a", as_bytes("x")).has_value());
  ASSERT_TRUE(disk.make_read_only());
  EXPECT_EQ(code_of(store->put_if_absent("packs/b", as_bytes("x"))), errc::denied);
  EXPECT_EQ(code_of(store->create("packs/c")), errc::denied);
  EXPECT_EQ(code_of(store->put_if_absent("other/b", as_bytes("x"))), errc::denied);
  EXPECT_TRUE(store->get("packs/a", 1).has_value());
}

TEST_F(file_system_posix, forbidden_folder_is_denied) {
  ASSERT_TRUE(files->make_directory(dir.at("d")).has_value());
  fs::permissions(dir.string(), fs::perms(0755));
  fs::permissions(dir / "d", fs::perms(0555));
  const auto self = ::geteuid();
  // Permissions do not bind root.
  if (self == 0) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const auto failed = files->create(dir.at("d/f"));
  if (self == 0) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_EQ(code_of(failed), errc::denied);
  fs::permissions(dir / "d", fs::perms(0700));
}

TEST_F(file_system_posix, open_refuses_what_is_no_regular_file_without_waiting) {
  ASSERT_EQ(::mkfifo(dir.at("pipe").c_str(), 0600), 0);
  EXPECT_EQ(code_of(files->open(dir.at("pipe"))), errc::usage);
  EXPECT_EQ(code_of(files->open(dir.string())), errc::usage);
}

TEST_F(file_system_posix, file_cut_while_open_is_damage) {
  make_file("f", std::string(10'000, 'x'));
  auto in = files->open(dir.at("f"));
  ASSERT_TRUE(in.has_value());
  fs::resize_file(dir / "f", 5'000);
  std::vector<std::byte> out(6'000);
  EXPECT_EQ(code_of(in.assume_value()->read(0, out)), errc::damaged);
}

TEST_F(file_system_posix, empty_file_reads_and_maps_as_nothing) {
  make_file("f", "");
  auto in = files->open(dir.at("f"));
  ASSERT_TRUE(in.has_value());
  EXPECT_EQ(in.assume_value()->size(), 0u);
  EXPECT_TRUE(in.assume_value()->map().empty());
  EXPECT_TRUE(in.assume_value()->read(0, {}).has_value());
}

TEST_F(file_system_posix, link_shares_the_file_and_never_replaces) {
  make_file("a", "one");
  make_file("b", "two");
  EXPECT_EQ(code_of(files->link(dir.at("a"), dir.at("b"))), errc::exists);
  EXPECT_EQ(code_of(files->link(dir.at("absent"), dir.at("c"))), errc::not_found);
  ASSERT_TRUE(files->link(dir.at("a"), dir.at("c")).has_value());
  EXPECT_EQ(fs::hard_link_count(dir / "a"), 2u);
  // The same link again: what a network file system does to itself when an answer was lost.
  EXPECT_TRUE(files->link(dir.at("a"), dir.at("c")).has_value());
  EXPECT_TRUE(files->remove(dir.at("a")).has_value());
  EXPECT_EQ(code_of(files->remove(dir.at("a"))), errc::not_found);
  EXPECT_EQ(fs::file_size(dir / "c"), 3u);
}

TEST_F(file_system_posix, list_is_sorted_and_follows_links) {
  make_file("b", "12345");
  make_file("a");
  ASSERT_TRUE(files->make_directory(dir.at("d")).has_value());
  fs::create_symlink("d", dir / "e");
  fs::create_symlink("nowhere", dir / "f");
  const auto listed = files->list(dir.string());
  ASSERT_TRUE(listed.has_value());
  const auto& entries = listed.assume_value();
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_EQ(entries[1].name, "b");
  EXPECT_EQ(entries[1].size, 5u);
  EXPECT_FALSE(entries[1].is_directory);
  EXPECT_EQ(entries[2].name, "d");
  EXPECT_TRUE(entries[2].is_directory);
  EXPECT_EQ(entries[3].name, "e");
  EXPECT_TRUE(entries[3].is_directory);
}

TEST_F(file_system_posix, lock_works_on_files_folders_and_read_only_files) {
  make_file("f");
  fs::permissions(dir / "f", fs::perms(0400));
  for (const auto& path : {dir.at("f"), dir.string()}) {
    auto held = files->lock(path);
    ASSERT_TRUE(held.has_value()) << held.assume_error().message();
    EXPECT_EQ(code_of(files->lock(path)), errc::busy);
    held.assume_value().reset();
    EXPECT_TRUE(files->lock(path).has_value());
  }
  EXPECT_EQ(code_of(files->lock(dir.at("absent"))), errc::not_found);
}

TEST_F(file_system_posix, lock_dies_with_its_process) {
  make_file("f");
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto held = files->lock(dir.at("f"));
    const char answer = held.has_value() ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char answer = 0;
  const bool told = ::read(ready[0], &answer, 1) == 1;
  const auto while_it_lives = code_of(files->lock(dir.at("f")));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  ASSERT_TRUE(told);
  ASSERT_EQ(answer, 'y');
  EXPECT_EQ(while_it_lives, errc::busy);
  EXPECT_TRUE(files->lock(dir.at("f")).has_value());
}

}  // namespace
}  // namespace umbra::test
