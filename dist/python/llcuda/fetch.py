"""Packed kernels that did not come with the package are fetched: resumed, retried, and checked before they are used.

Every path honours the same variables:

* ``LLCUDA_OFFLINE=1`` fetches nothing and says which file is missing,
* ``LLCUDA_MIRROR=https://...`` is asked in place of the address that the package names,
* ``LLCUDA_CACHE_DIR`` is where files go when the package's own folder is not writable, or in place of it,
* ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY`` name proxies, as for other programs.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import os
import random
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from llcuda import places
from llcuda.native import LlcudaError
from llcuda.packed import Kernels
from llcuda.progress import Bar

OFFLINE_VARIABLE = "LLCUDA_OFFLINE"
MIRROR_VARIABLE = "LLCUDA_MIRROR"
_ATTEMPTS = 6
_TIMEOUT = 30.0
_CHUNK = 1 << 18
_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)\Z")


class _Again(Exception):
    """A fault that may be gone at the next attempt."""


@contextlib.contextmanager
def packed_file(kernels: Kernels, folder: Path) -> Iterator[Path]:
    """The packed file for as long as it is needed; one that is fetched goes into ``folder`` and is removed afterwards.

    Raises LlcudaError, OSError.
    """
    for path in _copies(kernels):
        if _is_whole(path, kernels):
            yield path
            return
    path = fetch(kernels, folder)
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def keep(kernels: Kernels) -> tuple[Path, bool]:
    """Fetches a packed file for later, unless it is here; its path, and whether it was fetched. Raises LlcudaError."""
    for path in _copies(kernels):
        if _is_whole(path, kernels):
            return path, False
    refusals: list[str] = []
    for folder in places.candidates(kernels):
        try:
            places.make(folder)
            with places.lock(folder):
                here = folder / kernels.file
                return (here, False) if _is_whole(here, kernels) else (fetch(kernels, folder), True)
        except OSError as problem:
            refusals.append(places.refusal(folder, problem))
    raise LlcudaError(f"kernels can't be fetched: {'; '.join(refusals)}; {places.CACHE_VARIABLE} names another folder")


def _copies(kernels: Kernels) -> list[Path]:
    return [kernels.path, *(folder / kernels.file for folder in places.candidates(kernels) if places.is_ours(folder))]


def _is_whole(path: Path, kernels: Kernels) -> bool:
    try:
        size = path.stat().st_size
    except OSError:
        return False
    # One that came with the package is read even if its size is wrong, so that the message names it.
    return size == kernels.size or path == kernels.path


def address(kernels: Kernels) -> str:
    """Where a packed file is fetched from: the mirror, if one is named."""
    mirror = os.environ.get(MIRROR_VARIABLE, "")
    return f"{mirror.rstrip('/')}/{kernels.file}" if mirror else kernels.url


def fetch(kernels: Kernels, folder: Path) -> Path:
    """Fetches a packed file into a folder that exists; its path. Raises LlcudaError, and OSError of the disk."""
    url = address(kernels)
    if not url:
        raise LlcudaError(f"'{kernels.path}' is missing; install the package again")
    if os.environ.get(OFFLINE_VARIABLE, "0") not in ("", "0"):
        raise LlcudaError(
            f"{OFFLINE_VARIABLE} is set and '{kernels.file}' is not here; fetch {url} elsewhere and put it into '{folder}'"
        )
    if not re.match(r"https?://", url):
        raise LlcudaError(f"'{url}' is no address that begins with https:// or http://; see {MIRROR_VARIABLE}")
    target, partial = folder / kernels.file, folder / f"{kernels.file}.fetched"
    status = os.statvfs(folder)
    if status.f_bavail * status.f_frsize < kernels.size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with Bar(f"fetching {kernels.size >> 20} MiB from {url}", kernels.size) as bar:
        _transfer(url, partial, kernels, bar)
    digest = hashlib.sha256()
    with partial.open("rb") as file:
        while data := file.read(_CHUNK):
            digest.update(data)
        size = file.tell()
        os.fsync(file.fileno())
    if size != kernels.size or digest.hexdigest() != kernels.sha256:
        partial.unlink()
        raise LlcudaError(
            f"what {url} gave is not the file of this release and was deleted: it has {size} bytes with sha256 "
            f"{digest.hexdigest()}, and {kernels.size} bytes with {kernels.sha256} are right"
        )
    places.publish(partial, target)
    return target


def _transfer(url: str, partial: Path, kernels: Kernels, bar: Bar) -> None:
    problem = ""
    failures = 0
    while failures < _ATTEMPTS:
        have = partial.stat().st_size if partial.exists() else 0
        if have > kernels.size:
            partial.unlink()
            have = 0
        if have == kernels.size:
            return
        bar.set(have)
        try:
            _attempt(url, partial, have, kernels.size, bar)
            return
        except _Again as fault:
            problem = str(fault)
        now = partial.stat().st_size if partial.exists() else 0
        # A connection that brings something each time is not given up.
        failures = failures + 1 if now <= have else 1
        if failures < _ATTEMPTS:
            time.sleep(_pause(failures))
    raise LlcudaError(
        f"{url} could not be fetched: {problem}; what is here is kept, run again to go on, or name a mirror in {MIRROR_VARIABLE}"
    )


def _pause(failures: int) -> float:
    unit = float(os.environ.get("LLCUDA_RETRY_SECONDS", "1") or 1)
    return unit * min(30.0, 2.0 ** (failures - 1)) * (0.5 + random.random() / 2)


def _attempt(url: str, partial: Path, have: int, size: int, bar: Bar) -> None:
    headers = {"User-Agent": "llcuda", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT) as answer:
            have = _start(answer, have, size)
            bar.set(have)
            with partial.open("r+b" if have else "wb") as file:
                file.seek(have)
                file.truncate()
                while have < size:
                    data = answer.read(min(_CHUNK, size - have))
                    if not data:
                        raise _Again(f"the connection ended after {have} of {size} bytes")
                    file.write(data)
                    have += len(data)
                    bar.move(len(data))
    except urllib.error.HTTPError as fault:
        if fault.code == 416:
            # What is here is not what the server has: begin again.
            partial.unlink(missing_ok=True)
            raise _Again("the server has less than what is here") from None
        if fault.code in (408, 429) or fault.code >= 500:
            raise _Again(f"the server answered {fault.code} {fault.reason}") from None
        raise LlcudaError(f"{url}: the server answered {fault.code} {fault.reason}") from None
    except urllib.error.URLError as fault:
        if isinstance(fault.reason, ssl.SSLCertVerificationError):
            raise LlcudaError(f"{url}: {fault.reason}") from None
        raise _Again(str(fault.reason)) from None
    except (http.client.HTTPException, TimeoutError, ConnectionError) as fault:
        raise _Again(str(fault) or type(fault).__name__) from None


def _start(answer: http.client.HTTPResponse, have: int, size: int) -> int:
    """Where the bytes of an answer begin."""
    if answer.status == 206:
        match = _RANGE.match(answer.headers.get("Content-Range", ""))
        if match is None or int(match.group(1)) != have or match.group(3) not in ("*", str(size)):
            raise LlcudaError(f"{answer.url}: the server has another file: {answer.headers.get('Content-Range')}")
        return have
    length = answer.headers.get("Content-Length")
    if length is not None and length.isdigit() and int(length) != size:
        raise LlcudaError(
            f"{answer.url} has {length} bytes, and the file of this release has {size}; is it another version's?"
        )
    # The server ignores ranges, or none was asked for.
    return 0
