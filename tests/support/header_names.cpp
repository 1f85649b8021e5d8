// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/header_names.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <optional>
#include <regex>

namespace umbra::test {
namespace {

using tokens = std::vector<std::string>;

tokens tokens_of(std::string_view header) {
  // Comments, preprocessor lines and literals are matched first, and dropped.
  static const std::regex token(R"re(//[^\n]*|#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(\w+|::|\S))re");
  tokens found;
  const std::string text(header);
  for (std::sregex_iterator it(text.begin(), text.end(), token), end; it != end; ++it)
    if ((*it)[1].matched) found.push_back((*it)[1]);
  return found;
}

bool is_name(const std::string& token) { return std::isalpha(static_cast<unsigned char>(token[0])) != 0 || token[0] == '_'; }
bool is_one_of(const std::string& token, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, token) != words.end();
}

// A declaration without its template arguments and initial value: what names it is the last word, or the word before "(".
tokens plain(const tokens& statement) {
  tokens rest;
  int angles = 0;
  for (const auto& t : statement) {
    if (t == "=" && angles == 0) break;
    if (t == "<") ++angles;
    if (angles == 0) rest.push_back(t);
    if (t == ">" && angles > 0) --angles;
  }
  return rest;
}

std::optional<std::string> name_declared_by(const tokens& statement) {
  if (statement.empty()) return std::nullopt;
  if (statement[0] == "using") return statement.size() > 2 && statement[2] == "=" ? std::optional(statement[1]) : std::nullopt;
  const auto words = plain(statement);
  if (words.empty() || is_one_of(words[0], {"friend", "static_assert", "class", "struct", "enum"}) ||
      std::ranges::find(words, "operator") != words.end())
    return std::nullopt;
  auto end = std::ranges::find(words, "(");
  if (end == words.end()) end = std::find(words.begin() + 1, words.end(), "[");
  if (end == words.begin() || !is_name(*(end - 1))) return std::nullopt;
  return *(end - 1);
}

class reader {
 public:
  explicit reader(header_names& into) : into_(into) {}

  void read(const std::string& token) {
    if (token == "(") ++parentheses_;
    if (token == ")") --parentheses_;
    if (parentheses_ > 0 || !structures(token)) statement_.push_back(token);
  }

 private:
  enum class kind { name_space, type, enumeration, body };
  struct scope {
    kind what = kind::name_space;
    std::string prefix;  // "writer::"
    bool is_public = true;
  };

  scope& here() { return scopes_.back(); }

  // Whether the token ends a statement or a part of one; else it belongs to the statement.
  bool structures(const std::string& token) {
    if (token == "{") {
      open();
    } else if (token == "}") {
      close();
    } else if (token == ";") {
      declare(name_declared_by(statement_));
      statement_.clear();
    } else if (token == "," && here().what == kind::enumeration) {
      enumerator();
    } else if (token == ":" && statement_.size() == 1 && is_one_of(statement_[0], {"public", "private", "protected"})) {
      here().is_public = statement_[0] == "public";
      statement_.clear();
    } else {
      return false;
    }
    return true;
  }

  void declare(const std::optional<std::string>& name) {
    if (name && here().what != kind::body && here().is_public) into_.all.insert(here().prefix + *name);
  }

  void enumerator() {
    if (!statement_.empty()) {
      declare(statement_[0]);
      const auto& prefix = here().prefix;
      into_.enumerators[prefix.substr(0, prefix.size() - 2)].push_back(statement_[0]);
    }
    statement_.clear();
  }

  void open() {
    const auto words = plain(statement_);
    const auto is_type = [](const auto& t) { return is_one_of(t, {"class", "struct", "union", "enum"}); };
    const auto type = std::ranges::find_if(words, is_type);
    scope inner{kind::body, here().prefix, here().is_public};
    if (std::ranges::find(words, "namespace") != words.end()) {
      inner.what = kind::name_space;
    } else if (type != words.end() && std::ranges::find(words, "(") == words.end()) {
      const auto name = std::find_if_not(type, words.end(), is_type);
      inner.what = *type == "enum" ? kind::enumeration : kind::type;
      if (name != words.end()) {
        declare(*name);
        inner.prefix += *name + "::";
      }
      inner.is_public = here().is_public && *type != "class";
    } else {
      declare(name_declared_by(statement_));  // of a function's body, or of an initial value in braces
    }
    if (here().what == kind::body) inner.what = kind::body;
    scopes_.push_back(inner);
    statement_.clear();
  }

  void close() {
    if (here().what == kind::enumeration) enumerator();
    if (scopes_.size() > 1) scopes_.pop_back();
    statement_.clear();
  }

  header_names& into_;
  std::vector<scope> scopes_{scope{}};
  tokens statement_;
  int parentheses_ = 0;
};

}  // namespace

void header_names::add(std::string_view header) {
  reader r(*this);
  for (const auto& token : tokens_of(header)) r.read(token);
}

}  // namespace umbra::test
