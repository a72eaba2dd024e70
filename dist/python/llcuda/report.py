"""What will be used on this machine and why, as ``llcuda info`` shows it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from llcuda import driver as nvidia
from llcuda import native, packed, places, slices
from llcuda.slices import Rank, Slice, cuda_version


class Choice(NamedTuple):
    """The slice that a program will open, or None for the CPU, and the reason in one sentence."""

    slice: Slice | None
    rank: Rank
    why: str


def decide(available: Sequence[Slice], machine: nvidia.Driver, override: str = "") -> Choice:
    """Says what the selector will do. ``override`` is the value of LLCUDA_SLICE."""
    if machine.state is nvidia.State.MISSING:
        return _cpu("no NVIDIA driver here (libcuda.so.1 is not found)")
    if machine.state is nvidia.State.FAILED:
        return _cpu(f"the NVIDIA driver does not start: {machine.problem}")
    if machine.state is nvidia.State.NO_DEVICE:
        return _cpu("the NVIDIA driver shows no GPU")
    if not available:
        return _cpu("no slice of the CUDA backend is installed; install the package that holds your GPU's")
    if override:
        return _overridden(available, machine, override)
    chosen = slices.choose(available, machine.capabilities, machine.version)
    if chosen is None:
        return _cpu(_why_none(available, machine))
    rank, _ = chosen.rank_all(machine.capabilities)
    worst = min(machine.devices, key=lambda device: chosen.rank(device.capability))
    return Choice(chosen, rank, f"it serves {worst} with {rank.text}")


def _cpu(why: str) -> Choice:
    return Choice(None, Rank.NONE, why)


def _overridden(available: Sequence[Slice], machine: nvidia.Driver, override: str) -> Choice:
    name = override[: -len(".so")] if override.endswith(".so") and override != ".so" else override
    for candidate in available:
        if candidate.name == name:
            rank, needed = candidate.rank_all(machine.capabilities)
            fits = rank is not Rank.NONE and needed <= machine.version
            return Choice(candidate, rank, "LLCUDA_SLICE names it" + ("" if fits else ", against the rule"))
    names = ", ".join(candidate.name for candidate in available)
    return _cpu(f"LLCUDA_SLICE='{override}' names no slice; there are: {names}")


def _why_none(available: Sequence[Slice], machine: nvidia.Driver) -> str:
    needed = [need for rank, need in (item.rank_all(machine.capabilities) for item in available) if rank]
    if needed:
        least = min(needed)
        floors = [item.driver_floor for item in available if item.cuda_driver == least and item.driver_floor]
        release = f" (release {floors[0]})" if floors else ""
        return (
            f"the NVIDIA driver is too old: CUDA {cuda_version(least)}{release} or newer is needed, "
            f"this one is for CUDA {cuda_version(machine.version)}"
        )
    unserved = [device for device in machine.devices if not any(item.rank(device.capability) for item in available)]
    if unserved:
        return "no slice serves " + ", ".join(sorted({str(device) for device in unserved}))
    return "no single slice serves all visible GPUs; CUDA_VISIBLE_DEVICES=0 leaves one of them visible"


def llama_version() -> str:
    """The version that llama-server prints, or why it can't."""
    import subprocess

    try:
        path = native.program("llama-server")
        variables = {**os.environ, "LLCUDA_QUIET": "1"}
        done = subprocess.run([str(path), "--version"], env=variables, capture_output=True, timeout=60, check=False)
    except native.LlcudaError as problem:
        return str(problem)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"llama-server does not start: {problem}"
    text = (done.stdout + b"\n" + done.stderr).decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    versions = [line for line in lines if line.startswith("version:")]
    if done.returncode != 0 or not lines:
        return f"llama-server does not start: {lines[-1] if lines else f'exit code {done.returncode}'}"
    return versions[0][len("version:") :].strip() if versions else lines[0]


def collect() -> dict[str, Any]:
    """Everything that ``llcuda info`` knows, ready for JSON."""
    folder = native.bin_folder()
    found, broken = places.slices_here()
    available = [item for item, _ in found]
    described, wrong = packed.read_folder(folder / "cuda")
    broken.update(wrong)
    machine = nvidia.query()
    override = os.environ.get("LLCUDA_SLICE", "")
    choice = decide(available, machine, override)
    libraries = native.nvidia_libraries(available + [kernels.slice for kernels in described])
    return {
        "schema": 1,
        "version": native.package_version(),
        "llamaCpp": llama_version(),
        "binFolder": str(folder),
        "programs": native.programs(),
        "selector": (folder / native.SELECTOR).is_file(),
        "driver": {
            "state": machine.state.value,
            "cudaVersion": cuda_version(machine.version) if machine.version else None,
            "problem": machine.problem or None,
        },
        "devices": devices_json(machine),
        "slices": [_slice_json(item, machine) for item in available],
        "packed": [
            {
                "name": kernels.slice.name,
                "id": kernels.identity,
                "architectures": kernels.slice.architectures,
                "bytes": kernels.size,
                "fetched": bool(kernels.url),
            }
            for kernels in described
        ],
        "brokenIndexes": [{"file": name, "problem": problem} for name, problem in broken.items()],
        "cudaLibraries": {name: str(path) if path else None for name, path in libraries.items()},
        "choice": {
            "slice": choice.slice.name if choice.slice else None,
            "rank": choice.rank.name.lower().replace("_", "-"),
            "why": choice.why,
        },
    }


def devices_json(machine: nvidia.Driver) -> list[dict[str, Any]]:
    """The visible GPUs, ready for JSON."""
    return [
        {"index": index, "name": device.name, "capability": f"{device.capability // 10}.{device.capability % 10}"}
        for index, device in enumerate(machine.devices)
    ]


def _slice_json(item: Slice, machine: nvidia.Driver) -> dict[str, Any]:
    rank, needed = item.rank_all(machine.capabilities)
    return {
        "name": item.name,
        "real": [str(arch) for arch in item.real],
        "virtual": [str(arch) for arch in item.virtual],
        "compileSet": [str(arch) for arch in item.compile_set],
        "toolkit": cuda_version(item.toolkit),
        "cudaDriver": cuda_version(item.cuda_driver),
        "driverFloor": item.driver_floor or None,
        "rank": rank.name.lower().replace("_", "-"),
        "driverIsNewEnough": machine.version >= needed if machine.version else None,
    }


def text(facts: dict[str, Any]) -> str:
    """The same for people."""
    driver = facts["driver"]
    states = {
        "missing": "none (libcuda.so.1 is not found)",
        "failed": f"does not start: {driver['problem']}",
        "no-device": f"for CUDA {driver['cudaVersion']}, shows no GPU",
        "ready": f"for CUDA {driver['cudaVersion']}",
    }
    rows = [
        ("llcuda", facts["version"]),
        ("llama.cpp", facts["llamaCpp"]),
        ("folder", facts["binFolder"]),
        ("programs", " ".join(facts["programs"]) or "none"),
        ("driver", states[driver["state"]]),
    ]
    rows += [(f"GPU {gpu['index']}", f"{gpu['name']} ({gpu['capability']})") for gpu in facts["devices"]]
    for item in facts["slices"]:
        archs = ", ".join([*item["real"], *(f"{arch} as PTX" for arch in item["virtual"])])
        floor = f", driver {item['driverFloor']} or newer" if item["driverFloor"] else ""
        rows.append((f"slice {item['name']}", f"{archs} (CUDA {item['toolkit']}{floor})"))
    for item in facts["packed"]:
        how = "fetched and unpacked" if item["fetched"] else "unpacked"
        rows.append((f"packed {item['name']}", f"{item['architectures']} ({item['bytes']} bytes, {how} when first used)"))
    rows += [(item["file"], f"passed over: {item['problem']}") for item in facts["brokenIndexes"]]
    for name, folder in facts["cudaLibraries"].items():
        rows.append((name, folder or "in no NVIDIA wheel here; the system's is used if there is one"))
    choice = facts["choice"]
    if facts["selector"]:
        rows.append(("choice", f"{choice['slice'] or 'CPU'}: {choice['why']}"))
    else:
        rows.append(("choice", f"CPU: {native.SELECTOR} is missing; install the package again"))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
