// SPDX-License-Identifier: GPL-3.0-or-later
// What a job tells beside its result. Damage is data: it is listed here, and the job goes on where it can.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace umbra::jobs {

// A piece of a source, image or target that is not as it should be.
struct fault {
  enum class kind : std::uint8_t {
    unreadable,  // the source could not be read here; the image says so
    audit,       // a block the change hash called unchanged had changed; it was stored anew
    codec,       // a record did not decode to what went in; it was stored raw
    damaged,     // stored bytes or a map page are wrong or missing
    mismatch,    // a device differs from the image
  };
  kind what = kind::unreadable;
  std::size_t source = 0;
  std::uint64_t offset = 0;  // bytes, in the source; in the pack for damage found by walking packs
  std::uint64_t size = 0;
  std::string text;      // one line
  bool untried = false;  // unreadable: it was not tried to the end, for want of time
};

// Faults, counted all and kept up to a limit, so that a dying disk does not fill the memory.
class fault_list {
 public:
  static constexpr std::size_t kept_at_most = 1000;
  // Neighbours that could not be read are one fault, and so are those that were not tried to the end.
  void add(fault f) {
    bytes_ += f.size;
    const bool goes_on = f.what == fault::kind::unreadable && count_ > 0 && f.source == unread_source_ &&
                         f.offset == unread_end_ && f.untried == unread_untried_;
    unread_source_ = f.source;
    unread_untried_ = f.untried;
    unread_end_ = f.what == fault::kind::unreadable ? f.offset + f.size : 0;
    if (goes_on) {
      if (count_ == faults_.size()) faults_.back().size += f.size;
      return;
    }
    ++count_;
    if (faults_.size() < kept_at_most) faults_.push_back(std::move(f));
  }
  // What another thread found.
  void add(fault_list other) {
    for (auto& f : other.faults_) {
      if (faults_.size() < kept_at_most) faults_.push_back(std::move(f));
    }
    count_ += other.count_;
    bytes_ += other.bytes_;
  }
  std::uint64_t count() const { return count_; }
  std::uint64_t bytes() const { return bytes_; }
  bool empty() const { return count_ == 0; }
  const std::vector<fault>& faults() const { return faults_; }

 private:
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<fault> faults_;
  // where the last one ended, if it was `unreadable`
  std::size_t unread_source_ = 0;
  std::uint64_t unread_end_ = 0;
  bool unread_untried_ = false;
};

}  // namespace umbra::jobs
