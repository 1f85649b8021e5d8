// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/result_code.h"

#include <algorithm>

#include <fmt/format.h>

namespace umbra::shadow {
namespace {

errc kind_of(result_code code) noexcept {
  using enum result_code;
  switch (code) {
    case e_snapshot_set_in_progress:
    case e_volume_in_use:
    case e_provider_in_use:
    case e_revert_in_progress:
    case e_resync_in_progress: return errc::busy;
    case s_async_cancelled: return errc::cancelled;
    case e_notimpl:
    case e_not_supported:
    case e_volume_not_supported:
    case e_volume_not_supported_by_provider:
    case e_unsupported_context:
    case e_nested_volume_limit:
    case e_volume_not_local:
    case e_legacy_provider:
    case e_remote_server_unsupported: return errc::unsupported;
    case e_insufficient_storage: return errc::no_space;
    case e_object_not_found:
    case e_provider_not_registered:
    case e_missing_disk:
    case e_missing_volume: return errc::not_found;
    case e_object_already_exists:
    case e_provider_already_registered: return errc::exists;
    case e_accessdenied: return errc::denied;
    case e_bad_state:
    case e_invalidarg: return errc::usage;
    case e_corrupt_xml_document:
    case e_invalid_xml_document: return errc::decode;
    default: return errc::shadow_copy;
  }
}

}  // namespace

const result_code_info* find_result_code(result_code code) noexcept {
  const auto all = all_result_codes();
  const auto found = std::ranges::find(all, code, &result_code_info::code);
  return found != all.end() ? &*found : nullptr;
}

std::string to_string(result_code code) {
  const auto number = static_cast<std::uint32_t>(code);
  const auto* info = find_result_code(code);
  return info != nullptr ? fmt::format("{} (0x{:08X})", info->name, number) : fmt::format("0x{:08X}", number);
}

bool is_retryable(result_code code) noexcept {
  using enum result_code;
  return code == e_writererror_retryable || code == e_writererror_timeout || code == e_writererror_outofresources;
}

error failure(result_code code, std::string text) {
  if (const auto* info = find_result_code(code); text.empty() && info != nullptr) text = info->meaning;
  return error(kind_of(code), std::move(text)).with_detail(static_cast<std::uint32_t>(code));
}

result_code code_of(const error& e) noexcept {
  using enum result_code;
  if (e.detail() != 0) return static_cast<result_code>(e.detail());
  switch (e.code()) {
    case errc::not_found: return e_object_not_found;
    case errc::exists: return e_object_already_exists;
    case errc::no_space: return e_insufficient_storage;
    case errc::denied: return e_accessdenied;
    case errc::busy: return e_volume_in_use;
    case errc::cancelled: return s_async_cancelled;
    case errc::usage:
    case errc::out_of_range:
    case errc::geometry_mismatch: return e_invalidarg;
    case errc::unsupported_version:
    case errc::unknown_feature: return e_invalid_xml_document;
    case errc::bad_magic:
    case errc::checksum:
    case errc::decode:
    case errc::damaged: return e_corrupt_xml_document;
    case errc::unsupported: return e_not_supported;
    case errc::io_read:
    case errc::io_write:
    case errc::source_changed:
    case errc::audit:
    case errc::shadow_copy:
    case errc::internal: return e_unexpected;
  }
  return e_unexpected;
}

}  // namespace umbra::shadow
