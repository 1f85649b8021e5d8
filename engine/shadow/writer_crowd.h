// SPDX-License-Identifier: GPL-3.0-or-later
// All writers of a session, told things together: in parallel, but for freeze (front ends, then back ends, then the system) and
// thaw (the other way round).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/shadow/environment.h"
#include "engine/shadow/writer_host.h"

namespace umbra::shadow {

// Which writers take part at all.
struct writer_filter {
  std::vector<guid> enabled_classes;  // empty: all
  std::vector<guid> disabled_classes;
  std::vector<guid> disabled_instances;
  bool admits(const writer_identity& who) const;
};

// One thread at a time, but for cancel_calls().
class writer_crowd {
 public:
  // Starts the writers and keeps those that the filter admits.
  void start(const environment& world, const writer_filter& filter, tracer& trace);

  // Identify. Writers that fail are dropped; problems() says why.
  void identify(const writer_session& session);
  // To all that take part; failures are in their states.
  void tell(event what, const writer_session& session);
  void freeze(const writer_session& session);
  void thaw(const writer_session& session);
  // `abort` to whoever has begun something, last ones first.
  void abort(const writer_session& session);
  // `abort` to those that failed meanwhile: they must go on, the others do not wait for them.
  void abort_failed(const writer_session& session);

  // The guardian told those with an abort descriptor to go on before they were thawed: they have failed.
  void were_sent_on();

  // From any thread, while the writers are told something: whoever has not answered is not waited for.
  void cancel_calls() const noexcept;

  // From here on only writers with components take part.
  void keep_selected();

  // Somebody would hear the next event.
  bool has_listeners() const;
  std::vector<std::unique_ptr<writer_host>>& hosts() { return hosts_; }
  const std::vector<std::unique_ptr<writer_host>>& hosts() const { return hosts_; }
  const std::vector<std::string>& problems() const { return problems_; }
  std::vector<int> abort_descriptors() const;

 private:
  void tell_each(const std::vector<writer_host*>& whom, event what, const writer_session& session);
  // Grouped by level, in the order of freezing.
  std::vector<std::vector<writer_host*>> levels();

  std::vector<std::unique_ptr<writer_host>> hosts_;
  std::vector<std::string> problems_;
};

}  // namespace umbra::shadow
