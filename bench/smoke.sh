# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Every row once, over a tiny disk: that the benches work, not how fast anything is. UMBRA_JOB_BENCH is the program; see
# tests/run_script.sh for the rest.
set -euo pipefail
mkdir out
"$SOURCE_DIR/tests/support/make_disk.sh" disk.raw 24M --no-mount --files "$SOURCE_DIR/engine"
"$SOURCE_DIR/tests/support/make_disk.sh" other.raw 24M --no-mount --files "$SOURCE_DIR/engine" --seed 2
"$UMBRA_JOB_BENCH" disk.raw --other-disk other.raw --scratch out --umbra "$UMBRA" --rounds 2 \
  --spread-size $((64 << 30)) --records 5000 --output json >rows.json

python3 - rows.json <<'CHECK'
import json
import sys

rows = {r["row"]: r for r in json.load(open(sys.argv[1]))}
expected = ["1", "2", "3", "4", "4b", "5", "6", "6b", "7", "7b", "8", "8b", "8c", "9", "9b"]
assert sorted(rows) == sorted(expected), sorted(rows)
assert all(r["umbra"] and r["must"] or r["row"] == "4b" for r in rows.values()), rows
# What does not depend on speed holds here, too.
for number in ["8", "9", "9b"]:
    assert rows[number]["reached"] is True, rows[number]
CHECK

test -z "$(ls -A out)" || {
  ls -AR out
  echo "the bench left something behind"
  exit 1
}
"$UMBRA_JOB_BENCH" disk.raw --scratch out --only open --output markdown | grep -q '^| 9 |'
if "$UMBRA_JOB_BENCH" no-such-disk --scratch out 2>message; then exit 1; fi
grep -q no-such-disk message

"$UMBRA_MICRO_BENCH" --benchmark_min_time=0 --benchmark_format=json >micro.json 2>micro.log
python3 -c '
import json
ran = json.load(open("micro.json"))["benchmarks"]
assert len(ran) > 20 and not [b for b in ran if b.get("error_occurred")], ran'
