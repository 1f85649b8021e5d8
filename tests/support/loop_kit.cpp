// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/loop_kit.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace umbra::test {
namespace {

bool runs(const std::string& command) {
  return std::system(("export PATH=$PATH:/usr/sbin:/sbin; exec >/dev/null 2>&1; " + command).c_str()) == 0;
}

// Once for the process.
bool own_mounts() {
  static const bool done = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return done;
}

io::loop_device attach(const std::string& path, range window, bool read_only) {
  const unique_fd file(::open(path.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC));
  if (!file.is_open()) throw std::runtime_error("cannot open " + path);
  auto device = io::attach_loop(file.get(), window, read_only);
  if (device.has_error()) throw std::runtime_error(device.error().message());
  return std::move(device).assume_value();
}

}  // namespace

bool settles(const std::function<bool()>& condition) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::string loop_kit_unavailable(std::initializer_list<const char*> tools) {
  if (::geteuid() != 0) return "only root may set up loop devices";
  if (::access("/dev/loop-control", R_OK | W_OK) != 0) return "no loop devices here";
  for (const std::string tool : tools) {
    if (!runs("command -v " + tool)) return tool + " is not installed";
  }
  return own_mounts() ? "" : "no mount namespace to be had";
}

void make_file(const std::string& path, std::uint64_t size) {
  const unique_fd file(::open(path.c_str(), O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.is_open() || ::ftruncate(file.get(), static_cast<off_t>(size)) != 0) throw std::runtime_error("cannot make " + path);
}

loop_disk::loop_disk(const std::string& path, range window, bool read_only) : device_(attach(path, window, read_only)) {}

bool make_file_system(const std::string& type, const std::string& node, const std::string& options) {
  const std::string force = type.starts_with("ext") ? "-F -q " : "-f -q ";
  return runs("mkfs." + type + " " + force + options + " " + node);
}

mounted::mounted(const std::string& node, const std::string& type, const std::string& folder, const std::string& data,
                 bool read_only)
    : point_(folder) {
  std::filesystem::create_directories(folder);
  if (::mount(node.c_str(), folder.c_str(), type.c_str(), read_only ? MS_RDONLY : 0, data.c_str()) != 0) {
    throw std::runtime_error("cannot mount " + node + " on " + folder);
  }
}

mounted::~mounted() { unmount(); }

void mounted::unmount() {
  if (point_.empty()) return;
  was_frozen(point_);
  int why = 0;
  settles([&] { return (why = ::umount(point_.c_str()) == 0 ? 0 : errno) != EBUSY; });
  // EINVAL: a test has unmounted it by itself.
  if (why != 0 && why != EINVAL) ADD_FAILURE() << point_ << " cannot be unmounted: " << std::strerror(why);
  point_.clear();
}

loop_volume::loop_volume(const std::string& folder, const std::string& name, const std::string& type, std::uint64_t size,
                         const std::string& mkfs_options)
    : file_(folder + "/" + name + ".img"), point_(folder + "/" + name), type_(type) {
  make_file(file_, size);
  disk_.emplace(file_);
  if (!make_file_system(type, disk_->node(), mkfs_options)) throw std::runtime_error("mkfs." + type + " failed");
  mount_again();
}

void loop_volume::mount_again() {
  if (!disk_) disk_.emplace(file_);
  mount_.emplace(disk_->node(), type_, point_);
}

void loop_volume::detach() {
  mount_.reset();
  disk_.reset();
}

bool was_frozen(const std::string& mount_point) {
  const unique_fd root(::open(mount_point.c_str(), O_RDONLY | O_CLOEXEC));
  bool frozen = false;
  while (root.is_open() && ::ioctl(root.get(), FITHAW, 0) == 0) frozen = true;
  return frozen;
}

}  // namespace umbra::test
