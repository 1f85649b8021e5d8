# SPDX-License-Identifier: GPL-3.0-or-later
"""on_terminal.py TRANSCRIPT STEP... -- COMMAND...: runs a command on a terminal of its own and answers its exit code.

A step is see:TEXT (wait until it was shown since the last step) or type:TEXT (as typed, \\n and \\x03 understood), or columns:N
(before anything else). What was shown goes to TRANSCRIPT.
"""
import fcntl
import os
import pty
import struct
import sys
import termios


def main():
    transcript, rest = sys.argv[1], sys.argv[2:]
    split = rest.index("--")
    steps, command = rest[:split], rest[split + 1:]
    columns = 80
    if steps and steps[0].startswith("columns:"):
        columns = int(steps.pop(0)[8:])
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 25, columns, 0, 0))
        os.execv(command[0], command)
    shown, seen = b"", 0

    def more():
        nonlocal shown
        try:
            got = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            got = b""
        shown += got
        return got != b""

    complete = True
    for step in steps:
        kind, _, text = step.partition(":")
        raw = text.encode().decode("unicode_escape").encode("latin-1")
        if kind == "type":
            os.write(terminal, raw)
            continue
        while raw not in shown[seen:]:
            if not more():
                complete = False
                break
        seen = shown.find(raw, seen) + len(raw) if complete else seen
    while more():
        pass
    with open(transcript, "wb") as file:
        file.write(shown)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not complete:
        print("never shown: %r" % steps, file=sys.stderr)
        return 99
    return code


sys.exit(main())
