# SPDX-License-Identifier: GPL-3.0-or-later
"""Writers for Umbra in Python: a class with one method for each event, and run(). docs/writers.md tells the rest."""
import configparser
import json
import os
import shlex
import signal
import sys

PROTOCOL = 1
EVENTS = ("prepare_backup", "prepare_snapshot", "freeze", "thaw", "post_snapshot", "backup_complete", "backup_shutdown",
          "pre_restore", "post_restore")


class Failure(Exception):
    """The writer cannot take part. `code`: retryable, nonretryable, timeout, outofresources, inconsistentsnapshot …"""

    def __init__(self, text, code="nonretryable"):
        super().__init__(text)
        self.code = code


class Retry(Failure):
    """The same, but trying the whole backup again may help."""

    def __init__(self, text):
        super().__init__(text, "retryable")


class Absent(Exception):
    """The application is not on this machine, or not running."""


class Writer:
    """Overwrite what the application needs. Events get the session and the components as the protocol carries them; what
    they give back, if anything, is a list of changes to components."""

    name = ""
    class_id = ""
    level = "back_end"
    usage = "user_data"
    source = "transacted_db"
    freeze_timeout = 60  # seconds
    event_timeout = 600

    def hello(self):
        """Looks for the application: raises Absent if it is not there."""

    def identify(self, session):
        """The metadata document without who this is. No state may come from it."""
        return {}

    def release(self):
        """Lets the application go on and forgets the session: after abort, and at the end whatever happened before. May be
        called at any time, more than once."""

    def prepare_backup(self, session, components): ...
    def prepare_snapshot(self, session, components): ...
    def freeze(self, session, components): ...
    def thaw(self, session, components): ...
    def post_snapshot(self, session, components): ...
    def backup_complete(self, session, components): ...
    def backup_shutdown(self, session, components): ...
    def pre_restore(self, session, components): ...
    def post_restore(self, session, components): ...


def configuration(name, keys):
    """The sections of /etc/umbra/NAME.conf as {section: {key: value}}; or one section from the environment variable
    UMBRA_WRITER_NAME, "key=value key=value"; or None if there is neither. Unknown keys are refused."""
    variable = os.environ.get("UMBRA_WRITER_" + name.upper().replace("-", "_"))
    path = os.path.join(os.environ.get("UMBRA_WRITER_CONFIG", "/etc/umbra"), name + ".conf")
    if variable is not None:
        path = "UMBRA_WRITER_" + name.upper()
        sections = {"environment": dict(word.split("=", 1) for word in shlex.split(variable) if "=" in word)}
    elif os.path.exists(path):
        parser = configparser.ConfigParser(interpolation=None)
        try:
            with open(path, encoding="utf-8") as file:
                parser.read_file(file)
        except (configparser.Error, OSError, UnicodeError) as e:
            raise Failure(f"{path}: {e}") from e
        sections = {section: dict(parser[section]) for section in parser.sections()}
    else:
        return None
    for section, values in sections.items():
        for key in values:
            if key not in keys:
                raise Failure(f"{path}: unknown key {key} in [{section}]; known: {', '.join(sorted(keys))}")
    return sections


def is_affected(session, path):
    """Whether `path` lies on a volume of the set; yes if the set has none yet."""
    volumes = session.get("volumes", [])
    try:
        device = os.stat(path).st_dev
    except OSError:
        return False
    for volume in volumes:
        try:
            what = os.stat(volume)
        except OSError:
            continue
        if os.path.isdir(volume) and what.st_dev == device or what.st_rdev == device:
            return True
    return not volumes


def all_or_nothing(session, what, paths):
    """False if none of the paths is affected. Some of them only: such a copy is no use."""
    affected = [path for path in paths if is_affected(session, path)]
    if affected and len(affected) < len(paths):
        missing = ", ".join(path for path in paths if path not in affected)
        raise Failure(f"{what} also lies in {missing}, which is on no volume of this set: add that volume",
                      "inconsistentsnapshot")
    return bool(affected)


def _answer(out, event, **members):
    out.write(json.dumps({"event": event, **members}, separators=(",", ":")).encode() + b"\n")
    out.flush()


def _hello(writer):
    try:
        writer.hello()
    except Absent as e:
        return {"ok": True, "protocol": PROTOCOL, "absent": True, "text": str(e)}
    return {"ok": True, "protocol": PROTOCOL, "name": writer.name, "class_id": writer.class_id, "level": writer.level,
            "usage": writer.usage, "source": writer.source, "freeze_timeout_ms": int(writer.freeze_timeout * 1000),
            "event_timeout_ms": int(writer.event_timeout * 1000)}


def _handle(writer, event, request):
    session = request.get("session", {})
    if event == "hello":
        return _hello(writer)
    if event == "identify":
        return {"ok": True, "metadata": writer.identify(session)}
    if event == "abort":
        writer.release()
        return {"ok": True}
    if event not in EVENTS:
        raise Failure(f"unknown event {event}")
    changes = getattr(writer, event)(session, request.get("components", []))
    return {"ok": True, "components": changes} if changes else {"ok": True}


def run(writer):
    """Speaks with Umbra until it has nothing more to say."""
    # Nothing else may write to what carries the answers: prints, and programs that are started, go to standard error.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def end(_number, _frame):
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        for line in sys.stdin.buffer:
            request = json.loads(line)
            event = request["event"]
            try:
                answer = _handle(writer, event, request)
            except Failure as e:
                answer = {"ok": False, "code": e.code, "text": str(e)}
            except (OSError, ValueError, LookupError) as e:
                answer = {"ok": False, "text": f"{type(e).__name__}: {e}"}
            _answer(out, event, **answer)
    except BrokenPipeError:
        pass  # nobody is there to read the answer
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        writer.release()
