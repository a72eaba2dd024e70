#!/usr/bin/env python3
"""Installs releases by name from a package index on loopback, with pip and with uv, and looks at what comes and goes.

usage: install_proof.py WORK split=FOLDER packed=FOLDER newer=FOLDER thin=FOLDER

`newer` is a later version of `packed`. Needs pypi-server, uv and pip; NVIDIA's wheels are played by small ones.
"""
from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from pathlib import Path

TOOLS = Path(sys.executable).parent
NVIDIA = {
    "nvidia_cuda_runtime_cu12": "nvidia/cuda_runtime/lib/libcudart.so.12",
    "nvidia_cublas_cu12": "nvidia/cublas/lib/libcublas.so.12",
}


def check(condition: bool, text: str) -> None:
    if not condition:
        sys.exit(f"FAILED: {text}")
    print(f"ok: {text}")


def stand_in(name: str, file: str, folder: Path) -> None:
    """A wheel with the name and the place of one of NVIDIA's."""
    version = "12.8.90"
    info = f"{name}-{version}.dist-info"
    members = {
        file: b"",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }

    def digest(data: bytes) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()

    record = "".join(f"{path},sha256={digest(data)},{len(data)}\n" for path, data in members.items())
    members[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, data in members.items():
            wheel.writestr(path, data)


class Index:
    """pypi-server with the wheels of some folders."""

    def __init__(self, root: Path, *releases: Path) -> None:
        root.mkdir(parents=True)
        for release in releases:
            for wheel in release.glob("*.whl"):
                shutil.copy(wheel, root)
        for name, file in NVIDIA.items():
            stand_in(name, file, root)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/simple/"
        command = [str(TOOLS / "pypi-server"), "run", "-p", str(port), "-i", "127.0.0.1", "--disable-fallback", str(root)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                urllib.request.urlopen(self.url, timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        sys.exit("pypi-server does not answer")

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()


class Environment:
    """A virtual environment that one installer fills."""

    def __init__(self, root: Path, installer: str, index: Index) -> None:
        self.root, self.installer, self.index = root, installer, index
        python = sys.executable
        if installer == "pip":
            self.call([python, "-m", "venv", str(root)])
        else:
            self.call([str(TOOLS / "uv"), "venv", "--offline", "--python", python, str(root)])
        self.site = next(root.glob("lib/python3*/site-packages"))

    def call(self, command: list[str], **variables: str) -> str:
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "LD_LIBRARY_PATH")}
        environment |= {"UV_CACHE_DIR": str(self.root) + "-cache", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"FAILED: {' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def install(self, *projects: str) -> None:
        options = ["--index-url", self.index.url, *projects]
        if self.installer == "pip":
            self.call([str(self.root / "bin/python"), "-m", "pip", "install", "--no-cache-dir", *options])
        else:
            python = str(self.root / "bin/python")
            self.call([str(TOOLS / "uv"), "pip", "install", "--python", python, *options])

    def uninstall(self, *projects: str) -> None:
        if self.installer == "pip":
            self.call([str(self.root / "bin/python"), "-m", "pip", "uninstall", "-y", *projects])
        else:
            self.call([str(TOOLS / "uv"), "pip", "uninstall", "--python", str(self.root / "bin/python"), *projects])

    def projects(self) -> set[str]:
        names = {path.name.split("-")[0] for path in self.site.glob("*.dist-info")}
        return names - {"pip", "setuptools"}

    def llcuda(self, *arguments: str, **variables: str) -> str:
        home = str(self.root) + "-home"
        return self.call([str(self.root / "bin/llcuda"), *arguments], HOME=home, XDG_CACHE_HOME=home, **variables)

    def ours(self) -> list[str]:
        # pip leaves empty folders when several projects shared them.
        found = [path for path in self.site.rglob("*llcuda*/**/*") if not path.is_dir()]
        found += [path for path in (self.root / "bin").glob("llcuda*")]
        return [str(path) for path in found]


def split(work: Path, installer: str, release: Path) -> None:
    with Index(work / "index", release) as index:
        environment = Environment(work / "environment", installer, index)
        environment.install("llcuda-core[sm75]")
        wanted = {"llcuda_core", "llcuda_cu12_sm75", *NVIDIA}
        check(environment.projects() == wanted, f"{installer}: an extra brings one group and NVIDIA's libraries")
        slices = sorted(path.name for path in environment.site.glob("llcuda/bin/cuda/*.so"))
        check(slices == ["sm75.so"], f"{installer}: with its slice")
        environment.install("llcuda")
        groups = {"llcuda_cu12_sm61", "llcuda_cu12_sm86", "llcuda"}
        check(environment.projects() == wanted | groups, f"{installer}: the project brings all groups")
        check("llama.cpp" in environment.llcuda("info"), f"{installer}: its command runs")
        environment.uninstall(*(name for name in environment.projects() if name.startswith("llcuda")))
        check(not environment.ours(), f"{installer}: removal leaves nothing: {environment.ours()}")


def packed(work: Path, installer: str, release: Path, newer: Path) -> None:
    with Index(work / "index", release, newer) as index:
        environment = Environment(work / "environment", installer, index)
        environment.install("llcuda==0.1.0")
        check(environment.projects() == {"llcuda", *NVIDIA}, f"{installer}: packed is one project")
        cuda = environment.site / "llcuda/bin/cuda"
        text = environment.llcuda("unpack", "--gpu", "7.5")
        check(text.startswith(str(cuda)) and " 7.5; " in text, f"{installer}: kernels are unpacked into the package")
        environment.install("--upgrade", "llcuda")
        check(environment.llcuda("--version") == "llcuda 0.2.0\n", f"{installer}: upgraded")
        text = environment.llcuda("unpack", "--gpu", "7.5")
        check("was there already" in text, f"{installer}: the same kernels are not unpacked again")
        check(len(list(cuda.glob("[0-9a-f]" * 32))) == 1, f"{installer}: nothing is left of the version before")
        environment.llcuda("clean")
        environment.uninstall("llcuda")
        check(not environment.ours(), f"{installer}: cleaned and removed, nothing is left: {environment.ours()}")


def thin(work: Path, installer: str, release: Path) -> None:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(release))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Index(work / "index", release) as index:
        environment = Environment(work / "environment", installer, index)
        environment.install("llcuda")
        cuda = environment.site / "llcuda/bin/cuda"
        names = sorted(path.name for path in cuda.iterdir())
        check(names == ["sm61.kernels", "sm75.kernels", "sm86.kernels"], f"{installer}: thin carries no kernels")
        check("url http://assets.invalid/v0.1.0/" in (cuda / "sm75.kernels").read_text(), f"{installer}: but addresses")
        mirror = f"http://127.0.0.1:{server.server_port}"
        text = environment.llcuda("unpack", "--gpu", "7.5", LLCUDA_MIRROR=mirror)
        check(" 7.5; " in text and len(list(cuda.glob("*/sm75.so"))) == 1, f"{installer}: kernels are fetched")
        environment.llcuda("clean")
        environment.uninstall("llcuda")
        check(not environment.ours(), f"{installer}: removal leaves nothing")
    server.shutdown()


def main() -> None:
    work = Path(sys.argv[1])
    folders = {name: Path(path) for name, path in (argument.split("=", 1) for argument in sys.argv[2:])}
    for installer in ("pip", "uv"):
        split(work / f"split-{installer}", installer, folders["split"])
        packed(work / f"packed-{installer}", installer, folders["packed"], folders["newer"])
        thin(work / f"thin-{installer}", installer, folders["thin"])


if __name__ == "__main__":
    main()
