// SPDX-License-Identifier: GPL-3.0-or-later
// The two documents as JSON, version 1: docs/schemas/*.schema.json say what they look like. A writer's metadata is also what
// executables in writers.d answer at identify, and what the files of express writers hold.
//
// Written: one line without an end, members always in the same order, those that have their default left out; a document that
// was read is written as the same bytes again. Texts that are not UTF-8 have U+FFFD in place of what is not.
// Read: members in any order, unknown ones ignored. From hostile bytes these take at most a few times document_size_limit of
// memory. Errors: e_corrupt_xml_document for what is no JSON or beyond the limits, e_invalid_xml_document for JSON that is no
// such document; their words name the member.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/shadow/backup_document.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::shadow {

constexpr int document_version = 1;
constexpr std::size_t document_size_limit = 8 << 20;    // bytes
constexpr std::size_t document_depth_limit = 32;        // objects and arrays inside each other
constexpr std::size_t document_values_limit = 1 << 18;  // members and elements in all

std::string to_json(const writer_metadata& metadata);
std::string to_json(const backup_document& document);
// One writer's part of a backup document: what its events carry. Has no version of its own.
std::string to_json(const writer_components& components);

// The version may be left out of metadata. What is read has passed check() of document_rules.h.
result<writer_metadata> writer_metadata_from_json(std::string_view text);
result<backup_document> backup_document_from_json(std::string_view text);
result<writer_components> writer_components_from_json(std::string_view text);

}  // namespace umbra::shadow
