// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/page_source.h"

#include <fmt/format.h>

namespace umbra::native {

result<std::vector<std::byte>> page_source::read(const page_pointer& p, record_type type) {
  TRY(const std::shared_ptr<const pack_reader> pack, packs_.pack(p.where.pack));
  std::vector<std::byte> plain(p.plain_size);
  std::unique_ptr<tools> t = borrow();
  result<void> outcome = pack->read_record(p.where, type, p.id, t->decoder, t->scratch, plain);
  give_back(std::move(t));
  CHECK(outcome);
  // A record only claims its id. Everything below hangs on this page, and it is small.
  if (hasher_(plain) != p.id)
    return error(errc::checksum,
                 fmt::format("pack {} at {}: map page has other content", to_string(p.where.pack), p.where.offset));
  return plain;
}

std::unique_ptr<page_source::tools> page_source::borrow() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<tools>();
  std::unique_ptr<tools> t = std::move(idle_.back());
  idle_.pop_back();
  return t;
}

void page_source::give_back(std::unique_ptr<tools> t) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(t));
}

}  // namespace umbra::native
