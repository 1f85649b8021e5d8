// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/backup_session.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

error bad_state(const char* call, const char* why) { return failure(result_code::e_bad_state, fmt::format("{}: {}", call, why)); }

bool is_of_instance(const writer_host& host, const writer_components& part) {
  return host.identity().instance_id == part.instance_id;
}
bool knows_all_of(const writer_host& host, const writer_components& part) {
  return std::ranges::all_of(part.components,
                             [&](const auto& c) { return host.metadata().find(c.logical_path, c.name) != nullptr; });
}
bool is_any(const writer_host&, const writer_components&) { return true; }

}  // namespace

result<void> session_state::need(const char* call, stage first, stage last) const {
  if (pending) return bad_state(call, "an asynchronous call of this session goes on");
  if (at < first) return bad_state(call, "too early in the session");
  if (at > last) return bad_state(call, "too late in the session, or not of this kind of session");
  return success();
}

result<void> session_state::need_initialised(const char* call) const {
  if (pending) return bad_state(call, "an asynchronous call of this session goes on");
  if (at == stage::made) return bad_state(call, "the session is not initialised");
  return success();
}

writer_host* session_state::host_of(const guid& writer_class, const guid& instance) {
  const auto found = std::ranges::find_if(writers.hosts(), [&](const auto& h) {
    return h->identity().class_id == writer_class && (instance.is_none() || h->identity().instance_id == instance);
  });
  return found == writers.hosts().end() ? nullptr : found->get();
}

result<backup_component*> session_state::component(const component_name& name) {
  auto* host = host_of(name.writer_class, name.writer_instance);
  auto* found = host == nullptr ? nullptr : host->components().find(name.logical_path, name.name);
  if (found == nullptr || found->type != name.type) {
    return failure(result_code::e_object_not_found, fmt::format("component {}\\{}", name.logical_path, name.name));
  }
  return found;
}

void session_state::give_out_components() {
  std::set<const writer_components*> given;
  std::set<const writer_host*> served;
  for (const auto fits : {is_of_instance, knows_all_of, is_any}) {  // the surest first
    for (auto& part : document.writers) {
      const auto found = std::ranges::find_if(writers.hosts(), [&](const auto& h) {
        return h->identity().class_id == part.class_id && !served.contains(h.get()) && fits(*h, part);
      });
      if (found == writers.hosts().end() || !given.insert(&part).second) continue;
      served.insert(found->get());
      part.instance_id = (*found)->identity().instance_id;
      (*found)->components().components = part.components;
    }
  }
}

void session_state::collect_components() {
  for (const auto& h : writers.hosts()) {
    if (h->components().components.empty()) continue;
    if (auto* part = document.find(h->identity().class_id, h->identity().instance_id)) {
      *part = h->components();
    } else {
      document.writers.push_back(h->components());
    }
  }
}

}  // namespace umbra::shadow
