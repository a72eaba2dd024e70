"""PTX in packed files: its names come back, and nothing that is wrong does."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SELECTOR_TESTS, compile_library
from llcuda import native, ptx
from packing import count_back, ptx_entry

HEADER = b"\0\0\0\0\x40\0\0\0" + bytes(56)


@pytest.fixture(params=["python", "c"], autouse=True)
def language(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Every test runs with the selector's function and without it."""
    monkeypatch.setattr(native, "PACKAGE", tmp_path)
    ptx._native.cache_clear()
    if request.param == "c":
        (tmp_path / "bin").mkdir()
        compile_library(tmp_path / "bin" / native.SELECTOR, SELECTOR_TESTS.parent / "names.c")
        assert ptx._native()
    yield request.param
    ptx._native.cache_clear()


def restore(text: bytes, size: int) -> str:
    return ptx.restore(HEADER + text, 64 + size)[64:].decode()


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("%r1 %r2 %r1 %r2", b"%r\x80 %r\x80 %r\x83 %r\x83"),
        ("%r7 %r7 %r6 %r7", b"%r\x816\x80 %r\x82 %r\x81-2\x80 %r\x83"),
        ("%f1 %rd1 %f1", b"%f\x80 %rd\x80 %f\x82"),
        ("$L__BB0_1: bra $L__BB0_1; $L2", b"$L__BB0_\x80: bra $L__BB0_\x82; $L\x811\x80"),
        (".entry a %r1 .func b %r1", b".entry a %r\x80 .func b %r\x80"),
        ("%r<9> %r01 %tid.x %r1a %r1_ $Ltmp", b"%r<9> %r01 %tid.x %r1a %r1_ $Ltmp"),
        (" ".join(f"%r{n + 1}" for n in range(200)) + " %r1", b" ".join([b"%r\x80"] * 200) + b" %r\xff\x80\x80\xca"),
    ],
)
def test_names_are_counted_back(text: str, stored: bytes) -> None:
    assert count_back(text) == stored
    assert restore(stored, len(text)) == text


@pytest.mark.parametrize("seed", range(5))
def test_an_entry_comes_back(seed: int) -> None:
    entry, filtered = ptx_entry(random.Random(seed), functions=3, lines=500)
    assert ptx.restore(filtered, len(entry)) == entry


@pytest.mark.parametrize(
    ("stored", "rule"),
    [
        (b"%r", "too short"),
        (b"%r\x82", "more names than there are"),
        (b"%r\x80 %r\x83", "more names than there are"),
        (b"%r\x80 %r\xff\x80\x80\x80", "more names than there are"),
        (b"%r\x81-2\x80", "a number that no name has"),
        (b"%r\x8199999999\x80", "a number that no name has"),
        (b"%r\x81x\x80", "behind no name"),
        (b"%r\xff\x80", "behind no name"),
        (b"add \x80", "behind no name"),
    ],
)
def test_what_is_wrong_is_refused(stored: bytes, rule: str) -> None:
    with pytest.raises(ptx.PTXProblem, match=rule):
        restore(stored, 1000)


def test_sizes_and_header_are_checked() -> None:
    for size in (2, 4):
        with pytest.raises(ptx.PTXProblem, match="too"):
            restore(b"%r\x80", size)
    with pytest.raises(ptx.PTXProblem, match="header"):
        ptx.restore(b"\0\0\0\0\x40\0\0\0", 100)


def test_both_languages_take_and_refuse_the_same(language: str) -> None:
    if language == "python":
        pytest.skip("compared with C")
    source = random.Random(7)
    pieces = [b"%r", b"%", b"$L", b"$L__BB1_", b"\x80", b"\x81", b"\x82", b"\x83", b"\xff", b"1", b"-", b" ", b".entry ", b"x"]
    quickly = ptx._native()
    assert quickly
    taken = 0
    for _ in range(3000):
        stored = HEADER + b"".join(source.choices(pieces, k=source.randrange(12)))
        try:
            text = b"".join(map(ptx._restore_function, ptx._functions(stored, 64)))
        except ptx.PTXProblem:
            assert quickly(stored, 64, 1000) is None
            for size in range(64, 90):
                assert quickly(stored, 64, size) is None
            continue
        taken += 1
        assert quickly(stored, 64, 64 + len(text)) == HEADER + text
        assert quickly(stored, 64, 65 + len(text)) is None
        assert not text or quickly(stored, 64, 63 + len(text)) is None
    assert taken > 100
