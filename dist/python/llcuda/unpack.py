"""Unpacks kernels: writes a library that holds only what the GPUs of this machine need, once."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from llcuda import driver as nvidia
from llcuda import native, packed, places, slices
from llcuda.native import LlcudaError
from llcuda.packed import Image, Kernels, PackedFile, PackedProblem, Plan
from llcuda.progress import Bar
from llcuda.slices import Slice

# What decompressing may take in all: each block needs its dictionary and a few MiB.
_MEMORY = 150 << 20
_DRIVER_FOLDER = Path("/proc/driver/nvidia")
_STATE = "machine.json"


class Unpacked(NamedTuple):
    """A slice that lies ready, and whether it was written just now."""

    slice: Slice
    path: Path
    is_new: bool
    bytes_written: int
    seconds: float


def fingerprint() -> str:
    """What says without starting the driver that the visible GPUs are those of the last time; empty if nothing does."""
    digest = hashlib.sha256()
    try:
        files = [_DRIVER_FOLDER / "version", *sorted((_DRIVER_FOLDER / "gpus").glob("*/information"))]
        if len(files) < 2:
            return ""
        for file in files:
            digest.update(file.read_bytes() + b"\0")
    except OSError:
        return ""
    for name in ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"):
        digest.update(os.environ.get(name, "-").encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def ensure() -> None:
    """At the start of a program: unpacks what the visible GPUs need, if nothing that serves them lies ready.

    Says what it does on standard error. Never raises for what is wrong with kernels or disks: the CPU works without.
    """
    described, _ = packed.read_folder(places.kernels_folder())
    if not described or os.environ.get("LLCUDA_SLICE"):
        return
    print_of_machine = fingerprint()
    if print_of_machine and any(_state_is(kernels, print_of_machine) for kernels in described):
        return
    machine = nvidia.query()
    if machine.state is not nvidia.State.READY:
        return
    try:
        ready = [item for item, _ in places.slices_here()[0]]
        kernels = None
        if slices.choose(ready, machine.capabilities, machine.version) is None:
            kernels = choose(described, machine.capabilities, machine.version)
            if kernels is None:
                return
            images = needed(kernels, machine.capabilities)
            names = ", ".join(sorted({str(device) for device in machine.devices}))
            unpack(kernels, images, f"for {names}")
        if print_of_machine:
            _remember(kernels, described, print_of_machine)
    except (LlcudaError, OSError) as problem:
        print(f"llcuda: {problem}", file=sys.stderr)


def choose(described: Sequence[Kernels], capabilities: Sequence[int], version: int) -> Kernels | None:
    """The packed kernels whose slice serves GPUs best, by the selector's rule; None if none does."""
    best = slices.choose([kernels.slice for kernels in described], capabilities, version)
    return next((kernels for kernels in described if kernels.slice is best), None)


def needed(kernels: Kernels, capabilities: Sequence[int]) -> list[Image]:
    """The images that GPUs will run. Raises LlcudaError for one that has none."""
    images = []
    for capability in capabilities:
        image = packed.image_for(kernels.slice, capability)
        if image is None:
            raise LlcudaError(
                f"no kernels for compute capability {capability // 10}.{capability % 10} here; "
                f"there are: {kernels.slice.architectures}"
            )
        images.append(image)
    return images


def unpack(kernels: Kernels, images: Sequence[Image], why: str = "", into: Path | None = None) -> Unpacked:
    """Makes the slice that holds some images, unless it lies ready. Raises LlcudaError."""
    item = packed.part(kernels, images)
    folders = [into / kernels.identity] if into else places.candidates(kernels)
    for folder in folders:
        if places.is_ours(folder) and is_ready(folder, item, kernels):
            return Unpacked(item, folder / f"{item.name}.so", False, 0, 0.0)
    refusals: list[str] = []
    for folder in folders:
        try:
            places.make(folder)
            with places.lock(folder):
                # Another process may have done it while this one waited.
                if is_ready(folder, item, kernels):
                    return Unpacked(item, folder / f"{item.name}.so", False, 0, 0.0)
                done = _unpack(kernels, item, images, why, folder)
            _forget_older(kernels)
            return done
        except OSError as problem:
            refusals.append(places.refusal(folder, problem))
        except PackedProblem as problem:
            raise LlcudaError(f"{problem}; install the package again") from None
    raise LlcudaError(f"kernels can't be unpacked: {'; '.join(refusals)}; {places.CACHE_VARIABLE} names another folder")


def _remove(folder: Path, ignore_errors: bool = False) -> None:
    # Few starts remove something, and shutil brings every compression with it.
    import shutil

    shutil.rmtree(folder, ignore_errors)


def _forget_older(kernels: Kernels) -> None:
    """Removes what earlier versions of the package left inside of it; the cache may serve other environments."""
    current = {item.identity for item in packed.read_folder(kernels.folder)[0]}
    for path in kernels.folder.glob("[0-9a-f]" * 32):
        if path.name not in current and path.is_dir() and not path.is_symlink():
            _remove(path, ignore_errors=True)


def _unpack(kernels: Kernels, item: Slice, images: Sequence[Image], why: str, folder: Path) -> Unpacked:
    # Here, because HTTP and threads take longer to import than a start of a program may.
    from llcuda import fetch

    begin = time.monotonic()
    with fetch.packed_file(kernels, folder) as path:
        file = PackedFile(path)
        if file.identity != kernels.identity:
            raise PackedProblem(f"'{path}' is not the file that '{kernels.slice.name}{packed.SUFFIX}' describes")
        plan = file.plan(images)
        size = plan.bytes_written
        status = os.statvfs(folder)
        if status.f_bavail * status.f_frsize < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        partial = places.partial(folder)
        try:
            with Bar(f"unpacking {size >> 20} MiB of kernels {why}".rstrip(), sum(b.work for b in plan.blocks)) as bar:
                digest = _write(file, plan, partial, bar)
            library = folder / f"{item.name}.so"
            places.publish(partial, library)
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()
    status_of_library = library.stat()
    note = {
        "format": 1,
        "id": kernels.identity,
        "size": status_of_library.st_size,
        "mtime": status_of_library.st_mtime_ns,
        "sha256OfParts": digest,
        "images": [image.label for image in images],
    }
    places.write_text(folder / f"{item.name}.unpacked", json.dumps(note) + "\n")
    _link_libraries(kernels, folder)
    # Last: the selector sees a slice by its index.
    places.write_text(folder / f"{item.name}.index", slices.index_text(item))
    return Unpacked(item, library, True, size, time.monotonic() - begin)


def _write(file: PackedFile, plan: Plan, path: Path, bar: Bar) -> str:
    import concurrent.futures
    import threading

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755)
    try:
        os.ftruncate(descriptor, plan.size)
        plan.write_headers(descriptor)
        dictionary = max(min(block.dictionary, block.size) for block in plan.blocks) + (8 << 20)
        workers = max(1, min(os.cpu_count() or 1, _MEMORY // dictionary, len(plan.blocks)))
        mutex = threading.Lock()

        def moved(count: int) -> None:
            with mutex:
                bar.move(count)

        # liblzma works outside of Python's lock, so threads are enough.
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            order = sorted(plan.blocks, key=lambda block: -block.work)
            jobs = [pool.submit(file.write, plan, block, descriptor, moved) for block in order]
            try:
                for job in concurrent.futures.as_completed(jobs):
                    job.result()
            except BaseException:
                for job in jobs:
                    job.cancel()
                raise
        os.fsync(descriptor)
        digest = plan.check(descriptor)
        if not digest:
            raise PackedProblem(f"'{path}' does not hold what was written; check the disk")
        return digest
    finally:
        os.close(descriptor)


def is_ready(folder: Path, item: Slice, kernels: Kernels) -> bool:
    """Whether a slice was unpacked into a folder to its end and nobody changed it since."""
    note = _read_json(folder / f"{item.name}.unpacked")
    try:
        status = (folder / f"{item.name}.so").stat()
        index = (folder / f"{item.name}.index").read_text("utf-8")
    except (OSError, ValueError):
        return False
    return (
        note.get("id") == kernels.identity
        and note.get("size") == status.st_size
        and note.get("mtime") == status.st_mtime_ns
        and index == slices.index_text(item)
    )


def check(kernels: Kernels, images: Sequence[Image], path: Path) -> bool:
    """Reads an unpacked slice back and compares every part's digest."""
    item = packed.part(kernels, images)
    note = _read_json(path.with_name(f"{item.name}.unpacked"))
    plan = PackedFile(kernels.path).plan(images)
    with path.open("rb") as file:
        return plan.check(file.fileno()) == note.get("sha256OfParts", "-")


def _link_libraries(kernels: Kernels, folder: Path) -> None:
    """In the cache, NVIDIA's libraries are not where a slice looks for them; links beside it are."""
    if folder.parent == kernels.folder:
        return
    for place in native.nvidia_libraries([kernels.slice]).values():
        for library in sorted(place.glob("lib*.so*")) if place else ():
            link = places.partial(folder)
            link.symlink_to(library)
            os.replace(link, folder / library.name)


def _state_is(kernels: Kernels, machine: str) -> bool:
    for folder in places.candidates(kernels):
        state = _read_json(folder / _STATE) if places.is_ours(folder) else {}
        if state.get("machine") != machine:
            continue
        try:
            status = (folder / str(state.get("library"))).stat()
        except OSError:
            continue
        if (status.st_size, status.st_mtime_ns) == (state.get("size"), state.get("mtime")):
            return True
    return False


def _remember(kernels: Kernels | None, described: Sequence[Kernels], machine: str) -> None:
    """Notes which GPUs a slice was found ready for, so that the next start need not ask the driver."""
    found, _ = places.slices_here()
    for candidate in [kernels] if kernels else described:
        for item, folder in found:
            if folder in places.candidates(candidate):
                library = folder / f"{item.name}.so"
                status = library.stat()
                state = {"machine": machine, "library": library.name, "size": status.st_size, "mtime": status.st_mtime_ns}
                with contextlib.suppress(OSError):
                    places.write_text(folder / _STATE, json.dumps(state) + "\n")
                return


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def leftovers(everything: bool) -> Iterator[Path]:
    """Folders of unpacked kernels: of other versions of the package, or all of them."""
    described, _ = packed.read_folder(places.kernels_folder())
    current = {kernels.identity for kernels in described}
    for root in (places.kernels_folder(), places.cache()):
        for path in sorted(root.glob("[0-9a-f]" * 32)):
            if path.is_dir() and not path.is_symlink() and (everything or path.name not in current):
                yield path


def clean(everything: bool = True) -> list[Path]:
    """Removes unpacked kernels and what stopped processes left; the folders that went. Raises LlcudaError."""
    gone = []
    for path in leftovers(everything):
        try:
            _remove(path)
        except OSError as problem:
            raise LlcudaError(f"'{path}' cannot be removed: {problem.strerror}") from None
        gone.append(path)
    with contextlib.suppress(OSError):
        places.cache().rmdir()
    return gone
