"""Where unpacked and fetched kernels lie: beside the package if that is writable, else in the user's cache."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from llcuda import native, packed, slices
from llcuda.packed import Kernels
from llcuda.slices import Slice

CACHE_VARIABLE = "LLCUDA_CACHE_DIR"
_PARTIAL = ".partial-"
_LOCK = ".lock"


def cache() -> Path:
    """The user's cache folder for kernels: LLCUDA_CACHE_DIR, else llcuda in XDG_CACHE_HOME or ~/.cache.

    The selector (cmake/selector/catalog.c) follows the same rule.
    """
    named = os.environ.get(CACHE_VARIABLE, "")
    if named:
        return Path(named)
    general = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(general):
        return Path(general, "llcuda")
    return Path(os.path.expanduser("~"), ".cache", "llcuda")


def kernels_folder() -> Path:
    """The folder ``cuda`` of the package, where descriptions and packed files lie."""
    return native.bin_folder() / "cuda"


def candidates(kernels: Kernels) -> list[Path]:
    """The folders where slices of packed kernels may lie, in the order in which they are tried.

    Each is named after the content, so that kernels of another version of the package are never taken.
    """
    inside, outside = kernels.folder / kernels.identity, cache() / kernels.identity
    # A cache that was named is meant.
    return [outside, inside] if os.environ.get(CACHE_VARIABLE) else [inside, outside]


def slices_here() -> tuple[list[tuple[Slice, Path]], dict[str, str]]:
    """Every slice that the selector may take with its folder, and what is wrong with files that are passed over."""
    folder = kernels_folder()
    described, _ = packed.read_folder(folder)
    found: list[tuple[Slice, Path]] = []
    problems = slices.without_index(folder)
    for place in [folder, *(place for kernels in described for place in candidates(kernels) if is_ours(place))]:
        here, wrong = slices.read_folder(place)
        found += [(item, place) for item in here]
        problems.update(wrong)
    return found, problems


def is_ours(folder: Path) -> bool:
    """Whether a folder belongs to this user or to root, so that nobody else can put a library there."""
    try:
        status = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid in (os.geteuid(), 0) and not status.st_mode & stat.S_IWOTH


def make(folder: Path) -> None:
    """Makes a folder that is_ours() accepts. Raises OSError."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not is_ours(folder):
        raise PermissionError(errno.EACCES, "it belongs to somebody else, or everybody may write there", str(folder))
    # Asked by doing, because access rights don't tell of read-only file systems, quotas and the like.
    probe = folder / f"{_PARTIAL}{os.urandom(16).hex()}"
    probe.touch()
    # The process that holds the lock may have taken it for what a stopped one left behind.
    probe.unlink(missing_ok=True)


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Keeps other processes from working in a folder; where locks don't work, only unique names keep them apart."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            remove_partials(folder, age=0)
        except OSError:
            remove_partials(folder, age=86400)
        yield
    finally:
        os.close(descriptor)


def remove_partials(folder: Path, age: float) -> None:
    """Removes what stopped processes left behind, if it is older than some seconds."""
    for path in folder.glob(_PARTIAL + "*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime >= age:
                path.unlink()


def refusal(folder: Path, problem: OSError) -> str:
    """Why a folder takes no files, in words."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"no space for them in '{folder}'"
    return f"'{folder}': {problem.strerror}"


def partial(folder: Path) -> Path:
    """A name in a folder that nobody else takes."""
    return folder / f"{_PARTIAL}{os.getpid()}-{os.urandom(16).hex()}"


def publish(path: Path, name: Path) -> None:
    """Gives a complete file its name; after a loss of power there is the whole file or none. Raises OSError."""
    os.replace(path, name)
    with contextlib.suppress(OSError):
        descriptor = os.open(name.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_text(name: Path, text: str) -> None:
    """Writes a small file that appears whole or not at all. Raises OSError."""
    path = partial(name.parent)
    try:
        with path.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        publish(path, name)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
