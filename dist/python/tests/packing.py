"""Writes small packed files by the book (dist/packed-format.md), so that unpacking is tested without the program that builds."""

from __future__ import annotations

import hashlib
import json
import lzma
import random
import re
import struct
from pathlib import Path

HEADER = struct.Struct("<8sIIQQQ32sQ")
_NAME = re.compile(r"(%[a-z]+|\$L(?:__BB\d+_)?)(0|[1-9]\d{0,6})(?![0-9A-Za-z_$<])")


def count_back(text: str) -> bytes:
    """PTX with its names counted back to their last use, as packed files hold it."""

    def function(part: str) -> bytes:
        used: dict[str, list[int]] = {}
        last: dict[str, int] = {}
        out, place = [], 0
        for match in _NAME.finditer(part):
            stem, number = match[1], int(match[2])
            out += [part[place : match.start()].encode(), stem.encode()]
            place = match.end()
            numbers = used.setdefault(stem, [])
            if number in numbers:
                rank = numbers.index(number)
                numbers.remove(number)
                far = rank - 125
                code = bytes([0x82 + rank] if far < 0 else [0xFF, *(0x80 | far >> shift & 127 for shift in (14, 7, 0))])
            else:
                jump = number - last.get(stem, 0) - 1
                last[stem] = number
                code = b"\x81%d\x80" % jump if jump else b"\x80"
            numbers.insert(0, number)
            out.append(code)
        return b"".join([*out, part[place:].encode()])

    return b"".join(map(function, re.split(r"(?=\.(?:entry|func) )", text)))


def ptx_entry(source: random.Random, functions: int = 2, lines: int = 60) -> tuple[bytes, bytes]:
    """An entry of PTX, header and text, and what stands for it in a block."""
    header = source.randbytes(4) + struct.pack("<I", 80) + source.randbytes(72)
    text = ".version 8.4\n"
    for number in range(functions):
        text += f".visible .entry kernel{number}(\n.param .u64 kernel{number}_param_0)\n{{\n.reg .b32 %r<{lines * 3}>;\n"
        for line in range(lines):
            a, b, c = (source.randrange(1, 3 * lines) for _ in range(3))
            text += f"add.s32 %r{line + 1}, %r{a}, %r{b}; // %tid.x %r0 %r007 %r12345678 %rx_1\n"
            text += f"@%p{c % 7} bra $L__BB{number}_{b}; bra $L{a};\n"
        text += "}\n"
    text += "\0" * (8 - len(text) % 8)
    return header + text.encode(), header + count_back(text)


class Packed:
    """A library of some units with an entry for each image, and its packed form."""

    def __init__(self, images: list[str], units: int = 3, entry_size: int = 4000, seed: int = 1) -> None:
        self.images = images
        source = random.Random(seed)
        self.skeleton = [(0, source.randbytes(500))]
        self.entries: list[tuple[int, int, int, bytes]] = []  # unit, number, image, bytes
        self.filtered: dict[tuple[int, int], bytes] = {}  # unit and number of PTX, and what is in its block
        self.containers: list[tuple[int, int, bytes]] = []
        place = 500
        for unit in range(units):
            parts = []
            for number in range(len(images)):
                if images[number].endswith("ptx"):
                    entry, self.filtered[unit, number] = ptx_entry(source, lines=entry_size // 80)
                    parts.append(entry)
                else:
                    parts.append(source.randbytes(entry_size // 4 * 8 // 8) * 4)
                self.entries.append((unit, number, number, parts[-1]))
            size = 16 + sum(map(len, parts))
            self.containers.append((place, size, struct.pack("<IHHQ", 0xBA55ED50, 1, 16, size - 16)))
            place += size
        tail = source.randbytes(300)
        self.skeleton.append((place, tail))
        self.size = place + len(tail)

    def library(self, *images: str) -> bytes:
        """What unpacking some images must give."""
        library = bytearray(self.size)
        for offset, data in self.skeleton:
            library[offset : offset + len(data)] = data
        for unit, (offset, _, header) in enumerate(self.containers):
            kept = b"".join(data for u, _, image, data in self.entries if u == unit and self.images[image] in images)
            content = header[:8] + struct.pack("<Q", len(kept)) + kept
            library[offset : offset + len(content)] = content
        return bytes(library)

    def index(self) -> tuple[dict, list[bytes]]:
        """The index, its blocks' offsets filled in, and the blocks: the skeleton, then one for each image."""
        contents = [b"".join(data for _, data in self.skeleton)]
        entries = []
        for image in range(len(self.images)):
            own = [entry for entry in self.entries if entry[2] == image]
            contents.append(b"".join(self.filtered.get(entry[:2], entry[3]) for entry in own))
            for unit, number, image, data in own:
                row = {"container": unit, "number": number, "image": image, "block": image + 1, "size": len(data)}
                row["sha256"] = hashlib.sha256(data).hexdigest()
                if (unit, number) in self.filtered:
                    row["filteredSize"] = len(self.filtered[unit, number])
                entries.append(row)
        blocks = [lzma.compress(content, preset=0, check=lzma.CHECK_CRC32) for content in contents]
        offset, rows = HEADER.size, []
        for block, content in zip(blocks, contents):
            rows.append({"offset": offset, "storedSize": len(block), "size": len(content), "dictionary": 1 << 18})
            offset += len(block)
        index = {
            "format": 2,
            "slice": "all",
            "librarySize": self.size,
            "librarySHA256": hashlib.sha256(self.library(*self.images)).hexdigest(),
            "skeleton": {
                "block": 0,
                "runs": [{"offset": place, "size": len(data)} for place, data in self.skeleton],
                "sha256": hashlib.sha256(contents[0]).hexdigest(),
            },
            "images": [
                {"architecture": name.replace("ptx", ""), "kind": "virtual" if "ptx" in name else "real"}
                for name in self.images
            ],
            "blocks": rows,
            "containers": [
                {"offset": place, "size": size, "header": header.hex()} for place, size, header in self.containers
            ],
            "entries": entries,
        }
        return index, blocks

    def file(self, index: dict | None = None, version: int = 2) -> bytes:
        """The packed file, perhaps with another index."""
        own, blocks = self.index()
        text = json.dumps(index or own).encode()
        stored = lzma.compress(text, check=lzma.CHECK_CRC32)
        body = b"".join(blocks)
        size = HEADER.size + len(body) + len(stored)
        digest = hashlib.sha256(text).digest()
        head = HEADER.pack(b"LLCUPACK", version, 0, HEADER.size + len(body), len(stored), len(text), digest, size)
        return head + body + stored

    def description(self, file: bytes, name: str = "all", url: str = "") -> str:
        """The text that goes beside the packed file."""
        digest = HEADER.unpack(file[: HEADER.size])[6]
        real = [image for image in self.images if "ptx" not in image]
        virtual = [image.replace("ptx", "") for image in self.images if "ptx" in image]
        lines = ["format 1", f"slice {name}", "toolkit 12.4", "cuda-driver 12000", "driver-floor 525.60.13"]
        lines.append("compile-set " + " ".join(sorted({*real, *virtual})))
        lines += [f"real {' '.join(real)}"] if real else []
        lines += [f"virtual {' '.join(virtual)}", "ptx-cuda-driver 12040", "ptx-driver-floor 550.54.14"] if virtual else []
        lines += [f"id {digest[:16].hex()}", f"packed-file {name}.packed", f"packed-size {len(file)}"]
        lines += [f"packed-sha256 {hashlib.sha256(file).hexdigest()}", f"library-size {self.size}"]
        lines += [f"url {url}"] if url else []
        return "\n".join(lines) + "\n"

    def install(self, cuda: Path, name: str = "all") -> str:
        """Puts packed file and description into a folder; the identity."""
        file = self.file()
        (cuda / f"{name}.packed").write_bytes(file)
        (cuda / f"{name}.kernels").write_text(self.description(file, name))
        return HEADER.unpack(file[: HEADER.size])[6][:16].hex()
