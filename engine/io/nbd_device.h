// SPDX-License-Identifier: GPL-3.0-or-later
// An export of an NBD server as a device. nbd_device_linux.cpp defines it where libnbd is found, nbd_absent_linux.cpp elsewhere.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/io/device.h"

namespace umbra::io {

// True for everything that calls itself NBD, "nbds://" among them, which open_nbd() refuses.
bool is_nbd_uri(std::string_view text);
// The URI without what may be secret in it: for messages and manifests.
std::string public_nbd_uri(std::string_view uri);
// "disk" of nbd://host/disk, else "host"; of a socket without an export's name, the socket's: what an image is called.
std::string short_nbd_name(std::string_view uri);

enum class nbd_access : std::uint8_t { read, read_write };

// nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH; errc::usage for other forms, errc::io_read if there is no such
// server or export, errc::denied if it only lets read, errc::unsupported in builds without libnbd. The server's block sizes
// become the geometry's alignment and sector; what it says reads as zeros becomes zero extents. Many transfers are in flight over
// one connection, over several where the server allows it. A connection that is lost is errc::source_changed and does not come
// back: a server that has gone is no bad sector.
result<std::unique_ptr<device>> open_nbd(const std::string& uri, nbd_access access = nbd_access::read);

}  // namespace umbra::io
