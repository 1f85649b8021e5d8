// SPDX-License-Identifier: GPL-3.0-or-later
// Reads one pack, whole or torn. Trusts nothing it reads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/file_system.h"
#include "formats/native/footer.h"
#include "formats/native/pack_writer.h"
#include "formats/native/record.h"
#include "formats/native/superblock.h"

namespace umbra::native {

// Safe from many threads.
class pack_reader {
 public:
  // Reads and checks the superblock; `expected` (where the caller knows it) must be the pack's id, else errc::damaged. Features
  // that reading needs and this build lacks are errc::unknown_feature. The footer is not needed: see footer_state(). `name` is
  // what messages call the pack.
  static result<std::unique_ptr<pack_reader>> open(std::unique_ptr<store::input_file> file, std::string name,
                                                   std::optional<image::pack_id> expected);
  ~pack_reader();

  const superblock_info& super() const;
  const std::string& name() const;
  std::uint64_t file_size() const;

  // Success if a valid footer stands at the end and its numbers fit the file. Read once, at first call.
  result<void> footer_state() const;
  // Named sections of a valid footer.
  result<std::vector<pack_section>> sections() const;

  // Header at `offset`, checked.
  result<record_info> header_at(std::uint64_t offset) const;

  // Reads the record at `where` in one read (where.pack must be this pack), checks header, checksum, type, identity with `id` and
  // that its plain size is plain.size(), and decodes it into `plain`. `scratch` grows as needed. Errors name pack and offset;
  // after one `plain` holds anything. The id is compared, not computed: who must know hashes `plain`.
  result<void> read_record(const image::location& where, record_type type, const content_id& id, codec::decoder& decoder,
                           std::vector<std::byte>& scratch, byte_span plain) const;
  // The same for a record whose size and id are not known beforehand, with codec none: manifests, mini-indexes. At most `limit`
  // bytes.
  result<std::vector<std::byte>> read_plain(std::uint64_t offset, record_type type, std::uint32_t limit) const;

  // Every data record that the mini-indexes name, in order: through footer and checkpoints, or by walking the records when the
  // footer is missing or wrong (a torn or running pack: what lies before the tear is told, and of it only records whose checksum
  // is right). `visit` is called once a segment. Damage under a valid footer is an error that comes after the segments before it.
  result<void> for_each_indexed(const std::function<result<void>(const std::vector<indexed_record>&)>& visit) const;

  struct walked_record {
    record_info info;
    std::uint64_t offset = 0;
    byte_view stored;  // valid during the call; its checksum was compared
    bool checksum_ok = true;
  };
  struct walk_report {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;    // of the file, seen
    std::vector<error> damage;  // one each; at most 1000 kept
    std::uint64_t damage_count = 0;
  };
  // Reads the whole pack front to back in large reads, checks every record and all structures between (padding zeros, segment and
  // sequence numbers, mini-indexes and checkpoints against what was seen, footer), so that any flipped byte is found. After
  // damage it goes on at the next record that fits; what the medium cannot read counts as damage. `visit` sees all records of all
  // types and may stop the walk with an error, which is then the answer.
  result<walk_report> walk(const std::function<result<void>(const walked_record&)>& visit) const;

 private:
  pack_reader();
  result<footer_info> footer_at_end() const;
  result<void> read_header(std::uint64_t offset, byte_span out) const;
  struct state;
  std::unique_ptr<state> state_;
};

// Where packs are found by name: a vault, or the single files the user named. Safe from many threads.
class pack_source {
 public:
  virtual ~pack_source() = default;
  // errc::damaged if it is not where it must be; errc::not_found, with what to look for, if it may lie elsewhere.
  virtual result<std::shared_ptr<const pack_reader>> pack(const image::pack_id& id) = 0;
};

// "3f09…c2-0", as used in object names and messages.
std::string to_string(const image::pack_id& id);

}  // namespace umbra::native
