// SPDX-License-Identifier: GPL-3.0-or-later
// Aligned memory of fixed size, fit for O_DIRECT. Moves, never copies; contents start unspecified.
#pragma once

#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/units.h"

namespace umbra {

class buffer {
 public:
  static constexpr std::size_t alignment = 4096;

  buffer() = default;
  // Throws std::bad_alloc when memory is gone: that is not an error a job can handle.
  explicit buffer(std::size_t size) : size_(size) {
    if (size == 0) return;
    memory_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, align_up(size, alignment))));
    if (!memory_) throw std::bad_alloc();
  }
  // A buffer moved from is empty.
  buffer(buffer&& other) noexcept : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}
  buffer& operator=(buffer&& other) noexcept {
    memory_ = std::move(other.memory_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  std::byte* data() { return memory_.get(); }
  const std::byte* data() const { return memory_.get(); }
  std::size_t size() const { return size_; }
  byte_span span() { return {memory_.get(), size_}; }
  byte_view view() const { return {memory_.get(), size_}; }

 private:
  struct release {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::byte, release> memory_;
  std::size_t size_ = 0;
};

}  // namespace umbra
