// SPDX-License-Identifier: GPL-3.0-or-later
// docs/shadow-documents.md against the code: names of the XML, the example, the limits.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "engine/shadow/document_json.h"
#include "engine/shadow/document_xml.h"
#include "tests/support/shadow_documents.h"

namespace umbra::shadow {
namespace {

using element_table = std::map<std::string, std::set<std::string>>;

std::string page() {
  std::ifstream in(UMBRA_SOURCE_DIR "/docs/shadow-documents.md");
  EXPECT_TRUE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The rows "| ELEMENT | attributes | names |".
element_table documented_elements() {
  element_table table;
  std::istringstream in(page());
  for (std::string line; std::getline(in, line);) {
    std::istringstream cells(line);
    std::string bar;
    std::string element;
    cells >> bar >> element;
    if (bar != "|" || !std::ranges::all_of(element, [](char c) { return c == '_' || (c >= 'A' && c <= 'Z'); })) continue;
    cells >> bar;
    auto& attributes = table[element];
    for (std::string word; cells >> word && word != "|";) attributes.insert(word.substr(0, word.find(';')));
  }
  return table;
}

// What a document holds, by a reader that knows no more of XML than xml_writer writes.
void add_elements_of(const std::string& xml, element_table& table) {
  std::istringstream in(xml);
  std::string line;
  std::getline(in, line);  // the declaration
  while (std::getline(in, line)) {
    const auto begin = line.find('<') + 1;
    if (line[begin] == '/') continue;
    const auto end = line.find_first_of(" />", begin);
    auto& attributes = table[line.substr(begin, end - begin)];
    for (auto at = end; line[at] == ' ';) {
      const auto equals = line.find("=\"", at);
      attributes.insert(line.substr(at + 1, equals - at - 1));
      at = line.find('"', equals + 2) + 1;
    }
  }
}

TEST(shadow_documents_page, lists_every_element_and_attribute_of_the_xml) {
  element_table written;
  auto metadata = test::full_metadata();
  metadata.components[1].logical_path = "cluster";
  metadata.components[1].caption = "Databases";
  add_elements_of(to_xml(metadata), written);
  add_elements_of(to_xml(test::full_document()), written);
  EXPECT_EQ(documented_elements(), written);
}

TEST(shadow_documents_page, shows_metadata_that_the_code_takes) {
  const auto text = page();
  const auto begin = text.find("```json\n") + 8;
  const auto read = writer_metadata_from_json(text.substr(begin, text.find("```", begin) - begin));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read.value().identity.name, "Notes");
  EXPECT_EQ(read.value().components.size(), 1u);
}

TEST(shadow_documents_page, gives_the_limits_of_the_code) {
  const auto text = page();
  EXPECT_EQ(document_size_limit, 8u << 20);
  EXPECT_EQ(document_values_limit, 262'144u);
  EXPECT_EQ(document_depth_limit, 32u);
  EXPECT_NE(text.find("At most 8 MiB, 262,144 values, and 32 levels of nesting."), std::string::npos);
}

}  // namespace
}  // namespace umbra::shadow
