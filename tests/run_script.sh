#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run_script.sh UMBRA SCRIPT: runs one test script in an empty scratch folder that is removed afterwards.
# The script finds: UMBRA (the binary's absolute path), SOURCE_DIR (the repository), SCRATCH (its working directory, also TMPDIR).
# It answers 0: passed, 77: something it needs is missing on this machine (it says what), anything else: failed.
set -u
umbra=$(realpath "$1")
script=$(realpath "$2")
source_dir=$(realpath "$(dirname "$0")/..")
mkdir -p scratch
scratch=$(mktemp -d "$PWD/scratch/$(basename "$script" .sh).XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
export LC_ALL=C.UTF-8 TZ=UTC HOME="$scratch"
UMBRA=$umbra SOURCE_DIR=$source_dir SCRATCH=$scratch TMPDIR=$scratch bash "$script" </dev/null
