#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test_writer.py CONFIG.xml: a writer that does as its configuration says, for tests of requesters and of the coordinator.

The configuration is that of the documented VSS Test Writer: TestWriter (usage, deleteFiles, checkIncludes, checkExcludes,
supportsCopy …) holds RestoreMethod (AlternateLocationMapping), ExcludeFile, Component (ComponentFile, Dependency, PartialFile,
DifferencedFile) and FailEvent (writerEvent, retryable, numFailures). Of its own are

  TestWriter    name, writerId, level (front_end …), freezeTimeout, eventTimeout (milliseconds);
                recordFile: a line for each event is added to it; stateFile: failures are counted there across processes;
                holdFile: locked (flock) from freeze to thaw or abort, by a lock that dies with the process. A writer that breaks
                at thaw or abort has not let go
  DelayEvent    writerEvent, milliseconds
  Misbehave     writerEvent, how: hang, hang-hard (SIGTERM is ignored), die, kill, garbage, flood, close-output, close-input,
                twice, early (answers the next event too), wrong-event, words (much on standard error, then a failure)
  BackupMetadata  text: kept with each component at PostSnapshot
"""
import fcntl
import fnmatch
import hashlib
import json
import os
import shutil
import signal
import sys
import time
import xml.etree.ElementTree as xml

EVENTS = {"identify": "identify", "prepareforbackup": "prepare_backup", "prepareforsnapshot": "prepare_snapshot",
          "prepareforsnapsot": "prepare_snapshot", "freeze": "freeze", "thaw": "thaw", "postsnapshot": "post_snapshot",
          "backupcomplete": "backup_complete", "backupshutdown": "backup_shutdown", "abort": "abort",
          "prerestore": "pre_restore", "postrestore": "post_restore", "hello": "hello"}
METHODS = {"RESTORE_IF_NOT_THERE": "restore_if_not_there", "RESTORE_IF_CAN_REPLACE": "restore_if_can_replace",
           "RESTORE_IF_CAN_BE_REPLACED": "restore_if_can_replace", "STOP_RESTORE_START": "stop_restore_start",
           "RESTORE_TO_ALTERNATE_LOCATION": "restore_to_alternate_location", "RESTORE_AT_REBOOT": "restore_at_reboot",
           "RESTORE_AT_REBOOT_IF_CANNOT_REPLACE": "restore_at_reboot_if_cannot_replace", "CUSTOM": "custom",
           "RESTORE_STOP_START": "restore_stop_start"}
WRITER_RESTORE = {"never": "never", "ifReplaceFails": "if_replace_fails", "always": "always"}
CLASS = "{5affb034-969f-4919-8875-88f830d0ef89}"  # of the Test Writer
MASKS = (("full", "full"), ("diff", "differential"), ("inc", "incremental"), ("log", "log"))


def event_of(element):
    name = element.get("writerEvent", "")
    return EVENTS.get(name.lower().replace("_", ""), name)


def yes(element, name, default="no"):
    return element.get(name, default).lower() in ("yes", "true", "1")


def file_spec(element):
    spec = {"path": element.get("path"), "spec": element.get("filespec", "*"), "recursive": yes(element, "recursive")}
    if element.get("alternatePath"):
        spec["alternate_location"] = element.get("alternatePath")
    wanted = [f"{full}_{kind}_required" for kind in ("backup", "snapshot") for short, full in MASKS
              if yes(element, f"{short}{kind.capitalize()}Required", "yes")]
    if len(wanted) < 2 * len(MASKS):
        spec["backup_types"] = wanted
    return spec


def matching(spec):
    """The files of a file set, on disk."""
    for folder, _folders, names in os.walk(spec["path"]):
        yield from (os.path.join(folder, name) for name in sorted(names) if fnmatch.fnmatch(name, spec["spec"]))
        if not spec["recursive"]:
            return


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class TestWriter:
    def __init__(self, path):
        self.root = xml.parse(path).getroot()
        self.out = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self.sums = {}
        self.held = None

    def hold(self):
        if self.root.get("holdFile"):
            self.held = open(self.root.get("holdFile"), "w", encoding="utf-8")
            fcntl.flock(self.held, fcntl.LOCK_EX)

    def let_go(self):
        if self.held:
            self.held.close()
        self.held = None

    def count(self, event):
        """How often `event` has failed before this time."""
        path = self.root.get("stateFile")
        counts = {}
        if path and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                counts = json.load(file)
        elif not path:
            counts = self.__dict__.setdefault("counts", {})
        before = counts.get(event, 0)
        counts[event] = before + 1
        if path:
            with open(path, "w", encoding="utf-8") as file:
                json.dump(counts, file)
        return before

    def record(self, event):
        if self.root.get("recordFile"):
            with open(self.root.get("recordFile"), "a", encoding="utf-8") as file:
                file.write(f"{self.root.get('name', 'Test Writer')}: {event}\n")

    def failure(self, event):
        for element in self.root.findall("FailEvent"):
            if event_of(element) != event:
                continue
            times = int(element.get("numFailures", "0"))
            if times == 0 or self.count(event) < times:
                code = "retryable" if yes(element, "retryable") else "nonretryable"
                return {"ok": False, "code": code, "text": f"told to fail at {event}"}
        return None

    def hello(self):
        return {"protocol": 1, "name": self.root.get("name", "Test Writer"), "class_id": self.root.get("writerId", CLASS),
                "usage": self.root.get("usage", "USER_DATA").lower(), "level": self.root.get("level", "front_end"),
                "freeze_timeout_ms": int(self.root.get("freezeTimeout", "60000")),
                "event_timeout_ms": int(self.root.get("eventTimeout", "600000"))}

    def component(self, element):
        database = element.get("componentType") == "database"
        files = "database_files" if database else "files"
        return {"type": "database" if database else "filegroup", "logical_path": element.get("logicalPath", ""),
                "name": element.get("componentName"), "selectable": yes(element, "selectable"),
                files: [file_spec(f) for f in element.findall("ComponentFile")],
                "dependencies": [{"writer_id": d.get("writerId"), "logical_path": d.get("logicalPath", ""),
                                  "component_name": d.get("componentName")} for d in element.findall("Dependency")]}

    def identify(self):
        schema = [name for name, attribute in (("copy", "supportsCopy"), ("differential", "supportsDifferential"),
                                               ("incremental", "supportsIncremental"), ("log", "supportsLog"))
                  if yes(self.root, attribute)]
        if yes(self.root, "supportsNewTarget", "yes"):
            schema.append("writer_supports_new_target")
        metadata = {"backup_schema": schema,
                    "components": [self.component(c) for c in self.root.findall("Component")],
                    "excluded": [file_spec(e) for e in self.root.findall("ExcludeFile")]}
        method = self.root.find("RestoreMethod")
        if method is not None:
            metadata["restore"] = {"method": METHODS[method.get("method")],
                                   "writer_restore": WRITER_RESTORE[method.get("writerRestore", "never")],
                                   "reboot_required": yes(method, "rebootRequired")}
            metadata["alternate_locations"] = [file_spec(m) for m in method.findall("AlternateLocationMapping")]
        return {"metadata": metadata}

    def sets(self):
        return [file_spec(f) for c in self.root.findall("Component") for f in c.findall("ComponentFile")]

    def spit(self):
        """Files with an alternate path go there before the copy is made."""
        for spec in self.sets():
            if "alternate_location" not in spec:
                continue
            os.makedirs(spec["alternate_location"], exist_ok=True)
            for path in list(matching({**spec, "recursive": False})):
                shutil.copy2(path, spec["alternate_location"])

    def remember(self):
        if yes(self.root, "checkIncludes"):
            self.sums = {path: digest(path) for spec in self.sets() for path in matching(spec)}

    def delete(self):
        if yes(self.root, "deleteFiles"):
            for spec in self.sets():
                folder = spec.get("alternate_location", spec["path"])
                for path in list(matching({**spec, "path": folder})):
                    os.remove(path)

    def post_snapshot(self, components):
        self.delete()
        text = self.root.find("BackupMetadata")
        edits = []
        for component in components:
            edit = {"name": component["name"], "logical_path": component.get("logical_path", "")}
            element = next((c for c in self.root.findall("Component") if c.get("componentName") == component["name"]
                            and c.get("logicalPath", "") == edit["logical_path"]), None)
            if text is not None:
                edit["backup_metadata"] = text.get("text", "")
            if element is not None and element.findall("PartialFile"):
                edit["partial_files"] = [{"path": p.get("path"), "file_name": p.get("filespec"), "ranges": p.get("ranges")}
                                         for p in element.findall("PartialFile")]
            if element is not None and element.findall("DifferencedFile"):
                edit["differenced_files"] = [self.differenced(d) for d in element.findall("DifferencedFile")]
            edits.append(edit)
        return {"components": edits}

    @staticmethod
    def differenced(element):
        parts = [int(element.get(name, "0")) for name in ("year", "month", "day", "hour", "minute", "second")]
        local = time.mktime((*parts, 0, 0, -1))
        return {"path": element.get("path"), "spec": element.get("filespec", "*"), "recursive": yes(element, "recursive"),
                "last_modified": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(local))}

    def check_restore(self):
        faults = [f"{path} was not restored" for path in self.sums if not os.path.exists(path)]
        faults += [f"{path} is not what it was" for path, was in self.sums.items() if os.path.exists(path) and digest(path) != was]
        if yes(self.root, "checkExcludes"):
            faults += [f"{path} was restored, but is excluded" for e in self.root.findall("ExcludeFile")
                       for path in matching(file_spec(e))]
        return {"ok": False, "text": "; ".join(faults)} if faults else {}

    def answer_to(self, event, request):
        if event == "hello":
            return self.hello()
        if event == "identify":
            return self.identify()
        if event == "prepare_snapshot":
            self.spit()
        if event == "freeze":
            self.remember()
        if event in ("thaw", "abort"):
            self.let_go()
        if event == "post_snapshot":
            return self.post_snapshot(request.get("components", []))
        if event == "post_restore":
            return self.check_restore()
        return {}

    def send(self, event, ok=True, **members):
        self.out.write(json.dumps({"event": event, "ok": ok, **members}).encode() + b"\n")
        self.out.flush()

    def misbehave(self, event, request):
        """True if the event is not to be answered any more."""
        for element in self.root.findall("Misbehave"):
            if event_of(element) == event:
                return self.misbehave_as(element.get("how"), event, request)
        return False

    def misbehave_as(self, how, event, request):
        # What these say first is right.
        good = {"event": event, "ok": True, **self.answer_to(event, request)} if how in ("close-input", "twice", "early") else {}
        if how == "hang-hard":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if how in ("hang", "hang-hard"):
            time.sleep(3600)
        if how == "die":
            print("dying as told", file=sys.stderr)
            sys.exit(3)
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "garbage":
            self.out.write(b"\x00\xff this is no answer\n")
        if how == "flood":
            for _ in range(64):
                self.out.write(b"x" * 65536)
        if how == "words":
            sys.stderr.write("blah " * 100000 + "and that is why\n")
            self.send(event, ok=False, text="much was said")
        if how == "close-output":
            self.out.close()
            time.sleep(3600)
        if how == "close-input":
            os.close(0)
            self.send(**good)
            time.sleep(3600)
        if how == "twice":
            self.send(**good)
            self.send(**good)
        if how == "early":
            following = {"prepare_snapshot": "freeze", "freeze": "thaw", "thaw": "post_snapshot"}.get(event, "thaw")
            self.out.write(b"".join(json.dumps(a).encode() + b"\n" for a in (good, {"event": following, "ok": True})))
        if how == "wrong-event":
            self.send("thaw" if event != "thaw" else "freeze")
        self.out.flush()
        return True

    def run(self):
        for line in sys.stdin.buffer:
            request = json.loads(line)
            event = request["event"]
            if event != "hello":
                self.record(event)
            if event == "freeze":
                self.hold()
            for element in self.root.findall("DelayEvent"):
                if event_of(element) == event:
                    time.sleep(int(element.get("milliseconds", "0")) / 1000)
            if self.misbehave(event, request):
                continue
            self.send(event, **(self.failure(event) or self.answer_to(event, request)))
        self.record("end")


if __name__ == "__main__":
    TestWriter(sys.argv[1]).run()
