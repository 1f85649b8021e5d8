// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/writer_directory.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "engine/shadow/document_json.h"
#include "engine/shadow/express_writer.h"
#include "engine/shadow/hook_writer.h"

namespace umbra::shadow {
namespace {

constexpr std::string_view hooks_folder = "hooks.d";

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_leftover(std::string_view name) {
  static constexpr std::array<std::string_view, 13> ends{"~",          ".bak",      ".orig",    ".rej",      ".swp",
                                                         ".rpmnew",    ".rpmsave",  ".rpmorig", ".dpkg-old", ".dpkg-new",
                                                         ".dpkg-dist", ".ucf-dist", ".md"};
  return name.starts_with('.') || name.starts_with("README") ||
         std::ranges::any_of(ends, [name](std::string_view end) { return name.ends_with(end); });
}

// Why Umbra does not trust it, and what to do; empty if it does.
std::string distrust(const std::string& path, const struct stat& what) {
  constexpr mode_t others_write = S_IWGRP | S_IWOTH;
  if (what.st_uid != 0 && what.st_uid != ::geteuid())
    return fmt::format("refused, because user {} owns it: chown root {}", what.st_uid, path);
  if ((what.st_mode & others_write) != 0) return fmt::format("refused, because others may write to it: chmod go-w {}", path);
  return {};
}

std::vector<std::string> names_of(const std::string& folder, int& os_error) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), [](DIR* d) { return ::closedir(d); });
  os_error = open ? 0 : errno;
  while (open) {
    const auto* entry = ::readdir(open.get());
    if (entry == nullptr) break;
    names.emplace_back(entry->d_name);
  }
  std::ranges::sort(names);
  return names;
}

class search {
 public:
  explicit search(const problem_sink& problem) : problem_(problem) {}

  void look_in(const writer_folder& folder) {
    struct stat what {};
    if (::stat(folder.path.c_str(), &what) != 0) {
      if (folder.required || errno != ENOENT) problem_(os_failure(errc::not_found, folder.path).message());
      return;
    }
    if (const auto why = distrust(folder.path, what); !why.empty()) return problem_(fmt::format("{}: {}", folder.path, why));
    each_in(folder.path, [this, &folder](const std::string& name) { take(folder.path, name, {}); });
    const auto hooks = folder.path + "/" + std::string(hooks_folder);
    if (::stat(hooks.c_str(), &what) != 0 || !S_ISDIR(what.st_mode)) return;
    if (const auto why = distrust(hooks, what); !why.empty()) return problem_(fmt::format("{}: {}", hooks, why));
    each_in(hooks, [this, &hooks](const std::string& name) { take(hooks, name, std::string(hooks_folder) + "/"); });
  }

  std::vector<found_writer> found() && {
    std::vector<found_writer> all;
    for (auto& [name, writer] : by_name_)
      if (writer) all.push_back(std::move(*writer));
    return all;
  }

 private:
  void each_in(const std::string& folder, const std::function<void(const std::string&)>& act) {
    int os_error = 0;
    for (const auto& name : names_of(folder, os_error))
      if (!is_leftover(name)) act(name);
    if (os_error != 0) problem_(os_failure(errc::io_read, folder, os_error).message());
  }

  static found_writer::kind kind_of(std::string_view name, bool is_in_hooks) {
    if (is_in_hooks || name.ends_with(".hook")) return found_writer::kind::hook;
    return name.ends_with(".json") ? found_writer::kind::express : found_writer::kind::program;
  }

  void take(const std::string& folder, const std::string& file, const std::string& prefix) {
    const auto name = prefix + file;
    if (by_name_.contains(name)) return;
    const auto path = folder + "/" + file;
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
    struct stat what {};
    if (!real || ::stat(real.get(), &what) != 0) return problem_(os_failure(errc::io_read, path).message());
    if (S_ISDIR(what.st_mode)) return;
    auto& place = by_name_[name];
    if (std::string_view(real.get()) == "/dev/null") return;
    const auto kind = kind_of(file, !prefix.empty());
    if (const auto why = refusal(real.get(), what, kind); !why.empty()) return problem_(fmt::format("{}: {}", path, why));
    place = found_writer{kind, name, path};
  }

  static std::string refusal(const std::string& real, const struct stat& what, found_writer::kind kind) {
    if (!S_ISREG(what.st_mode)) return "refused, because it is no regular file";
    if (auto why = distrust(real, what); !why.empty()) return why;
    const auto folder = folder_of(real);
    struct stat around {};
    if (::stat(folder.c_str(), &around) != 0) return os_failure(errc::io_read, folder).message();
    if (auto why = distrust(folder, around); !why.empty()) return fmt::format("its folder {} is {}", folder, why);
    if (kind != found_writer::kind::express && ::access(real.c_str(), X_OK) != 0)
      return fmt::format("refused, because it is not executable: chmod +x {}", real);
    return {};
  }

  const problem_sink& problem_;
  std::map<std::string, std::optional<found_writer>> by_name_;  // without a value: hidden
};

result<std::shared_ptr<writer>> start_express(const found_writer& what, const guid& instance) {
  std::ifstream in(what.path, std::ios::binary);
  std::string text(document_size_limit + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.fail() && !in.eof())) return os_failure(errc::io_read, "cannot read it");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return make_express_writer(text, instance);
}

// "/etc/umbra/writers.d/mysql.hook" and ".../hooks.d/mysql" are both the hook "mysql".
std::string hook_name(std::string_view name) {
  if (const auto slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
  if (name.ends_with(".hook")) name.remove_suffix(5);
  return fmt::format("freeze hook {}", name);
}

}  // namespace

std::vector<writer_folder> standard_writer_folders() {
  return {{"/etc/umbra/writers.d"}, {"/usr/local/lib/umbra/writers.d"}, {"/usr/lib/umbra/writers.d"}};
}

std::vector<found_writer> find_writers(const std::vector<writer_folder>& folders, const problem_sink& problem) {
  search s(problem);
  for (const auto& folder : folders) s.look_in(folder);
  return std::move(s).found();
}

std::vector<std::shared_ptr<writer>> start_writers(const std::vector<found_writer>& found, const writer_start& how,
                                                   const problem_sink& problem) {
  const auto tell = [&problem](const found_writer& f, const error& e) { problem(fmt::format("{}: {}", f.path, e.message())); };
  std::map<std::string, std::shared_ptr<process_writer>> programs;
  for (const auto& f : found) {
    if (f.what != found_writer::kind::program) continue;
    auto started = process_writer::start({{f.path}, how.environment}, how.limits);
    if (started.has_error()) {
      tell(f, started.assume_error());
    } else {
      programs[f.name] = std::move(started).assume_value();
    }
  }
  std::vector<std::shared_ptr<writer>> writers;
  const auto keep = [&](const found_writer& f, result<std::shared_ptr<writer>> made) {
    if (made.has_error()) return tell(f, made.assume_error());
    writers.push_back(std::move(made).assume_value());
  };
  for (const auto& f : found) {
    const auto instance = how.random->make<guid>();
    if (f.what == found_writer::kind::express) {
      keep(f, start_express(f, instance));
    } else if (f.what == found_writer::kind::hook) {
      keep(f, make_hook_writer({f.path, hook_name(f.name), how.environment}, instance));
    } else if (const auto program = programs.find(f.name); program != programs.end()) {
      const auto present = program->second->greet(instance);
      if (present.has_error()) tell(f, present.assume_error());
      if (present.has_value() && present.assume_value()) writers.push_back(program->second);
    }
  }
  return writers;
}

}  // namespace umbra::shadow
