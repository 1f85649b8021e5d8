// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/support/counting_store.h"

namespace umbra::bench {
namespace {

class counting_file final : public store::input_file {
 public:
  counting_file(std::unique_ptr<store::input_file> inner, store_counts& counts) : inner_(std::move(inner)), counts_(counts) {}
  std::uint64_t size() const override { return inner_->size(); }
  result<void> read(std::uint64_t offset, byte_span out) override {
    ++counts_.reads;
    return inner_->read(offset, out);
  }
  byte_view map() override { return inner_->map(); }

 private:
  std::unique_ptr<store::input_file> inner_;
  store_counts& counts_;
};

class counting_store final : public store::store {
 public:
  counting_store(umbra::store::store& inner, store_counts& counts) : inner_(inner), counts_(counts) {}

  std::string location() const override { return inner_.location(); }
  result<void> put_if_absent(const std::string& name, byte_view bytes) override { return inner_.put_if_absent(name, bytes); }
  result<std::unique_ptr<umbra::store::object_writer>> create(const std::string& name) override { return inner_.create(name); }
  result<std::unique_ptr<umbra::store::input_file>> open(const std::string& name) override {
    ++counts_.opened;
    TRY(auto file, inner_.open(name));
    return std::unique_ptr<umbra::store::input_file>(std::make_unique<counting_file>(std::move(file), counts_));
  }
  result<std::vector<std::byte>> get(const std::string& name, std::uint64_t limit) override {
    ++counts_.opened;
    return inner_.get(name, limit);
  }
  result<std::vector<umbra::store::object_entry>> list(const std::string& prefix) override {
    ++counts_.lists;
    return inner_.list(prefix);
  }
  result<void> remove(const std::string& name) override { return inner_.remove(name); }
  result<std::unique_ptr<umbra::store::file_lock>> lock(const std::string& name) override { return inner_.lock(name); }

 private:
  umbra::store::store& inner_;
  store_counts& counts_;
};

}  // namespace

std::unique_ptr<store::store> make_counting_store(store::store& inner, store_counts& counts) {
  return std::make_unique<counting_store>(inner, counts);
}

}  // namespace umbra::bench
