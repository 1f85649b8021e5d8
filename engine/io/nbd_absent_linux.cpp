// SPDX-License-Identifier: GPL-3.0-or-later
// Built instead of nbd_device_linux.cpp and nbd_link_linux.cpp where libnbd is not found.
#include "engine/io/nbd_device.h"

namespace umbra::io {

result<std::unique_ptr<device>> open_nbd(const std::string& uri, nbd_access) {
  return error(errc::unsupported, public_nbd_uri(uri) + ": built without libnbd");
}

}  // namespace umbra::io
