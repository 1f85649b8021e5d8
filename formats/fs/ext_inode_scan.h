// SPDX-License-Identifier: GPL-3.0-or-later
// All inodes of an ext file system, in the order of their tables.
#pragma once

#include <functional>
#include <string>

#include <ext2fs/ext2fs.h>

namespace umbra::fs {

// False: enough.
using ext_inode_visit = std::function<bool(ext2_ino_t number, const ext2_inode& inode)>;

// Visits every inode, used or not, where the tables were ever written; those with a wrong checksum, too, if `trusting`, else they
// are passed over. Answers empty, or what kept it from seeing all of them.
std::string scan_ext_inodes(ext2_filsys fs, bool trusting, const ext_inode_visit& visit);

}  // namespace umbra::fs
