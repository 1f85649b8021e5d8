// SPDX-License-Identifier: GPL-3.0-or-later
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "engine/shadow/child_process.h"
#include "engine/shadow/lvm_tool.h"
#include "engine/shadow/plain_text.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

constexpr std::size_t output_limit = std::size_t{16} << 20;
constexpr std::chrono::minutes time_limit{5};

std::string find_program(const std::string& name) {
  for (const char* folder : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"}) {
    struct stat s = {};
    if (::stat((folder + name).c_str(), &s) == 0 && S_ISREG(s.st_mode)) return folder + name;
  }
  return {};
}

// Reads what is there; false at the end of the stream.
bool take(int fd, std::string& into) {
  std::array<char, 16384> bytes;
  const auto got = ::read(fd, bytes.data(), bytes.size());
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  if (into.size() < output_limit) into.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

struct spoken {
  std::string output;
  std::string errors;
};

spoken listen(const child_process& child) {
  spoken words;
  bool output = true;
  bool errors = true;
  while (output || errors) {
    std::array<pollfd, 2> both{pollfd{output ? child.output() : -1, POLLIN, 0}, pollfd{errors ? child.errors() : -1, POLLIN, 0}};
    if (::poll(both.data(), both.size(), static_cast<int>(std::chrono::milliseconds(time_limit).count())) <= 0) break;
    if (both[0].revents != 0) output = take(child.output(), words.output);
    if (both[1].revents != 0) errors = take(child.errors(), words.errors);
  }
  return words;
}

class program_lvm final : public lvm_tool {
 public:
  result<std::string> lvm(const std::vector<std::string>& arguments) override { return run("lvm", arguments); }
  result<std::string> dmsetup(const std::vector<std::string>& arguments) override { return run("dmsetup", arguments); }

 private:
  static result<std::string> run(const std::string& program, const std::vector<std::string>& arguments) {
    child_command command;
    command.arguments.push_back(find_program(program));
    if (command.arguments.front().empty()) return error(errc::not_found, program + ": LVM is not installed");
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    command.environment = {"LC_ALL=C", "LVM_SUPPRESS_FD_WARNINGS=1", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    TRY(const auto child, child_process::start(command));
    child->close_input();
    auto words = listen(*child);
    const bool over = child->wait(time_limit);
    if (over && child->fate() == "ended with exit code 0") return std::move(words.output);
    const auto verb = arguments.empty() ? std::string() : arguments.front();
    const auto said = one_line(words.errors, 300);
    return failure(result_code::e_unexpected_provider_error,
                   fmt::format("{} {}: {}", program, verb, said.empty() ? child->fate() : said));
  }
};

}  // namespace

std::unique_ptr<lvm_tool> system_lvm() { return std::make_unique<program_lvm>(); }

result<std::vector<logical_volume>> list_logical_volumes(lvm_tool& tool, const std::string& only) {
  std::vector<std::string> arguments{"lvs", "--reportformat", "json", "--units",
                                     "b",   "--nosuffix",     "-o",   std::string(lvm_fields)};
  if (!only.empty()) arguments.push_back(only);
  TRY(const auto text, tool.lvm(arguments));
  return parse_lvs(text);
}

}  // namespace umbra::shadow
