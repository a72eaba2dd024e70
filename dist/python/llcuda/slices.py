"""Slices: CUDA backend libraries that hold some architectures each, and the rule that picks one of them.

The selector (``libggml-cuda.so``) applies the same rule when a program starts and is what decides; this module explains
it beforehand. One table of cases tests both, so they can't drift apart.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

MAX_ARCHS = 64
MAX_LINE = 1024
MAX_NAME = 63
MAX_INDEX_SIZE = 65536
MAX_SLICES = 128
TEGRA = frozenset({53, 62, 72, 87})

_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,62}\Z")
_ARCH = re.compile(r"([0-9]{2,3})([af]?)\Z")
_TOOLKIT = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})(\.[0-9]{1,4})?\Z")
_NUMBER = re.compile(r"[0-9]{1,6}\Z")
_RELEASE = re.compile(r"[0-9.]{1,31}\Z")
_BLANKS = re.compile(r"[ \t]+")
_REQUIRED = ("format", "slice", "toolkit", "cuda-driver", "compile-set")
_KNOWN = frozenset((*_REQUIRED, "driver-floor", "real", "virtual"))


class IndexProblem(ValueError):
    """What is wrong with an index file."""


class Rank(enum.IntEnum):
    """How well a slice serves a GPU; higher is better."""

    NONE = 0
    PTX = 1
    OLDER_CUBIN = 2
    EXACT_CUBIN = 3

    @property
    def text(self) -> str:
        """The rank in words."""
        return _RANK_TEXTS[self]


_RANK_TEXTS: dict[Rank, str] = {
    Rank.NONE: "not served",
    Rank.PTX: "PTX, compiled at the first run (40 s or more)",
    Rank.OLDER_CUBIN: "a cubin of an older minor version",
    Rank.EXACT_CUBIN: "an exact cubin",
}


class Arch(NamedTuple):
    """An architecture such as ``75`` or ``90a``: ten times the major version plus the minor, and a suffix."""

    number: int
    suffix: str = ""

    def __str__(self) -> str:
        return f"{self.number // 10}.{self.number % 10}{self.suffix}"


class Slice(NamedTuple):
    """What the index of a slice says. CUDA versions count as ``cuDriverGetVersion()`` does: 12040 is 12.4."""

    name: str
    toolkit: int
    cuda_driver: int
    driver_floor: str
    compile_set: tuple[Arch, ...]
    real: tuple[Arch, ...]
    virtual: tuple[Arch, ...]

    def rank(self, capability: int) -> Rank:
        """How well this slice serves a GPU of a compute capability (75 is 7.5).

        ggml's host code picks kernels for the highest architecture of the whole compile set that the GPU reaches, so
        only that one counts.
        """
        closest = max((arch.number for arch in self.compile_set if arch.number <= capability), default=0)
        if any(arch.number == closest and _cubin_runs(arch, capability) for arch in self.real):
            return Rank.EXACT_CUBIN if closest == capability else Rank.OLDER_CUBIN
        if any(arch.number == closest and _ptx_compiles(arch, capability) for arch in self.virtual):
            return Rank.PTX
        return Rank.NONE

    def driver_needed(self, rank: Rank) -> int:
        """The lowest CUDA version of a driver on which the slice serves with this rank."""
        return max(self.cuda_driver, self.toolkit) if rank is Rank.PTX else self.cuda_driver

    def rank_all(self, capabilities: Sequence[int]) -> tuple[Rank, int]:
        """The rank of the GPU that is served worst, and the driver that the most demanding one needs."""
        ranks = [self.rank(capability) for capability in capabilities]
        needed = max([self.cuda_driver, *(self.driver_needed(rank) for rank in ranks)])
        return min(ranks, default=Rank.NONE), needed

    @property
    def architectures(self) -> str:
        """The architectures for people: ``7.5, 8.6 as PTX``."""
        return ", ".join([*map(str, self.real), *(f"{arch} as PTX" for arch in self.virtual)])


def cuda_version(version: int) -> str:
    """12040 as ``12.4``."""
    return f"{version // 1000}.{version % 1000 // 10}"


def _cubin_runs(arch: Arch, capability: int) -> bool:
    if arch.number == capability:
        return True
    if arch.suffix == "a" or arch.number in TEGRA or capability in TEGRA:
        return False
    return arch.number // 10 == capability // 10 and arch.number < capability


def _ptx_compiles(arch: Arch, capability: int) -> bool:
    if arch.suffix == "a":
        return arch.number == capability
    if arch.suffix == "f" and arch.number // 10 != capability // 10:
        return False
    return arch.number <= capability


def choose(slices: Sequence[Slice], capabilities: Sequence[int], driver_version: int) -> Slice | None:
    """The slice that the selector opens: better rank, then fewer architectures, then the name; None if none serves."""
    best: tuple[int, int, bytes] | None = None
    chosen: Slice | None = None
    for candidate in slices:
        rank, needed = candidate.rank_all(capabilities)
        if rank is Rank.NONE or needed > driver_version:
            continue
        order = (-rank, len(candidate.real) + len(candidate.virtual), candidate.name.encode())
        if best is None or order < best:
            best, chosen = order, candidate
    return chosen


def parse_index(data: bytes, stem: str) -> Slice:
    """Reads an index of format 1; ``stem`` is its file name without ``.index``. Raises IndexProblem."""
    if len(data) > MAX_INDEX_SIZE:
        raise IndexProblem("larger than 64 KiB")
    values: dict[str, str] = {}
    parsed: dict[str, tuple[Arch, ...]] = {}
    for number, raw in enumerate(data.split(b"\n"), start=1):
        try:
            if len(raw) > MAX_LINE:
                raise IndexProblem("longer than 1024 bytes")
            if b"\0" in raw:
                raise IndexProblem("holds a zero byte")
            line = raw.decode("utf-8", "replace").rstrip(" \t\r").lstrip(" \t")
            if line and not line.startswith("#"):
                _parse_line(line, stem, values, parsed)
        except IndexProblem as problem:
            raise IndexProblem(f"line {number}: {problem}") from None
    for key in _REQUIRED:
        if key not in values:
            raise IndexProblem(f"no line '{key}'")
    if "real" not in values and "virtual" not in values:
        raise IndexProblem("neither a line 'real' nor a line 'virtual'")
    return Slice(
        name=values["slice"],
        toolkit=_toolkit(values["toolkit"]),
        cuda_driver=int(values["cuda-driver"]),
        driver_floor=values.get("driver-floor", ""),
        compile_set=parsed["compile-set"],
        real=parsed.get("real", ()),
        virtual=parsed.get("virtual", ()),
    )


def _parse_line(line: str, stem: str, values: dict[str, str], parsed: dict[str, tuple[Arch, ...]]) -> None:
    parts = _BLANKS.split(line, maxsplit=1)
    key, value = parts[0], parts[1] if len(parts) > 1 else ""
    if key in values:
        raise IndexProblem("this key was given before")
    if key != "format" and "format" not in values:
        raise IndexProblem("the first line must be 'format 1'")
    if key not in _KNOWN:
        return
    _check_value(key, value, stem)
    values[key] = value
    if key in ("compile-set", "real", "virtual"):
        parsed[key] = _archs(value)


def _check_value(key: str, value: str, stem: str) -> None:
    if key == "format" and not _NUMBER.match(value):
        raise IndexProblem("the format is a number")
    if key == "format" and int(value) != 1:
        raise IndexProblem("written in a format that this version does not know; it knows format 1")
    if key == "slice" and value != stem:
        raise IndexProblem("names another slice than its file does")
    if key == "slice" and not _NAME.match(value):
        raise IndexProblem("not a name that a slice can have")
    if key == "toolkit" and not _TOOLKIT.match(value):
        raise IndexProblem("the toolkit is a version such as 12.4")
    if key == "cuda-driver" and not (_NUMBER.match(value) and int(value) >= 1000):
        raise IndexProblem("cuda-driver is a number such as 12040")
    if key == "driver-floor" and not _RELEASE.match(value):
        raise IndexProblem("driver-floor is a driver release such as 525.60.13")


def _toolkit(value: str) -> int:
    parts = value.split(".")
    return int(parts[0]) * 1000 + int(parts[1]) * 10


def _archs(value: str) -> tuple[Arch, ...]:
    archs: list[Arch] = []
    for word in _BLANKS.split(value) if value else []:
        if len(archs) == MAX_ARCHS:
            raise IndexProblem("more than 64 architectures")
        match = _ARCH.match(word)
        if match is None or int(match.group(1)) < 10:
            raise IndexProblem("an architecture is a number such as 75, perhaps followed by a or f")
        archs.append(Arch(int(match.group(1)), match.group(2)))
    if not archs:
        raise IndexProblem("no architecture given")
    return tuple(archs)


def read_folder(folder: Path) -> tuple[list[Slice], dict[str, str]]:
    """The slices of a folder, sorted by name, and what is wrong with the index files that were passed over."""
    slices: list[Slice] = []
    problems: dict[str, str] = {}
    paths = sorted(path for path in folder.glob("*.index") if not path.name.startswith("."))
    for path in paths:
        try:
            if len(slices) == MAX_SLICES:
                raise IndexProblem(f"there are more than {MAX_SLICES} slices")
            if not path.is_file():
                raise IndexProblem("not a regular file")
            with path.open("rb") as file:
                found = parse_index(file.read(MAX_INDEX_SIZE + 1), path.stem)
            if not path.with_name(path.stem + ".so").is_file():
                raise IndexProblem(f"there is no library cuda/{path.stem}.so")
        except (IndexProblem, OSError) as problem:
            problems[path.name] = str(problem) if isinstance(problem, IndexProblem) else str(problem.strerror)
        else:
            slices.append(found)
    return sorted(slices, key=lambda item: item.name.encode()), problems


def without_index(folder: Path) -> dict[str, str]:
    """The libraries of a package's folder whose index is missing, by file name, and what that means.

    Not for folders that are unpacked into: the index comes last there, so a library without one is on its way.
    """
    return {
        path.name: f"its index cuda/{path.stem}.index is missing; install its package again"
        for path in sorted(folder.glob("*.so"))
        if not path.name.startswith(".") and not os.path.lexists(path.with_name(f"{path.stem}.index"))
    }


def index_text(item: Slice) -> str:
    """The text of an index, as llcuda-build writes it for a slice of its own."""

    def archs(values: Sequence[Arch]) -> str:
        return " ".join(f"{arch.number}{arch.suffix}" for arch in values)

    lines = ["# Written by llcuda; read by libggml-cuda.so, which picks a slice for the GPUs of this machine."]
    lines += ["format 1", f"slice {item.name}", f"toolkit {cuda_version(item.toolkit)}"]
    lines.append(f"cuda-driver {item.cuda_driver}")
    if _RELEASE.match(item.driver_floor):
        lines.append(f"driver-floor {item.driver_floor}")
    lines.append(f"compile-set {archs(item.compile_set)}")
    if item.real:
        lines.append(f"real {archs(item.real)}")
    if item.virtual:
        lines.append(f"virtual {archs(item.virtual)}")
    return "\n".join(lines) + "\n"
