// SPDX-License-Identifier: GPL-3.0-or-later
// Documents of the shadow service, for other people's tools to judge.
//   document_tool write FOLDER   writes NAME.metadata.json and .xml, NAME.backup.json and .xml
//   document_tool read FILE      whether the code takes a metadata document: exit code 0 or 1
#include <cstdio>
#include <fstream>
#include <iterator>

#include "engine/shadow/document_json.h"
#include "engine/shadow/document_xml.h"
#include "tests/support/shadow_documents.h"

namespace {

using namespace umbra;

bool save(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text << '\n';
  return static_cast<bool>(out.flush());
}

template <class Document>
bool save_both(const std::string& stem, const Document& document) {
  return save(stem + ".json", shadow::to_json(document)) && save(stem + ".xml", shadow::to_xml(document));
}

// Names and texts with everything that XML and JSON must escape or cannot hold.
shadow::writer_metadata wild_metadata() {
  auto m = test::full_metadata();
  for (int c = 1; c < 256; ++c) m.identity.name.push_back(static_cast<char>(c));
  m.identity.instance_name = "\xEF\xBF\xBF]]><!-- &amp; --> \xF0\x9F\x98\x80 \xED\xA0\x80";
  return m;
}

int write(const std::string& folder) {
  shadow::writer_metadata plain;
  plain.identity.name = "plain";
  plain.identity.class_id = test::numbered_guid(1);
  shadow::backup_document empty;
  empty.session_id = test::numbered_guid(1);
  const bool done = save_both(folder + "/full.metadata", test::full_metadata()) && save_both(folder + "/plain.metadata", plain) &&
                    save_both(folder + "/my_writer.metadata", test::my_writer()) &&
                    save_both(folder + "/wild.metadata", wild_metadata()) &&
                    save_both(folder + "/full.backup", test::full_document()) && save_both(folder + "/empty.backup", empty);
  return done ? 0 : 2;
}

int read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto metadata = shadow::writer_metadata_from_json(text);
  if (!metadata) std::printf("%s\n", metadata.error().message().c_str());
  return metadata ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc == 3 ? argv[1] : "";
  if (verb == "write") return write(argv[2]);
  if (verb == "read") return read(argv[2]);
  std::fprintf(stderr, "usage: document_tool write FOLDER | read FILE\n");
  return 2;
}
