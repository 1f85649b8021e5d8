// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as the documents of the shadow service: an error, or a document that is written as bytes that read as the same, and
// that everything which works on documents can work on.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/shadow/component_dependencies.h"
#include "engine/shadow/component_rules.h"
#include "engine/shadow/document_json.h"
#include "engine/shadow/document_xml.h"
#include "engine/shadow/file_set.h"
#include "engine/shadow/partial_ranges.h"

namespace {

using namespace umbra::shadow;

template <class Document, class Read>
void check_round_trip(const Document& document, Read read) {
  const auto text = to_json(document);
  const auto again = read(text);
  if (!again || !(again.value() == document) || to_json(again.value()) != text) std::abort();
}

// Adds all that stands at the top, as the rules allow; then everything is in the backup, and nothing more can be added.
void check_components(const writer_metadata& metadata) {
  const component_tree tree(metadata);
  writer_components chosen;
  for (const auto& c : metadata.components) {
    if (tree.selectable_ancestor(c) != nullptr) continue;
    if (!tree.may_add(chosen, c.type, c.logical_path, c.name)) std::abort();
    auto& added = chosen.components.emplace_back();
    added.type = c.type;
    added.logical_path = c.logical_path;
    added.name = c.name;
  }
  if (!tree.is_complete(chosen) || tree.included(chosen).size() != metadata.components.size()) std::abort();
  for (const auto& c : metadata.components) {
    if (tree.may_add(chosen, c.type, c.logical_path, c.name)) std::abort();
    const auto set = tree.set_of(c);
    if (set.empty() || (!c.selectable && set.size() != 1)) std::abort();
  }
}

void check_metadata(const writer_metadata& metadata) {
  check_round_trip(metadata, writer_metadata_from_json);
  if (to_xml(metadata).empty()) std::abort();
  if (metadata.components.size() <= 64) check_components(metadata);
  for (const auto& c : metadata.components) {
    const file_set set(c.files, metadata.excluded);
    for (const auto& files : c.files) set.matches(files.path + "/" + files.spec);
  }
}

void check_document(const backup_document& document) {
  check_round_trip(document, backup_document_from_json);
  if (to_xml(document).empty()) std::abort();
  const writer_metadata nobody;
  if (!missing_dependencies(std::span(&nobody, 1), document).empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto metadata = writer_metadata_from_json(text)) check_metadata(metadata.value());
  if (const auto document = backup_document_from_json(text)) check_document(document.value());
  if (const auto part = writer_components_from_json(text)) check_round_trip(part.value(), writer_components_from_json);
  return 0;
}
