// SPDX-License-Identifier: GPL-3.0-or-later
// What Umbra and an executable of writers.d say to each other, version 1: one JSON object a line, requests on the writer's
// standard input, answers on its standard output, one answer for each request. docs/writers.md is its description for authors.
//
//   {"event":"hello","protocol":1}                          {"event":"hello","ok":true,"protocol":1,"name":…,"class_id":…}
//   {"event":"identify","session":{…}}                      {"event":"identify","ok":true,"metadata":{…}}
//   {"event":"prepare_backup","session":{…},"components":[…]}
//                                                           {"event":"prepare_backup","ok":true,"components":[edits]}
//   {"event":"freeze","session":{…}}                        {"event":"freeze","ok":false,"code":"retryable","text":"…"}
//
// "event" is the first member of every request and there is no white space before its value, so that a shell can read it.
// Pure functions. From hostile lines they take at most a few times answer_size_limit of memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/shadow/writer.h"

namespace umbra::shadow {

constexpr int writer_protocol_version = 1;
// A request that the guardian may write at any time, also when no answer can be read any more: go on, whatever you are doing.
constexpr std::string_view abort_line = "{\"event\":\"abort\"}\n";
// Bytes of a line, and of all that a writer prints for one event.
constexpr std::size_t answer_size_limit = 1 << 20;

// Requests, with the end of the line.
std::string hello_request();
// What a writer that is no more than its name answers to it; without the end of the line.
std::string hello_answer(const writer_identity& self);
// `components` may be null: events that do not carry them leave them out anyway.
std::string event_request(event what, const writer_session& session, const writer_components* components);

// Any answer. Errors say what is wrong with the line.
struct writer_answer {
  std::string about;  // the event it answers; "hello"
  bool ok = false;
  writer_failure failure;  // if not ok
  std::string body;        // the line itself, for what else it carries
};
result<writer_answer> parse_answer(std::string_view line);

// Of an answer to hello that is ok.
struct writer_hello {
  bool absent = false;       // the application is not on this machine: nothing to do, and nothing to tell anybody
  writer_identity identity;  // without an instance, unless the writer names one
  std::chrono::milliseconds freeze_timeout = std::chrono::seconds(60);
  std::chrono::milliseconds event_timeout = std::chrono::minutes(10);
};
result<writer_hello> hello_in(const writer_answer& answer);

// Of an answer to identify that is ok. Who it is stands in `identity`, whatever the document says.
result<writer_metadata> metadata_in(const writer_answer& answer, const writer_identity& identity);

// Changes `components` as the answer to `what` asks for; unchanged after an error. A writer may only change what the reference
// lets it change at that event. If nobody selected components, it may name new ones: what of its own lies in the copies.
result<void> apply_edits(const writer_answer& answer, event what, const writer_session& session, writer_components& components);

}  // namespace umbra::shadow
