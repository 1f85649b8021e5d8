// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/crash_kit.h"

#include <algorithm>

namespace umbra::test {
namespace {

constexpr std::uint64_t most_images = 200;
constexpr std::uint64_t visited_images = 2;

backup_run run_of(std::uint64_t number) {
  backup_run run;
  run.options = small_options(1);
  run.seed = number + 1;
  run.name = "disk " + std::to_string(number);
  return run;
}

std::vector<std::string> texts_of(const result<native::verify_report>& report) {
  if (report.has_error()) return {report.error().message()};
  std::vector<std::string> texts;
  for (const auto& f : report.value().faults.faults()) texts.push_back(f.text);
  return texts;
}

class vault_images final : public image_place {
 public:
  std::unique_ptr<sim_file_system> make_disk() const override { return sim_with_directory("/vault"); }

  result<void> prepare(store::file_system& files) const override {
    return native::vault::create(*objects(files), 4096, *seeded_random(99));
  }

  result<jobs::backup_report> take(store::file_system& files, std::uint64_t number, const content& disk,
                                   std::optional<std::uint64_t> parent) const override {
    io::memory_device device(disk);
    auto run = run_of(number);
    run.pack_size = grain;
    if (parent) run.parent = session_of(*parent);
    return back_up(*objects(files), sources_of(device), run);
  }

  result<std::vector<std::uint64_t>> present(store::file_system& files) const override {
    const auto store = objects(files);
    TRY(const auto vault, native::vault::open(*store, native::intent::read));
    TRY(const auto sessions, vault->sessions());
    std::vector<std::uint64_t> numbers;
    for (const auto& s : sessions) {
      if (s.state == native::session_state::what::damaged) return error(errc::damaged, s.problem);
      if (s.state != native::session_state::what::committed) continue;
      std::uint64_t number = 0;
      while (number < most_images && session_of(number) != s.id) ++number;
      if (number == most_images) return error(errc::damaged, "an image that nobody took");
      numbers.push_back(number);
    }
    return numbers;
  }

  result<kept_image> open(store::file_system& files, std::uint64_t number) const override {
    kept_image kept{objects(files), {}};
    TRY(kept.opened, open_image(*kept.store, session_of(number)));
    return kept;
  }

  std::vector<std::string> faults(store::file_system& files, const visit_image& visit) const override {
    const auto store = objects(files);
    return texts_of([&]() -> result<native::verify_report> {
      TRY(const auto vault, native::vault::open(*store, native::intent::read));
      for (std::uint64_t n = 0; visit && n < visited_images; ++n) {
        const auto image = vault->open_image(session_of(n));
        if (image.has_value()) visit(n, *image.value());
      }
      flow::progress progress;
      return native::verify_vault(*vault, {.deep = false, .threads = 1}, progress, {});
    }());
  }

 private:
  static std::unique_ptr<store::store> objects(store::file_system& files) { return store::make_local_store(files, "/vault"); }
};

class image_files final : public image_place {
 public:
  std::unique_ptr<sim_file_system> make_disk() const override { return sim_with_directory(folder_); }

  result<void> prepare(store::file_system&) const override { return success(); }

  result<jobs::backup_report> take(store::file_system& files, std::uint64_t number, const content& disk,
                                   std::optional<std::uint64_t> parent) const override {
    io::memory_device device(disk);
    auto run = run_of(number);
    run.shape.segment_size = grain;
    return back_up_to_file(files, path_of(number), sources_of(device), run, parent ? path_of(*parent) : std::string());
  }

  result<std::vector<std::uint64_t>> present(store::file_system& files) const override {
    TRY(const auto entries, files.list(folder_));
    std::vector<std::uint64_t> numbers;
    for (const auto& e : entries) {
      if (!e.name.ends_with(".umbra")) continue;
      numbers.push_back(std::stoull(e.name));
      CHECK(native::open_image_file(files, folder_ + "/" + e.name, {}));
    }
    return numbers;
  }

  result<kept_image> open(store::file_system& files, std::uint64_t number) const override {
    kept_image kept;
    TRY(kept.opened.image, native::open_image_file(files, path_of(number), {}));
    return kept;
  }

  std::vector<std::string> faults(store::file_system& files, const visit_image& visit) const override {
    std::vector<std::string> all;
    for (const auto& e : must(files.list(folder_))) {
      if (!e.name.ends_with(".umbra")) continue;
      const auto path = folder_ + "/" + e.name;
      const auto texts = texts_of([&]() -> result<native::verify_report> {
        TRY(const auto image, native::open_image_file(files, path, {}));
        if (visit) visit(std::stoull(e.name), *image);
        flow::progress progress;
        return native::verify_image(*image, {.deep = false, .threads = 1}, progress, {});
      }());
      all.insert(all.end(), texts.begin(), texts.end());
    }
    return all;
  }

 private:
  std::string path_of(std::uint64_t number) const { return folder_ + "/" + std::to_string(number) + ".umbra"; }

  const std::string folder_ = "/images";
};

std::string missing(const image_ledger& known, const std::vector<std::uint64_t>& present, std::uint64_t operations) {
  for (const auto& [number, image] : known.images) {
    if (image.reported <= operations && !std::ranges::count(present, number))
      return "image " + std::to_string(number) + " was reported and is gone";
  }
  return "";
}

}  // namespace

std::unique_ptr<image_place> vault_place() { return std::make_unique<vault_images>(); }
std::unique_ptr<image_place> files_place() { return std::make_unique<image_files>(); }

image::session_id session_of(std::uint64_t number) { return seeded_random(run_of(number).seed)->make<image::session_id>(); }

result<jobs::backup_report> image_ledger::take(const image_place& place, sim_file_system& files, std::uint64_t number,
                                               const content& disk, std::optional<std::uint64_t> parent) {
  images[number] = {disk, never};
  auto report = place.take(files, number, disk, parent);
  if (report.has_value()) images[number].reported = files.operation_count();
  return report;
}

image_ledger image_ledger::settled(std::uint64_t operations) const {
  auto settled = *this;
  for (auto& [number, image] : settled.images) image.reported = image.reported <= operations ? 0 : never;
  return settled;
}

result<content> restored(const image_place& place, store::file_system& files, std::uint64_t number) {
  TRY(const auto image, place.open(files, number));
  return restored(*image, 0, {.threads = 1, .writes_in_flight = 2});
}

std::string fault_of(const image_place& place, sim_file_system& files, const image_ledger& known, std::uint64_t operations) {
  const auto before = files.operation_count();
  const auto present = place.present(files);
  if (present.has_error()) {
    const bool nothing_yet = present.error().code() == errc::not_found && missing(known, {}, operations).empty();
    return nothing_yet ? "" : present.error().message();
  }
  if (const auto words = missing(known, present.value(), operations); !words.empty()) return words;
  for (const auto number : present.value()) {
    const auto name = "image " + std::to_string(number);
    const auto image = known.images.find(number);
    if (image == known.images.end()) return name + " came from nowhere";
    const auto bytes = restored(place, files, number);
    if (bytes.has_error()) return name + ": " + bytes.error().message();
    if (bytes.value() != image->second.bytes) return name + " gives back other bytes";
  }
  const auto faults = place.faults(files);
  if (!faults.empty()) return "verify: " + faults.front();
  return files.operation_count() == before ? "" : "a reader wrote";
}

}  // namespace umbra::test
