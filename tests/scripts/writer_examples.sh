#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The writers of docs/examples do what docs/writers.md says of them.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
examples=$SOURCE_DIR/docs/examples

# In shell.
mkdir notes
play 0 --env "UMBRA_WRITER_NOTES=$PWD/notes" --after prepare_snapshot '[ ! -e notes/HOLD ]' --after freeze '[ -e notes/HOLD ]' \
  --after thaw '[ ! -e notes/HOLD ]' --metadata --select -- "$examples/notes-writer"
answered '^hello: Notes Writer \{f1701d14-'
answered '^post_snapshot: ok$'
answered "\"name\":\"notes\".*\"path\":\"$PWD/notes\""
play 1 --env "UMBRA_WRITER_NOTES=$PWD/notes" --after freeze false -- "$examples/notes-writer"
answered '^abort: ok$'
[ ! -e notes/HOLD ] || fail "abort left HOLD behind"
play 0 --env "UMBRA_WRITER_NOTES=$PWD/notes" --stop-after freeze -- "$examples/notes-writer"
[ ! -e notes/HOLD ] || fail "the end of the session left HOLD behind"
play 3 --env "UMBRA_WRITER_NOTES=$PWD/nothing" -- "$examples/notes-writer"

# In Python: the lock is held from freeze to thaw and no longer.
mkdir tasks
cat >write.py <<'PYTHON'
import sqlite3, sys
try:
    connection = sqlite3.connect("tasks/tasks.db", timeout=0)
    connection.execute("CREATE TABLE IF NOT EXISTS tasks (name TEXT)")
    connection.execute("INSERT INTO tasks VALUES ('x')")
    connection.commit()
except sqlite3.OperationalError:
    sys.exit(1)
PYTHON
python3 write.py
database=UMBRA_WRITER_TASKS=$PWD/tasks/tasks.db
play 0 --env "$database" --after prepare_snapshot 'python3 write.py' --after freeze '! python3 write.py' \
  --after thaw 'python3 write.py' -- "$examples/tasks-writer"
play 1 --env "$database" --after freeze false -- "$examples/tasks-writer"
answered '^abort: ok$'
python3 write.py || fail "abort left the database locked"
play 0 --env "$database" --stop-after freeze -- "$examples/tasks-writer"
python3 write.py || fail "the end of the session left the database locked"
play 3 --env "UMBRA_WRITER_TASKS=$PWD/nothing" -- "$examples/tasks-writer"

# The lines of the page that try a writer, as they stand there but for where the notes are.
mapfile -t lines < <(sed -n "s/^    writer_play //p" "$SOURCE_DIR/docs/writers.md")
[ "${#lines[@]}" -eq 4 ] || fail "the page tries a writer ${#lines[@]} times"
codes=(0 0 1 0)
for i in "${!lines[@]}"; do
  line=${lines[$i]%%#*}
  line=${line//.\/notes-writer/"$examples/notes-writer"}
  eval "play ${codes[$i]} --env UMBRA_WRITER_NOTES='$PWD/notes' ${line//\/srv/"$PWD/notes"}"
  answered '^freeze: ok$'
  [ ! -e notes/HOLD ] || fail "'$line' left HOLD behind"
done

# And the configuration that makes the other side fail.
# shellcheck disable=SC2016 # the fence of a block
sed -n '/^```xml$/,/^```$/p' "$SOURCE_DIR/docs/writers.md" | sed '1d;$d' >config.xml
for code in 1 1 0; do
  sed "s|<TestWriter |&stateFile=\"$PWD/state\" |" config.xml >counting.xml
  play $code -- "$SOURCE_DIR/tests/support/test_writer.py" "$PWD/counting.xml"
done
