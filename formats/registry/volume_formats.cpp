// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/volume_formats.h"

#include "formats/fs/ext.h"

namespace umbra::registry {
namespace {

using recogniser = result<plan::volume_ptr> (*)(io::device&);

constexpr recogniser recognisers[] = {
    fs::recognise_ext,
};

}  // namespace

result<std::vector<plan::volume_ptr>> recognise_volume(io::device& volume) {
  std::vector<plan::volume_ptr> found;
  for (const auto recognise : recognisers) {
    TRY(auto one, recognise(volume));
    if (one) found.push_back(std::move(one));
  }
  return found;
}

}  // namespace umbra::registry
