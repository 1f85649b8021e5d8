// SPDX-License-Identifier: GPL-3.0-or-later
// One clone of one file. Linux only.
#pragma once

#include <memory>
#include <string>

#include "engine/shadow/file_copy_linux.h"
#include "engine/shadow/reflink_provider.h"
#include "engine/shadow/snapshot_record.h"

namespace umbra::shadow {

class reflink_copy final : public file_copy {
 public:
  // To be made.
  reflink_copy(const copy_order& order, const reflink_options& options);
  // Persistent, as its record says.
  reflink_copy(snapshot_record record, std::shared_ptr<snapshot_records> records);

  result<void> prepare() override;
  result<void> end_prepare() override;
  result<void> pre_commit() override;
  result<void> commit() override;
  result<void> post_commit() override;
  result<void> post_final_commit(const snapshot_prop& made) override;
  result<void> discard() override;

  std::string device_object() const override;
  result<std::unique_ptr<io::device>> open() override;
  result<void> check() override;
  result<std::string> node() override;
  result<void> release_node() override;
  result<std::string> source() override;
  result<void> revert() override;

  // Bytes that only the copy holds.
  result<std::uint64_t> used();
  const std::string& source_file() const { return record_.source; }

 private:
  result<void> open_source();
  result<void> check_space() const;
  result<void> write_out() const;
  result<void> reopen();

  snapshot_record record_;
  const bool is_persistent_;
  const std::shared_ptr<snapshot_records> records_;
  const io::device_number number_;  // of the volume, while the copy is made
  const std::uint64_t minimum_free_ = 0;
  unique_fd source_;
  std::unique_ptr<snapshot_records::claim> claim_;
};

// Removes the file of a persistent copy that is not wanted any longer; success if it is gone already. If the folder it lay in
// shows nothing of it, not even its source, the file system is taken to be absent: errc::not_found.
result<void> remove_clone(const snapshot_record& record);

}  // namespace umbra::shadow
