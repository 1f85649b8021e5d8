// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/verify.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "engine/flow/crew.h"
#include "engine/jobs/block_walk.h"
#include "formats/native/index_run.h"
#include "formats/native/objects.h"
#include "formats/native/pack_proof.h"
#include "formats/native/stored_image.h"
#include "formats/native/vault_objects.h"
#include "formats/native/verify_packs.h"

namespace umbra::native {
namespace {

using jobs::fault;

// Every map page is read, and each stored block's record is located, or, `decode`, fetched and hashed.
class map_verifier {
 public:
  map_verifier(image::image_reader& image, bool decode, verify_report& report)
      : image_(image), decode_(decode), report_(report) {}

  result<void> run(unsigned threads, flow::progress& progress, std::stop_token stop) {
    jobs::walk_visitor visitor;
    visitor.visit = [&](unsigned, const jobs::walk_item& item) { return visit(item); };
    visitor.damaged = [&](unsigned, std::size_t source, range where, const error& e) -> result<void> {
      add({fault::kind::damaged, source, where.offset, where.size, e.message()});
      return success();
    };
    CHECK(jobs::walk_image(image_, 0, image_.info().sources.size(), threads, visitor, progress, stop));
    const std::scoped_lock lock(mutex_);
    ++report_.images;
    return success();
  }

 private:
  result<void> visit(const jobs::walk_item& item) {
    if (!item.region) return success();
    std::vector<std::byte> plain;
    std::uint64_t plain_bytes = 0;
    for (const auto& b : item.region->blocks) {
      if (b.state != image::block_state::stored) continue;
      auto right = check(b, plain);
      if (right.has_error()) add({fault::kind::damaged, item.source, b.offset, b.size, describe(item, b, right.assume_error())});
      if (decode_) plain_bytes += b.size;
    }
    const std::scoped_lock lock(mutex_);
    report_.plain_bytes += plain_bytes;
    return success();
  }

  result<void> check(const image::block& b, std::vector<std::byte>& plain) {
    if (!decode_) return image_.locate(b);
    plain.resize(b.size);
    return image_.fetch(b, plain, true);
  }

  std::string describe(const jobs::walk_item& item, const image::block& b, const error& e) const {
    return fmt::format("image {}, source {}, {} bytes at {}: {}", to_hex(image_.info().id.view()), item.source, b.size, b.offset,
                       e.message());
  }

  void add(fault f) {
    const std::scoped_lock lock(mutex_);
    report_.faults.add(std::move(f));
  }

  image::image_reader& image_;
  bool decode_;
  std::mutex mutex_;
  verify_report& report_;  // guarded by mutex_
};

// Small objects that no image stands or falls with, but that were stored: begin, superseded plans.
void verify_small_objects(vault& v, verify_report& report) {
  const auto entries = v.objects().list("sessions/");
  if (entries.has_error()) return report.faults.add({fault::kind::damaged, 0, 0, 0, entries.assume_error().message()});
  for (const auto& e : entries.assume_value()) {
    const bool begin = e.name.ends_with("/begin");
    if (!begin && e.name.find("/plan-") == std::string::npos) continue;
    const auto bytes = v.objects().get(e.name, max_manifest);
    auto problem = bytes.has_error() ? std::optional(bytes.assume_error()) : std::nullopt;
    if (!problem && begin) {
      const auto id = id_from_hex<image::session_id>(std::string_view(e.name).substr(9, 2 * image::session_id::size));
      const auto body = id ? decode_object(bytes.assume_value(), object_kind::begin, v.keys().id, *id)
                           : result<std::vector<std::byte>>(error(errc::bad_magic, "not a session's name"));
      if (body.has_error()) problem = body.assume_error();
    } else if (!problem) {
      const auto m = decode_manifest(bytes.assume_value());
      if (m.has_error()) problem = m.assume_error();
    }
    if (problem) report.faults.add({fault::kind::damaged, 0, 0, e.size, e.name + ": " + problem->message()});
  }
}

// A condemned list that cannot be read stops every writer: nobody knows what may be deleted.
void verify_condemned(vault& v, verify_report& report) {
  const auto condemned = read_condemned(v.objects(), v.keys().id);
  if (condemned.has_error()) report.faults.add({fault::kind::damaged, 0, 0, 0, condemned.assume_error().message()});
}

// The packs that runs name: the next backup may refer to them.
std::set<image::pack_id> verify_index(vault& v, verify_report& report) {
  std::set<image::pack_id> named;
  const auto entries = v.objects().list("index/");
  if (entries.has_error()) return named;
  for (const auto& e : entries.assume_value()) {
    auto file = v.objects().open(e.name);
    if (file.has_error()) continue;
    const auto run = index_run::open(std::move(file).assume_value(), e.name, v.keys().id);
    const auto problem = run.has_error() ? std::optional(run.assume_error().message())
                         : run.assume_value()->verify().has_error()
                             ? std::optional(run.assume_value()->verify().assume_error().message())
                             : std::nullopt;
    if (problem) report.notes.push_back(fmt::format("{}: {}; derived, the next backup rebuilds it", e.name, *problem));
    if (run.has_error()) continue;
    for (std::uint32_t i = 0; i < run.assume_value()->pack_count(); ++i) named.insert(run.assume_value()->pack(i));
  }
  return named;
}

// Committed images as opened, damage of their manifests told.
result<std::vector<std::unique_ptr<image::image_reader>>> open_images(vault& v, verify_report& report) {
  TRY(const auto sessions, v.sessions());
  std::vector<std::unique_ptr<image::image_reader>> images;
  for (const auto& s : sessions) {
    if (s.forgotten) continue;
    if (s.state == session_state::what::damaged) {
      report.faults.add({fault::kind::damaged, 0, 0, 0, fmt::format("image {}: {}", to_hex(s.id.view()), s.problem)});
    }
    if (s.state != session_state::what::committed) continue;
    auto image = v.open_image(s.id);
    if (image.has_value()) {
      images.push_back(std::move(image).assume_value());
    } else {
      report.faults.add({fault::kind::damaged, 0, 0, 0, image.assume_error().message()});
    }
  }
  return images;
}

result<std::vector<pack_to_verify>> packs_of_vault(vault& v, const std::vector<std::unique_ptr<image::image_reader>>& images,
                                                   const std::set<image::pack_id>& indexed) {
  TRY(const auto present, list_packs(v.objects()));
  const auto is_present = [&](const image::pack_id& id) { return present.contains(id); };
  std::map<image::pack_id, pack_to_verify> packs;
  for (const auto& image : images) {
    for (const auto& id : image->packs()) packs[id] = {id, 0, true};
  }
  for (const auto& [id, size] : present) {
    const bool trusted = packs.contains(id) || indexed.contains(id) || is_proven(v.objects(), v.keys().id, id, is_present);
    packs[id] = {id, size, trusted};
  }
  std::vector<pack_to_verify> list;
  list.reserve(packs.size());
  for (const auto& [id, p] : packs) list.push_back(p);
  // Large ones first: the last ones to finish are small then.
  std::ranges::stable_sort(list, [](const auto& a, const auto& b) { return a.size > b.size; });
  return list;
}

std::uint64_t total_of(const image::image_reader& image) {
  std::uint64_t total = 0;
  for (const auto& s : image.info().sources) total += s.size;
  return total;
}

}  // namespace

result<verify_report> verify_vault(vault& v, const verify_options& options, flow::progress& progress, std::stop_token stop) {
  verify_report report;
  progress.stage = "verifying";
  TRY(const auto images, open_images(v, report));
  const auto indexed = verify_index(v, report);
  TRY(const auto packs, packs_of_vault(v, images, indexed));
  std::uint64_t total = 0;
  for (const auto& p : packs) total += p.size;
  for (const auto& image : images) total += total_of(*image);
  progress.total = total;
  verify_small_objects(v, report);
  verify_condemned(v, report);
  const content_hasher hasher(v.keys().id_key);
  CHECK(verify_packs(v.packs(), packs, hasher, options, report, progress, stop));
  progress.stage = "verifying maps";
  for (const auto& image : images) {
    auto there = image->check_packs();
    if (there.has_error()) report.faults.add({fault::kind::damaged, 0, 0, 0, there.assume_error().message()});
    // Blocks were decoded with their packs: once is enough.
    CHECK(map_verifier(*image, false, report).run(options.threads, progress, stop));
  }
  return report;
}

result<verify_report> verify_image(image::image_reader& image, const verify_options& options, flow::progress& progress,
                                   std::stop_token stop) {
  verify_report report;
  progress.stage = "verifying";
  auto* stored = dynamic_cast<stored_image*>(&image);
  if (stored == nullptr) return error(errc::usage, "not an Umbra image");
  auto there = image.check_packs();
  if (there.has_error()) report.faults.add({fault::kind::damaged, 0, 0, 0, there.assume_error().message()});
  std::vector<pack_to_verify> packs;
  std::uint64_t total = total_of(image);
  for (const auto& id : image.packs()) {
    const auto pack = stored->source_of_packs().pack(id);
    packs.push_back({id, pack.has_value() ? pack.assume_value()->file_size() : 0, true});
    total += packs.back().size;
  }
  progress.total = total;
  // Blocks are decoded through the map, which several threads can share even when all lies in one pack. A pack is walked by one
  // thread, beside them.
  verify_report of_map;
  const content_hasher hasher(image.keys().id_key);
  CHECK(flow::run_crew(2, stop, [&](unsigned worker, std::stop_token halt) -> result<void> {
    if (worker == 0) {
      return verify_packs(stored->source_of_packs(), packs, hasher, {false, options.threads}, report, progress, halt);
    }
    return map_verifier(image, options.deep, of_map).run(options.threads, progress, halt);
  }));
  report.images = of_map.images;
  report.plain_bytes = of_map.plain_bytes;
  report.faults.add(of_map.faults);
  return report;
}

}  // namespace umbra::native
