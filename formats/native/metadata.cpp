// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/metadata.h"

#include <nlohmann/json.hpp>

namespace umbra::native {
namespace {

using nlohmann::json;

// Watches the parser go by: the first value must be an object, and no value may lie too deep.
class watcher final : public json::json_sax_t {
 public:
  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(json::number_integer_t) override { return value(); }
  bool number_unsigned(json::number_unsigned_t) override { return value(); }
  bool number_float(json::number_float_t, const json::string_t&) override { return value(); }
  bool string(json::string_t&) override { return value(); }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return ++depth_ <= max_metadata_depth; }
  bool key(json::string_t&) override { return true; }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override { return ++depth_ <= max_metadata_depth && depth_ > 1; }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override { return false; }

 private:
  bool value() const { return depth_ > 0; }
  bool leave() {
    --depth_;
    return true;
  }

  unsigned depth_ = 0;
};

}  // namespace

bool is_json_object(std::string_view text) {
  watcher w;
  return json::sax_parse(text, &w);
}

}  // namespace umbra::native
