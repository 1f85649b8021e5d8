// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/hook_writer.h"

#include <algorithm>

#include "engine/block/hash.h"
#include "engine/shadow/child_process.h"
#include "engine/shadow/writer_protocol.h"

namespace umbra::shadow {
namespace {

// Arguments: the hook, and the adapter's answer to hello. What the hook prints goes to standard error, which is shown with
// failures. A broken pipe must not end the adapter before it has thawed; hooks get SIGPIPE as they are used to.
constexpr const char* adapter = R"sh(
hook=$1 hello=$2 frozen=no
run() { "$hook" "$1" </dev/null >&2; }
thaw() { [ "$frozen" = yes ] || return 0; frozen=no; run thaw; }
answer() {
  if [ "$2" -eq 0 ]; then printf '{"event":"%s","ok":true}\n' "$1"
  else printf '{"event":"%s","ok":false,"text":"the hook ended with exit code %s"}\n' "$1" "$2"; fi
}
trap 'thaw; exit 0' TERM HUP INT
trap : PIPE
while IFS= read -r line; do
  event=${line#'{"event":"'} event=${event%%'"'*}
  case $event in
    hello) printf '%s\n' "$hello" ;;
    identify) printf '{"event":"identify","ok":true,"metadata":{}}\n' ;;
    freeze) frozen=yes; run freeze; answer freeze $? ;;
    thaw) thaw; answer thaw $? ;;
    abort) thaw; answer abort 0 ;;
    *) answer "$event" 0 ;;
  esac
done
thaw
exit 0
)sh";

constexpr const char* thaw_only = R"sh(exec "$1" thaw </dev/null >/dev/null 2>&1)sh";

// The same for the same name on every machine: version 8 of RFC 9562, "made as its maker likes".
guid class_of_hook(std::string_view name) {
  const auto digest = seal_of(as_bytes("umbra freeze hook: " + std::string(name)));
  guid id;
  std::copy_n(digest.bytes.begin(), guid::size, id.bytes.begin());
  id.bytes[6] = (id.bytes[6] & std::byte{0x0F}) | std::byte{0x80};
  id.bytes[8] = (id.bytes[8] & std::byte{0x3F}) | std::byte{0x80};
  return id;
}

class hook_writer final : public process_writer {
 public:
  hook_writer(hook_program hook, const process_writer_limits& limits)
      : process_writer(limits), hook_(std::move(hook)), limits_(limits) {}
  ~hook_writer() override {
    stop();
    pay();
  }
  hook_writer(const hook_writer&) = delete;
  hook_writer& operator=(const hook_writer&) = delete;

  result<void> start() {
    writer_identity self;
    self.class_id = class_of_hook(hook_.name);
    self.name = hook_.name;
    return launch({{"/bin/sh", "-c", adapter, "umbra-hook", hook_.path, hello_answer(self)}, hook_.environment});
  }

  result<void> handle(const writer_call& call) override {
    if (call.what == event::freeze) owes_thaw_ = true;
    auto outcome = process_writer::handle(call);
    if (is_gone()) {
      pay();
    } else if (call.what == event::thaw || call.what == event::abort) {
      owes_thaw_ = false;
    }
    return outcome;
  }

 private:
  // An adapter that came to its own end has thawed; one that was killed has not.
  void pay() {
    if (!owes_thaw_) return;
    owes_thaw_ = false;
    if (!was_killed()) return;
    auto thaw =
        child_process::start({{"/bin/sh", "-c", thaw_only, "umbra-hook", hook_.path}, writer_environment(hook_.environment)});
    if (thaw.has_value()) (void)thaw.assume_value()->end(limits_.by_itself, limits_.after_term);
  }

  const hook_program hook_;
  const process_writer_limits limits_;
  bool owes_thaw_ = false;
};

}  // namespace

process_writer_limits hook_limits() {
  process_writer_limits limits;
  limits.by_itself = std::chrono::seconds(30);
  limits.after_term = std::chrono::seconds(10);
  return limits;
}

result<std::shared_ptr<writer>> make_hook_writer(const hook_program& hook, const guid& instance,
                                                 const process_writer_limits& limits) {
  auto made = std::make_shared<hook_writer>(hook, limits);
  CHECK(made->start());
  TRY(const bool present, made->greet(instance));
  if (!present) return failure(result_code::e_unexpected, "the adapter of freeze hooks is absent");
  return std::shared_ptr<writer>(std::move(made));
}

}  // namespace umbra::shadow
