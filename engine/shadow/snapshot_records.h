// SPDX-License-Identifier: GPL-3.0-or-later
// The records of persistent copies in a folder. Each is written once, and whole before it has its name:
//
//   <id>.begun      before anything of the copy exists; goes last. Locked by the process that makes the copy, while it does.
//   <id>.made       the copy is there as long as this is
//   <id>.reverting  its volume is being brought back to it
//
// So begun without made and without a lock is what a crash left behind.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/snapshot_record.h"

namespace umbra::shadow {

class snapshot_records {
 public:
  // Held by whoever is at work on the copy: makes it, clears it away, brings its volume back to it.
  class claim {
   public:
    virtual ~claim() = default;
  };

  virtual ~snapshot_records() = default;

  // Durable when this returns, and so are the others. errc::exists if there is one of that id.
  virtual result<std::unique_ptr<claim>> begin(const snapshot_record& record) = 0;
  virtual result<void> complete(const snapshot_record& record) = 0;
  // The copy is about to go: from here on it is a leftover.
  virtual result<void> withdraw(const guid& snapshot) = 0;
  // The copy is gone.
  virtual result<void> end(const guid& snapshot) = 0;

  // Copies of a provider that are there; records that cannot be read are left out.
  virtual result<std::vector<snapshot_record>> made(const guid& provider) = 0;
  // Calls `clear` with each leftover of a provider, one at a time, nobody else at work on it; what it clears has its record
  // removed. Failures leave the record for the next time.
  virtual result<void> clear_leftovers(const guid& provider,
                                       const std::function<result<void>(const snapshot_record&)>& clear) = 0;

  // The same for reverts. One that goes on already is begun again, unless somebody is at work on it: e_revert_in_progress.
  virtual result<std::unique_ptr<claim>> begin_revert(const snapshot_record& record) = 0;
  virtual result<void> end_revert(const guid& snapshot) = 0;
  virtual result<std::vector<snapshot_record>> reverting(const guid& provider) = 0;
};

constexpr const char* default_records_folder = "/var/lib/umbra/shadows";

// The folder is made, for root alone, when the first record is written.
std::shared_ptr<snapshot_records> open_snapshot_records(const std::string& folder);

}  // namespace umbra::shadow
