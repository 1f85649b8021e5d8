// SPDX-License-Identifier: GPL-3.0-or-later
// The guardian of a freezer: a child process that sees to it that no file system stays frozen and no writer stays held, whatever
// becomes of this process. It is there before anything is frozen, has a session of its own (Ctrl-C in the terminal does not
// reach it), keeps only the descriptors it needs, and is the last of this machine to be killed for its memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/freeze_calls.h"

namespace umbra::shadow {

// Who was first. Both sides move it away from `open`, once: so they agree.
enum class verdict : std::uint32_t {
  open,
  kept,    // the session ended the hold in time
  broken,  // the guardian acted before
};

// Memory that both processes see.
struct guardian_book {
  // Times of freeze_calls::now, 0: nothing is held. Set before the first freeze, cleared after the last thaw.
  std::atomic<std::int64_t> hold_until = 0;
  std::atomic<std::int64_t> writers_until = 0;
  std::atomic<verdict> hold = verdict::open;
  std::atomic<verdict> writers = verdict::open;
  std::atomic<bool> is_over = false;
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free && std::atomic<verdict>::is_always_lock_free);

struct guardian_task {
  std::vector<int> file_systems;  // descriptors of their roots
  std::vector<int> abort_descriptors;
  std::string abort_line;
  freeze_calls calls;
};

class guardian {
 public:
  // Tells the guardian that all is over and waits for its end.
  virtual ~guardian() = default;

  virtual guardian_book& book() noexcept = 0;
  // After a change of the book: look again. An error if there is no guardian any longer; takes no memory otherwise.
  virtual result<void> wake() = 0;
};

// Descriptors stay the caller's, and open until the guardian is destroyed.
result<std::unique_ptr<guardian>> start_guardian(guardian_task task);

// True if this call moved `v` from open to `to`.
inline bool decide(std::atomic<verdict>& v, verdict to) noexcept {
  auto expected = verdict::open;
  return v.compare_exchange_strong(expected, to);
}

}  // namespace umbra::shadow
