# SPDX-License-Identifier: GPL-3.0-or-later
"""Full verification of one pack: every record, and everything between (sections 6, 7 and 13)."""
import struct

from umbra_pack import CHECKPOINT, MINI_INDEX, PADDING, PAGE, Damaged, need


class Walk:
    """Reads a finished pack front to back and raises Damaged at the first thing that is wrong."""

    def __init__(self, pack):
        self.pack = pack
        self.at = PAGE
        self.sequence = 0
        self.segment = []  # records of the open segment
        self.segment_places = []  # of closed segments no checkpoint named yet
        self.segments = 0
        self.last_checkpoint = 0

    def need(self, condition, why):
        need(condition, f"{self.pack.path}: at {self.at}: {why}")

    def run(self):
        footer = self.pack.footer()
        while self.at < self.pack.size - PAGE:
            self.one()
        self.need(self.at == self.pack.size - PAGE, "records end behind the footer's place")
        self.need(not self.segment, "a segment without mini-index")
        self.need(not self.segment_places, "segments without checkpoint")
        counts = (footer.record_count, footer.segment_count, footer.last_checkpoint)
        self.need(counts == (self.sequence, self.segments, self.last_checkpoint), "footer's counts")
        return self.sequence

    def one(self):
        r = self.pack.header(self.at)
        self.need(r.sequence == self.sequence, "sequence number")
        plain = self.pack.payload(r, True)
        end = self.at + r.header_size + r.stored_size
        padded = (end + 15) // 16 * 16
        self.need(not any(self.pack.read(end, padded - end)), "bytes between records")
        if not self.segment and r.type != PADDING:
            self.need(self.at % PAGE == 0, "a segment or checkpoint that is not at a multiple of 4096")
        if r.type == MINI_INDEX:
            self.mini_index(r, plain)
        elif r.type == CHECKPOINT:
            self.checkpoint(plain)
        elif r.type == PADDING:
            self.need(not self.segment, "padding inside a segment")
            self.need(not any(plain) and padded % PAGE == 0, "padding")
        else:
            self.segment.append(r)
        self.sequence += 1
        self.at = padded

    def mini_index(self, r, plain):
        self.need(self.segment, "mini-index without segment")
        expected = struct.pack("<IIQ", self.segments, len(self.segment), self.segment[0].offset)
        for s in self.segment:
            expected += s.id + struct.pack("<QIIHBBI", s.offset, s.stored_size, s.plain_size, s.type, s.codec, 0, 0)
        self.need(plain == expected, "mini-index does not list its segment")
        self.segment_places.append(struct.pack("<QQII", self.segment[0].offset, r.offset, r.stored_size, len(self.segment)))
        self.segments += 1
        self.segment = []

    def checkpoint(self, plain):
        self.need(not self.segment and self.segment_places, "checkpoint inside a segment, or of nothing")
        first = self.segments - len(self.segment_places)
        expected = struct.pack("<QII", self.last_checkpoint, first, len(self.segment_places)) + b"".join(self.segment_places)
        self.need(plain == expected, "checkpoint does not list its segments")
        self.segment_places = []
        self.last_checkpoint = self.at


def verify_pack(pack):
    return Walk(pack).run()


__all__ = ["verify_pack", "Damaged"]
