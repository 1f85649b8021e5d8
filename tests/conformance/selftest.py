#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the reader against known answers: BLAKE3's were made with b3sum 1.2.0, whose inputs are BLAKE3's own test vectors."""
import random
import subprocess
import unittest

from umbra_codecs import DECODERS, lz4_block
from umbra_hashes import blake3, checksum, crc32c
from umbra_image import decode_leaf, level_for
from umbra_pack import Damaged, decode_superblock

KEY = b"whats the Elvish word for friend"
BLAKE3 = (  # length of 0, 1, … 250, 0, 1, …; hash; keyed hash
    (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
     "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26"),
    (1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
     "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b"),
    (64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98",
     "ba8ced36f327700d213f120b1a207a3b8c04330528586f414d09f2f7d9ccb7e6"),
    (1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
     "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4"),
    (1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
     "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69"),
    (5000, "ee78d92070de3df1c57c37002abf0a6b1a6589acdeef4d8ffac7cf3d9e8f2836",
     "27dc394fb01f055606c3aedde3a8c3694c34a8c514cc61a27279f1417cc385e0"),
    (31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47",
     "efa53b389ab67c593dba624d898d0f7353ab99e4ac9d42302ee64cbf9939a419"),
    (102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
     "1c35d1a5811083fd7119f5d5d1ba027b4d01c0c6c49fb6ff2cf75393ea5db4a7"),
)


class Hashes(unittest.TestCase):
    def test_blake3(self):
        for length, plain, keyed in BLAKE3:
            data = bytes(i % 251 for i in range(length))
            self.assertEqual(blake3(data).hex(), plain, length)
            self.assertEqual(blake3(data, KEY).hex(), keyed, length)

    def test_crc32c(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)
        self.assertEqual(crc32c(bytes(32)), 0x8A9136AA)  # RFC 3720, B.4
        self.assertEqual(crc32c(b"\xff" * 32), 0x62A8AB43)
        self.assertEqual(crc32c(bytes(range(32))), 0x46DD794E)

    def test_checksum(self):
        self.assertEqual(checksum(b""), 0x2D06800538D394C2)
        self.assertEqual(checksum(b"123456789"), 0x72DCB18B67A17DFF)


class Lz4(unittest.TestCase):
    def test_literals_only(self):
        self.assertEqual(lz4_block(b"\x50hello", 5), b"hello")

    def test_match_that_overlaps_itself(self):
        self.assertEqual(lz4_block(b"\x1fa\x01\x00\x05\x50bcdef", 1 + 24 + 5), b"a" * 25 + b"bcdef")

    def test_match_at_a_distance(self):
        self.assertEqual(lz4_block(b"\x40abcd\x04\x00\x50vwxyz", 13), b"abcdabcdvwxyz")

    def test_long_lengths(self):
        self.assertEqual(lz4_block(b"\xf0\xff\x00" + b"x" * 270, 270), b"x" * 270)

    def test_hostile_input_is_refused(self):
        for bad in (b"", b"\x50hell", b"\x10a\x00\x00\x50bcdef", b"\x10a\x02\x00\x50bcdef", b"\xf0\xff", b"\x1fa\x01", b"\x1fa\x01\x00\xff\xff"):
            with self.assertRaises(ValueError):
                lz4_block(bad, 16)
        with self.assertRaises(ValueError):
            lz4_block(b"\x50hello", 6)

    def test_noise_never_gives_anything_but_a_value_or_an_error(self):
        noise = random.Random(7)
        for _ in range(2000):
            data = noise.randbytes(noise.randrange(1, 80))
            try:
                self.assertEqual(len(lz4_block(data, 64)), 64)
            except ValueError:
                pass


class Zstd(unittest.TestCase):
    def test_round_trip_and_wrong_size(self):
        plain = b"umbra" * 1000
        frame = subprocess.run(["zstd", "-q", "-c"], input=plain, capture_output=True, check=True).stdout
        self.assertEqual(DECODERS[2](frame, len(plain)), plain)
        with self.assertRaises(ValueError):
            DECODERS[2](frame, len(plain) + 1)
        with self.assertRaises(ValueError):
            DECODERS[2](frame[:-3], len(plain))


class Structures(unittest.TestCase):
    def test_levels(self):
        self.assertEqual([level_for(n) for n in (0, 1, 256, 257, 65536, 65537)], [1, 1, 1, 2, 2, 3])

    def test_garbage_is_damaged(self):
        for garbage in (b"", bytes(4096), b"\x89UMB\r\n\x1a\n" + bytes(4088)):
            with self.assertRaises(Damaged):
                decode_superblock(garbage, 1)
            with self.assertRaises(Damaged):
                decode_leaf(garbage, 0, 4096, 65536)


if __name__ == "__main__":
    unittest.main()
