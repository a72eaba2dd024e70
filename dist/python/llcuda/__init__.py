"""llama.cpp's programs with CUDA, and the tools to see which part of them this machine will use."""

from __future__ import annotations

from typing import Any

__all__ = ["__version__"]


def __getattr__(name: str) -> Any:
    # Asking the installed metadata takes a while, and the launchers have no need of it.
    if name == "__version__":
        from llcuda.native import package_version

        return package_version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
