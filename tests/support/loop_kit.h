// SPDX-License-Identifier: GPL-3.0-or-later
// Loop devices and file systems on them, for tests that run as root. Everything goes away with the object, and at the latest
// with the process: mounts are made in a namespace of the process's own, and nodes detach themselves when nobody uses them.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>

#include "engine/block/extent.h"
#include "engine/io/loop_device_linux.h"

namespace umbra::test {

// Waits until it is so, for ten seconds at most. For what the kernel does when the last user of a loop device closes it: anybody
// on the machine may have it open for an instant, just to look.
bool settles(const std::function<bool()>& condition);

// Why there can be no such test here; empty if it can run. Gives this process its mount namespace. `tools`: programs it needs.
std::string loop_kit_unavailable(std::initializer_list<const char*> tools = {});

// A file of zeros; `size` bytes, sparse.
void make_file(const std::string& path, std::uint64_t size);

class loop_disk {
 public:
  // Over the file at `path`, or a window of it. Throws std::runtime_error if there is none to be had.
  explicit loop_disk(const std::string& path, range window = {}, bool read_only = false);
  const std::string& node() const { return device_.node(); }

 private:
  io::loop_device device_;
};

// mkfs.TYPE with the options, quietly; false if it fails.
bool make_file_system(const std::string& type, const std::string& node, const std::string& options = "");

class mounted {
 public:
  // Makes the folder if there is none. Throws std::runtime_error if it cannot be mounted.
  mounted(const std::string& node, const std::string& type, const std::string& folder, const std::string& data = "",
          bool read_only = false);
  mounted(const mounted&) = delete;
  mounted& operator=(const mounted&) = delete;
  // Thawed first, if need be.
  ~mounted();
  void unmount();
  const std::string& point() const { return point_; }
  std::string at(const std::string& name) const { return point_ + "/" + name; }

 private:
  std::string point_;
};

// A file, a loop device over it, and a file system on that, mounted.
class loop_volume {
 public:
  // The file is folder/NAME.img, mounted on folder/NAME.
  loop_volume(const std::string& folder, const std::string& name, const std::string& type, std::uint64_t size,
              const std::string& mkfs_options = "");
  std::string file() const { return file_; }
  std::string node() const { return disk_->node(); }
  std::string point() const { return point_; }
  std::string at(const std::string& name) const { return point_ + "/" + name; }
  void unmount() { mount_.reset(); }
  void mount_again();
  // As `mount -o loop` has it: the loop device is there as long as it is mounted.
  void leave_node_to_mount() { disk_.reset(); }
  // Unmounts, and takes the loop device away.
  void detach();

 private:
  std::string file_, point_, type_;
  std::optional<loop_disk> disk_;
  std::optional<mounted> mount_;
};

// True if the file system at the mount point is frozen. It is thawed by asking.
bool was_frozen(const std::string& mount_point);

}  // namespace umbra::test
