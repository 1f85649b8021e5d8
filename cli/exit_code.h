// SPDX-License-Identifier: GPL-3.0-or-later
// Exit codes of every verb (docs/errors.md).
#pragma once

#include "engine/base/errc.h"

namespace umbra::cli {

constexpr int exit_done = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_faults = 3;  // finished, but not everything is as it should be
constexpr int exit_busy = 4;
constexpr int exit_cancelled = 5;
constexpr int exit_damaged = 6;  // an image or vault is damaged

int exit_code_for(errc code) noexcept;
// The name of a kind in JSON: "not_found".
const char* error_name(errc code) noexcept;

}  // namespace umbra::cli
