// SPDX-License-Identifier: GPL-3.0-or-later
// Plays a session against one writer and prints what it answers: for tests of writers, and for their authors.
//
//   writer_play [OPTION]... -- PROGRAM [ARGUMENT]...
//   writer_play [OPTION]... FILE.json | FILE.hook
//
//   --volume PATH          a volume of the set (may come again)
//   --after EVENT COMMAND  a shell command that runs when EVENT has succeeded; if it fails, the session is aborted
//   --stop-after EVENT     goes away without another word, as a requester that was killed
//   --select               components are selected: all that the metadata names; else none are
//   --restore              the events of a restore
//   --timeout MS           of every event (default: the writer's own)
//   --env NAME=VALUE       a variable for the writer (may come again)
//   --metadata             prints the metadata document and, at the end, the components as the writer left them
//
// One line an event: "freeze: ok", or "freeze: VSS_E_WRITERERROR_RETRYABLE (0x800423F3): words". Exit code: 0 all went well, 1 an
// event or a command failed and the writer was aborted, 2 usage, 3 the writer is absent.
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/random.h"
#include "engine/shadow/document_json.h"
#include "engine/shadow/express_writer.h"
#include "engine/shadow/hook_writer.h"
#include "engine/shadow/process_writer.h"

namespace {

using namespace umbra;
using namespace umbra::shadow;

struct options {
  writer_session session;
  std::map<std::string, std::vector<std::string>, std::less<>> after;
  std::string stop_after;
  std::optional<std::chrono::milliseconds> timeout;
  std::vector<std::string> environment;
  std::vector<std::string> command;
  bool select = false;
  bool restore = false;
  bool metadata = false;
};

[[noreturn]] void usage(const std::string& why) {
  std::cerr << "writer_play: " << why << "\n";
  std::exit(2);
}

std::string known_event(const std::string& name) {
  if (!event_named(name)) usage("there is no event " + name);
  return name;
}

options parse(std::vector<std::string> words) {
  options o;
  std::size_t i = 0;
  const auto next = [&]() -> const std::string& {
    if (i + 1 >= words.size()) usage(words[i] + " needs a value");
    return words[++i];
  };
  for (; i < words.size(); ++i) {
    const auto& word = words[i];
    if (word == "--") {
      ++i;
      break;
    }
    if (!word.starts_with("--")) break;
    if (word == "--volume") {
      o.session.volumes.push_back(next());
    } else if (word == "--after") {
      const auto what = known_event(next());
      o.after[what].push_back(next());
    } else if (word == "--stop-after") {
      o.stop_after = known_event(next());
    } else if (word == "--timeout") {
      o.timeout = std::chrono::milliseconds(std::strtoll(next().c_str(), nullptr, 10));
    } else if (word == "--env") {
      o.environment.push_back(next());
    } else if (word == "--select") {
      o.select = true;
    } else if (word == "--restore") {
      o.restore = true;
    } else if (word == "--metadata") {
      o.metadata = true;
    } else {
      usage("unknown option " + word);
    }
  }
  o.command.assign(words.begin() + static_cast<std::ptrdiff_t>(std::min(i, words.size())), words.end());
  if (o.command.empty()) usage("no writer given");
  return o;
}

// Empty: absent.
result<std::shared_ptr<writer>> start(const options& o) {
  const auto random = system_random();
  const auto instance = random->make<guid>();
  const auto& path = o.command.front();
  if (path.ends_with(".json")) {
    std::ifstream in(path, std::ios::binary);
    return make_express_writer(std::string(std::istreambuf_iterator<char>(in), {}), instance);
  }
  if (path.ends_with(".hook")) return make_hook_writer({path, "freeze hook", o.environment}, instance);
  TRY(auto program, process_writer::start({o.command, o.environment}));
  TRY(const bool present, program->greet(instance));
  return present ? std::shared_ptr<writer>(std::move(program)) : nullptr;
}

// Cancels a call that takes too long.
class alarm {
 public:
  alarm(writer& whom, std::chrono::milliseconds after)
      : thread_([this, &whom, after] {
          std::unique_lock lock(mutex_);
          if (!changed_.wait_for(lock, after, [this] { return over_; })) whom.cancel();
        }) {}
  ~alarm() {
    {
      const std::scoped_lock lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  alarm(const alarm&) = delete;
  alarm& operator=(const alarm&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

class play {
 public:
  play(options o, writer& who) : o_(std::move(o)), who_(who) {
    o_.session.components_selected = o_.select;
    if (o_.restore) o_.session.restore = restore_type::by_copy;
    components_.class_id = who.identity().class_id;
    components_.instance_id = who.identity().instance_id;
  }

  int run() {
    std::vector<event> events{event::prepare_backup, event::prepare_snapshot, event::freeze,         event::thaw,
                              event::post_snapshot,  event::backup_complete,  event::backup_shutdown};
    if (o_.restore) events = {event::pre_restore, event::post_restore, event::backup_shutdown};
    if (!identify()) return 1;
    for (const auto what : events) {
      if (!tell(what) || !run_commands(what)) {
        tell(event::abort);
        tell(event::backup_shutdown);
        return 1;
      }
      if (o_.stop_after == name_of(what)) return 0;
    }
    if (o_.metadata) std::cout << to_json(components_) << std::endl;
    return 0;
  }

 private:
  bool report(event what, const result<void>& outcome) {
    std::cout << name_of(what) << ": ";
    if (outcome.has_value()) {
      std::cout << "ok" << std::endl;
    } else {
      std::cout << to_string(code_of(outcome.assume_error())) << ": " << outcome.assume_error().text() << std::endl;
    }
    return outcome.has_value();
  }

  bool identify() {
    const alarm limit(who_, o_.timeout.value_or(who_.event_timeout()));
    auto metadata = who_.identify(o_.session);
    if (metadata.has_error()) return report(event::identify, std::move(metadata).assume_error());
    report(event::identify, success());
    if (o_.metadata) std::cout << to_json(metadata.assume_value()) << std::endl;
    for (const auto& c : metadata.assume_value().components) {
      if (!o_.select) break;
      auto& chosen = components_.components.emplace_back();
      chosen.type = c.type;
      chosen.logical_path = c.logical_path;
      chosen.name = c.name;
      chosen.backup_succeeded = true;
      chosen.selected_for_restore = o_.restore;
    }
    return true;
  }

  bool tell(event what) {
    const alarm limit(who_, o_.timeout.value_or(what == event::freeze ? who_.freeze_timeout() : who_.event_timeout()));
    return report(what, who_.handle({what, o_.session, components_}));
  }

  bool run_commands(event what) {
    const auto found = o_.after.find(name_of(what));
    if (found == o_.after.end()) return true;
    for (const auto& command : found->second)
      if (const int code = std::system(command.c_str()); code != 0) {
        std::cout << "the command after " << name_of(what) << " failed" << std::endl;
        return false;
      }
    return true;
  }

  options o_;
  writer& who_;
  writer_components components_;
};

}  // namespace

int main(int argc, char** argv) {
  auto o = parse({argv + 1, argv + argc});
  auto started = start(o);
  if (started.has_error()) {
    std::cout << "hello: " << to_string(code_of(started.assume_error())) << ": " << started.assume_error().message() << std::endl;
    return 1;
  }
  const auto who = std::move(started).assume_value();
  if (!who) {
    std::cout << "hello: absent" << std::endl;
    return 3;
  }
  std::cout << "hello: " << who->identity().name << " " << to_string(who->identity().class_id) << std::endl;
  return play(std::move(o), *who).run();
}
