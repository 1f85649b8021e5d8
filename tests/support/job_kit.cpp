// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/job_kit.h"

#include <algorithm>
#include <random>

#include "engine/base/units.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

constexpr std::int64_t first_second = 1'700'000'000;

result<jobs::backup_report> run_into(image::image_writer& writer, image::image_reader* parent, const source_list& sources,
                                     const backup_run& run) {
  flow::progress progress;
  const image::commit_request request{first_second + static_cast<std::int64_t>(run.seed), R"({"name":")" + run.name + "\"}"};
  return jobs::run_backup(sources, writer, parent, run.options, request, progress, run.stop);
}

}  // namespace

content seeded_disk(std::uint64_t seed, std::size_t size, std::size_t grain) {
  content disk(size);
  std::mt19937_64 engine(seed);
  for (std::size_t at = 0; at < size;) {
    const auto length = std::min<std::size_t>(size - at, (1 + engine() % 8) * grain);
    const auto out = byte_span(disk).subspan(at, length);
    const auto stretch_seed = engine();
    switch (engine() % 4) {
      case 0: break;  // zeros
      case 1: fill_random(stretch_seed, out); break;
      case 2: std::ranges::copy(compressible_bytes(stretch_seed, length), out.begin()); break;
      default: {
        const auto from = at == 0 ? 0 : stretch_seed % (at / grain) * grain;
        for (std::size_t i = 0; i < length; ++i) out[i] = disk[from + i];
      }
    }
    at += length;
  }
  return disk;
}

void change(byte_span disk, std::uint64_t offset, std::size_t size) {
  for (auto& b : disk.subspan(offset, size)) b ^= std::byte{0x5a};
}

io::device_geometry shaped_device::geometry() const {
  auto g = shape;
  g.size = inner_.geometry().size;
  g.read_only = false;
  return g;
}

result<void> shaped_device::check_aligned(std::uint64_t offset, std::uint64_t size, const std::byte* memory) const {
  const std::uint64_t unit = shape.alignment;
  const auto end = offset + size;
  const bool ends_well = end % unit == 0 || end == inner_.geometry().size;
  if (offset % unit == 0 && ends_well && reinterpret_cast<std::uintptr_t>(memory) % unit == 0) return success();
  return error(errc::usage, "a transfer that is not aligned");
}

result<void> shaped_device::read(std::uint64_t offset, byte_span out) {
  if (before_read) before_read(offset);
  CHECK(check_aligned(offset, out.size(), out.data()));
  return inner_.read(offset, out);
}

result<void> shaped_device::write(std::uint64_t offset, byte_view in) {
  CHECK(check_aligned(offset, in.size(), in.data()));
  return inner_.write(offset, in);
}

result<void> shaped_device::zero(std::uint64_t offset, std::uint64_t size, io::zero_mode mode) {
  CHECK(check_aligned(offset, size, nullptr));
  return inner_.zero(offset, size, mode);
}

result<extent_list> shaped_device::extents(std::uint64_t offset, std::uint64_t size) {
  extent_list list;
  auto at = offset;
  for (const auto& h : clip(holes, {offset, size})) {
    if (h.offset > at) list.push_back({at, h.offset - at, extent_kind::data});
    list.push_back({h.offset, h.size, extent_kind::zero});
    at = h.end();
  }
  if (at < offset + size) list.push_back({at, offset + size - at, extent_kind::data});
  return list;
}

source_list sources_of(io::device& device, const plan::allocation* allocation) { return {{&device, allocation, {}, "disk"}}; }

void make_vault(store::store& store, std::uint32_t block_size, std::uint64_t seed) {
  must(native::vault::create(store, block_size, *seeded_random(seed)));
}

std::unique_ptr<store::store> vault_store(store::file_system& files) {
  must(files.make_directory("/vault"));
  must(files.sync_directory("/"));
  return store::make_local_store(files, "/vault");
}

result<jobs::backup_report> back_up(store::store& store, const source_list& sources, const backup_run& run) {
  TRY(const auto vault, native::vault::open(store, native::intent::add));
  std::unique_ptr<image::image_reader> parent;
  if (run.parent) {
    TRY(parent, vault->open_image(*run.parent));
  }
  TRY(const auto writer, vault->new_image({run.name, run.parent, run.pack_size, "{}"}, *seeded_random(run.seed)));
  return run_into(*writer, parent.get(), sources, run);
}

result<jobs::backup_report> back_up_to_file(store::file_system& files, const std::string& path, const source_list& sources,
                                            const backup_run& run, const std::string& parent) {
  std::unique_ptr<image::image_reader> before;
  if (!parent.empty()) {
    TRY(before, native::open_image_file(files, parent, {}));
  }
  TRY(const auto writer,
      native::create_image_file(files, path, {run.block_size, before.get(), run.shape}, *seeded_random(run.seed)));
  return run_into(*writer, before.get(), sources, run);
}

result<jobs::backup_report> back_up_discarding(const source_list& sources, const backup_run& run) {
  TRY(const auto writer, native::create_discarding_image({run.block_size, nullptr, run.shape}, *seeded_random(run.seed)));
  return run_into(*writer, nullptr, sources, run);
}

image::session_id back_up_bytes(store::store& store, const content& disk, const backup_run& run) {
  io::memory_device device(disk);
  return must(back_up(store, sources_of(device), run)).image.id;
}

result<opened_image> open_image(store::store& store, const image::session_id& id) {
  opened_image opened;
  TRY(opened.vault, native::vault::open(store, native::intent::read));
  TRY(opened.image, opened.vault->open_image(id));
  return opened;
}

result<content> restored(image::image_reader& image, std::size_t source, const jobs::restore_options& options) {
  io::memory_device target(content(image.info().sources.at(source).size, std::byte{0xa5}));
  flow::progress progress;
  TRY(const auto report, jobs::run_restore(image, source, target, options, progress, {}));
  if (!report.faults.empty()) return error(errc::damaged, report.faults.faults().front().text);
  const auto bytes = target.contents();
  return content(bytes.begin(), bytes.end());
}

result<content> restored(store::store& store, const image::session_id& id, std::size_t source) {
  TRY(const auto opened, open_image(store, id));
  return restored(*opened, source);
}

result<content> restored_file(store::file_system& files, const std::string& path, std::size_t source) {
  TRY(const auto image, native::open_image_file(files, path, {}));
  return restored(*image, source);
}

result<native::verify_report> verified(store::store& store) {
  TRY(const auto vault, native::vault::open(store, native::intent::read));
  flow::progress progress;
  return native::verify_vault(*vault, {.deep = true, .threads = 1}, progress, {});
}

result<void> verified_clean(store::store& store, bool strict) {
  TRY(const auto report, verified(store));
  if (!report.faults.empty()) return error(errc::damaged, report.faults.faults().front().text);
  if (strict && !report.notes.empty()) return error(errc::damaged, "note: " + report.notes.front());
  return success();
}

std::vector<image::session_id> images_of(store::store& store) {
  std::vector<image::session_id> ids;
  for (const auto& s : must(must(native::vault::open(store, native::intent::read))->sessions())) {
    if (s.state == native::session_state::what::committed) ids.push_back(s.id);
  }
  return ids;
}

std::vector<std::pair<std::string, content>> all_objects(store::store& store) {
  std::vector<std::pair<std::string, content>> all;
  for (const auto& e : must(store.list(""))) all.emplace_back(e.name, must(store.get(e.name, 1ull << 32)));
  return all;
}

}  // namespace umbra::test
