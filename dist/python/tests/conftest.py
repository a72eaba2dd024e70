"""A folder that looks like site-packages with llcuda installed, and the selector tests' fake driver."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[1]
SELECTOR_TESTS = PYTHON.parents[1] / "cmake" / "selector" / "tests"
sys.path.insert(0, str(PYTHON))

PROGRAM = """#!/bin/sh
[ "$1" = --version ] && { echo "version: 123 (abc)"; echo "quiet=$LLCUDA_QUIET" >&2; exit 0; }
echo "program=$(basename "$0")"
for argument in "$@"; do echo "argument=$argument"; done
echo "library path=$LD_LIBRARY_PATH"
echo "quiet=$LLCUDA_QUIET"
exit 7
"""


class Site:
    """An installed release without real binaries, and a way to run its commands."""

    def __init__(self, root: Path, driver: Path) -> None:
        self.root = root
        self.driver = driver
        self.package = root / "llcuda"
        self.bin = self.package / "bin"
        self.cuda = self.bin / "cuda"
        shutil.copytree(PYTHON / "llcuda", self.package, ignore=shutil.ignore_patterns("__pycache__"))
        self.cuda.mkdir(parents=True)
        for name in ("llama-server", "llama-cli", "llama-bench"):
            (self.bin / name).write_text(PROGRAM)
            (self.bin / name).chmod(0o755)
        (self.bin / "libggml-cuda.so").write_bytes(b"")
        (self.bin / "libllama.so.0").write_bytes(b"")
        info = root / "some_project-4.5.6.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-project\nVersion: 4.5.6\n")
        (info / "RECORD").write_text("llcuda/__init__.py,,\nllcuda/cli.py,,\n")

    def add_slice(self, name: str, **keys: str) -> None:
        values = {"toolkit": "12.4", "cuda-driver": "12000", "driver-floor": "525.60.13", "compile-set": "75 80 86"}
        values.update({key.replace("_", "-"): value for key, value in keys.items()})
        lines = ["format 1", f"slice {name}", *(f"{key} {value}" for key, value in values.items())]
        (self.cuda / f"{name}.index").write_text("\n".join(lines) + "\n")
        (self.cuda / f"{name}.so").write_bytes(b"")

    def run(
        self,
        *arguments: str,
        command: str = "main",
        gpus: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs `llcuda`, or `llcuda-server` with command="server"; `gpus` as fake_cuda.c reads it, None: no driver."""
        variables: dict[str, str] = {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.root), **(env or {})}
        variables["PYTHONDONTWRITEBYTECODE"] = "1"
        if gpus is not None:
            variables["FAKE_CUDA_DEVICES"] = gpus
            variables["LD_LIBRARY_PATH"] = str(self.driver)
        code = f"import sys; from llcuda.cli import {command}; sys.exit({command}())"
        line: list[str] = [sys.executable, "-c", code, *arguments]
        return subprocess.run(
            line, env=variables, cwd=self.root, capture_output=True, text=True, timeout=60, check=False
        )


def compile_library(library: Path, source: Path) -> Path:
    """Compiles a source to a shared library."""
    compiler = next((name for name in ("gcc-12", "gcc", "cc") if shutil.which(name)), None)
    if compiler is None:
        pytest.skip("no C compiler here")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)
    return library


@pytest.fixture(scope="session")
def fake_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a fake libcuda.so.1."""
    folder = tmp_path_factory.mktemp("driver")
    return compile_library(folder / "libcuda.so.1", SELECTOR_TESTS / "fake_cuda.c").parent


@pytest.fixture
def site(tmp_path: Path, fake_driver: Path) -> Site:
    root = tmp_path / "site packages"
    root.mkdir()
    return Site(root, fake_driver)
