// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/golden/must_fail.h"

#include <functional>

#include <fmt/format.h>

#include "formats/native/objects.h"
#include "tests/golden/golden_set.h"
#include "tests/support/mend_image.h"

namespace umbra::golden {
namespace {

using namespace native;

enum class mend : std::uint8_t { nothing, superblock, records, image };

// A single-file image under the knife.
class patient {
 public:
  explicit patient(bytes file) : file_(std::move(file)) {}

  bytes& file() { return file_; }
  byte_span all() { return file_; }
  std::uint64_t footer_at() const { return file_.size() - page_size; }

  // Reads a T, lets `change` at it, and writes it back.
  template <class T, class Change>
  void edit(std::uint64_t offset, Change change) {
    auto value = read_struct<T>(byte_view(file_).subspan(static_cast<std::size_t>(offset)));
    change(value);
    const auto back = bytes_of(value);
    std::copy(back.begin(), back.end(), file_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void flip(std::uint64_t offset) { file_[static_cast<std::size_t>(offset)] ^= std::byte{1}; }

  // Offset of the n-th record of a type.
  std::uint64_t record(record_type type, unsigned n = 0) const {
    for (std::uint64_t at = page_size; at < footer_at();) {
      const auto h = header(at);
      if (h.type.value() == static_cast<std::uint16_t>(type) && n-- == 0) return at;
      at += align_up(sizeof h + std::uint64_t{h.stored_size.value()}, record_alignment);
    }
    throw std::runtime_error("the victim has no such record");
  }
  record_header header(std::uint64_t offset) const {
    return read_struct<record_header>(byte_view(file_).subspan(static_cast<std::size_t>(offset)));
  }
  std::uint64_t payload(record_type type, unsigned n = 0) const { return record(type, n) + sizeof(record_header); }
  // Of the leaf's block.
  std::uint64_t leaf_block_at(unsigned n) const {
    return payload(record_type::leaf) + sizeof(leaf_header) + sizeof(pack_ref) + n * sizeof(leaf_block);
  }
  void mend_as(mend how) {
    if (how == mend::superblock) test::mend_seal(all().first(page_size));
    if (how == mend::records) test::mend_pack(all());
    if (how == mend::image) test::mend_image(all());
  }

 private:
  bytes file_;
};

class surgery {
 public:
  surgery() : victims_(make_victims()) {}

  // An edit of the image; `how` tells which checksums are made right afterwards.
  void image(std::string name, std::string kind, mend how, std::string text, const std::function<void(patient&)>& change) {
    patient p(victims_.at("image.umbra"));
    change(p);
    p.mend_as(how);
    cases_.push_back({std::move(name), kind != "damage", std::move(kind), std::move(text), {{"image.umbra", p.file()}}});
  }
  void vault(std::string name, std::string kind, std::string text, const std::function<void(file_set&)>& change) {
    file_set files;
    for (const auto& [path, content] : victims_)
      if (path.starts_with("vault/")) files[path.substr(6)] = content;
    change(files);
    cases_.push_back({std::move(name), true, std::move(kind), std::move(text), std::move(files)});
  }
  void orphan(std::string name, std::string kind, std::string text) {
    cases_.push_back({std::move(name), true, std::move(kind), std::move(text), {{"image.umbra", victims_.at("child.umbra")}}});
  }
  std::vector<must_fail_case> take() { return std::move(cases_); }

 private:
  file_set victims_;
  std::vector<must_fail_case> cases_;
};

// ---- superblock and transfer -----------------------------------------------------------------------------------------------
void name_feature(native::superblock& s, std::uint8_t bit, std::string_view name) {
  s.incompat = std::uint64_t{1} << bit;
  s.features[0].bit = bit;
  std::copy(name.begin(), name.end(), s.features[0].name);
}

bytes line_ends_to_unix(const bytes& in) {
  bytes out;
  for (std::size_t i = 0; i < in.size(); ++i)
    if (!(in[i] == std::byte{'\r'} && i + 1 < in.size() && in[i + 1] == std::byte{'\n'})) out.push_back(in[i]);
  return out;
}

void superblocks(surgery& s) {
  using native::superblock;
  s.image("newer-major", "unsupported_version", mend::superblock, "superblock: version_major 2",
          [](patient& p) { p.edit<superblock>(0, [](auto& b) { b.version_major_ = std::uint16_t{2}; }); });
  s.image("unknown-incompat", "unknown_feature", mend::superblock, "superblock: incompat bit 40, named warp-drive",
          [](patient& p) { p.edit<superblock>(0, [](auto& b) { name_feature(b, 40, "warp-drive"); }); });
  s.image("unknown-algorithm", "unsupported_version", mend::superblock, "superblock: id_algorithm 2",
          [](patient& p) { p.edit<superblock>(0, [](auto& b) { b.id_algorithm = std::uint8_t{2}; }); });
  s.image("odd-block-size", "decode", mend::superblock, "superblock: block_size 65537",
          [](patient& p) { p.edit<superblock>(0, [](auto& b) { b.block_size = 65537u; }); });
  s.image("superblock-bit", "checksum", mend::nothing, "superblock: one reserved bit flipped, not sealed again",
          [](patient& p) { p.flip(500); });
  s.image("vault-magic", "bad_magic", mend::superblock, "superblock: magic and kind of a vault", [](patient& p) {
    p.edit<superblock>(0, [](auto& b) {
      b.magic_ = vault_magic;
      b.kind = static_cast<std::uint32_t>(superblock_kind::vault);
    });
  });
  s.image("text-mode", "bad_magic", mend::nothing, "the whole file: CR LF became LF",
          [](patient& p) { p.file() = line_ends_to_unix(p.file()); });
  s.image("seven-bit", "bad_magic", mend::nothing, "the whole file: eighth bits cut off", [](patient& p) {
    for (auto& b : p.file()) b &= std::byte{0x7f};
  });
}

// ---- footer ------------------------------------------------------------------------------------------------------------------
void footers(surgery& s) {
  const auto edit = [](patient& p, const std::function<void(footer&)>& change) {
    p.edit<footer>(p.footer_at(), change);
    test::mend_seal(p.all().last(page_size));
  };
  s.image("cut-footer", "damaged", mend::nothing, "the last 100 bytes are missing",
          [](patient& p) { p.file().resize(p.file().size() - 100); });
  s.image("no-footer", "damaged", mend::nothing, "the last 4096 bytes are missing",
          [](patient& p) { p.file().resize(p.file().size() - page_size); });
  s.image("bytes-behind", "damaged", mend::nothing, "a page of zeros behind the footer",
          [](patient& p) { p.file().resize(p.file().size() + page_size); });
  s.image("footer-bit", "checksum", mend::nothing, "footer: one reserved bit flipped, not sealed again",
          [](patient& p) { p.flip(p.footer_at() + 2000); });
  s.image("foreign-footer", "damaged", mend::nothing, "footer: pack_number 1",
          [&](patient& p) { edit(p, [](footer& f) { f.pack_number = 1u; }); });
  s.image("footer-size", "damaged", mend::nothing, "footer: pack_size one page too large",
          [&](patient& p) { edit(p, [](footer& f) { f.pack_size = f.pack_size.value() + page_size; }); });
  s.image("footer-sections", "decode", mend::nothing, "footer: section_count 33",
          [&](patient& p) { edit(p, [](footer& f) { f.section_count = 33u; }); });
}

// ---- records -----------------------------------------------------------------------------------------------------------------
// A valid lz4 block of exactly `stored` bytes that is all literals: it decodes to fewer bytes than any record that shrank.
bytes literals_only(std::size_t stored) {
  std::size_t literals = stored - 1;
  while (literals >= 15 && 1 + (literals - 15) / 255 + 1 + literals > stored) --literals;
  bytes out{std::byte{0xf0}};
  std::size_t rest = literals - 15;
  for (; rest >= 255; rest -= 255) out.push_back(std::byte{255});
  out.push_back(static_cast<std::byte>(rest));
  out.resize(stored, std::byte{'x'});
  return out;
}

void records(surgery& s) {
  const auto edit = [](patient& p, std::uint64_t at, const std::function<void(record_header&)>& change) {
    p.edit<record_header>(at, change);
    test::mend_header(p.all(), at);
  };
  s.image("header-bit", "checksum", mend::nothing, "first data record: a bit of its header flipped",
          [](patient& p) { p.flip(p.record(record_type::data) + 24); });
  s.image("moved-record", "checksum", mend::nothing, "second data record: replaced by a copy of the third, header and all",
          [](patient& p) {
            const auto from = p.record(record_type::data, 2);
            const auto to = p.record(record_type::data, 1);
            const bytes copy(p.file().begin() + static_cast<std::ptrdiff_t>(from),
                             p.file().begin() + static_cast<std::ptrdiff_t>(from + sizeof(record_header) + 512));
            std::copy(copy.begin(), copy.end(), p.file().begin() + static_cast<std::ptrdiff_t>(to));
          });
  s.image("payload-bit", "checksum", mend::nothing, "second data record: a bit of its payload flipped",
          [](patient& p) { p.flip(p.payload(record_type::data, 1) + 100); });
  s.image("other-content", "damaged", mend::records, "second data record: a bit of its payload flipped, checksum made right",
          [](patient& p) { p.flip(p.payload(record_type::data, 1) + 100); });
  s.image("lz4-size", "decode", mend::records, "first data record: a valid lz4 block of fewer bytes than plain_size",
          [](patient& p) {
            const auto forged = literals_only(p.header(p.record(record_type::data)).stored_size.value());
            std::copy(forged.begin(), forged.end(), p.file().begin() + static_cast<std::ptrdiff_t>(p.payload(record_type::data)));
          });
  s.image("required-flag", "unknown_feature", mend::nothing, "first data record: flags_required 1",
          [&](patient& p) { edit(p, p.record(record_type::data), [](auto& h) { h.flags_required = std::uint16_t{1}; }); });
  s.image("unknown-codec", "unknown_feature", mend::nothing, "first data record: codec 9",
          [&](patient& p) { edit(p, p.record(record_type::data), [](auto& h) { h.codec = std::uint8_t{9}; }); });
  s.image("huge-record", "decode", mend::nothing, "first data record: stored_size 4294967295",
          [&](patient& p) { edit(p, p.record(record_type::data), [](auto& h) { h.stored_size = ~0u; }); });
  s.image("header-size", "decode", mend::nothing, "first data record: header_size 97",
          [&](patient& p) { edit(p, p.record(record_type::data), [](auto& h) { h.header_size = std::uint16_t{97}; }); });
}

// ---- map ---------------------------------------------------------------------------------------------------------------------
void leaves(surgery& s) {
  const auto block = [](patient& p, unsigned n, const std::function<void(leaf_block&)>& change) {
    p.edit<leaf_block>(p.leaf_block_at(n), change);
  };
  s.image("leaf-overlap", "damaged", mend::image, "leaf: the second block starts a unit too early",
          [&](patient& p) { block(p, 1, [](auto& b) { b.start = static_cast<std::uint16_t>(b.start.value() - 1); }); });
  s.image("leaf-short", "damaged", mend::image, "leaf: the last block is a unit shorter than the region's rest",
          [&](patient& p) { block(p, 3, [](auto& b) { b.length = static_cast<std::uint16_t>(b.length.value() - 1); }); });
  s.image("leaf-beyond", "damaged", mend::image, "leaf: the last block ends behind the region",
          [&](patient& p) { block(p, 3, [](auto& b) { b.length = std::uint16_t{0xffff}; }); });
  s.image("leaf-state", "damaged", mend::image, "leaf: the last block's state is 5",
          [&](patient& p) { block(p, 3, [](auto& b) { b.state = std::uint8_t{5}; }); });
  s.image("leaf-pack", "damaged", mend::image, "leaf: the first block's pack is not in the table",
          [&](patient& p) { block(p, 0, [](auto& b) { b.pack = std::uint16_t{1}; }); });
  s.image("wrong-record", "damaged", mend::image, "leaf: the second block points to the third one's record", [&](patient& p) {
    const auto other = p.record(record_type::data, 2);
    block(p, 1, [&](auto& b) { b.offset = other; });
  });
  s.image("swapped-ids", "damaged", mend::image, "leaf: the ids of the second and the third block are exchanged", [](patient& p) {
    const auto ids = p.leaf_block_at(4) + 3 * change_hash::size;
    const auto second = p.file().begin() + static_cast<std::ptrdiff_t>(ids + content_id::size);
    std::swap_ranges(second, second + content_id::size, second + content_id::size);
  });
  s.image("leaf-counts", "damaged", mend::image, "leaf: block_count 4294967295",
          [](patient& p) { p.edit<leaf_header>(p.payload(record_type::leaf), [](auto& h) { h.block_count = ~0u; }); });
  s.image("unlisted-pack", "damaged", mend::image, "leaf: its pack is one that the manifest does not list", [](patient& p) {
    p.edit<pack_ref>(p.payload(record_type::leaf) + sizeof(leaf_header), [](auto& r) { r.session[0] ^= std::byte{1}; });
  });
  s.image("large-block", "damaged", mend::image, "superblock and manifests: block_size 4096; the first block has 5120 bytes",
          [](patient& p) {
            p.edit<native::superblock>(0, [](auto& b) { b.block_size = 4096u; });
            for (const unsigned copy : {0u, 1u})
              p.edit<manifest_header>(p.payload(record_type::manifest, copy), [](auto& m) { m.block_size = 4096u; });
          });
  s.image("page-content", "checksum", mend::records, "leaf: a reserved bit flipped, checksum made right, content id not",
          [](patient& p) { p.flip(p.payload(record_type::leaf) + 40); });
  s.image("encoded-page", "damaged", mend::nothing, "leaf: its record says lz4", [](patient& p) {
    p.edit<record_header>(p.record(record_type::leaf), [](auto& h) { h.codec = std::uint8_t{1}; });
    test::mend_header(p.all(), p.record(record_type::leaf));
  });
}

void nodes(surgery& s) {
  const auto child = [](patient& p, const std::function<void(node_child&)>& change) {
    p.edit<node_child>(p.payload(record_type::node) + sizeof(node_header) + sizeof(pack_ref), change);
  };
  s.image("node-level", "damaged", mend::image, "node: level 2",
          [](patient& p) { p.edit<node_header>(p.payload(record_type::node), [](auto& h) { h.level = std::uint8_t{2}; }); });
  s.image("node-region", "damaged", mend::image, "node: first_region 256", [](patient& p) {
    p.edit<node_header>(p.payload(record_type::node), [](auto& h) { h.first_region = std::uint64_t{256}; });
  });
  s.image("node-loop", "damaged", mend::nothing, "node: its child points to the node itself", [&](patient& p) {
    const auto at = p.record(record_type::node);
    child(p, [&](auto& c) {
      c.offset = at;
      c.stored_size = p.header(at).stored_size;
      c.plain_size = p.header(at).plain_size;
    });
    p.mend_as(mend::image);
  });
  s.image("uniform-stored", "damaged", mend::image, "node: its child is uniform, state stored", [&](patient& p) {
    child(p, [](auto& c) {
      c = {};
      c.state = static_cast<std::uint8_t>(image::block_state::stored);
    });
  });
}

// ---- manifest ----------------------------------------------------------------------------------------------------------------
void manifests(surgery& s) {
  // Both copies; sealed again, and the root hash stays as `change` left it.
  const auto edit = [](patient& p, const std::function<void(byte_span)>& change) {
    for (const unsigned copy : {0u, 1u}) {
      const auto at = p.record(record_type::manifest, copy);
      const auto body = p.all().subspan(static_cast<std::size_t>(at + sizeof(record_header)), p.header(at).stored_size.value());
      change(body);
      test::mend_seal(body);
    }
    p.mend_as(mend::records);
  };
  const auto header = [edit](patient& p, const std::function<void(manifest_header&)>& change) {
    edit(p, [&](byte_span body) {
      auto h = read_struct<manifest_header>(byte_view(body));
      change(h);
      std::copy_n(bytes_of(h).begin(), sizeof h, body.begin());
    });
  };
  s.image("manifest-bits", "checksum", mend::records, "both manifests: a bit of the metadata flipped, not sealed again",
          [](patient& p) {
            for (const unsigned copy : {0u, 1u}) p.flip(p.payload(record_type::manifest, copy) + 500);
          });
  s.image("manifest-counts", "damaged", mend::nothing, "manifest: source_count 268435456",
          [&](patient& p) { header(p, [](auto& m) { m.source_count = 1u << 28; }); });
  s.image("manifest-packs", "damaged", mend::nothing, "manifest: pack_count 4294967295",
          [&](patient& p) { header(p, [](auto& m) { m.pack_count = ~0u; }); });
  s.image("manifest-incompat", "unknown_feature", mend::nothing, "manifest: incompat bit 3",
          [&](patient& p) { header(p, [](auto& m) { m.incompat = std::uint64_t{8}; }); });
  s.image("manifest-version", "unsupported_version", mend::nothing, "manifest: version_major 2",
          [&](patient& p) { header(p, [](auto& m) { m.version_major_ = std::uint16_t{2}; }); });
  s.image("manifest-image", "damaged", mend::nothing, "manifest: another image's id",
          [&](patient& p) { header(p, [](auto& m) { m.image[3] ^= std::byte{1}; }); });
  s.image("manifest-root", "damaged", mend::nothing, "manifest: root is not that of the sources",
          [&](patient& p) { header(p, [](auto& m) { m.root[0] ^= std::byte{1}; }); });
  s.image("manifest-block-size", "damaged", mend::nothing, "manifest: block_size is not the domain's",
          [&](patient& p) { header(p, [](auto& m) { m.block_size = 4u << 20; }); });
  s.image("manifest-metadata", "damaged", mend::nothing, "manifest: the metadata is not an object", [&](patient& p) {
    edit(p, [](byte_span body) {
      body[sizeof(manifest_header) + sizeof(manifest_source) + sizeof(manifest_pack)] = std::byte{'['};
    });
  });
  s.image("manifest-sums", "damaged", mend::nothing, "manifest: zero_bytes one too many", [&](patient& p) {
    edit(p, [](byte_span body) {
      const auto at = sizeof(manifest_header) + offsetof(manifest_source, zero_bytes);
      body[at] = static_cast<std::byte>(std::to_integer<unsigned>(body[at]) + 1);
    });
  });
  s.image("manifest-level", "damaged", mend::nothing, "manifest: a map of level 2", [&](patient& p) {
    edit(p, [](byte_span body) { body[sizeof(manifest_header) + offsetof(manifest_source, level)] = std::byte{2}; });
  });
}

// ---- what only a verification sees -------------------------------------------------------------------------------------------
void verifications(surgery& s) {
  s.image("gap-byte", "damage", mend::nothing, "a byte between two records is not zero", [](patient& p) {
    for (const auto type : {record_type::data, record_type::leaf, record_type::manifest}) {
      const auto at = p.record(type);
      const auto end = at + sizeof(record_header) + p.header(at).stored_size.value();
      if (end % record_alignment != 0) return p.flip(end);
    }
    throw std::runtime_error("the victim has no gap between records");
  });
  s.image("padding-byte", "damage", mend::records, "padding: a byte is not zero",
          [](patient& p) { p.flip(p.payload(record_type::padding)); });
  s.image("sequence", "damage", mend::records, "second data record: sequence 100", [](patient& p) {
    p.edit<record_header>(p.record(record_type::data, 1), [](auto& h) { h.sequence = std::uint64_t{100}; });
  });
  s.image("mini-index", "damage", mend::image, "mini-index: the first entry's plain_size is one too large", [](patient& p) {
    p.edit<mini_index_entry>(p.payload(record_type::mini_index) + sizeof(mini_index_header),
                             [](auto& e) { e.plain_size = e.plain_size.value() + 1; });
  });
  s.image("record-count", "damage", mend::nothing, "footer: record_count one too many", [](patient& p) {
    p.edit<footer>(p.footer_at(), [](auto& f) { f.record_count = f.record_count.value() + 1; });
    test::mend_seal(p.all().last(page_size));
  });
}

// ---- vaults ------------------------------------------------------------------------------------------------------------------
bytes& object_ending(file_set& files, std::string_view end) {
  for (auto& [path, content] : files)
    if (path.ends_with(end)) return content;
  throw std::runtime_error("the victim has no such object");
}

void vaults(surgery& s) {
  s.vault("vault-incompat", "unknown_feature", "vault: incompat bit 1", [](file_set& files) {
    patient p(files.at("vault"));
    p.edit<native::superblock>(0, [](auto& b) { b.incompat = std::uint64_t{2}; });
    p.mend_as(mend::superblock);
    files["vault"] = p.file();
  });
  s.vault("vault-plan-seal", "damaged", "outcome: the seal of another plan", [](file_set& files) {
    auto& outcome = object_ending(files, "/outcome");
    outcome[sizeof(object_header) + 8] ^= std::byte{1};
    test::mend_seal(outcome);
  });
  s.vault("vault-outcome-session", "damaged", "outcome: another session's", [](file_set& files) {
    auto& outcome = object_ending(files, "/outcome");
    outcome[offsetof(object_header, session)] ^= std::byte{1};
    test::mend_seal(outcome);
  });
  s.vault("vault-outcome-kind", "damaged", "outcome: an object of kind begin", [](file_set& files) {
    auto& outcome = object_ending(files, "/outcome");
    outcome[offsetof(object_header, kind)] = std::byte{1};
    test::mend_seal(outcome);
  });
  s.vault("vault-outcome-bit", "checksum", "outcome: a reserved bit flipped, not sealed again",
          [](file_set& files) { object_ending(files, "/outcome")[60] ^= std::byte{1}; });
  s.vault("vault-missing-plan", "damaged", "the committed plan is missing",
          [](file_set& files) { std::erase_if(files, [](const auto& file) { return file.first.ends_with("/plan-0"); }); });
  s.vault("vault-missing-pack", "damaged", "the pack is missing",
          [](file_set& files) { std::erase_if(files, [](const auto& file) { return file.first.starts_with("packs/"); }); });
  s.vault("vault-other-pack", "damaged", "the pack says that it is number 1", [](file_set& files) {
    for (auto& [path, content] : files) {
      if (!path.starts_with("packs/")) continue;
      patient p(content);
      p.edit<native::superblock>(0, [](auto& b) { b.pack_number = 1u; });
      p.mend_as(mend::superblock);
      content = p.file();
    }
  });
  s.orphan("missing-parent", "not_found", "an incremental without the file it builds on");
}

}  // namespace

std::vector<must_fail_case> make_must_fail() {
  surgery s;
  superblocks(s);
  footers(s);
  records(s);
  leaves(s);
  nodes(s);
  manifests(s);
  verifications(s);
  vaults(s);
  return s.take();
}

file_set files_of(const std::vector<must_fail_case>& cases) {
  file_set out;
  for (const auto& c : cases) {
    for (const auto& [path, content] : c.files) out[c.name + "/" + path] = content;
    const auto text = fmt::format("{} {}\n{}\n", c.on_read ? "read" : "verify", c.kind, c.edit);
    const auto view = as_bytes(text);
    out[c.name + "/expect"] = bytes(view.begin(), view.end());
  }
  return out;
}

}  // namespace umbra::golden
