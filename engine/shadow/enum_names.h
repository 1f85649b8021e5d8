// SPDX-License-Identifier: GPL-3.0-or-later
// The names of enumerators: for people, for the documents (JSON), and for tests that compare them with docs/shadow-api.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/shadow/enums.h"
#include "engine/shadow/writer_enums.h"

namespace umbra::shadow {

struct enum_entry {
  std::int64_t value = 0;
  std::string_view name;
};

// For the tables.
template <class E>
constexpr enum_entry entry(E value, std::string_view name) {
  return {static_cast<std::int64_t>(value), name};
}

// Every enumerator once, in the order of the declaration.
std::span<const enum_entry> entries(object_type) noexcept;
std::span<const enum_entry> entries(snapshot_state) noexcept;
std::span<const enum_entry> entries(volume_snapshot_attributes) noexcept;
std::span<const enum_entry> entries(snapshot_context) noexcept;
std::span<const enum_entry> entries(snapshot_property_id) noexcept;
std::span<const enum_entry> entries(snapshot_compatibility) noexcept;
std::span<const enum_entry> entries(provider_type) noexcept;
std::span<const enum_entry> entries(provider_capabilities) noexcept;
std::span<const enum_entry> entries(hardware_options) noexcept;
std::span<const enum_entry> entries(recovery_options) noexcept;
std::span<const enum_entry> entries(mgmt_object_type) noexcept;
std::span<const enum_entry> entries(protection_level) noexcept;
std::span<const enum_entry> entries(protection_fault) noexcept;

std::span<const enum_entry> entries(writer_state) noexcept;
std::span<const enum_entry> entries(application_level) noexcept;
std::span<const enum_entry> entries(usage_type) noexcept;
std::span<const enum_entry> entries(source_type) noexcept;
std::span<const enum_entry> entries(subscribe_mask) noexcept;
std::span<const enum_entry> entries(alternate_writer_state) noexcept;
std::span<const enum_entry> entries(backup_type) noexcept;
std::span<const enum_entry> entries(backup_schema) noexcept;
std::span<const enum_entry> entries(component_type) noexcept;
std::span<const enum_entry> entries(component_flags) noexcept;
std::span<const enum_entry> entries(file_spec_backup_type) noexcept;
std::span<const enum_entry> entries(restore_type) noexcept;
std::span<const enum_entry> entries(restore_method) noexcept;
std::span<const enum_entry> entries(writer_restore) noexcept;
std::span<const enum_entry> entries(restore_target) noexcept;
std::span<const enum_entry> entries(file_restore_status) noexcept;
std::span<const enum_entry> entries(rollforward_type) noexcept;

// The name of `value`; "unknown(17)" if there is none. Of a set of bits: the names of its single bits joined by "|", what has no
// name in hex.
std::string name_in(std::span<const enum_entry> table, std::int64_t value, bool bits);
// A name of the table, and for a set of bits also names and hex numbers joined by "|", as name_in() gives them; empty for
// anything else, "unknown(17)" too: a value without a name comes from nowhere but a damaged or newer document.
std::optional<std::int64_t> value_in(std::span<const enum_entry> table, std::string_view name, bool bits);

template <class E>
std::string name_of(E value) {
  return name_in(entries(value), static_cast<std::int64_t>(value), is_flags<E>::value);
}
template <class E>
std::optional<E> named(std::string_view name) {
  const auto value = value_in(entries(E{}), name, is_flags<E>::value);
  if (!value) return std::nullopt;
  return static_cast<E>(*value);
}

}  // namespace umbra::shadow
