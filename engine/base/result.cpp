// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/result.h"

#include <cerrno>
#include <system_error>

namespace umbra {

std::string error::message() const {
  const auto why = os_error_ != 0 ? std::system_category().message(os_error_) : std::string(meaning(code_));
  const bool says_all = os_error_ == 0 && (code_ == errc::usage || code_ == errc::internal);
  auto line = text_.empty() ? why : says_all ? text_ : text_ + ": " + why;
  return advice_.empty() ? line : line + "; " + advice_;
}

error error::within(std::string_view context) && {
  text_ = text_.empty() ? std::string(context) : std::string(context) + ": " + text_;
  return std::move(*this);
}

error error::with_detail(std::uint32_t detail) && {
  detail_ = detail;
  return std::move(*this);
}

error error::advise(std::string advice) && {
  advice_ = std::move(advice);
  return std::move(*this);
}

errc errc_of(int os_error, errc fallback) noexcept {
  switch (os_error) {
    case ENOENT:
    case ENOTDIR: return errc::not_found;
    case EEXIST: return errc::exists;
    case ENOSPC:
    case EDQUOT: return errc::no_space;
    case EACCES:
    case EPERM:
    case EROFS: return errc::denied;
    case EBUSY:
    case ETXTBSY: return errc::busy;
    case ECANCELED: return errc::cancelled;
    case EOPNOTSUPP:
    case ENOSYS: return errc::unsupported;
    default: return fallback;
  }
}

error os_failure(errc fallback, std::string text) { return os_failure(fallback, std::move(text), errno); }

error os_failure(errc fallback, std::string text, int os_error) {
  return {errc_of(os_error, fallback), std::move(text), os_error};
}

}  // namespace umbra
