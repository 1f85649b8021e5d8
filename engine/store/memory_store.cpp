// SPDX-License-Identifier: GPL-3.0-or-later
// Behaves as an object store does: an object appears whole, with finish() or put_if_absent(), and never before.
#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "engine/base/units.h"
#include "engine/store/store.h"

namespace umbra::store {
namespace {

using contents = std::shared_ptr<const std::vector<std::byte>>;

// Shared by the store and the writers and locks it gave out, which may outlive it. All guarded by `mutex`.
struct shelf {
  std::mutex mutex;
  std::map<std::string, contents> objects;
  std::set<std::string> begun;  // names given to create() and not finished
  std::set<std::string> locked;
};

result<void> check_name(const std::string& name) {
  if (is_valid_name(name)) return success();
  return error(errc::usage, "'" + name + "' cannot be the name of an object");
}

class memory_input_file final : public input_file {
 public:
  memory_input_file(contents bytes, std::string name) : bytes_(std::move(bytes)), name_(std::move(name)) {}

  std::uint64_t size() const override { return bytes_->size(); }
  result<void> read(std::uint64_t offset, byte_span out) override {
    if (!fits(offset, out.size(), bytes_->size())) return error(errc::damaged, name_ + " ends too early");
    std::copy_n(bytes_->begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return success();
  }
  byte_view map() override { return *bytes_; }

 private:
  contents bytes_;
  std::string name_;
};

class memory_object_writer final : public object_writer {
 public:
  memory_object_writer(std::shared_ptr<shelf> shelf, std::string name) : shelf_(std::move(shelf)), name_(std::move(name)) {}

  result<void> append(std::span<const byte_view> pieces) override {
    for (const auto piece : pieces) bytes_.insert(bytes_.end(), piece.begin(), piece.end());
    size_ = bytes_.size();
    return success();
  }
  std::uint64_t size() const override { return size_; }
  result<void> finish() override {
    const std::lock_guard guard(shelf_->mutex);
    if (!shelf_->objects.emplace(name_, std::make_shared<const std::vector<std::byte>>(std::move(bytes_))).second)
      return error(errc::exists, name_);
    shelf_->begun.erase(name_);
    return success();
  }

 private:
  std::shared_ptr<shelf> shelf_;
  std::string name_;
  std::vector<std::byte> bytes_;
  std::uint64_t size_ = 0;
};

class memory_lock final : public file_lock {
 public:
  memory_lock(std::shared_ptr<shelf> shelf, std::string name) : shelf_(std::move(shelf)), name_(std::move(name)) {}
  ~memory_lock() override {
    const std::lock_guard guard(shelf_->mutex);
    shelf_->locked.erase(name_);
  }

 private:
  std::shared_ptr<shelf> shelf_;
  std::string name_;
};

class memory_store final : public store {
 public:
  std::string location() const override { return "(memory)"; }

  result<void> put_if_absent(const std::string& name, byte_view bytes) override {
    CHECK(check_name(name));
    auto copy = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
    const std::lock_guard guard(shelf_->mutex);
    if (is_taken(name)) return error(errc::exists, name);
    shelf_->objects.emplace(name, std::move(copy));
    return success();
  }

  result<std::unique_ptr<object_writer>> create(const std::string& name) override {
    CHECK(check_name(name));
    const std::lock_guard guard(shelf_->mutex);
    if (is_taken(name)) return error(errc::exists, name);
    shelf_->begun.insert(name);
    return std::make_unique<memory_object_writer>(shelf_, name);
  }

  result<std::unique_ptr<input_file>> open(const std::string& name) override {
    TRY(auto bytes, find(name));
    return std::make_unique<memory_input_file>(std::move(bytes), name);
  }

  result<std::vector<std::byte>> get(const std::string& name, std::uint64_t limit) override {
    TRY(const auto bytes, find(name));
    if (bytes->size() > limit)
      return error(errc::damaged, name + ": larger than the " + std::to_string(limit) + " bytes that can be right");
    return *bytes;
  }

  result<std::vector<object_entry>> list(const std::string& prefix) override {
    if (const auto slash = prefix.rfind('/'); slash != std::string::npos) CHECK(check_name(prefix.substr(0, slash)));
    std::vector<object_entry> found;
    const std::lock_guard guard(shelf_->mutex);
    for (auto at = shelf_->objects.lower_bound(prefix); at != shelf_->objects.end() && at->first.starts_with(prefix); ++at)
      found.push_back({at->first, at->second->size()});
    return found;
  }

  result<void> remove(const std::string& name) override {
    CHECK(check_name(name));
    const std::lock_guard guard(shelf_->mutex);
    shelf_->objects.erase(name);
    return success();
  }

  result<std::unique_ptr<file_lock>> lock(const std::string& name) override {
    CHECK(check_name(name));
    const std::lock_guard guard(shelf_->mutex);
    if (!shelf_->locked.insert(name).second) return error(errc::busy, name);
    return std::make_unique<memory_lock>(shelf_, name);
  }

 private:
  // Under the mutex.
  bool is_taken(const std::string& name) const { return shelf_->objects.contains(name) || shelf_->begun.contains(name); }

  result<contents> find(const std::string& name) const {
    CHECK(check_name(name));
    const std::lock_guard guard(shelf_->mutex);
    const auto at = shelf_->objects.find(name);
    if (at == shelf_->objects.end()) return error(errc::not_found, name);
    return at->second;
  }

  std::shared_ptr<shelf> shelf_ = std::make_shared<shelf>();
};

}  // namespace

std::unique_ptr<store> make_memory_store() { return std::make_unique<memory_store>(); }

}  // namespace umbra::store
