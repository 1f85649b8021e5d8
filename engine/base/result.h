// SPDX-License-Identifier: GPL-3.0-or-later
// result<T>: a value or an error with context. Errors are returned, never thrown; a dropped result does not compile.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>

#include "engine/base/errc.h"

namespace umbra {

// What failed, where, and why. `text` reads as "where: why"; outer layers put their own word in front with within().
class error {
 public:
  error() = default;  // what Outcome needs while there is a value
  error(errc code, std::string text) : code_(code), text_(std::move(text)) {}
  error(errc code, std::string text, int os_error) : code_(code), os_error_(os_error), text_(std::move(text)) {}

  errc code() const noexcept { return code_; }
  // errno of the failed call, 0 if none.
  int os_error() const noexcept { return os_error_; }
  const std::string& text() const noexcept { return text_; }
  // A code of the layer that failed, 0 if none: result codes of the shadow service (engine/shadow/result_code.h).
  std::uint32_t detail() const noexcept { return detail_; }
  error with_detail(std::uint32_t detail) &&;

  // The whole line: text, then the operating system's words or the kind's meaning, then the advice.
  std::string message() const;

  // The same error seen from further out: "context: text".
  error within(std::string_view context) &&;
  // The same error with what to do about it, in place of older advice: "'umbra init v' makes one".
  error advise(std::string advice) &&;

 private:
  errc code_ = errc::internal;
  int os_error_ = 0;
  std::uint32_t detail_ = 0;
  std::string text_;
  std::string advice_;
};

template <class T>
using result = BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, error, BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

inline auto success() { return BOOST_OUTCOME_V2_NAMESPACE::success(); }

// Maps an errno to the nearest kind; `fallback` when it says nothing special.
errc errc_of(int os_error, errc fallback) noexcept;

// An error from errno, read at once.
error os_failure(errc fallback, std::string text);
error os_failure(errc fallback, std::string text, int os_error);

// Puts `context` in front of the error, if there is one.
template <class T>
result<T> within(std::string_view context, result<T> r) {
  if (r.has_value()) return r;
  return std::move(r).assume_error().within(context);
}

}  // namespace umbra

#define UMBRA_CONCAT_(a, b) a##b
#define UMBRA_CONCAT(a, b) UMBRA_CONCAT_(a, b)

// CHECK(f()): returns the error of f() from the enclosing function.
#define CHECK(...)                                                                 \
  do {                                                                             \
    auto&& check_result_ = (__VA_ARGS__);                                          \
    if (check_result_.has_error()) return std::move(check_result_).assume_error(); \
  } while (false)

// TRY(auto x, f()): declares x with the value of f(), or returns its error.
#define TRY_IMPL_(tmp, decl, ...)                            \
  auto&& tmp = (__VA_ARGS__);                                \
  if (tmp.has_error()) return std::move(tmp).assume_error(); \
  decl = std::move(tmp).assume_value()
#define TRY(decl, ...) TRY_IMPL_(UMBRA_CONCAT(try_result_, __COUNTER__), decl, __VA_ARGS__)
