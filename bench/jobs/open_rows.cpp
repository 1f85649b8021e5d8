// SPDX-License-Identifier: GPL-3.0-or-later
// What opening an image costs, counted: objects of the vault opened and reads within them, whatever its history is.
#include <fmt/format.h>

#include "bench/jobs/rows.h"
#include "bench/support/counting_store.h"
#include "engine/io/memory_device.h"
#include "formats/native/image_file.h"

namespace umbra::bench {
namespace {

constexpr unsigned chain_length = 1000;
constexpr std::uint64_t small_size = std::uint64_t{96} << 20;  // three regions

struct open_cost {
  unsigned opened = 0;
  unsigned reads = 0;
  unsigned first_opened = 0;  // for the first block after that
  unsigned first_reads = 0;
  bool operator==(const open_cost&) const = default;
};

std::string cost_text(const open_cost& c) {
  return fmt::format("{}+{}, then {}+{}", c.opened, c.reads, c.first_opened, c.first_reads);
}

result<void> fetch_first_block(image::image_reader& image) {
  const auto size = image.info().sources[0].size;
  for (std::uint64_t index = 0; index * image::region_size < size; ++index) {
    TRY(const auto run, image.uniform_at(0, index));
    if (run.count > 0) {
      index += run.count - 1;
      continue;
    }
    TRY(const auto region, image.region_at(0, index));
    for (const auto& b : region->blocks) {
      if (b.state != image::block_state::stored) continue;
      std::vector<std::byte> plain(b.size);
      return image.fetch(b, plain);
    }
  }
  return error(errc::not_found, "no stored block");
}

// From the bare store: vault, image, first block.
result<open_cost> cost_of_opening(store::store& objects, const image::session_id& id) {
  store_counts counts;
  const auto counted = make_counting_store(objects, counts);
  TRY(const auto vault, native::vault::open(*counted, native::intent::read));
  TRY(const auto image, vault->open_image(id));
  open_cost c{counts.opened, counts.reads, 0, 0};
  CHECK(fetch_first_block(*image));
  c.first_opened = counts.opened - c.opened;
  c.first_reads = counts.reads - c.reads;
  return c;
}

// A small disk whose first and third region change a little between images, so that an image's map lies in the packs of many.
class chain {
 public:
  explicit chain(random_source& random) : random_(random), objects_(store::make_memory_store()), disk_(small_size) {}

  result<void> begin() {
    for (const auto& r : layout_.used) random_.fill(disk_.contents().subspan(r.offset, r.size));
    CHECK(native::vault::create(*objects_, 64 << 10, random_));
    TRY(vault_, native::vault::open(*objects_, native::intent::add));
    return success();
  }

  result<image::session_id> add_image(unsigned number) {
    random_.fill(disk_.contents().subspan((number % 2) * (64 << 20) + (number % 16) * (64 << 10), 4096));
    native::new_image_options options;
    options.name = "chain";
    options.parent = last_;
    options.begin_note = std::string("{}");
    TRY(const auto writer, vault_->new_image(options, random_));
    std::unique_ptr<image::image_reader> parent;
    if (last_) {
      TRY(parent, vault_->open_image(*last_));
    }
    const jobs::backup_source source{&disk_, &layout_, {}, "memory"};
    jobs::backup_options how;
    how.threads = 1;
    flow::progress progress;
    TRY(const auto report, jobs::run_backup({&source, 1}, *writer, parent.get(), how, {number, "{}"}, progress, {}));
    last_ = report.image.id;
    return report.image.id;
  }

  store::store& objects() { return *objects_; }

 private:
  random_source& random_;
  std::unique_ptr<store::store> objects_;
  io::memory_device disk_;
  const plan::allocation layout_{.used = {{0, 1 << 20}, {64 << 20, 1 << 20}}, .files = {}, .left_out = {}, .notes = {}};
  std::unique_ptr<native::vault> vault_;
  std::optional<image::session_id> last_;
};

}  // namespace

result<void> open_rows(subject& s, bench_rows& rows) {
  chain c(*s.random);
  CHECK(c.begin());
  TRY(const auto full, c.add_image(0));
  TRY(const auto alone, cost_of_opening(c.objects(), full));
  auto last = full;
  for (unsigned i = 1; i < chain_length; ++i) {
    TRY(last, c.add_image(i));
  }
  TRY(const auto in_chain, cost_of_opening(c.objects(), last));

  TRY(const auto home, scratch_vault::make(s, "vault"));
  TRY(const auto run, take_backup(s, {.disk = s.how.disk}, [&] { return home->new_image("disk"); }));
  TRY(const auto large, cost_of_opening(home->vault().objects(), run.report.image.id));
  say(fmt::format("  objects opened + reads in them: full image {}, {}th of a chain {}, whole disk {}", cost_text(alone),
                  chain_length, cost_text(in_chain), cost_text(large)));

  const auto number_of = [](const open_cost& k) { return k.opened + k.reads; };
  const bool constant = number_of(in_chain) == number_of(alone) && number_of(large) == number_of(alone);
  rows.push_back(
      {"9",
       fmt::format("image open: objects + reads, then for the first block: {}th of a chain (floor: a full)", chain_length),
       cost_text(alone),
       cost_text(in_chain),
       {},
       "the same",
       constant,
       {}});
  rows.push_back({"9b", "the same for the whole disk", cost_text(alone), cost_text(large), {}, "the same", constant, {}});
  return success();
}

}  // namespace umbra::bench
