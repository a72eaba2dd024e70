"""Reads the cubins of an object's fat binary, and the sections of a cubin."""

import collections
import struct

MAGIC = 0xBA55ED50

Section = collections.namedtuple("Section", "name kind flags content size link info")


def section_headers(data):
    """Every section of an ELF file; names may repeat."""
    offset, = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, offset + number * size) for number in range(count)]
    found = []
    for name, kind, flags, _, place, length, link, info, *_ in headers:
        start = headers[names][4] + name
        text = data[start:data.index(b"\0", start)].decode()
        found.append(Section(text, kind, flags, b"" if kind == 8 else data[place:place + length], length, link, info))
    return found


def cubins(path):
    """Architecture and cubin of every entry of an object's fat binary."""
    for section in section_headers(path.read_bytes()):
        if section.name != ".nv_fatbin":
            continue
        content = section.content
        place = 0
        while place + 16 <= len(content):
            magic, _, header, payload = struct.unpack_from("<IHHQ", content, place)
            if magic != MAGIC:
                raise SystemExit(f"{path}: no container at byte {place:#x}")
            place += header
            end = place + payload
            while place < end:
                kind, _, entry_header, size = struct.unpack_from("<HHIQ", content, place)
                architecture, = struct.unpack_from("<I", content, place + 28)
                if kind == 2:
                    yield architecture, content[place + entry_header:place + entry_header + size]
                place += entry_header + size
