"""Layout thin: kernels are fetched from a real HTTP server on loopback that behaves as badly as servers do."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Site
from packing import HEADER, Packed

T4 = "75:Tesla T4"
NAME = "all.packed"


class Server(http.server.ThreadingHTTPServer):
    """Serves one file; ``faults`` are used up one by one, then it behaves."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.faults: list[str] = []
        self.requests: list[tuple[str, str]] = []
        self.ignore_range = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.requests.append((self.path, asked))
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if fault.isdigit():
            self.send_error(int(fault))
        elif fault.startswith("/") or fault.startswith("http"):
            self.send_response(302)
            self.send_header("Location", fault)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_file(asked, fault)

    def send_file(self, asked: str, fault: str) -> None:
        content = self.server.content
        begin = int(asked[len("bytes=") :].rstrip("-")) if asked and not self.server.ignore_range else 0
        if begin:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        rest = content[begin:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if fault == "drop":
            rest = rest[: len(rest) // 3]
            self.close_connection = True
        elif fault == "nothing":
            rest = b""
            self.close_connection = True
        self.wfile.write(rest)


@pytest.fixture
def packed() -> Packed:
    return Packed(["61", "75"], units=2, entry_size=200_000)


@pytest.fixture
def server(packed: Packed) -> Iterator[Server]:
    server = Server(packed.file())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def place(site: Site, packed: Packed, server: Server) -> Path:
    """Describes the kernels as a thin wheel does; the folder that they will go to."""
    file = server.content
    (site.cuda / "all.kernels").write_text(packed.description(file, url=f"{server.url}/v1/{NAME}"))
    return site.cuda / HEADER.unpack(file[: HEADER.size])[6][:16].hex()


def env(site: Site, **more: str) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(site.root / "cache"), "HOME": str(site.root), "LLCUDA_RETRY_SECONDS": "0.01", **more}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock") if folder.is_dir() else []


def test_first_use_fetches_and_unpacks(site: Site, server: Server, place: Path, packed: Packed) -> None:
    done = site.run(command="server", gpus=T4, env=env(site))
    assert done.returncode == 7
    assert f"llcuda: fetching 0 MiB from {server.url}/v1/{NAME}\n" in done.stderr
    assert (place / "sm75.so").read_bytes() == packed.library("75")
    # The packed file itself is not kept.
    assert names(place) == ["sm75.index", "sm75.so", "sm75.unpacked"]
    assert site.run(command="server", gpus=T4, env=env(site)).stderr == "" and len(server.requests) == 1


def test_fetch_keeps_the_file_for_later(site: Site, server: Server, place: Path, packed: Packed) -> None:
    done = site.run("fetch", "--gpu", "7.5", env=env(site))
    assert done.returncode == 0 and done.stdout == f"{place / NAME}: 6.1, 7.5; fetched\n"
    assert "was there already" in site.run("fetch", "--all", env=env(site)).stdout
    for gpu, image in (("6.1", "61"), ("7.5", "75")):
        assert site.run("unpack", "--gpu", gpu, env=env(site, LLCUDA_OFFLINE="1")).returncode == 0
        assert (place / f"sm{image}.so").read_bytes() == packed.library(image)
    assert len(server.requests) == 1 and NAME in names(place)
    site.run("clean", env=env(site))
    assert not place.exists()


def test_goes_on_where_a_connection_dropped(site: Site, server: Server, place: Path) -> None:
    server.faults = ["drop", "drop", "nothing", "drop"]
    assert site.run("fetch", "--all", env=env(site)).returncode == 0
    assert (place / NAME).read_bytes() == server.content
    starts = [int(asked[6:-1]) if asked else 0 for _, asked in server.requests]
    assert len(starts) == 5 and starts[0] == 0 and starts == sorted(starts) and starts[1] > 0


def test_a_server_that_ignores_ranges(site: Site, server: Server, place: Path) -> None:
    server.faults, server.ignore_range = ["drop"], True
    assert site.run("fetch", "--all", env=env(site)).returncode == 0
    assert (place / NAME).read_bytes() == server.content and server.requests[1][1] != ""


def test_server_errors_are_tried_again_and_given_up(site: Site, server: Server, place: Path) -> None:
    server.faults = ["500", "503", "429"]
    assert site.run("fetch", "--all", env=env(site)).returncode == 0 and len(server.requests) == 4
    site.run("clean", env=env(site))
    server.requests, server.faults = [], ["500"] * 50
    done = site.run("fetch", "--all", env=env(site))
    assert done.returncode == 1 and "the server answered 500" in done.stderr and "LLCUDA_MIRROR" in done.stderr
    assert len(server.requests) == 6 and "Traceback" not in done.stderr


@pytest.mark.parametrize("code", ["403", "404", "410"])
def test_client_errors_are_not_tried_again(site: Site, server: Server, place: Path, code: str) -> None:
    server.faults = [code] * 3
    done = site.run("fetch", "--all", env=env(site))
    assert done.returncode == 1 and f"the server answered {code}" in done.stderr and len(server.requests) == 1
    # A program goes on with the CPU.
    assert site.run(command="server", gpus=T4, env=env(site)).returncode == 7


def test_redirects_are_followed_with_the_range(site: Site, server: Server, place: Path) -> None:
    server.faults = ["/elsewhere", "drop", f"{server.url}/again"]
    assert site.run("fetch", "--all", env=env(site)).returncode == 0
    assert [path for path, _ in server.requests] == [f"/v1/{NAME}", "/elsewhere", f"/v1/{NAME}", "/again"]
    assert server.requests[3][1] != "" and (place / NAME).read_bytes() == server.content


def test_a_wrong_file_is_deleted_and_both_digests_are_named(site: Site, server: Server, place: Path) -> None:
    right = hashlib.sha256(server.content).hexdigest()
    server.content = server.content[:-1] + b"?"
    done = site.run("fetch", "--all", env=env(site))
    assert done.returncode == 1 and right in done.stderr and hashlib.sha256(server.content).hexdigest() in done.stderr
    assert names(place) == []


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_of_another_size_is_refused(site: Site, server: Server, place: Path, change: int) -> None:
    size = len(server.content)
    server.content = (server.content + b"?")[: size + change]
    done = site.run("fetch", "--all", env=env(site))
    assert done.returncode == 1 and f"has {size + change} bytes, and the file of this release has {size}" in done.stderr
    assert names(place) == []


def test_what_lies_there_from_another_time_is_not_believed(site: Site, server: Server, place: Path) -> None:
    place.mkdir()
    (place / f"{NAME}.fetched").write_bytes(b"?" * 1000)
    done = site.run("fetch", "--all", env=env(site))
    assert done.returncode == 1 and "was deleted" in done.stderr and names(place) == []
    (place / f"{NAME}.fetched").write_bytes(b"?" * (len(server.content) + 5))
    assert site.run("fetch", "--all", env=env(site)).returncode == 0
    assert (place / NAME).read_bytes() == server.content


def test_offline_names_the_file_and_the_place(site: Site, server: Server, place: Path) -> None:
    offline = env(site, LLCUDA_OFFLINE="1")
    for arguments in (("fetch", "--all"), ("unpack", "--all")):
        done = site.run(*arguments, env=offline)
        assert done.returncode == 1 and f"fetch {server.url}/v1/{NAME} elsewhere and put it into" in done.stderr
    done = site.run(command="server", gpus=T4, env=offline)
    assert done.returncode == 7 and "LLCUDA_OFFLINE is set" in done.stderr and not server.requests
    (place / NAME).write_bytes(server.content)
    assert site.run("unpack", "--all", env=offline).returncode == 0


def test_mirror_and_proxy(site: Site, server: Server, place: Path, packed: Packed) -> None:
    nowhere = packed.description(server.content, url=f"http://asset.invalid/v1/{NAME}")
    (site.cuda / "all.kernels").write_text(nowhere)
    done = site.run("fetch", "--all", env=env(site, LLCUDA_MIRROR=f"{server.url}/mirror/"))
    assert done.returncode == 0 and server.requests[-1][0] == f"/mirror/{NAME}"
    site.run("clean", env=env(site))
    done = site.run("fetch", "--all", env=env(site, http_proxy=server.url))
    assert done.returncode == 0 and server.requests[-1][0] == f"http://asset.invalid/v1/{NAME}"
    site.run("clean", env=env(site))
    done = site.run("fetch", "--all", env=env(site, LLCUDA_MIRROR="ftp://x"))
    assert done.returncode == 1 and "see LLCUDA_MIRROR" in done.stderr


def test_cache_variable(site: Site, server: Server, place: Path, packed: Packed) -> None:
    named = env(site, LLCUDA_CACHE_DIR=str(site.root / "named"))
    assert site.run("fetch", "--all", env=named).returncode == 0
    assert names(site.root / "named" / place.name) == [NAME] and not place.exists()
    assert site.run(command="server", gpus=T4, env=named).returncode == 7
    assert (site.root / "named" / place.name / "sm75.so").read_bytes() == packed.library("75")


def test_an_address_that_is_none_is_refused(site: Site, server: Server, place: Path, packed: Packed) -> None:
    (site.cuda / "all.kernels").write_text(packed.description(server.content, url="file:///etc/passwd"))
    done = site.run("unpack", "--all", env=env(site))
    assert done.returncode == 1 and "all.kernels is passed over: no line 'url'" in done.stderr
