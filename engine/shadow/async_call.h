// SPDX-License-Identifier: GPL-3.0-or-later
// An operation of the session on a thread of its own.
#pragma once

#include <functional>
#include <stop_token>

#include "engine/shadow/async.h"

namespace umbra::shadow {

// Starts `operation`; its stop token is cancel(). It answers errc::cancelled when it ended because of that.
async_ptr start_async(std::function<result<void>(std::stop_token)> operation);

}  // namespace umbra::shadow
