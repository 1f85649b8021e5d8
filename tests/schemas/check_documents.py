# SPDX-License-Identifier: GPL-3.0-or-later
"""check_documents.py TOOL SCHEMAS FOLDER: see check_documents.sh."""
import copy
import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ET

import jsonschema

tool, schemas, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])


def validator(name):
    schema = json.loads((schemas / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


metadata, backup = validator("writer-metadata"), validator("backup-components")


def load(name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


# --- What the code writes is valid.
written = 0
for path in sorted(folder.glob("*.json")):
    (metadata if ".metadata." in path.name else backup).validate(load(path.name))
    written += 1
assert written == 6, written

# --- XML: names, and texts that survive escaping.
space = {"w": "x-schema:#VssWriterMetadataInfo", "b": "x-schema:#VssComponentMetadata"}
for path in sorted(folder.glob("*.xml")):
    root = ET.parse(path).getroot()
    expected = "WRITER_METADATA" if ".metadata." in path.name else "BACKUP_COMPONENTS"
    assert root.tag.endswith("}" + expected), (path, root.tag)

full = ET.parse(folder / "full.metadata.xml").getroot()
group = full.find("w:BACKUP_LOCATIONS/w:FILE_GROUP", space)
assert group.get("componentName") == 'tables "quoted" & <marked>', group.get("componentName")
assert group.get("caption") == "Tables\tand\nlines", group.get("caption")
assert full.find("w:BACKUP_LOCATIONS/w:DATABASE", space).get("componentName") == "Datenbank äöü €"
assert len(ET.parse(folder / "my_writer.metadata.xml").findall("w:BACKUP_LOCATIONS/w:FILE_GROUP", space)) == 17
name = ET.parse(folder / "wild.metadata.xml").find("w:IDENTIFICATION", space).get("friendlyName")
kept = [c if c >= " " or c in "\t\n\r" else "\ufffd" for c in map(chr, range(1, 128))]
assert name == "Full Writer" + "".join(kept) + "\ufffd" * 128, name
component = ET.parse(folder / "full.backup.xml").find("b:WRITER_COMPONENTS/b:COMPONENT", space)
assert component.get("backupOptions") == '"sub":"name"="value"'
assert component.find("b:BACKUP_METADATA", space).get("metadata") == "LSN <0/15D6B20>"


# --- Documents as people write them: schema and code agree on what is right and what is wrong.
def changed(change):
    document = load("full.metadata.json")
    change(document)
    return document


def taken_by_code(document):
    path = folder / "candidate"
    path.write_text(json.dumps(document), encoding="utf-8")
    return subprocess.run([tool, "read", path], stdout=subprocess.DEVNULL, check=False).returncode == 0


least = {"name": "Small Writer", "class_id": "75dfb225-e2e4-4d39-9ac9-ffaff65ddf06"}
right = [
    least,
    {**least, "$schema": "https://example.org/x", "later": [None, 1.5]},
    {**least, "components": [{"name": "all", "files": [{"path": "/srv"}]}]},
    {**least, "backup_schema": ["log", "0x10000", "0xA0000"]},
    {**least, "class_id": "{75DFB225-e2e4-4d39-9ac9-ffaff65ddf06}"},
    changed(lambda d: d.pop("version")),
    changed(lambda d: d["components"][0]["files"][0].pop("spec")),
]
wrong = [
    [],
    "text",
    {},
    {"name": "W"},
    {**least, "version": 2},
    {**least, "version": "1"},
    {**least, "name": 7},
    {**least, "name": None},
    {**least, "class_id": "75dfb225"},
    {**least, "class_id": "{75dfb225-e2e4-4d39-9ac9-ffaff65ddf06"},
    {**least, "usage": "userdata"},
    {**least, "usage": 3},
    {**least, "level": ["front_end"]},
    {**least, "backup_schema": "log"},
    {**least, "backup_schema": ["logs"]},
    {**least, "backup_schema": ["0xg"]},
    {**least, "backup_schema": ["log|copy"]},
    {**least, "backup_schema": [8]},
    {**least, "major_version": -1},
    {**least, "major_version": 2**32},
    {**least, "major_version": 1.5},
    {**least, "restore": []},
    {**least, "restore": {"reboot_required": "yes"}},
    {**least, "components": {}},
    {**least, "components": [{"caption": "no name"}]},
    {**least, "components": [{"name": "c", "selectable": 1}]},
    {**least, "components": [{"name": "c", "files": [{"spec": "*"}]}]},
    {**least, "components": [{"name": "c", "dependencies": [{"component_name": "x"}]}]},
]
for document in right:
    assert metadata.is_valid(document), document
    assert taken_by_code(document), document
for document in wrong:
    assert not metadata.is_valid(document), document
    assert not taken_by_code(document), document

# --- Every member of a full document is looked at: with a value of a wrong type neither takes it.
checked = 0


def spoil(node, path):
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield path + [key]
        if isinstance(node[key], (dict, list)):
            yield from spoil(node[key], path + [key])


for path in spoil(load("full.metadata.json"), []):
    document = copy.deepcopy(load("full.metadata.json"))
    node = document
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = 1.5
    assert not metadata.is_valid(document), path
    assert not taken_by_code(document), path
    checked += 1
assert checked > 50, checked
print(f"{written} documents, {len(right)} right, {len(wrong) + checked} wrong")
