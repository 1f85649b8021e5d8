// SPDX-License-Identifier: GPL-3.0-or-later
// IVssAsync: a call that goes on while its caller does something else.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "engine/base/result.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {

// Safe from many threads. Destroying it before it is finished cancels it and waits.
class async {
 public:
  virtual ~async() = default;

  // Asks the operation to end soon; what it did is undone. No effect once it is finished.
  virtual void cancel() = 0;
  // Until it is finished or the time has passed; without a time for as long as it takes. Says nothing about success (the trap of
  // the original): ask query_status().
  virtual void wait(std::optional<std::chrono::milliseconds> at_most = std::nullopt) = 0;
  // s_async_pending, s_async_finished, s_async_cancelled, or the code of the failure.
  virtual result_code query_status() const = 0;
  // Waits, and gives success, errc::cancelled, or the failure with its words.
  virtual result<void> finish() = 0;
};
using async_ptr = std::unique_ptr<async>;

}  // namespace umbra::shadow
