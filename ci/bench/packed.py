"""Measures a packed file for ci/bench/packed: LIBRARY PACKED WORK_FOLDER ROUNDS."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
import zlib
from pathlib import Path

from llcuda.packed import Image, PackedFile
from llcuda.slices import Arch

UNPACK = r"""
import re, resource, sys, time
from pathlib import Path
from llcuda.packed import Image, PackedFile
from llcuda.progress import Bar
from llcuda.slices import Arch
from llcuda import unpack
packed, target, labels = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3].split(",")
begin = time.monotonic()
file = PackedFile(packed)
plan = file.plan([Image(Arch(int(label.rstrip("ptxaf"))), label.endswith("ptx")) for label in labels])
with Bar("", 1) as bar:
    unpack._write(file, plan, target, bar)
seconds = time.monotonic() - begin
cpu = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
# Not ru_maxrss, which a process begins with that of its parent.
peak = int(re.search(r"VmHWM:\s*([0-9]+) kB", Path("/proc/self/status").read_text())[1])
print(seconds, cpu, peak * 1024, plan.bytes_written, sum(block.work for block in plan.blocks))
"""


def deflated(data: bytes) -> int:
    return len(zlib.compress(data, 9))


def main() -> None:
    library, packed, work, rounds = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    file = PackedFile(packed)
    index = file.index
    labels = [image["architecture"] + ("ptx" if image["kind"] == "virtual" else "") for image in index["images"]]
    images = [Image(Arch(int(label.rstrip("ptxaf"))), label.endswith("ptx")) for label in labels]
    plan = file.plan(images)
    places = [offset for block in plan.blocks for part in block.parts for offset, _ in part.runs]
    sizes = [size for block in plan.blocks for part in block.parts for _, size in part.runs]
    runs = len(index["skeleton"]["runs"])
    with library.open("rb") as source, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        weights = list(pool.map(lambda run: deflated(os.pread(source.fileno(), run[1], run[0])), zip(places, sizes)))
    raw: dict[str, int] = {}
    plain: dict[str, int] = {}
    for entry, weight in zip(index["entries"], weights[runs:]):
        kind = index["images"][entry["image"]]["kind"]
        raw[kind] = raw.get(kind, 0) + entry["size"]
        plain[kind] = plain.get(kind, 0) + weight
    stored: dict[str, int] = {}
    for number, block in enumerate(index["blocks"]):
        kinds = {index["images"][entry["image"]]["kind"] for entry in index["entries"] if entry["block"] == number}
        kind = kinds.pop() if kinds else "skeleton"
        stored[kind] = stored.get(kind, 0) + block["storedSize"]
    raw["skeleton"], plain["skeleton"] = sum(sizes[:runs]), sum(weights[:runs])
    for kind in ("real", "virtual", "skeleton"):
        if kind in raw:
            ratio = stored[kind] / plain[kind]
            print(f"{kind}: {raw[kind]} bytes, deflated one by one {plain[kind]}, packed {stored[kind]}, ratio {ratio:.3f}")
    print(f"packed file: {packed.stat().st_size} bytes; deflated: {sum(plain.values())}")
    target = work / "unpacked.so"
    for wanted in [*labels, ",".join(labels)]:
        best: list[float] = []
        for _ in range(rounds):
            target.unlink(missing_ok=True)
            done = subprocess.run(
                [sys.executable, "-c", UNPACK, str(packed), str(target), wanted],
                env={**os.environ, "LLCUDA_QUIET": "1"}, check=True, capture_output=True, text=True,
            )  # fmt: skip
            numbers = [float(word) for word in done.stdout.split()]
            best = min(best or numbers, numbers)
        seconds, cpu, peak, written, work_done = best
        print(
            f"unpack {wanted}: {seconds:.2f} s ({cpu:.2f} s of CPU), peak {peak / 1e6:.0f} MB, {written:.0f} bytes "
            f"written, {work_done:.0f} decompressed"
        )


if __name__ == "__main__":
    main()
