// SPDX-License-Identifier: GPL-3.0-or-later
// The golden images of format version 1, made anew. The committed ones (tests/golden/native-v1) are the truth: what is made here
// must equal them for as long as writer_build stands.
#pragma once

#include "tests/golden/drawing.h"

namespace umbra::golden {

// Files by path below native-v1: images, vaults, and the sums of the sources that they hold.
file_set make_golden_set();

// A small single-file image and a small vault of one image: what the must-fail set is made of.
file_set make_victims();

// The codecs' output is part of the golden bytes, and other releases of the libraries may encode otherwise: the sum of a sample
// that both have encoded.
std::string codec_fingerprint();

}  // namespace umbra::golden
