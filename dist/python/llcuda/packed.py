"""Packed kernels: what ``NAME.kernels`` says, and the file of blocks it belongs to (format: dist/packed-format.md)."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import re
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Callable, NamedTuple

from llcuda import ptx, slices
from llcuda.slices import Arch, IndexProblem, Slice

SUFFIX = ".kernels"
_HEADER = struct.Struct("<8sIIQQQ32sQ")
_MAGIC = b"LLCUPACK"
_VERSION = 2
_INDEX_FORMAT = 2
_INDEX_LIMIT = 64 << 20
_LIBRARY_LIMIT = 4 << 30
_MEMORY_LIMIT = 192 << 20
_CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_IDENTITY = re.compile(r"[0-9a-f]{32}\Z")
_FILE = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,200}\Z")


class PackedProblem(Exception):
    """What is wrong with a packed file or its description."""


class Kernels(NamedTuple):
    """What the text ``NAME.kernels`` says about packed kernels; ``slice`` is what they are when all are unpacked."""

    folder: Path
    slice: Slice
    identity: str
    file: str
    size: int
    sha256: str
    library_size: int
    ptx_driver: int
    ptx_floor: str
    url: str

    @property
    def path(self) -> Path:
        """Where the packed file lies when it came in the same package."""
        return self.folder / self.file


def read_folder(folder: Path) -> tuple[list[Kernels], dict[str, str]]:
    """The packed kernels that a folder describes, by name, and what is wrong with descriptions that are passed over."""
    found: list[Kernels] = []
    problems: dict[str, str] = {}
    for path in sorted(folder.glob("*" + SUFFIX)):
        try:
            with path.open("rb") as file:
                found.append(parse(file.read(slices.MAX_INDEX_SIZE + 1), path))
        except (IndexProblem, OSError) as problem:
            problems[path.name] = str(problem) if isinstance(problem, IndexProblem) else str(problem.strerror)
    return found, problems


def parse(data: bytes, path: Path) -> Kernels:
    """Reads a description. Raises IndexProblem."""
    item = slices.parse_index(data, path.name[: -len(SUFFIX)])
    values: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        key, _, value = line.strip().partition(" ")
        values.setdefault(key, value.strip())

    def text(key: str, pattern: str) -> str:
        value = values.get(key, "")
        if not re.match(pattern, value):
            raise IndexProblem(f"no line '{key}' that can be understood")
        return value

    return Kernels(
        folder=path.parent,
        slice=item,
        identity=text("id", _IDENTITY.pattern),
        file=text("packed-file", _FILE.pattern),
        size=int(text("packed-size", r"[0-9]{1,12}\Z")),
        sha256=text("packed-sha256", _DIGEST.pattern),
        library_size=int(text("library-size", r"[0-9]{1,12}\Z")),
        ptx_driver=int(text("ptx-cuda-driver", r"[0-9]{4,6}\Z")) if item.virtual else 0,
        ptx_floor=values.get("ptx-driver-floor", ""),
        url=text("url", r"https?://[^\s\"\\]+\Z") if "url" in values else "",
    )


class Image(NamedTuple):
    """An architecture in one form: a cubin, or PTX."""

    arch: Arch
    is_ptx: bool

    @property
    def label(self) -> str:
        """``75``, ``90a``, ``89ptx``: as part of a slice's name."""
        return f"{self.arch.number}{self.arch.suffix}{'ptx' if self.is_ptx else ''}"


def image_for(item: Slice, capability: int) -> Image | None:
    """The image that a GPU of a compute capability (75 is 7.5) will run; None if there is none for it."""
    rank = item.rank(capability)
    if rank is slices.Rank.NONE:
        return None
    is_ptx = rank is slices.Rank.PTX
    closest = max(arch.number for arch in item.compile_set if arch.number <= capability)
    arch = next(arch for arch in (item.virtual if is_ptx else item.real) if arch.number == closest)
    return Image(arch, is_ptx)


def everything(item: Slice) -> list[Image]:
    """Every image of a slice."""
    return [Image(arch, False) for arch in item.real] + [Image(arch, True) for arch in item.virtual]


def part(kernels: Kernels, images: Sequence[Image]) -> Slice:
    """The slice that holds only some images of packed kernels."""
    whole = kernels.slice
    chosen = sorted(set(images), key=lambda image: (image.arch.number, image.arch.suffix, image.is_ptx))
    real = tuple(image.arch for image in chosen if not image.is_ptx)
    virtual = tuple(image.arch for image in chosen if image.is_ptx)
    name = whole.name if set(chosen) == set(everything(whole)) else "sm" + "-".join(image.label for image in chosen)
    if len(name) > slices.MAX_NAME:
        name = "sm-" + hashlib.sha256(name.encode()).hexdigest()[:16]
    ptx_only = not real
    return Slice(
        name=name,
        toolkit=whole.toolkit,
        # A slice of PTX only loads where PTX can be compiled; one with cubins loads wherever they run.
        cuda_driver=kernels.ptx_driver if ptx_only else whole.cuda_driver,
        driver_floor=kernels.ptx_floor if ptx_only else whole.driver_floor,
        compile_set=whole.compile_set,
        real=real,
        virtual=virtual,
    )


class PackedFile:
    """A packed file, opened: its index was checked against the file, so that nothing is written on a wrong word."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._read(file)
        except OSError as problem:
            raise PackedProblem(f"'{path}' cannot be read: {problem.strerror}") from None

    def _fault(self, rule: str) -> PackedProblem:
        return PackedProblem(f"'{self.path}' cannot be used: {rule}")

    def _read(self, file: BinaryIO) -> None:
        size = os.fstat(file.fileno()).st_size
        data = file.read(_HEADER.size)
        if len(data) < _HEADER.size or data[:8] != _MAGIC:
            raise self._fault("it is no file of packed kernels")
        _, version, flags, offset, stored, index_size, digest, file_size = _HEADER.unpack(data)
        if version != _VERSION or flags != 0:
            raise self._fault(f"it is of format {version}, and this version knows format {_VERSION}")
        if file_size != size:
            raise self._fault(f"it must have {file_size} bytes and has {size}")
        if offset < _HEADER.size or offset + stored != size or index_size > _INDEX_LIMIT:
            raise self._fault("its index is out of place")
        file.seek(offset)
        text = b"".join(_decompress(file, stored, index_size, self._fault))
        if hashlib.sha256(text).digest() != digest:
            raise self._fault("its index has another digest than its header says")
        self.identity: str = digest[:16].hex()
        try:
            self.index: dict[str, Any] = json.loads(text)
            problem = _contradiction(self.index, offset)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            problem = "it is not one that this version knows"
        if problem:
            raise self._fault(f"its index is wrong: {problem}")

    @property
    def size(self) -> int:
        """The size of the library with every entry; the size of the file for any part of it."""
        return int(self.index["librarySize"])

    def plan(self, images: Sequence[Image]) -> Plan:
        """Where everything goes in a library that holds some images."""
        index = self.index
        wanted = {(f"{image.arch.number}{image.arch.suffix}", "virtual" if image.is_ptx else "real") for image in images}
        keep = [(image["architecture"], image["kind"]) in wanted for image in index["images"]]
        members: list[list[int]] = [[] for _ in index["containers"]]
        for number, entry in enumerate(index["entries"]):
            members[entry["container"]].append(number)
        headers: list[tuple[int, bytes]] = []
        places: dict[int, int] = {}
        for container, own in zip(index["containers"], members):
            header = bytearray.fromhex(container["header"])
            place = container["offset"] + len(header)
            for number in sorted(own, key=lambda item: index["entries"][item]["number"]):
                entry = index["entries"][number]
                if keep[entry["image"]]:
                    places[number] = place
                    place += entry["size"]
            struct.pack_into("<Q", header, 8, place - container["offset"] - len(header))
            headers.append((container["offset"], bytes(header)))
        blocks: list[Block] = []
        for number, block in enumerate(index["blocks"]):
            if number == index["skeleton"]["block"]:
                runs = [(run["offset"], run["size"]) for run in index["skeleton"]["runs"]]
                parts = [Part(runs, index["skeleton"]["sha256"])]
            else:
                parts = []
                for item, entry in enumerate(index["entries"]):
                    if entry["block"] == number:
                        run = (places.get(item, -1), entry["size"])
                        parts.append(Part([run], entry["sha256"], entry.get("filteredSize")))
                while parts and not parts[-1].is_wanted:
                    parts.pop()
            if parts:
                blocks.append(Block(block["offset"], block["storedSize"], block["size"], block["dictionary"], parts))
        return Plan(self.size, headers, blocks)

    def write(self, plan: Plan, block: Block, descriptor: int, moved: Callable[[int], None]) -> None:
        """Writes the wanted parts of a block into an open file; ``moved`` hears how many bytes were read on."""
        with self.path.open("rb") as file:
            file.seek(block.offset)
            pieces = _decompress(file, block.stored, block.size, self._fault)
            piece = memoryview(b"")

            def take(size: int) -> Iterator[memoryview]:
                """The next bytes of the block."""
                nonlocal piece
                while size > 0:
                    if not piece:
                        data = next(pieces, b"")
                        if not data:
                            raise self._fault("a block is too short")
                        moved(len(data))
                        piece = memoryview(data)
                    now = piece[:size]
                    piece = piece[len(now) :]
                    size -= len(now)
                    yield now

            for part in block.parts:
                digest = hashlib.sha256()
                for offset, size in part.runs:
                    parts = take(part.taken(size))
                    if part.filtered is not None and offset >= 0:
                        parts = iter([memoryview(self._restore(b"".join(parts), size))])
                    for now in parts:
                        if offset >= 0:
                            digest.update(now)
                            _write(descriptor, now, offset)
                            offset += len(now)
                if part.is_wanted and digest.hexdigest() != part.sha256:
                    raise self._fault(f"a part has the digest {digest.hexdigest()} and not {part.sha256}")

    def _restore(self, filtered: bytes, size: int) -> bytes | bytearray:
        try:
            return ptx.restore(filtered, size)
        except ptx.PTXProblem as problem:
            raise self._fault(f"a part is broken: {problem}") from None


class Part(NamedTuple):
    """Consecutive bytes of a block: where they go (offset and size; -1 for nowhere), and their digest.

    ``filtered`` is how many bytes of the block a single run was made of, when it is PTX whose names were counted back."""

    runs: list[tuple[int, int]]
    sha256: str
    filtered: int | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether the bytes go anywhere."""
        return all(offset >= 0 for offset, _ in self.runs)

    def taken(self, size: int) -> int:
        """The bytes of the block that a run of some size takes."""
        return size if self.filtered is None else self.filtered


class Block(NamedTuple):
    """A compressed stream and the parts of it up to the last one that is wanted."""

    offset: int
    stored: int
    size: int
    dictionary: int
    parts: list[Part]

    @property
    def work(self) -> int:
        """The bytes that have to be decompressed."""
        return sum(part.taken(size) for part in self.parts for _, size in part.runs)


class Plan(NamedTuple):
    """A library that holds some images: its size, its containers' headers, and the blocks to read."""

    size: int
    headers: list[tuple[int, bytes]]
    blocks: list[Block]

    @property
    def bytes_written(self) -> int:
        """The bytes that are not holes."""
        wanted = sum(size for block in self.blocks for part in block.parts for offset, size in part.runs if offset >= 0)
        return wanted + sum(len(header) for _, header in self.headers)

    def write_headers(self, descriptor: int) -> None:
        """Writes the headers of the containers."""
        for offset, header in self.headers:
            _write(descriptor, memoryview(header), offset)

    def check(self, descriptor: int) -> str:
        """Reads a finished library back; its digest over all parts, or an empty text when one part differs."""
        whole = hashlib.sha256()
        for offset, header in self.headers:
            if os.pread(descriptor, len(header), offset) != header:
                return ""
            whole.update(header)
        for block in self.blocks:
            for part in block.parts:
                if not part.is_wanted:
                    continue
                digest = hashlib.sha256()
                for offset, size in part.runs:
                    end = offset + size
                    while offset < end:
                        data = os.pread(descriptor, min(_CHUNK, end - offset), offset)
                        if not data:
                            return ""
                        digest.update(data)
                        offset += len(data)
                if digest.hexdigest() != part.sha256:
                    return ""
                whole.update(digest.digest())
        return whole.hexdigest()


def _write(descriptor: int, data: memoryview, offset: int) -> None:
    while data:
        count = os.pwrite(descriptor, data, offset)
        data = data[count:]
        offset += count


def _decompress(
    file: BinaryIO, stored: int, size: int, fault: Callable[[str], PackedProblem]
) -> Iterator[bytes]:
    """The pieces of one xz stream of ``stored`` bytes that must give ``size``."""
    decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_LIMIT)
    given = 0
    try:
        while not decoder.eof:
            data = b""
            if decoder.needs_input:
                data = file.read(min(stored, 1 << 18))
                stored -= len(data)
                if not data:
                    raise fault("a block is cut off")
            piece = decoder.decompress(data, _CHUNK)
            given += len(piece)
            if given > size:
                raise fault("a block is too long")
            if piece:
                yield piece
    except lzma.LZMAError as problem:
        raise fault(f"a block is broken: {problem}") from None
    if given != size or stored != 0:
        raise fault("a block has another size than the index says")


def _contradiction(index: dict[str, Any], end: int) -> str:
    """What is wrong with an index: every number lies inside of what it counts, and the library is covered once."""
    if index["format"] != _INDEX_FORMAT:
        return f"it is of format {index['format']}, and this version knows format {_INDEX_FORMAT}"
    size, blocks, containers, entries = index["librarySize"], index["blocks"], index["containers"], index["entries"]
    skeleton, images = index["skeleton"], index["images"]

    def number(value: Any, limit: int) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= limit

    if not number(size, _LIBRARY_LIMIT):
        return "a library of that size"
    place = _HEADER.size
    for block in blocks:
        if block["offset"] != place or not number(block["storedSize"], end - place):
            return "a block is out of place"
        if not number(block["size"], _LIBRARY_LIMIT) or not number(block["dictionary"], _LIBRARY_LIMIT):
            return "a block of that size"
        place += block["storedSize"]
    if place != end:
        return "bytes between the blocks and the index"
    covered = 0
    for run in sorted([*skeleton["runs"], *containers], key=lambda item: item["offset"]):
        if run["offset"] != covered or not number(run["size"], size - covered):
            return "the library is not covered once"
        covered += run["size"]
    if covered != size:
        return "the library is not covered"
    if not number(skeleton["block"], len(blocks) - 1) or not _DIGEST.match(skeleton["sha256"]):
        return "there is no skeleton"
    for image in images:
        if not isinstance(image["architecture"], str) or image["kind"] not in ("real", "virtual"):
            return "an image of no known kind"
    sizes = [0] * len(blocks)
    sizes[skeleton["block"]] = sum(run["size"] for run in skeleton["runs"])
    filled = [len(bytes.fromhex(container["header"])) for container in containers]
    if any(count < 16 for count in filled):
        return "a container's header is too short"
    numbers: set[tuple[int, int]] = set()
    for entry in entries:
        if not number(entry["container"], len(containers) - 1) or not number(entry["image"], len(images) - 1):
            return "an entry belongs nowhere"
        if not number(entry["block"], len(blocks) - 1) or entry["block"] == skeleton["block"]:
            return "an entry is in no block"
        if not number(entry["size"], size) or not _DIGEST.match(entry["sha256"]):
            return "an entry of that size"
        if not number(entry["number"], len(entries)) or (entry["container"], entry["number"]) in numbers:
            return "two entries at one place"
        numbers.add((entry["container"], entry["number"]))
        taken = entry.get("filteredSize", entry["size"])
        if not number(taken, size):
            return "an entry of that size in its block"
        sizes[entry["block"]] += taken
        filled[entry["container"]] += entry["size"]
    if any(count != block["size"] for count, block in zip(sizes, blocks)):
        return "a block's size is not that of its entries"
    if any(count != container["size"] for count, container in zip(filled, containers)):
        return "a container's size is not that of its entries"
    return ""
