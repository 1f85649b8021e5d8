// SPDX-License-Identifier: GPL-3.0-or-later
// A control group whose processes have only so much memory between them, version 1 or 2. Goes with the object, once it is empty.
#pragma once

#include <cstdint>
#include <string>

namespace umbra::test {

class memory_group {
 public:
  explicit memory_group(std::uint64_t bytes);
  memory_group(const memory_group&) = delete;
  memory_group& operator=(const memory_group&) = delete;
  ~memory_group();

  // Why there is none; empty if there is.
  const std::string& unavailable() const { return why_; }
  // This process belongs to it from here on, with all memory that it takes from here on. Takes no memory itself once it is in.
  bool join() const;
  // Nobody is killed: who asks for more than there is waits. False if these groups cannot do that (version 2).
  bool let_them_wait() const;
  // How often the kernel killed for its sake.
  std::uint64_t kills() const;
  std::uint64_t bytes_left() const;

 private:
  bool write(const char* file, const std::string& text) const;
  std::string read(const char* file) const;

  std::string folder_;
  std::string why_;
  const std::uint64_t limit_;
  bool is_first_version_ = false;
};

}  // namespace umbra::test
