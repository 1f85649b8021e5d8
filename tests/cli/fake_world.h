// SPDX-License-Identifier: GPL-3.0-or-later
// A world for commands that run in process: streams that the test reads, a clock and identifiers that are the same every time.
#pragma once

#include <mutex>
#include <sstream>
#include <streambuf>
#include <string>

#include "cli/context.h"

namespace umbra::cli::test {

// A stream that one thread may read while another writes.
class shared_text final : public std::streambuf {
 public:
  std::string text() const {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

 private:
  int_type overflow(int_type c) override {
    const char one = traits_type::to_char_type(c);
    xsputn(&one, 1);
    return c;
  }
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    const std::scoped_lock lock(mutex_);
    text_.append(bytes, static_cast<std::size_t>(count));
    return count;
  }

  mutable std::mutex mutex_;
  std::string text_;  // guarded by mutex_
};

class fake_world {
 public:
  explicit fake_world(std::uint64_t seed = 1)
      : random_(seeded_random(seed)), files_(store::system_file_system()), out_stream_(&out_), err_stream_(&err_) {
    context_.out = &out_stream_;
    context_.err = &err_stream_;
    context_.now = [this] { return now; };
    context_.random = random_.get();
    context_.files = files_.get();
    context_.host = "testhost";
  }

  context& world() { return context_; }
  std::string out() const { return out_.text(); }
  std::string err() const { return err_.text(); }

  std::int64_t now = 1'700'000'000;  // 2023-11-14 22:13:20 UTC

 private:
  std::unique_ptr<random_source> random_;
  std::unique_ptr<store::file_system> files_;
  shared_text out_;
  shared_text err_;
  std::ostream out_stream_;
  std::ostream err_stream_;
  context context_;
};

}  // namespace umbra::cli::test
