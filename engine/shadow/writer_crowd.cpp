// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/writer_crowd.h"

#include <algorithm>

namespace umbra::shadow {
namespace {

bool contains(const std::vector<guid>& list, const guid& id) { return std::ranges::find(list, id) != list.end(); }

// What does not say its level, or lets it be chosen, is an application like any other.
application_level freezing_level(application_level level) {
  switch (level) {
    case application_level::back_end:
    case application_level::system: return level;
    case application_level::system_rm: return application_level::system;
    default: return application_level::front_end;
  }
}

}  // namespace

bool writer_filter::admits(const writer_identity& who) const {
  if (!enabled_classes.empty() && !contains(enabled_classes, who.class_id)) return false;
  return !contains(disabled_classes, who.class_id) && !contains(disabled_instances, who.instance_id);
}

void writer_crowd::start(const environment& world, const writer_filter& filter, tracer& trace) {
  if (!world.start_writers) return;
  for (auto& w : world.start_writers([this](std::string text) { problems_.push_back(std::move(text)); })) {
    if (filter.admits(w->identity())) hosts_.push_back(std::make_unique<writer_host>(std::move(w), trace));
  }
}

void writer_crowd::identify(const writer_session& session) {
  for (const auto& h : hosts_) h->send(event::identify, session);
  for (const auto& h : hosts_) {
    const auto done = h->wait();
    if (done.has_error()) problems_.push_back(done.assume_error().message());
  }
  std::erase_if(hosts_, [](const auto& h) { return h->has_failed(); });
}

void writer_crowd::tell_each(const std::vector<writer_host*>& whom, event what, const writer_session& session) {
  for (auto* h : whom) h->send(what, session);
  for (auto* h : whom) (void)h->wait().has_error();  // it is in the writer's state
}

void writer_crowd::tell(event what, const writer_session& session) {
  std::vector<writer_host*> all;
  for (const auto& h : hosts_) all.push_back(h.get());
  tell_each(all, what, session);
}

std::vector<std::vector<writer_host*>> writer_crowd::levels() {
  std::vector<std::vector<writer_host*>> groups;
  for (const auto level : {application_level::front_end, application_level::back_end, application_level::system}) {
    std::vector<writer_host*> group;
    for (const auto& h : hosts_) {
      if (freezing_level(h->identity().level) == level) group.push_back(h.get());
    }
    if (!group.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

void writer_crowd::freeze(const writer_session& session) {
  for (const auto& group : levels()) tell_each(group, event::freeze, session);
}

void writer_crowd::thaw(const writer_session& session) {
  auto groups = levels();
  std::ranges::reverse(groups);
  for (const auto& group : groups) tell_each(group, event::thaw, session);
}

void writer_crowd::abort_failed(const writer_session& session) {
  std::vector<writer_host*> failed;
  for (const auto& h : hosts_) {
    if (h->has_failed() && h->has_begun()) failed.push_back(h.get());
  }
  tell_each(failed, event::abort, session);
}

void writer_crowd::abort(const writer_session& session) {
  std::vector<writer_host*> begun;
  for (const auto& h : hosts_) {
    if (h->has_begun()) begun.push_back(h.get());
  }
  std::ranges::reverse(begun);
  tell_each(begun, event::abort, session);
}

void writer_crowd::were_sent_on() {
  for (const auto& h : hosts_) {
    if (h->abort_descriptor() >= 0) h->was_sent_on();
  }
}

void writer_crowd::cancel_calls() const noexcept {
  for (const auto& h : hosts_) h->cancel_call();
}

void writer_crowd::keep_selected() {
  std::erase_if(hosts_, [](const auto& h) { return h->components().components.empty(); });
}

bool writer_crowd::has_listeners() const {
  return std::ranges::any_of(hosts_, [](const auto& h) { return !h->has_failed(); });
}

std::vector<int> writer_crowd::abort_descriptors() const {
  std::vector<int> descriptors;
  for (const auto& h : hosts_) {
    if (const int fd = h->abort_descriptor(); fd >= 0) descriptors.push_back(fd);
  }
  return descriptors;
}

}  // namespace umbra::shadow
