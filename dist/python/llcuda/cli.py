"""The commands ``llcuda`` and ``llcuda-server``.

Who speaks: what the GPU is used for, or why the CPU is, is said by the selector when the program starts, in a wheel, in
a tarball and in other people's programs alike. The launchers say only what the selector can't: that it is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Callable, NoReturn

from llcuda import driver, native, report, slices
from llcuda.native import LlcudaError

_QUIET = frozenset({"--version", "--help", "-h", "--usage", "--completion-bash", "--license"})


def start(name: str, arguments: Sequence[str]) -> NoReturn:
    """Replaces this process by a program of the package, with what it needs to find NVIDIA's libraries."""
    folder = native.bin_folder()
    quiet = any(argument in _QUIET for argument in arguments)
    available, _ = slices.read_folder(folder / "cuda")
    variables = native.environment(os.environ, native.nvidia_libraries(available))
    if quiet:
        variables.setdefault("LLCUDA_QUIET", "1")
    elif not (folder / native.SELECTOR).is_file():
        _say(f"'{folder / native.SELECTOR}' is missing, so the CPU is used; install the package again")
    native.execute(name, arguments, variables)


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
    return parser


def _devices(as_json: bool) -> int:
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
        facts = report.collect()
        print(json.dumps(facts, indent=2) if options.json else report.text(facts))
    elif options.command == "devices":
        return _devices(options.json)
    elif options.command == "path":
        print(native.program(options.name) if options.name else native.bin_folder())
    else:
        parser.print_help(sys.stderr)
        return 2
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command ``llcuda``. Exit codes: 0 done, 1 not possible here (one line says why), 2 wrong usage."""
    return _guarded(lambda: _run(list(sys.argv[1:] if arguments is None else arguments)))
