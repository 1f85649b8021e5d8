#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The scriptable test writer does as its configuration says.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
configured() { play "$@" -- "$SOURCE_DIR/tests/support/test_writer.py" "$PWD/config.xml"; }

mkdir -p data/sub spit
echo one >data/one.txt
echo two >data/sub/two.txt
echo no >data/excluded.txt
cat >config.xml <<XML
<TestWriter usage="USER_DATA" name="Recorder" level="back_end" supportsCopy="yes" checkIncludes="yes" checkExcludes="yes"
            recordFile="$PWD/record" freezeTimeout="5000">
  <RestoreMethod method="RESTORE_IF_CAN_REPLACE" writerRestore="always" rebootRequired="no">
    <AlternateLocationMapping path="$PWD/data" filespec="*.txt" recursive="no" alternatePath="$PWD/elsewhere"/>
  </RestoreMethod>
  <ExcludeFile path="$PWD/data" filespec="excluded*" recursive="no"/>
  <Component componentType="filegroup" logicalPath="top" componentName="Files" selectable="yes">
    <ComponentFile path="$PWD/data" filespec="*.txt" recursive="no" alternatePath="$PWD/spit" logBackupRequired="no"/>
    <Dependency writerId="{f1701d14-ca65-4d20-a625-fa51e54b3944}" logicalPath="" componentName="notes"/>
    <PartialFile path="$PWD/data" filespec="one.txt" ranges="0:2"/>
    <DifferencedFile path="$PWD/data" filespec="*.txt" year="2026" month="1" day="22" hour="12" minute="44" second="17"/>
  </Component>
  <BackupMetadata text="a label"/>
</TestWriter>
XML
configured 0 --select --metadata --after freeze '[ -e spit/one.txt ]'
answered '"backup_schema":\["copy","writer_supports_new_target"\]'
answered '"backup_metadata":"a label".*"ranges":"0:2".*"last_modified":"2026-01-22T12:44:17'
answered '"writer_id":"\{f1701d14'
names=(identify prepare_backup prepare_snapshot freeze thaw post_snapshot backup_complete backup_shutdown end)
diff <(printf 'Recorder: %s\n' "${names[@]}") record

# At a restore it looks whether its files are what they were, and whether excluded ones came back.
rm record
configured 1 --restore
answered '^post_restore: VSS_E_WRITERERROR_NONRETRYABLE.*excluded.txt was restored'
diff <(printf 'Recorder: %s\n' identify pre_restore post_restore abort backup_shutdown end) record

# Fails twice, then not any more, over three processes.
cat >config.xml <<XML
<TestWriter usage="USER_DATA" stateFile="$PWD/state"><FailEvent writerEvent="Freeze" retryable="yes" numFailures="2"/></TestWriter>
XML
for expected in 1 1 0; do configured $expected; done

for event in Identify PrepareForBackup PrepareForSnapsot Freeze Thaw PostSnapshot BackupComplete BackupShutdown; do
  echo "<TestWriter><FailEvent writerEvent='$event' retryable='no'/></TestWriter>" >config.xml
  configured 1
  answered '^[a-z_]*: VSS_E_WRITERERROR_NONRETRYABLE.*told to fail'
done

# Misbehaviour is told in words, and the session ends.
check() {
  echo "<TestWriter><Misbehave writerEvent='Freeze' how='$1'/></TestWriter>" >config.xml
  configured 1 --timeout 2000
  answered "^$2: VSS_E_WRITERERROR_$3 .*$4"
}
check die freeze RETRYABLE 'ended with exit code 3; it said: dying as told'
check kill freeze RETRYABLE 'signal 9'
check garbage freeze NONRETRYABLE 'no answer'
check flood freeze NONRETRYABLE 'printed more than'
check words freeze NONRETRYABLE 'much was said; it said: .*and that is why'
check close-output freeze RETRYABLE 'closed its output'
check close-input thaw RETRYABLE 'closed its input'
check twice thaw NONRETRYABLE 'answered freeze'
check early thaw NONRETRYABLE 'answered thaw before it was asked'
check wrong-event freeze NONRETRYABLE 'was asked freeze and answered thaw'
check hang freeze TIMEOUT 'took too long'

# Slow, but in time.
echo "<TestWriter><DelayEvent writerEvent='Freeze' milliseconds='50'/></TestWriter>" >config.xml
configured 0
