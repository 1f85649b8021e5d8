// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/verify_packs.h"

#include <atomic>
#include <mutex>

#include <fmt/format.h>

#include "engine/flow/crew.h"

namespace umbra::native {
namespace {

class pack_verifier {
 public:
  pack_verifier(pack_source& packs, const content_hasher& hasher, const verify_options& options, verify_report& report,
                flow::progress& progress)
      : packs_(packs), hasher_(hasher), options_(options), report_(report), progress_(progress) {}

  result<void> verify(const pack_to_verify& p, std::stop_token stop) {
    const auto pack = packs_.pack(p.id);
    if (pack.has_error()) {
      report_damage(p, pack.assume_error());
      progress_.done += p.size;
      return success();
    }
    if (!p.trusted && pack.assume_value()->footer_state().has_error()) {
      add_note(fmt::format("{}: unfinished, of a session that ended early; no image needs it", pack.assume_value()->name()));
      progress_.done += p.size;
      return success();
    }
    return walk(*pack.assume_value(), p.trusted, stop);
  }

 private:
  result<void> walk(const pack_reader& pack, bool trusted, std::stop_token stop) {
    codec::decoder decoder;
    std::vector<std::byte> plain;
    std::uint64_t plain_bytes = 0;
    TRY(const auto walked, pack.walk([&](const pack_reader::walked_record& r) -> result<void> {
      if (stop.stop_requested()) return error(errc::cancelled, "verify");
      progress_.done += record_extent(r.info.stored_size);
      if (!options_.deep || !r.checksum_ok || r.info.type == record_type::padding) return success();
      plain_bytes += r.info.plain_size;
      auto right = rehash(r, decoder, plain);
      if (right.has_error() && trusted) add_fault(pack, r.offset, r.info.stored_size, right.assume_error());
      return success();
    }));
    const std::scoped_lock lock(mutex_);
    ++report_.packs;
    report_.records += walked.records;
    report_.stored_bytes += walked.bytes;
    report_.plain_bytes += plain_bytes;
    if (!trusted && !walked.damage.empty()) {
      report_.notes.push_back(
          fmt::format("{}: not whole, of a session that ended early; no image needs it", walked.damage.front().message()));
      return success();
    }
    for (const auto& d : walked.damage) report_.faults.add({jobs::fault::kind::damaged, 0, 0, 0, d.message()});
    return success();
  }

  result<void> rehash(const pack_reader::walked_record& r, codec::decoder& decoder, std::vector<std::byte>& plain) {
    plain.resize(r.info.plain_size);
    CHECK(decoder.decode(r.info.codec, r.stored, plain));
    if (hasher_(plain) == r.info.id) return success();
    return error(errc::damaged, "decodes to other bytes than its content id names");
  }

  void add_fault(const pack_reader& pack, std::uint64_t offset, std::uint64_t size, const error& e) {
    const std::scoped_lock lock(mutex_);
    report_.faults.add(
        {jobs::fault::kind::damaged, 0, offset, size, fmt::format("{} at {}: {}", pack.name(), offset, e.message())});
  }

  void report_damage(const pack_to_verify& p, const error& e) {
    if (!p.trusted) return add_note(fmt::format("{}: {}; no image needs it", to_string(p.id), e.message()));
    const std::scoped_lock lock(mutex_);
    report_.faults.add({jobs::fault::kind::damaged, 0, 0, p.size, e.message()});
  }

  void add_note(std::string text) {
    const std::scoped_lock lock(mutex_);
    report_.notes.push_back(std::move(text));
  }

  pack_source& packs_;
  const content_hasher& hasher_;
  const verify_options& options_;
  std::mutex mutex_;
  verify_report& report_;  // guarded by mutex_
  flow::progress& progress_;
};

}  // namespace

result<void> verify_packs(pack_source& packs, std::span<const pack_to_verify> list, const content_hasher& hasher,
                          const verify_options& options, verify_report& report, flow::progress& progress, std::stop_token stop) {
  pack_verifier verifier(packs, hasher, options, report, progress);
  std::atomic<std::size_t> next{0};
  return flow::run_crew(options.threads != 0 ? options.threads : flow::default_threads(), stop,
                        [&](unsigned, std::stop_token halt) -> result<void> {
                          for (auto i = next++; i < list.size(); i = next++) {
                            if (halt.stop_requested()) return error(errc::cancelled, "verify");
                            CHECK(verifier.verify(list[i], halt));
                          }
                          return success();
                        });
}

}  // namespace umbra::native
