"""The commands ``llcuda`` and ``llcuda-server``.

Who speaks: what the GPU is used for, or why the CPU is, is said by the selector when the program starts, in a wheel, in
a tarball and in other people's programs alike. The launchers say only what the selector can't: that it is missing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Callable, NoReturn

from llcuda import driver, native, packed, places, slices, unpack
from llcuda.native import LlcudaError

if TYPE_CHECKING:
    import argparse

# What only some commands need is imported there: a program of the package should start as fast as it would alone.

_QUIET = frozenset({"--version", "--help", "-h", "--usage", "--completion-bash", "--license"})


def start(name: str, arguments: Sequence[str]) -> NoReturn:
    """Replaces this process by a program of the package, with what it needs to find NVIDIA's libraries."""
    folder = native.bin_folder()
    quiet = any(argument in _QUIET for argument in arguments)
    if not quiet:
        unpack.ensure()
    variables = native.environment(os.environ, native.nvidia_libraries(_slices_of_package(folder / "cuda")))
    if quiet:
        variables.setdefault("LLCUDA_QUIET", "1")
    elif not (folder / native.SELECTOR).is_file():
        _say(f"'{folder / native.SELECTOR}' is missing, so the CPU is used; install the package again")
    native.execute(name, arguments, variables)


def _slices_of_package(folder: Path) -> list[slices.Slice]:
    available, _ = slices.read_folder(folder)
    described, _ = packed.read_folder(folder)
    return available + [kernels.slice for kernels in described]


def _say(text: str) -> None:
    print(f"llcuda: {text}", file=sys.stderr)


def _guarded(function: Callable[[], int]) -> int:
    try:
        return function()
    except LlcudaError as problem:
        _say(str(problem))
        return 1
    except BrokenPipeError:
        # The reader of our output has gone (`llcuda info | head -1`); Python would complain again at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def server() -> int:
    """The command ``llcuda-server``: llama-server with the same arguments."""
    return _guarded(lambda: start("llama-server", sys.argv[1:]))


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog="llcuda", description="llama.cpp's programs with CUDA: what is here, and what this machine will use."
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    info = commands.add_parser("info", help="versions, slices, driver, and which slice will be used and why")
    info.add_argument("--json", action="store_true", help="print JSON")
    devices = commands.add_parser("devices", help="the visible NVIDIA GPUs; exit code 1 when there is none")
    devices.add_argument("--json", action="store_true", help="print JSON")
    path = commands.add_parser("path", help="the path of a program, or of the folder with all of them")
    path.add_argument("name", nargs="?", metavar="NAME", help="llama-server, llama-cli, ...")
    run = commands.add_parser("run", help="run a program", usage="llcuda run NAME [ARGUMENT ...]")
    run.add_argument("name", metavar="NAME", help="llama-server, llama-cli, ...")
    todo = commands.add_parser("unpack", help="unpack packed kernels now, for this machine's GPUs or for others")
    todo.add_argument("--gpu", action="append", default=[], metavar="8.6", help="for this compute capability; repeatable")
    todo.add_argument("--all", action="store_true", help="every kernel")
    todo.add_argument("--into", type=Path, metavar="FOLDER", help=f"instead of the package; start programs with "
                      f"{places.CACHE_VARIABLE}=FOLDER then")  # fmt: skip
    get = commands.add_parser("fetch", help="fetch packed kernels that did not come with the package, for later")
    get.add_argument("--gpu", action="append", default=[], metavar="8.6", help="for this compute capability; repeatable")
    get.add_argument("--all", action="store_true", help="for every GPU")
    clean = commands.add_parser("clean", help="remove unpacked kernels; do it before you uninstall the package")
    clean.add_argument("--old", action="store_true", help="only those of other versions of the package")
    return parser


def _capability(text: str) -> int:
    major, _, minor = text.partition(".")
    if not (major.isdigit() and minor.isdigit() and len(major) < 3 and len(minor) == 1):
        raise LlcudaError(f"'{text}' is no compute capability; write it as 8.6")
    return int(major) * 10 + int(minor)


def _wanted(gpus: Sequence[str], everything: bool) -> list[tuple[packed.Kernels, list[packed.Image]]]:
    """The packed kernels that a command is about, and the images of them. Raises LlcudaError."""
    described, problems = packed.read_folder(places.kernels_folder())
    for name, problem in problems.items():
        _say(f"{name} is passed over: {problem}")
    if not described:
        raise LlcudaError("no packed kernels here; this release carries plain ones, or none")
    if everything:
        return [(kernels, packed.everything(kernels.slice)) for kernels in described]
    version = 99990
    capabilities: Sequence[int] = [_capability(text) for text in gpus]
    if not capabilities:
        machine = driver.query()
        if machine.state is not driver.State.READY:
            from llcuda import report

            why = report.decide([], machine).why
            raise LlcudaError(f"{why}; name GPUs with --gpu 8.6, or take everything with --all")
        capabilities, version = machine.capabilities, machine.version
    kernels = unpack.choose(described, capabilities, version)
    if kernels is None:
        here = "; ".join(f"{item.slice.name} with {item.slice.architectures}" for item in described)
        labels = ", ".join(sorted({f"{number // 10}.{number % 10}" for number in capabilities}))
        raise LlcudaError(f"no packed kernels serve {labels}; there are: {here}")
    return [(kernels, unpack.needed(kernels, capabilities))]


def _fetch(gpus: Sequence[str], everything: bool) -> int:
    from llcuda import fetch

    for kernels, _ in _wanted(gpus, everything):
        path, is_new = fetch.keep(kernels)
        print(f"{path}: {kernels.slice.architectures}; {'fetched' if is_new else 'was there already'}")
    return 0


def _unpack(gpus: Sequence[str], everything: bool, into: Path | None) -> int:
    for kernels, images in _wanted(gpus, everything):
        done = unpack.unpack(kernels, images, into=into)
        state = f"{done.bytes_written} bytes in {done.seconds:.1f} s" if done.is_new else "was there already"
        print(f"{done.path}: {done.slice.architectures}; {state}")
    return 0


def _devices(as_json: bool) -> int:
    import json

    from llcuda import report

    machine = driver.query()
    if as_json:
        print(json.dumps(report.devices_json(machine), indent=2))
    for index, device in enumerate(() if as_json else machine.devices):
        print(f"{index}  {device}")
    if not machine.devices:
        _say(report.decide([], machine).why)
        return 1
    return 0


def _run(arguments: list[str]) -> int:
    # Not through argparse: every argument behind the name belongs to the program, `--` and `--help` too.
    if len(arguments) > 1 and arguments[0] == "run" and not arguments[1].startswith("-"):
        start(arguments[1], arguments[2:])
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.version:
        print(f"llcuda {native.package_version()}")
    elif options.command == "info":
        import json

        from llcuda import report

        facts = report.collect()
        print(json.dumps(facts, indent=2) if options.json else report.text(facts))
    elif options.command == "devices":
        return _devices(options.json)
    elif options.command == "unpack":
        return _unpack(options.gpu, options.all, options.into)
    elif options.command == "fetch":
        return _fetch(options.gpu, options.all)
    elif options.command == "clean":
        for path in unpack.clean(everything=not options.old):
            print(f"removed {path}")
    elif options.command == "path":
        print(native.program(options.name) if options.name else native.bin_folder())
    else:
        parser.print_help(sys.stderr)
        return 2
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command ``llcuda``. Exit codes: 0 done, 1 not possible here (one line says why), 2 wrong usage."""
    return _guarded(lambda: _run(list(sys.argv[1:] if arguments is None else arguments)))
