"""Unpacking, as an installed package does it: first use, the command, and everything that can go wrong in between."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Site
from packing import Packed

from llcuda import places

T4 = "75:Tesla T4"
IMAGES = ["61", "75", "86", "86ptx"]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def env(cache: Path, **more: str) -> dict[str, str]:
    # XDG_CACHE_HOME, because LLCUDA_CACHE_DIR would be preferred to the package's own folder.
    return {"XDG_CACHE_HOME": str(cache), "HOME": str(cache), **more}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def complete(*slices: str) -> list[str]:
    return sorted([".lock", *(f"{name}.{end}" for name in slices for end in ("index", "so", "unpacked"))])


def test_first_use_unpacks_what_the_gpu_needs(site: Site, cache: Path) -> None:
    packed = Packed(IMAGES)
    folder = site.cuda / packed.install(site.cuda)
    done = site.run(command="server", gpus=T4, env=env(cache))
    assert done.returncode == 7
    assert done.stderr == "llcuda: unpacking 0 MiB of kernels for Tesla T4 (7.5)\n"
    assert names(folder) == complete("sm75")
    assert (folder / "sm75.so").read_bytes() == packed.library("75")
    assert (folder / "sm75.so").stat().st_mode & 0o777 == 0o755
    assert "compile-set 61 75 86\nreal 75\n" in (folder / "sm75.index").read_text()
    before = (folder / "sm75.so").stat().st_mtime_ns
    done = site.run(command="server", gpus=T4, env=env(cache))
    assert done.stderr == "" and (folder / "sm75.so").stat().st_mtime_ns == before
    assert not cache.exists()
    facts = json.loads(site.run("info", "--json", gpus=T4, env=env(cache)).stdout)
    assert facts["choice"]["slice"] == "sm75" and facts["packed"][0]["architectures"] == "6.1, 7.5, 8.6, 8.6 as PTX"
    assert facts["brokenIndexes"] == []


@pytest.mark.parametrize(
    ("gpus", "name", "images"),
    [
        ("89:NVIDIA L4", "sm86", ["86"]),
        ("90:NVIDIA H100", "sm86ptx", ["86ptx"]),
        ("75:Tesla T4,61:GTX 1080", "sm61-75", ["61", "75"]),
        ("75:Tesla T4,90:NVIDIA H100", "sm75-86ptx", ["75", "86ptx"]),
        ("75:Tesla T4,75:Tesla T4", "sm75", ["75"]),
    ],
)
def test_each_machine_gets_its_own(site: Site, cache: Path, gpus: str, name: str, images: list[str]) -> None:
    packed = Packed(IMAGES)
    folder = site.cuda / packed.install(site.cuda)
    done = site.run(command="server", gpus=gpus, env=env(cache))
    assert done.returncode == 7 and names(folder) == complete(name)
    assert (folder / f"{name}.so").read_bytes() == packed.library(*images)
    text = (folder / f"{name}.index").read_text()
    assert ("cuda-driver 12040\ndriver-floor 550.54.14" in text) == (images == ["86ptx"])


def test_nothing_is_unpacked_in_vain(site: Site, cache: Path) -> None:
    folder = site.cuda / Packed(IMAGES).install(site.cuda)
    cases: list[tuple[str | None, dict[str, str]]] = [
        (None, {}), ("", {}), ("50:GTX 750", {}), (T4, {"FAKE_CUDA_VERSION": "11040"}), (T4, {"LLCUDA_SLICE": "sm80"}),
        (T4, {"FAKE_CUDA_INIT": "999"}),
    ]  # fmt: skip
    for gpus, more in cases:
        assert site.run(command="server", gpus=gpus, env=env(cache, **more)).returncode == 7
        assert not folder.exists()
    assert site.run("--help", command="server", gpus=T4, env=env(cache)).returncode == 7 and not folder.exists()
    # Importing the package does nothing at all.
    code = "import llcuda, llcuda.unpack, llcuda.fetch, llcuda.cli"
    subprocess.run([sys.executable, "-c", code], cwd=site.root, env={**os.environ, **env(cache)}, check=True)
    assert not folder.exists() and not cache.exists()


def test_a_changed_gpu_and_a_slice_that_serves_already(site: Site, cache: Path) -> None:
    folder = site.cuda / Packed(IMAGES).install(site.cuda)
    for gpus in (T4, "61:GTX 1080", T4):
        site.run(command="server", gpus=gpus, env=env(cache))
    assert names(folder) == complete("sm61", "sm75")
    site.run("unpack", "--all", env=env(cache))
    assert site.run(command="server", gpus="89:NVIDIA L4", env=env(cache)).stderr == ""
    assert names(folder) == complete("all", "sm61", "sm75")


def test_command(site: Site, cache: Path) -> None:
    packed = Packed(IMAGES)
    folder = site.cuda / packed.install(site.cuda)
    done = site.run("unpack", "--gpu", "8.9", "--gpu", "7.5", env=env(cache))
    assert done.returncode == 0 and done.stdout.startswith(f"{folder / 'sm75-86.so'}: 7.5, 8.6; ")
    assert "was there already" in site.run("unpack", "--gpu", "8.6", "--gpu", "7.5", env=env(cache)).stdout
    done = site.run("unpack", gpus=T4, env=env(cache))
    assert done.returncode == 0 and names(folder) == complete("sm75", "sm75-86")
    done = site.run("unpack", "--all", "--into", str(cache / "image"), env=env(cache))
    assert (cache / "image" / folder.name / "all.so").read_bytes() == packed.library(*IMAGES)
    for arguments, text in [
        (("unpack",), "no NVIDIA driver here (libcuda.so.1 is not found); name GPUs with --gpu 8.6, or"),
        (("unpack", "--gpu", "5.0"), "no packed kernels serve 5.0; there are: all with 6.1, 7.5, 8.6, 8.6 as PTX"),
        (("unpack", "--gpu", "sm_75"), "'sm_75' is no compute capability; write it as 8.6"),
    ]:
        done = site.run(*arguments, env=env(cache))
        assert done.returncode == 1 and done.stdout == "" and text in done.stderr and done.stderr.count("\n") == 1
    (site.cuda / "all.kernels").unlink()
    assert "no packed kernels here" in site.run("unpack", "--all", env=env(cache)).stderr


def test_clean(site: Site, cache: Path) -> None:
    folder = site.cuda / Packed(IMAGES).install(site.cuda)
    site.run("unpack", "--gpu", "7.5", env=env(cache))
    site.run("unpack", "--gpu", "7.5", "--into", str(cache / "llcuda"), env=env(cache))
    (site.cuda / ("f" * 32)).mkdir()
    (site.cuda / "keep").mkdir()
    done = site.run("clean", "--old", env=env(cache))
    assert done.stdout == f"removed {site.cuda / ('f' * 32)}\n" and folder.exists()
    done = site.run("clean", env=env(cache))
    assert done.returncode == 0 and sorted(done.stdout.splitlines()) == sorted(
        [f"removed {folder}", f"removed {cache / 'llcuda' / folder.name}"]
    )
    assert names(site.cuda) == ["all.kernels", "all.packed", "keep"] and not (cache / "llcuda").exists()


def test_an_upgrade_takes_its_own_kernels_and_removes_the_old(site: Site, cache: Path) -> None:
    old = site.cuda / Packed(IMAGES).install(site.cuda)
    site.run(command="server", gpus=T4, env=env(cache))
    packed = Packed(IMAGES, seed=2)
    new = site.cuda / packed.install(site.cuda)
    done = site.run(command="server", gpus=T4, env=env(cache))
    assert "unpacking" in done.stderr and (new / "sm75.so").read_bytes() == packed.library("75")
    assert old != new and not old.exists()


def test_a_package_that_is_read_only(site: Site, cache: Path) -> None:
    packed = Packed(IMAGES)
    identity = packed.install(site.cuda)
    # A file where the folder would be refuses root as well.
    (site.cuda / identity).write_text("")
    done = site.run(command="server", gpus=T4, env=env(cache))
    place = cache / "llcuda" / identity
    assert names(place) == complete("sm75") and (place / "sm75.so").read_bytes() == packed.library("75")
    assert site.run(command="server", gpus=T4, env=env(cache)).stderr == ""
    # Another user's folder, or one that all may write to, is not trusted.
    place.chmod(0o777)
    done = site.run(command="server", gpus=T4, env=env(cache))
    assert done.returncode == 7 and "kernels can't be unpacked: " in done.stderr and done.stderr.count("\n") == 1


def test_nvidia_libraries_are_linked_into_the_cache(site: Site, cache: Path) -> None:
    for name in ("cuda_runtime", "cublas"):
        (site.root / "nvidia" / name / "lib").mkdir(parents=True)
    (site.root / "nvidia/cuda_runtime/lib/libcudart.so.12").write_bytes(b"")
    (site.root / "nvidia/cublas/lib/libcublas.so.12").write_bytes(b"")
    (site.root / "nvidia/cublas/lib/libcublasLt.so.12").write_bytes(b"")
    identity = Packed(IMAGES).install(site.cuda)
    (site.cuda / identity).write_text("")
    site.run(command="server", gpus=T4, env=env(cache))
    for name in ("libcudart.so.12", "libcublas.so.12", "libcublasLt.so.12"):
        assert (cache / "llcuda" / identity / name).resolve().is_relative_to(site.root)


def test_no_place_at_all(site: Site, cache: Path) -> None:
    identity = Packed(IMAGES).install(site.cuda)
    (site.cuda / identity).write_text("")
    cache.write_text("")
    done = site.run(command="server", gpus=T4, env=env(cache))
    assert done.returncode == 7 and done.stderr.count("\n") == 1
    assert "kernels can't be unpacked: " in done.stderr and "LLCUDA_CACHE_DIR names another folder" in done.stderr
    done = site.run("unpack", "--gpu", "7.5", env=env(cache))
    assert done.returncode == 1 and done.stderr.count("\n") == 1


def start(site: Site, cache: Path, limit: int | None = None) -> subprocess.Popen[str]:
    variables = {**os.environ, **env(cache), "PYTHONPATH": str(site.root), "PYTHONDONTWRITEBYTECODE": "1"}
    before = None
    if limit is not None:
        size = limit

        def before() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    command = [sys.executable, "-m", "llcuda", "unpack", "--gpu", "7.5"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=variables, cwd=site.root, stdout=pipe, stderr=pipe, text=True, preexec_fn=before)


@pytest.mark.parametrize("limit", [100, 9_000, 30_000])
def test_a_full_disk_leaves_nothing_behind(site: Site, cache: Path, limit: int) -> None:
    folder = site.cuda / Packed(IMAGES).install(site.cuda)
    done = start(site, cache, limit)
    _, text = done.communicate(timeout=60)
    assert done.returncode == 1 and f"no space for them in '{folder}'" in text and "Traceback" not in text
    assert [name for name in names(folder) if name != ".lock"] == []
    assert start(site, cache).wait(60) == 0 and names(folder) == complete("sm75")


def test_two_processes_at_once(site: Site, cache: Path) -> None:
    packed = Packed(IMAGES, units=6, entry_size=400_000)
    folder = site.cuda / packed.install(site.cuda)
    processes = [start(site, cache) for _ in range(4)]
    texts = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, texts
    assert sum("unpacking" in text for _, text in texts) == 1
    assert names(folder) == complete("sm75") and (folder / "sm75.so").read_bytes() == packed.library("75")


def test_a_probe_that_the_lock_holder_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch = Path.touch

    def touched_and_gone(path: Path) -> None:
        touch(path)
        places.remove_partials(tmp_path, age=0)

    monkeypatch.setattr(Path, "touch", touched_and_gone)
    places.make(tmp_path)
    assert names(tmp_path) == []


def test_killed_at_any_moment(site: Site, cache: Path) -> None:
    packed = Packed(IMAGES, units=6, entry_size=400_000)
    folder = site.cuda / packed.install(site.cuda)
    begin = time.monotonic()
    assert start(site, cache).wait(60) == 0
    whole = time.monotonic() - begin
    source = random.Random(4)
    for _ in range(8):
        for path in folder.iterdir():
            path.unlink()
        process = start(site, cache)
        time.sleep(whole * source.random())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        # What has an index is whole: the selector would take it.
        if (folder / "sm75.index").exists():
            assert (folder / "sm75.so").read_bytes() == packed.library("75")
        assert start(site, cache).wait(60) == 0
        assert names(folder) == complete("sm75") and (folder / "sm75.so").read_bytes() == packed.library("75")


def test_a_library_that_was_changed_is_written_again(site: Site, cache: Path) -> None:
    packed = Packed(IMAGES)
    folder = site.cuda / packed.install(site.cuda)
    site.run("unpack", "--gpu", "7.5", env=env(cache))
    for damage in (lambda: (folder / "sm75.so").write_bytes(b"cut"), lambda: (folder / "sm75.unpacked").unlink(),
                   lambda: (folder / "sm75.so").unlink(), lambda: (folder / "sm75.index").write_text("format 1\n")):
        damage()
        site.run("unpack", "--gpu", "7.5", env=env(cache))
        assert (folder / "sm75.so").read_bytes() == packed.library("75")
        assert names(folder) == complete("sm75")


def test_damaged_files_are_refused_in_one_line(site: Site, cache: Path) -> None:
    packed = Packed(IMAGES)
    folder = site.cuda / packed.install(site.cuda)
    good = (site.cuda / "all.packed").read_bytes()
    source = random.Random(9)
    wrong = [good[: len(good) * part // 12] for part in range(12)] + [b"", good + b"\0"]
    for _ in range(20):
        place = source.randrange(len(good))
        wrong.append(good[:place] + bytes([good[place] ^ 1 << source.randrange(8)]) + good[place + 1 :])
    for data in wrong:
        (site.cuda / "all.packed").write_bytes(data)
        done = site.run("unpack", "--gpu", "7.5", env=env(cache))
        if done.returncode == 0:  # the damage lies where nothing was read
            assert (folder / "sm75.so").read_bytes() == packed.library("75")
            site.run("clean", env=env(cache))
            continue
        assert done.returncode == 1 and "install the package again" in done.stderr
        assert "Traceback" not in done.stderr and [name for name in names(folder) if name != ".lock"] == []


def test_what_this_version_does_not_know_is_refused(site: Site, cache: Path) -> None:
    packed = Packed(IMAGES)
    packed.install(site.cuda)
    (site.cuda / "all.packed").write_bytes(packed.file(version=3))
    assert "it is of format 3, and this version knows format 2" in site.run("unpack", "--all", env=env(cache)).stderr
    index, _ = packed.index()
    changes: list[dict[str, object]] = [
        {"format": 3}, {"librarySize": -1}, {"librarySize": 1 << 50}, {"librarySize": True}, {"blocks": []}, {"containers": "x"},
        {"entries": index["entries"] + index["entries"][:1]}, {"entries": index["entries"][1:]}, {"images": []},
        {"skeleton": {**index["skeleton"], "block": 1}}, {"skeleton": {**index["skeleton"], "sha256": "../.."}},
        {"containers": [{**item, "offset": item["offset"] - 1} for item in index["containers"]]},
        {"blocks": [{**item, "offset": item["offset"] + 1} for item in index["blocks"]]},
        {"entries": [{**item, "size": -item["size"]} for item in index["entries"]]},
    ]  # fmt: skip
    for change in changes:
        file = packed.file({**index, **change})
        (site.cuda / "all.packed").write_bytes(file)
        (site.cuda / "all.kernels").write_text(packed.description(file))
        done = site.run("unpack", "--all", env=env(cache))
        assert done.returncode == 1 and "its index is wrong: " in done.stderr and "Traceback" not in done.stderr, change


def test_another_description(site: Site, cache: Path) -> None:
    packed = Packed(IMAGES)
    packed.install(site.cuda)
    (site.cuda / "all.packed").write_bytes(Packed(IMAGES, seed=3).file())
    assert "is not the file that 'all.kernels' describes" in site.run("unpack", "--all", env=env(cache)).stderr
    for line, wrong in [("id ", "id ../../x"), ("packed-file ", "packed-file ../x"), ("packed-size ", "packed-size many")]:
        text = packed.description(packed.file())
        lines = [wrong if item.startswith(line) else item for item in text.splitlines()]
        (site.cuda / "all.kernels").write_text("\n".join(lines) + "\n")
        done = site.run("unpack", "--all", env=env(cache))
        assert done.returncode == 1 and f"all.kernels is passed over: no line '{line.strip()}'" in done.stderr


def test_later_starts_do_not_ask_the_driver(
    site: Site, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llcuda import driver, native, unpack

    Packed(IMAGES).install(site.cuda)
    system = tmp_path / "proc"
    (system / "gpus" / "0000:01").mkdir(parents=True)
    (system / "version").write_text("550")
    (system / "gpus" / "0000:01" / "information").write_text("Model: Tesla T4")
    calls: list[int] = []

    def query() -> driver.Driver:
        calls.append(1)
        return driver.Driver(driver.State.READY, 12040, (driver.Device("Tesla T4", 75),))

    monkeypatch.setattr(unpack, "_DRIVER_FOLDER", system)
    monkeypatch.setattr(native, "PACKAGE", site.package)
    monkeypatch.setattr(driver, "query", query)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.delenv("LLCUDA_SLICE", raising=False)
    unpack.ensure()
    unpack.ensure()
    assert len(calls) == 1
    (system / "gpus" / "0000:01" / "information").write_text("Model: GTX 1080")
    unpack.ensure()
    unpack.ensure()
    assert len(calls) == 2
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    unpack.ensure()
    assert len(calls) == 3
    next(site.cuda.glob("*/sm75.so")).unlink()
    unpack.ensure()
    assert len(calls) == 4 and len(list(site.cuda.glob("*/sm75.so"))) == 1
