#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""hash_codec_crosscheck.py HASH_TOOL: the engine's hashes and codecs against tools that other people wrote.

b3sum (an independent BLAKE3, in Rust), xxhsum and libxxhash, lz4, zstd; CRC-32C is worked out here bit by bit.
Exit code 77 when one of them is missing.
"""
import ctypes
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

SIZES = [0, 1, 3, 16, 17, 128, 240, 241, 512, 1023, 1024, 1025, 4096, 5000, 65535, 65536, 200000, 1048576]

# XXH3's published default secret: with it our change hash is what xxhsum prints.
DEFAULT_SECRET = (
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248e"
    "e03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d"
    "8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc"
    "8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)


class Xxh128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def load_xxhash():
    library = ctypes.CDLL("libxxhash.so.0")
    library.XXH3_128bits_withSecret.restype = Xxh128
    library.XXH3_128bits_withSecret.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    library.XXH3_64bits_withSeed.restype = ctypes.c_uint64
    library.XXH3_64bits_withSeed.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
    library.XXH32.restype = ctypes.c_uint32
    library.XXH32.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint32]
    return library


def crc32c(data):
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    state = 0xFFFFFFFF
    for byte in data:
        state = state >> 8 ^ table[(state ^ byte) & 0xFF]
    return state ^ 0xFFFFFFFF


def out_of(*command, given=None):
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"failed: {' '.join(command)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


class Check:
    def __init__(self, tool, folder):
        self.tool = tool
        self.xxhash = load_xxhash()
        self.file = os.path.join(folder, "plain")
        self.stored = os.path.join(folder, "stored")
        self.back = os.path.join(folder, "back")
        self.random = random.Random(20240607)
        self.count = 0

    def same(self, what, ours, theirs):
        self.count += 1
        if ours != theirs:
            sys.exit(f"{what} of {os.path.getsize(self.file)} bytes: ours {ours!r:.80}, theirs {theirs!r:.80}")

    def ours(self, *arguments):
        return out_of(self.tool, *arguments).decode().strip()

    def blake3(self):
        key = self.random.randbytes(32)
        theirs = out_of("b3sum", "--no-names", self.file).decode().strip()
        self.same("seal", self.ours("seal", self.file), theirs)
        theirs = out_of("b3sum", "--no-names", "--keyed", self.file, given=key).decode().strip()
        self.same("content id", self.ours("content", key.hex(), self.file), theirs)

    def xxh3(self, data):
        theirs = out_of("xxhsum", "-H128", self.file).decode().split()[0]
        self.same("change hash, default secret", self.ours("change", DEFAULT_SECRET, self.file), theirs)
        theirs = out_of("xxhsum", "-H3", "--tag", self.file).decode().split()[-1]
        self.same("checksum", self.ours("checksum", "0", self.file), theirs)
        secret = self.random.randbytes(192)
        hash128 = self.xxhash.XXH3_128bits_withSecret(data, len(data), secret, len(secret))
        self.same("change hash", self.ours("change", secret.hex(), self.file), f"{hash128.high:016x}{hash128.low:016x}")
        seed = self.random.getrandbits(64)
        theirs = f"{self.xxhash.XXH3_64bits_withSeed(data, len(data), seed):016x}"
        self.same("seeded checksum", self.ours("checksum", str(seed), self.file), theirs)

    def lz4_frame(self, block):
        header = bytes([0x60, 0x70])  # version 1, independent blocks, no checksums; blocks up to 4 MiB
        check = self.xxhash.XXH32(header, len(header), 0) >> 8 & 0xFF
        return b"\x04\x22\x4d\x18" + header + bytes([check]) + struct.pack("<I", len(block)) + block + bytes(4)

    def encode(self, codec, level, data):
        size = int(self.ours("encode", codec, str(level), self.file, self.stored))
        if size == 0:
            return
        block = read(self.stored)
        write(self.stored, self.lz4_frame(block) if codec == "lz4" else block)
        theirs = out_of(codec, "-q", "-d", "-c", self.stored)
        self.same(f"{codec} level {level}, decoded by the tool,", data, theirs)

    def decode(self, codec, data):
        """What the tool encodes, ours decodes."""
        if codec == "zstd":
            write(self.stored, out_of("zstd", "-q", "-c", self.file))
        else:
            frame = out_of("lz4", "-q", "-c", "-B7", "-BI", "--no-frame-crc", self.file)
            (size,) = struct.unpack_from("<I", frame, 7)
            if size & 0x80000000 or not data:
                return
            write(self.stored, frame[11 : 11 + size])
        self.ours("decode", codec, str(len(data)), self.stored, self.back)
        self.same(f"{codec} of the tool, decoded by us,", read(self.back), data)

    def all_of(self, data):
        write(self.file, data)
        self.blake3()
        self.xxh3(data)
        if len(data) <= 65536:  # Python takes its time
            self.same("crc32c", self.ours("crc32c", self.file), f"{crc32c(data):08x}")
        for codec, levels in (("lz4", (0, 3, 9, 12)), ("zstd", (0, 1, 9, 19))):
            for level in levels:
                self.encode(codec, level, data)
            self.decode(codec, data)


def text(source, size):
    words = ["shadow", "copy", "writer", "freeze", "thaw", "block", "volume", "cut", "vault", "\n"]
    parts, length = [], 0
    while length < size:
        parts.append(source.choice(words) + str(source.randrange(100)) + " ")
        length += len(parts[-1])
    return "".join(parts).encode()[:size]


def main():
    missing = [name for name in ("b3sum", "xxhsum", "lz4", "zstd") if shutil.which(name) is None]
    if missing:
        print("missing here:", *missing)
        return 77
    with tempfile.TemporaryDirectory() as folder:
        check = Check(sys.argv[1], folder)
        for size in SIZES:
            for data in (check.random.randbytes(size), text(check.random, size), bytes(size)):
                check.all_of(data)
        print(check.count, "comparisons agree")
        return 0 if check.count > 500 else 1


if __name__ == "__main__":
    sys.exit(main())
