"""The native programs of this package: where they are and how they are started."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from llcuda.slices import Slice

# Not resolved: an installer may link files one by one from a store.
PACKAGE = Path(os.path.abspath(__file__)).parent
SELECTOR = "libggml-cuda.so"


class LlcudaError(Exception):
    """An error that the user is told in one line."""


def bin_folder() -> Path:
    """The folder with everything native. Raises LlcudaError when the installation has none."""
    folder = PACKAGE / "bin"
    if not folder.is_dir():
        raise LlcudaError(f"'{folder}' is missing; this is not a complete installation, install the package again")
    return folder


def programs() -> list[str]:
    """The names of the programs, sorted."""
    folder = bin_folder()
    return sorted(path.name for path in folder.iterdir() if ".so" not in path.name and path.is_file())


def program(name: str) -> Path:
    """The path of a program. Raises LlcudaError, naming those that exist."""
    names = programs()
    if name not in names:
        raise LlcudaError(f"no program '{name}' here; there are: {', '.join(names) or 'none'}")
    return bin_folder() / name


def nvidia_folders(major: int) -> tuple[tuple[str, str, str], ...]:
    """Where NVIDIA's wheels of a CUDA major version keep a library: (library, folder in site-packages, project)."""
    if major >= 13:
        folder = f"nvidia/cu{major}/lib"
        return (
            (f"libcudart.so.{major}", folder, f"nvidia-cuda-runtime=={major}.*"),
            (f"libcublas.so.{major}", folder, f"nvidia-cublas=={major}.*"),
        )
    return (
        (f"libcudart.so.{major}", "nvidia/cuda_runtime/lib", f"nvidia-cuda-runtime-cu{major}"),
        (f"libcublas.so.{major}", "nvidia/cublas/lib", f"nvidia-cublas-cu{major}"),
    )


def nvidia_libraries(slices: Sequence[Slice], search: Sequence[str] | None = None) -> dict[str, Path | None]:
    """The folder of each CUDA library that the slices need, or None when no NVIDIA wheel on ``sys.path`` has it.

    The folder beside this package comes first: the slices find that one by themselves.
    """
    places = [str(PACKAGE.parent), *(sys.path if search is None else search)]
    found: dict[str, Path | None] = {}
    for major in sorted({item.toolkit // 1000 for item in slices}):
        for library, folder, _ in nvidia_folders(major):
            candidates = (Path(place, folder) for place in places if place)
            found[library] = next((path for path in candidates if (path / library).is_file()), None)
    return found


def environment(base: Mapping[str, str], libraries: Mapping[str, Path | None]) -> dict[str, str]:
    """The variables for a program: ``base``, with LD_LIBRARY_PATH extended to NVIDIA's wheels that lie elsewhere."""
    result = dict(base)
    known = [entry for entry in result.get("LD_LIBRARY_PATH", "").split(os.pathsep) if entry]
    more: list[str] = []
    for folder in libraries.values():
        if folder is not None and PACKAGE.parent not in folder.parents and str(folder) not in [*known, *more]:
            more.append(str(folder))
    if more:
        result["LD_LIBRARY_PATH"] = os.pathsep.join([*known, *more])
    return result


def execute(name: str, arguments: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
    """Replaces this process by a program. Raises LlcudaError when it doesn't start."""
    path = program(name)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(path, [str(path), *arguments], dict(variables))
    except PermissionError:
        raise LlcudaError(f"'{path}' may not be executed; run: chmod +x '{path}'") from None
    except OSError as problem:
        raise LlcudaError(f"'{path}' does not start: {problem.strerror}; it is made for Linux with glibc") from None


def package_version() -> str:
    """The version of the distribution that this package belongs to, whatever its project name; "unknown" if none."""
    # Takes long to import, and no program needs it to start.
    import importlib.metadata

    for distribution in importlib.metadata.distributions(path=[str(PACKAGE.parent)]):
        record = distribution.read_text("RECORD") or ""
        if f"\n{PACKAGE.name}/__init__.py," in "\n" + record:
            return distribution.version
    return "unknown"
