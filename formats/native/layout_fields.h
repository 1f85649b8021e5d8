// SPDX-License-Identifier: GPL-3.0-or-later
// The structures of layout.h as tables of fields, for what compares them with docs/formats/native-v1.md (tests/docs_test.cpp).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "formats/native/layout.h"

namespace umbra::native {

struct layout_field {
  std::string_view name;
  std::size_t offset;
  std::size_t size;
};

struct layout_structure {
  std::string_view name;
  std::size_t size;
  std::span<const layout_field> fields;
};

namespace layout_tables {

// Members that would hide a type or a constant end in `_`; the name in the format does not.
constexpr std::string_view field_name(std::string_view member) {
  return member.ends_with('_') ? member.substr(0, member.size() - 1) : member;
}

// True if the fields follow each other without gaps and fill the structure.
template <std::size_t N>
constexpr bool covers(const std::array<layout_field, N>& fields, std::size_t size) {
  std::size_t at = 0;
  for (const layout_field& f : fields) {
    if (f.offset != at || f.size == 0) return false;
    at += f.size;
  }
  return at == size;
}

// clang-format off
#define UMBRA_FIELD(structure, member) \
  layout_field { field_name(#member), offsetof(structure, member), sizeof(structure::member) }

constexpr std::array feature_name_fields{
    UMBRA_FIELD(feature_name, word),
    UMBRA_FIELD(feature_name, bit),
    UMBRA_FIELD(feature_name, name),
};
static_assert(covers(feature_name_fields, sizeof(feature_name)));

constexpr std::array superblock_fields{
    UMBRA_FIELD(superblock, magic_),
    UMBRA_FIELD(superblock, version_major_),
    UMBRA_FIELD(superblock, version_minor_),
    UMBRA_FIELD(superblock, size),
    UMBRA_FIELD(superblock, kind),
    UMBRA_FIELD(superblock, writer_build_),
    UMBRA_FIELD(superblock, writer),
    UMBRA_FIELD(superblock, incompat),
    UMBRA_FIELD(superblock, ro_compat),
    UMBRA_FIELD(superblock, gc_incompat),
    UMBRA_FIELD(superblock, compat),
    UMBRA_FIELD(superblock, domain),
    UMBRA_FIELD(superblock, session),
    UMBRA_FIELD(superblock, pack_number),
    UMBRA_FIELD(superblock, block_size),
    UMBRA_FIELD(superblock, max_plain_),
    UMBRA_FIELD(superblock, id_algorithm),
    UMBRA_FIELD(superblock, change_algorithm),
    UMBRA_FIELD(superblock, checksum_algorithm),
    UMBRA_FIELD(superblock, reserved0),
    UMBRA_FIELD(superblock, id_key),
    UMBRA_FIELD(superblock, change_secret),
    UMBRA_FIELD(superblock, key_slots_offset),
    UMBRA_FIELD(superblock, key_slots_size),
    UMBRA_FIELD(superblock, reserved1),
    UMBRA_FIELD(superblock, reserved2),
    UMBRA_FIELD(superblock, features),
    UMBRA_FIELD(superblock, reserved3),
    UMBRA_FIELD(superblock, pointer),
    UMBRA_FIELD(superblock, seal_),
};
static_assert(covers(superblock_fields, sizeof(superblock)));

constexpr std::array record_header_fields{
    UMBRA_FIELD(record_header, magic_),
    UMBRA_FIELD(record_header, type),
    UMBRA_FIELD(record_header, header_size),
    UMBRA_FIELD(record_header, flags_required),
    UMBRA_FIELD(record_header, flags_optional),
    UMBRA_FIELD(record_header, sequence),
    UMBRA_FIELD(record_header, stored_size),
    UMBRA_FIELD(record_header, plain_size),
    UMBRA_FIELD(record_header, codec),
    UMBRA_FIELD(record_header, cipher),
    UMBRA_FIELD(record_header, id_algorithm),
    UMBRA_FIELD(record_header, session_index),
    UMBRA_FIELD(record_header, reserved0),
    UMBRA_FIELD(record_header, stored_checksum),
    UMBRA_FIELD(record_header, pack_tag),
    UMBRA_FIELD(record_header, reserved1),
    UMBRA_FIELD(record_header, header_crc),
    UMBRA_FIELD(record_header, content_id),
};
static_assert(covers(record_header_fields, sizeof(record_header)));

constexpr std::array mini_index_header_fields{
    UMBRA_FIELD(mini_index_header, segment),
    UMBRA_FIELD(mini_index_header, count),
    UMBRA_FIELD(mini_index_header, segment_offset),
};
static_assert(covers(mini_index_header_fields, sizeof(mini_index_header)));

constexpr std::array mini_index_entry_fields{
    UMBRA_FIELD(mini_index_entry, content_id),
    UMBRA_FIELD(mini_index_entry, offset),
    UMBRA_FIELD(mini_index_entry, stored_size),
    UMBRA_FIELD(mini_index_entry, plain_size),
    UMBRA_FIELD(mini_index_entry, type),
    UMBRA_FIELD(mini_index_entry, codec),
    UMBRA_FIELD(mini_index_entry, reserved0),
    UMBRA_FIELD(mini_index_entry, reserved1),
};
static_assert(covers(mini_index_entry_fields, sizeof(mini_index_entry)));

constexpr std::array checkpoint_header_fields{
    UMBRA_FIELD(checkpoint_header, previous),
    UMBRA_FIELD(checkpoint_header, first_segment),
    UMBRA_FIELD(checkpoint_header, count),
};
static_assert(covers(checkpoint_header_fields, sizeof(checkpoint_header)));

constexpr std::array checkpoint_entry_fields{
    UMBRA_FIELD(checkpoint_entry, segment_offset),
    UMBRA_FIELD(checkpoint_entry, mini_index_offset),
    UMBRA_FIELD(checkpoint_entry, mini_index_size),
    UMBRA_FIELD(checkpoint_entry, record_count),
};
static_assert(covers(checkpoint_entry_fields, sizeof(checkpoint_entry)));

constexpr std::array footer_section_fields{
    UMBRA_FIELD(footer_section, type),
    UMBRA_FIELD(footer_section, copy),
    UMBRA_FIELD(footer_section, offset),
    UMBRA_FIELD(footer_section, stored_size),
    UMBRA_FIELD(footer_section, plain_size),
    UMBRA_FIELD(footer_section, reserved),
};
static_assert(covers(footer_section_fields, sizeof(footer_section)));

constexpr std::array footer_fields{
    UMBRA_FIELD(footer, magic_),
    UMBRA_FIELD(footer, version_major_),
    UMBRA_FIELD(footer, version_minor_),
    UMBRA_FIELD(footer, size),
    UMBRA_FIELD(footer, session),
    UMBRA_FIELD(footer, pack_number),
    UMBRA_FIELD(footer, section_count),
    UMBRA_FIELD(footer, pack_size),
    UMBRA_FIELD(footer, record_count),
    UMBRA_FIELD(footer, segment_count),
    UMBRA_FIELD(footer, last_checkpoint),
    UMBRA_FIELD(footer, incompat),
    UMBRA_FIELD(footer, ro_compat),
    UMBRA_FIELD(footer, gc_incompat),
    UMBRA_FIELD(footer, compat),
    UMBRA_FIELD(footer, sections),
    UMBRA_FIELD(footer, reserved),
    UMBRA_FIELD(footer, seal_),
};
static_assert(covers(footer_fields, sizeof(footer)));

constexpr std::array pack_ref_fields{
    UMBRA_FIELD(pack_ref, session),
    UMBRA_FIELD(pack_ref, number),
    UMBRA_FIELD(pack_ref, reserved),
};
static_assert(covers(pack_ref_fields, sizeof(pack_ref)));

constexpr std::array leaf_header_fields{
    UMBRA_FIELD(leaf_header, magic_),
    UMBRA_FIELD(leaf_header, region),
    UMBRA_FIELD(leaf_header, region_bytes),
    UMBRA_FIELD(leaf_header, pack_count),
    UMBRA_FIELD(leaf_header, block_count),
    UMBRA_FIELD(leaf_header, stored_count),
    UMBRA_FIELD(leaf_header, reserved),
};
static_assert(covers(leaf_header_fields, sizeof(leaf_header)));

constexpr std::array leaf_block_fields{
    UMBRA_FIELD(leaf_block, start),
    UMBRA_FIELD(leaf_block, length),
    UMBRA_FIELD(leaf_block, state),
    UMBRA_FIELD(leaf_block, reserved0),
    UMBRA_FIELD(leaf_block, pack),
    UMBRA_FIELD(leaf_block, offset),
    UMBRA_FIELD(leaf_block, stored_size),
    UMBRA_FIELD(leaf_block, reserved1),
};
static_assert(covers(leaf_block_fields, sizeof(leaf_block)));

constexpr std::array node_header_fields{
    UMBRA_FIELD(node_header, magic_),
    UMBRA_FIELD(node_header, level),
    UMBRA_FIELD(node_header, reserved0),
    UMBRA_FIELD(node_header, child_count),
    UMBRA_FIELD(node_header, first_region),
    UMBRA_FIELD(node_header, pack_count),
    UMBRA_FIELD(node_header, reserved1),
};
static_assert(covers(node_header_fields, sizeof(node_header)));

constexpr std::array node_child_fields{
    UMBRA_FIELD(node_child, kind),
    UMBRA_FIELD(node_child, state),
    UMBRA_FIELD(node_child, pack),
    UMBRA_FIELD(node_child, stored_size),
    UMBRA_FIELD(node_child, offset),
    UMBRA_FIELD(node_child, plain_size),
    UMBRA_FIELD(node_child, reserved),
    UMBRA_FIELD(node_child, id),
};
static_assert(covers(node_child_fields, sizeof(node_child)));

constexpr std::array manifest_header_fields{
    UMBRA_FIELD(manifest_header, magic_),
    UMBRA_FIELD(manifest_header, version_major_),
    UMBRA_FIELD(manifest_header, version_minor_),
    UMBRA_FIELD(manifest_header, size),
    UMBRA_FIELD(manifest_header, incompat),
    UMBRA_FIELD(manifest_header, ro_compat),
    UMBRA_FIELD(manifest_header, gc_incompat),
    UMBRA_FIELD(manifest_header, compat),
    UMBRA_FIELD(manifest_header, image),
    UMBRA_FIELD(manifest_header, parent),
    UMBRA_FIELD(manifest_header, domain),
    UMBRA_FIELD(manifest_header, created),
    UMBRA_FIELD(manifest_header, block_size),
    UMBRA_FIELD(manifest_header, plan),
    UMBRA_FIELD(manifest_header, source_count),
    UMBRA_FIELD(manifest_header, pack_count),
    UMBRA_FIELD(manifest_header, metadata_size),
    UMBRA_FIELD(manifest_header, flags),
    UMBRA_FIELD(manifest_header, new_plain_bytes),
    UMBRA_FIELD(manifest_header, new_stored_bytes),
    UMBRA_FIELD(manifest_header, root),
    UMBRA_FIELD(manifest_header, reserved),
};
static_assert(covers(manifest_header_fields, sizeof(manifest_header)));

constexpr std::array manifest_source_fields{
    UMBRA_FIELD(manifest_source, size),
    UMBRA_FIELD(manifest_source, logical_sector),
    UMBRA_FIELD(manifest_source, level),
    UMBRA_FIELD(manifest_source, root_kind),
    UMBRA_FIELD(manifest_source, root_state),
    UMBRA_FIELD(manifest_source, reserved0),
    UMBRA_FIELD(manifest_source, root_pack),
    UMBRA_FIELD(manifest_source, root_offset),
    UMBRA_FIELD(manifest_source, root_stored_size),
    UMBRA_FIELD(manifest_source, root_plain_size),
    UMBRA_FIELD(manifest_source, root_id),
    UMBRA_FIELD(manifest_source, stored_bytes),
    UMBRA_FIELD(manifest_source, zero_bytes),
    UMBRA_FIELD(manifest_source, unallocated_bytes),
    UMBRA_FIELD(manifest_source, unreadable_bytes),
    UMBRA_FIELD(manifest_source, excluded_bytes),
    UMBRA_FIELD(manifest_source, reserved1),
};
static_assert(covers(manifest_source_fields, sizeof(manifest_source)));

constexpr std::array manifest_pack_fields{
    UMBRA_FIELD(manifest_pack, session),
    UMBRA_FIELD(manifest_pack, number),
    UMBRA_FIELD(manifest_pack, reserved),
    UMBRA_FIELD(manifest_pack, size),
};
static_assert(covers(manifest_pack_fields, sizeof(manifest_pack)));

constexpr std::array object_header_fields{
    UMBRA_FIELD(object_header, magic_),
    UMBRA_FIELD(object_header, version_major_),
    UMBRA_FIELD(object_header, version_minor_),
    UMBRA_FIELD(object_header, kind),
    UMBRA_FIELD(object_header, body_size),
    UMBRA_FIELD(object_header, reserved0),
    UMBRA_FIELD(object_header, domain),
    UMBRA_FIELD(object_header, session),
    UMBRA_FIELD(object_header, reserved1),
};
static_assert(covers(object_header_fields, sizeof(object_header)));

constexpr std::array outcome_body_fields{
    UMBRA_FIELD(outcome_body, verdict_),
    UMBRA_FIELD(outcome_body, plan),
    UMBRA_FIELD(outcome_body, plan_seal),
};
static_assert(covers(outcome_body_fields, sizeof(outcome_body)));

constexpr std::array index_header_fields{
    UMBRA_FIELD(index_header, magic_),
    UMBRA_FIELD(index_header, version),
    UMBRA_FIELD(index_header, pack_count),
    UMBRA_FIELD(index_header, entry_count),
    UMBRA_FIELD(index_header, pack_table_offset),
    UMBRA_FIELD(index_header, entries_offset),
    UMBRA_FIELD(index_header, page_count),
    UMBRA_FIELD(index_header, filter_offset),
    UMBRA_FIELD(index_header, filter_size),
    UMBRA_FIELD(index_header, domain),
    UMBRA_FIELD(index_header, fingerprint),
    UMBRA_FIELD(index_header, filter_checksum),
    UMBRA_FIELD(index_header, page_seed),
    UMBRA_FIELD(index_header, partial_count),
    UMBRA_FIELD(index_header, reserved),
    UMBRA_FIELD(index_header, seal_),
};
static_assert(covers(index_header_fields, sizeof(index_header)));

constexpr std::array index_entry_fields{
    UMBRA_FIELD(index_entry, content_id),
    UMBRA_FIELD(index_entry, offset),
    UMBRA_FIELD(index_entry, stored_size),
    UMBRA_FIELD(index_entry, plain_size),
    UMBRA_FIELD(index_entry, pack),
    UMBRA_FIELD(index_entry, reserved),
};
static_assert(covers(index_entry_fields, sizeof(index_entry)));

constexpr std::array index_page_fields{
    UMBRA_FIELD(index_page, checksum),
    UMBRA_FIELD(index_page, count),
    UMBRA_FIELD(index_page, reserved0),
    UMBRA_FIELD(index_page, entries),
    UMBRA_FIELD(index_page, reserved1),
};
static_assert(covers(index_page_fields, sizeof(index_page)));

#undef UMBRA_FIELD

}  // namespace layout_tables

#define UMBRA_STRUCTURE(structure) \
  layout_structure { #structure, sizeof(structure), layout_tables::structure##_fields }

constexpr std::array layout_structures{
    UMBRA_STRUCTURE(feature_name),
    UMBRA_STRUCTURE(superblock),
    UMBRA_STRUCTURE(record_header),
    UMBRA_STRUCTURE(mini_index_header),
    UMBRA_STRUCTURE(mini_index_entry),
    UMBRA_STRUCTURE(checkpoint_header),
    UMBRA_STRUCTURE(checkpoint_entry),
    UMBRA_STRUCTURE(footer_section),
    UMBRA_STRUCTURE(footer),
    UMBRA_STRUCTURE(pack_ref),
    UMBRA_STRUCTURE(leaf_header),
    UMBRA_STRUCTURE(leaf_block),
    UMBRA_STRUCTURE(node_header),
    UMBRA_STRUCTURE(node_child),
    UMBRA_STRUCTURE(manifest_header),
    UMBRA_STRUCTURE(manifest_source),
    UMBRA_STRUCTURE(manifest_pack),
    UMBRA_STRUCTURE(object_header),
    UMBRA_STRUCTURE(outcome_body),
    UMBRA_STRUCTURE(index_header),
    UMBRA_STRUCTURE(index_entry),
    UMBRA_STRUCTURE(index_page),
};

#undef UMBRA_STRUCTURE
// clang-format on

}  // namespace umbra::native
