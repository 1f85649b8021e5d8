# SPDX-License-Identifier: GPL-3.0-or-later
"""The codecs of section 16. Each gives exactly `size` bytes or raises ValueError."""
import subprocess


def _length(data, at, nibble):
    """A length that continues in further bytes while they are 255."""
    length = nibble
    while nibble == 15:
        byte = data[at]
        at += 1
        length += byte
        if byte != 255:
            break
    return length, at


def lz4_block(data, size):
    out = bytearray()
    at = 0
    try:
        while True:
            token = data[at]
            literals, at = _length(data, at + 1, token >> 4)
            if at + literals > len(data):
                raise ValueError("literals behind the end")
            out += data[at:at + literals]
            at += literals
            if at == len(data):
                break
            distance = data[at] | data[at + 1] << 8
            match, at = _length(data, at + 2, token & 15)
            match += 4
            if distance == 0 or distance > len(out):
                raise ValueError("match before the beginning")
            if len(out) + match > size:
                raise ValueError("longer than it should be")
            if distance >= match:
                start = len(out) - distance
                out += out[start:start + match]
            else:  # it overlaps what it produces: the last `distance` bytes repeat
                out += (bytes(out[-distance:]) * (match // distance + 1))[:match]
    except IndexError:
        raise ValueError("cut off") from None
    if len(out) != size:
        raise ValueError(f"{len(out)} bytes instead of {size}")
    return bytes(out)


def zstd_frame(data, size):
    run = subprocess.run(["zstd", "-d", "-q", "-c"], input=data, capture_output=True, check=False)
    if run.returncode != 0 or len(run.stdout) != size:
        raise ValueError("zstd frame does not decode")
    return run.stdout


def stored_raw(data, size):
    if len(data) != size:
        raise ValueError("raw record of another size")
    return bytes(data)


DECODERS = {0: stored_raw, 1: lz4_block, 2: zstd_frame}
