"""The commands, run as an installed package runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from conftest import Site

T4 = "75:Tesla T4"


def test_info_without_driver(site: Site) -> None:
    site.add_slice("sm75", real="75")
    done = site.run("info")
    assert done.returncode == 0 and done.stderr == ""
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert rows["llcuda"] == "4.5.6" and rows["llama.cpp"] == "123 (abc)"
    assert "CPU: no NVIDIA driver here" in done.stdout
    assert "7.5 (CUDA 12.4, driver 525.60.13 or newer)" in done.stdout


def test_info_json(site: Site) -> None:
    site.add_slice("sm75", real="75")
    site.add_slice("sm86", real="86", virtual="86")
    (site.cuda / "bad.index").write_text("format 2\n")
    done = site.run("info", "--json", gpus="89:NVIDIA L4")
    facts = json.loads(done.stdout)
    assert facts["version"] == "4.5.6"
    assert facts["choice"]["slice"] == "sm86" and facts["choice"]["rank"] == "older-cubin"
    assert facts["devices"] == [{"index": 0, "name": "NVIDIA L4", "capability": "8.9"}]
    assert facts["driver"] == {"state": "ready", "cudaVersion": "12.4", "problem": None}
    assert [item["rank"] for item in facts["slices"]] == ["none", "older-cubin"]
    assert facts["brokenIndexes"][0]["file"] == "bad.index"
    assert facts["programs"] == ["llama-bench", "llama-cli", "llama-server"]
    assert facts["cudaLibraries"] == {"libcudart.so.12": None, "libcublas.so.12": None}


def test_info_says_why(site: Site) -> None:
    assert "no slice of the CUDA backend" in site.run("info", gpus=T4).stdout
    site.add_slice("sm75", real="75")
    site.add_slice("sm80", real="80")
    assert "no slice serves Tesla V100 (7.0)" in site.run("info", gpus="70:Tesla V100").stdout
    assert "no single slice serves all" in site.run("info", gpus="75:Tesla T4,80:A100").stdout
    assert "(release 525.60.13) or newer" in site.run("info", gpus=T4, env={"FAKE_CUDA_VERSION": "11040"}).stdout
    assert "does not start: cuInit gave" in site.run("info", gpus=T4, env={"FAKE_CUDA_INIT": "999"}).stdout
    assert "shows no GPU" in site.run("info", gpus="").stdout
    assert "sm80: LLCUDA_SLICE names it, against" in site.run("info", gpus=T4, env={"LLCUDA_SLICE": "sm80.so"}).stdout
    assert "names no slice; there are: sm75, sm80" in site.run("info", gpus=T4, env={"LLCUDA_SLICE": "x"}).stdout


def test_info_tells_of_a_library_without_index(site: Site) -> None:
    site.add_slice("sm75", real="75")
    (site.cuda / "sm80.so").touch()
    done = site.run("info", gpus=T4)
    assert "sm75: it serves" in done.stdout
    line = next(line for line in done.stdout.splitlines() if "sm80.so" in line)
    assert "passed over: its index cuda/sm80.index is missing; install its package again" in line


def test_devices(site: Site) -> None:
    done = site.run("devices", gpus="75:Tesla T4,90:NVIDIA H100")
    assert done.returncode == 0 and done.stdout == "0  Tesla T4 (7.5)\n1  NVIDIA H100 (9.0)\n"
    done = site.run("devices")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == "llcuda: no NVIDIA driver here (libcuda.so.1 is not found)\n"
    done = site.run("devices", "--json")
    assert done.returncode == 1 and json.loads(done.stdout) == []


def test_path(site: Site) -> None:
    done = site.run("path", "llama-cli")
    assert done.returncode == 0 and done.stdout == f"{site.bin / 'llama-cli'}\n"
    assert site.run("path").stdout == f"{site.bin}\n"
    for name in ("llama-nothing", "libllama.so.0", "../bin/llama-cli", "cuda"):
        done = site.run("path", name)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr == f"llcuda: no program '{name}' here; there are: llama-bench, llama-cli, llama-server\n"


def test_run_passes_everything_on(site: Site) -> None:
    done = site.run("run", "llama-cli", "--", "--help", "-m", "a b")
    assert done.returncode == 7
    assert [line for line in done.stdout.splitlines() if line.startswith(("argument", "program"))] == [
        "program=llama-cli", "argument=--", "argument=--help", "argument=-m", "argument=a b",
    ]  # fmt: skip


def test_server_leaves_speaking_to_the_selector(site: Site) -> None:
    site.add_slice("sm75", real="75")
    done = site.run("--port", "1", command="server")
    assert done.returncode == 7 and done.stderr == ""
    assert "quiet=\n" in done.stdout and "library path=\n" in done.stdout


def test_server_is_quiet_for_version_and_help(site: Site) -> None:
    assert "quiet=1" in site.run("--help", command="server").stdout
    assert "quiet=1" in site.run("--version", command="server").stderr
    assert "quiet=0" in site.run("--help", command="server", env={"LLCUDA_QUIET": "0"}).stdout


def test_server_without_selector(site: Site) -> None:
    (site.bin / "libggml-cuda.so").unlink()
    done = site.run(command="server")
    assert done.returncode == 7
    assert done.stderr.count("\n") == 1 and "libggml-cuda.so' is missing, so the CPU is used" in done.stderr
    assert site.run("--version", command="server").stderr == "quiet=1\n"


def libraries(root: Path, *folders: str) -> None:
    for folder in folders:
        (root / folder).mkdir(parents=True)
        for name in ("libcudart", "libcublas"):
            (root / folder / f"{name}.so.12").write_bytes(b"")
            (root / folder / f"{name}.so.13").write_bytes(b"")


def test_nvidia_wheels_beside_us_need_nothing(site: Site) -> None:
    site.add_slice("sm75", real="75")
    libraries(site.root, "nvidia/cuda_runtime/lib", "nvidia/cublas/lib")
    done = site.run(command="server", env={"LD_LIBRARY_PATH": "/before"})
    assert "library path=/before\n" in done.stdout


def test_nvidia_wheels_elsewhere(site: Site, tmp_path: Path) -> None:
    site.add_slice("sm75", real="75")
    other = tmp_path / "other"
    libraries(other, "nvidia/cuda_runtime/lib", "nvidia/cublas/lib")
    path = os.pathsep.join([str(site.root), str(other)])
    done = site.run(command="server", env={"PYTHONPATH": path, "LD_LIBRARY_PATH": "/before"})
    added = f"/before:{other}/nvidia/cuda_runtime/lib:{other}/nvidia/cublas/lib"
    assert f"library path={added}\n" in done.stdout
    done = site.run(command="server", env={"PYTHONPATH": path, "LD_LIBRARY_PATH": added})
    assert f"library path={added}\n" in done.stdout


def test_nvidia_wheels_of_cuda_13(site: Site, tmp_path: Path) -> None:
    site.add_slice("sm75", real="75", toolkit="13.0", cuda_driver="13000")
    other = tmp_path / "other"
    libraries(other, "nvidia/cu13/lib")
    done = site.run(command="server", env={"PYTHONPATH": os.pathsep.join([str(site.root), str(other)])})
    assert f"library path={other}/nvidia/cu13/lib\n" in done.stdout


def test_errors_are_one_line(site: Site) -> None:
    (site.bin / "llama-server").chmod(0o644)
    done = site.run(command="server")
    assert done.returncode == 1 and "may not be executed; run: chmod +x" in done.stderr
    (site.bin / "llama-server").write_bytes(b"\x7fELF of another machine")
    (site.bin / "llama-server").chmod(0o755)
    done = site.run(command="server")
    assert done.returncode == 1 and "does not start" in done.stderr and done.stderr.count("\n") == 1
    done = site.run("info")
    assert done.returncode == 0 and "llama-server does not start" in done.stdout
    (site.bin / "llama-server").unlink()
    done = site.run(command="server")
    assert done.returncode == 1 and done.stderr.startswith("llcuda: no program 'llama-server' here")
    site.bin.rename(site.package / "away")
    for arguments in (["info"], ["path"], ["run", "llama-cli"]):
        done = site.run(*arguments)
        assert done.returncode == 1 and "not a complete installation" in done.stderr
        assert done.stderr.count("\n") == 1


def test_usage(site: Site) -> None:
    assert site.run("--version").stdout == "llcuda 4.5.6\n"
    assert site.run("--help").returncode == 0
    done = site.run()
    assert done.returncode == 2 and done.stdout == "" and "info" in done.stderr
    done = site.run("inof")
    assert done.returncode == 2 and "invalid choice" in done.stderr
    assert site.run("run").returncode == 2
    assert "llcuda run NAME" in site.run("run", "--help").stdout


def test_version_attribute(site: Site) -> None:
    def version() -> str:
        code = "import llcuda; print(llcuda.__version__)"
        # In the site: python -c puts the current folder first, which must not be the sources.
        done = subprocess.run([sys.executable, "-c", code], cwd=site.root, capture_output=True, text=True)
        return done.stdout.strip() or done.stderr

    assert version() == "4.5.6"
    (site.root / "some_project-4.5.6.dist-info" / "RECORD").write_text("other/__init__.py,,\n")
    assert version() == "unknown"
