# SPDX-License-Identifier: GPL-3.0-or-later
"""A database's own command line client as a coprocess: one connection that lives as long as this object."""
import os
import secrets
import subprocess

import umbra_writer


class ConnectionLost(umbra_writer.Failure):
    """The client has ended; its last words are the text."""


class Client:
    """`mark(text)` is what makes the client print the text on a line of its own; a client that goes on after an error says so in
    that line (`failed`), others end with the connection."""

    def __init__(self, argv, uid=None, environment=None):
        identity = {}
        if uid is not None and os.geteuid() == 0 and uid != 0:
            identity = {"user": uid, "group": _group_of(uid), "extra_groups": []}
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                         cwd="/", env={**os.environ, **(environment or {})}, **identity)

    def mark(self, text):
        raise NotImplementedError

    def failed(self, lines, mark_line):
        return None

    def is_passing(self, words):
        """Whether what ended the connection may be gone the next time."""
        return True

    def query(self, sql):
        """The lines that it answers. Failure with the server's words, ConnectionLost if there is no server any more."""
        mark = "umbra-" + secrets.token_hex(16)
        lines = []
        try:
            self._process.stdin.write((sql + ";\n" + self.mark(mark) + "\n").encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it says why before it ends
        while True:
            line = self._process.stdout.readline().decode(errors="replace")
            if not line:
                words = " ".join(" ".join(lines).split()) or "the connection ended"
                raise ConnectionLost(words, "retryable" if self.is_passing(words) else "nonretryable")
            line = line.rstrip("\n")
            if line.startswith(mark):
                break
            lines.append(line)
        why = self.failed(lines, line)
        if why:
            raise umbra_writer.Failure(why)
        return lines

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def _group_of(uid):
    import pwd
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return uid
