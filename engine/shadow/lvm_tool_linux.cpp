// SPDX-License-Identifier: GPL-3.0-or-later
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "engine/shadow/child_process.h"
#include "engine/shadow/journal_replay_linux.h"
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

// Until both streams end, or `enough` says so, or nothing comes for that long.
template <class Enough>
void hear(const child_process& child, spoken& words, std::chrono::milliseconds patience, Enough enough) {
  bool output = true;
  bool errors = true;
  while ((output || errors) && !enough()) {
    std::array<pollfd, 2> both{pollfd{output ? child.output() : -1, POLLIN, 0}, pollfd{errors ? child.errors() : -1, POLLIN, 0}};
    if (::poll(both.data(), both.size(), static_cast<int>(patience.count())) <= 0) break;
    if (both[0].revents != 0) output = take(child.output(), words.output);
    if (both[1].revents != 0) errors = take(child.errors(), words.errors);
  }
}

spoken listen(const child_process& child) {
  spoken words;
  hear(child, words, time_limit, [] { return false; });
  return words;
}

const std::vector<std::string> tool_environment{"LC_ALL=C", "LVM_SUPPRESS_FD_WARNINGS=1", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"};

// A process of its own suspends the devices and lets them go on when its input ends, which it does however this process ends.
// What it needs is loaded before the first device stands still, or lies where none of them does (lvm_instant.cpp).
constexpr const char* hold_script = R"(
trap '' HUP INT TERM PIPE
limit=$1
shift
code=0
for device; do dmsetup suspend "$device" || { code=1; break; }; done
if [ $code -eq 0 ]; then
  echo held
  timeout -s KILL "$limit" cat >/dev/null || code=2
fi
for device; do dmsetup resume "$device" || code=1; done
exit $code
)";

class process_hold final : public lvm_hold {
 public:
  explicit process_hold(std::unique_ptr<child_process> child) : child_(std::move(child)) {}
  ~process_hold() override { (void)end().has_error(); }

  static result<std::unique_ptr<lvm_hold>> start(const std::vector<std::string>& mapped_names) {
    child_command command;
    command.arguments = {"/bin/sh", "-c", hold_script, "sh", fmt::format("{}", lvm_tool::hold_limit.count())};
    command.arguments.insert(command.arguments.end(), mapped_names.begin(), mapped_names.end());
    command.environment = tool_environment;
    TRY(auto child, child_process::start(command));
    auto hold = std::make_unique<process_hold>(std::move(child));
    if (hold->is_holding()) return std::unique_ptr<lvm_hold>(std::move(hold));
    const auto said = one_line(hold->words_.errors, 300);
    return failure(result_code::e_unexpected_provider_error, "dmsetup suspend: " + (said.empty() ? "it takes too long" : said));
  }

  result<void> end() override {
    if (!child_) return success();
    const auto child = std::move(child_);
    // Never cut short: it lets go on what stands still.
    (void)child->end(time_limit, time_limit);
    if (child->fate() == "ended with exit code 0") return success();
    if (child->fate() != "ended with exit code 2") {
      return failure(result_code::e_unexpected_provider_error,
                     "dmsetup resume " + child->fate() + "; 'dmsetup info' tells what is suspended");
    }
    return failure(result_code::e_hold_writes_timeout,
                   fmt::format("the volumes stood still for more than {} s and had to go on", lvm_tool::hold_limit.count()));
  }

 private:
  bool is_holding() {
    hear(*child_, words_, time_limit, [this] { return words_.output.ends_with('\n'); });
    return words_.output == "held\n";
  }

  std::unique_ptr<child_process> child_;
  spoken words_;
};

class program_lvm final : public lvm_tool {
 public:
  result<std::string> lvm(const std::vector<std::string>& arguments) override { return run("lvm", arguments); }
  result<std::string> dmsetup(const std::vector<std::string>& arguments) override { return run("dmsetup", arguments); }
  result<std::unique_ptr<lvm_hold>> hold(const std::vector<std::string>& mapped_names) override {
    return process_hold::start(mapped_names);
  }

 private:
  static result<std::string> run(const std::string& program, const std::vector<std::string>& arguments) {
    child_command command;
    command.arguments.push_back(find_program(program));
    if (command.arguments.front().empty()) return error(errc::not_found, program + ": LVM is not installed");
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    command.environment = tool_environment;
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

result<void> recover_copy(const std::string& node, const volume& v) {
  if (!needs_replay(v.file_system)) return success();
  return replay_journal(node, v.file_system);
}

result<std::vector<logical_volume>> list_logical_volumes(lvm_tool& tool, const std::string& only) {
  std::vector<std::string> arguments{"lvs", "--reportformat", "json", "--units",
                                     "b",   "--nosuffix",     "-o",   std::string(lvm_fields)};
  if (!only.empty()) arguments.push_back(only);
  TRY(const auto text, tool.lvm(arguments));
  return parse_lvs(text);
}

}  // namespace umbra::shadow
