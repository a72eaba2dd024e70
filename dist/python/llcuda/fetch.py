"""Packed kernels that came with the package, or that are fetched."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from llcuda.packed import Kernels, PackedProblem


@contextlib.contextmanager
def packed_file(kernels: Kernels, folder: Path) -> Iterator[Path]:
    """The packed file, for as long as it is needed."""
    if kernels.path.is_file():
        yield kernels.path
        return
    raise PackedProblem(f"'{kernels.path}' is missing")
