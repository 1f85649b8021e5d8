# SPDX-License-Identifier: GPL-3.0-or-later
"""CRC-32C and BLAKE3 (plain and keyed), written from their public definitions; XXH3-64 comes from python3-xxhash."""
import struct

import xxhash

_MASK = 0xFFFFFFFF


def _crc_table():
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_CRC = _crc_table()


def crc32c(data):
    crc = _MASK
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ _MASK


def checksum(data, seed=0):
    return xxhash.xxh3_64_intdigest(data, seed)


_IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
_PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
_CHUNK_START, _CHUNK_END, _PARENT, _ROOT, _KEYED_HASH = 1, 2, 4, 8, 16
_QUARTERS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
             (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def _schedules():
    order = list(range(16))
    for _ in range(7):
        yield tuple((a, b, c, d, order[2 * i], order[2 * i + 1]) for i, (a, b, c, d) in enumerate(_QUARTERS))
        order = [order[i] for i in _PERMUTATION]


_ROUNDS = tuple(_schedules())


def _compress(chaining, block, length, counter, flags):
    """The first 8 of the 16 output words: all that 32 bytes of output and chaining values need."""
    v = [*chaining, *_IV[:4], counter & _MASK, counter >> 32, length, flags]
    m = struct.unpack("<16I", block)
    for steps in _ROUNDS:
        for a, b, c, d, x, y in steps:
            va, vb = (v[a] + v[b] + m[x]) & _MASK, v[b]
            vd = v[d] ^ va
            vd = (vd >> 16 | vd << 16) & _MASK
            vc = (v[c] + vd) & _MASK
            vb ^= vc
            vb = (vb >> 12 | vb << 20) & _MASK
            va = (va + vb + m[y]) & _MASK
            vd ^= va
            vd = (vd >> 8 | vd << 24) & _MASK
            vc = (vc + vd) & _MASK
            vb ^= vc
            v[a], v[b], v[c], v[d] = va, (vb >> 7 | vb << 25) & _MASK, vc, vd
    return tuple(v[i] ^ v[i + 8] for i in range(8))


def _chunk(data, counter, key, flags, last_flag):
    """Chaining value of one chunk of up to 1024 bytes; `last_flag` is _ROOT if it is all there is."""
    chaining = key
    blocks = [data[i:i + 64] for i in range(0, len(data), 64)] or [b""]
    for index, block in enumerate(blocks):
        f = flags
        if index == 0:
            f |= _CHUNK_START
        if index == len(blocks) - 1:
            f |= _CHUNK_END | last_flag
        chaining = _compress(chaining, bytes(block).ljust(64, b"\0"), len(block), counter, f)
    return chaining


def _join(left, right, key, flags):
    return _compress(key, struct.pack("<16I", *left, *right), 64, 0, flags | _PARENT)


def _subtree(data, first_chunk, key, flags, last_flag):
    if len(data) <= 1024:
        return _chunk(data, first_chunk, key, flags, last_flag)
    # The left subtree is the largest power of two of chunks that leaves at least one byte to the right one.
    left_chunks = 1 << (((len(data) - 1) // 1024).bit_length() - 1)
    split = left_chunks * 1024
    left = _subtree(data[:split], first_chunk, key, flags, 0)
    right = _subtree(data[split:], first_chunk + left_chunks, key, flags, 0)
    return _join(left, right, key, flags | last_flag)


def blake3(data, key=None):
    """32 bytes; with a 32-byte key the keyed hash."""
    words = struct.unpack("<8I", key) if key is not None else _IV
    flags = _KEYED_HASH if key is not None else 0
    return struct.pack("<8I", *_subtree(memoryview(data), 0, words, flags, _ROOT))
