// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/output_objects.h"

#include <fmt/format.h>

#include "formats/native/file_packs.h"

namespace umbra::native {
namespace {

class linked_output final : public store::object_writer {
 public:
  linked_output(store::file_system& files, std::string path, std::string temporary, std::unique_ptr<store::output_file> out,
                std::unique_ptr<store::file_lock> lock)
      : files_(files), path_(std::move(path)), temporary_(std::move(temporary)), out_(std::move(out)), lock_(std::move(lock)) {}

  ~linked_output() override {
    if (finished_) return;
    out_.reset();
    (void)files_.remove(temporary_).has_error();
  }

  result<void> append(std::span<const byte_view> pieces) override { return out_->append(pieces); }
  std::uint64_t size() const override { return out_->size(); }

  result<void> finish() override {
    CHECK(out_->sync());
    CHECK(out_->close());
    CHECK(files_.link(temporary_, path_));
    finished_ = true;
    // Before the sync, so that it is as durably gone as the name is there. If this fails the file keeps a second name.
    (void)files_.remove(temporary_).has_error();
    auto synced = files_.sync_directory(folder_of(path_));
    // Nobody is told of this image: the name is for the next try.
    if (synced.has_error()) (void)files_.remove(path_).has_error();
    return synced;
  }

 private:
  store::file_system& files_;
  std::string path_;
  std::string temporary_;
  std::unique_ptr<store::output_file> out_;
  std::unique_ptr<store::file_lock> lock_;
  bool finished_ = false;
};

class discarding_output final : public store::object_writer {
 public:
  result<void> append(std::span<const byte_view> pieces) override {
    for (const auto& p : pieces) size_ += p.size();
    return success();
  }
  std::uint64_t size() const override { return size_; }
  result<void> finish() override { return success(); }

 private:
  std::uint64_t size_ = 0;
};

// True if a temporary file is there and nobody holds it.
bool is_leftover(store::file_system& files, const std::string& path) { return files.lock(path).has_value(); }

}  // namespace

result<std::unique_ptr<store::object_writer>> create_linked_output(store::file_system& files, const std::string& path) {
  const auto present = files.open(path);
  if (present.has_value() || present.assume_error().code() != errc::not_found) {
    return error(errc::exists, path).advise("Umbra never overwrites an image: choose another name");
  }
  constexpr int tries = 16;
  for (int i = 0; i < tries; ++i) {
    const auto temporary = i == 0 ? path + ".partial" : fmt::format("{}.partial-{}", path, i);
    if (is_leftover(files, temporary)) (void)files.remove(temporary).has_error();
    auto out = files.create(temporary);
    if (out.has_error() && out.assume_error().code() == errc::exists) continue;
    CHECK(out);
    auto lock = files.lock(temporary);
    return std::unique_ptr<store::object_writer>(std::make_unique<linked_output>(
        files, path, temporary, std::move(out).assume_value(), lock.has_value() ? std::move(lock).assume_value() : nullptr));
  }
  return error(errc::busy, path + ": too many unfinished writers beside it");
}

std::unique_ptr<store::object_writer> make_discarding_output() { return std::make_unique<discarding_output>(); }

}  // namespace umbra::native
