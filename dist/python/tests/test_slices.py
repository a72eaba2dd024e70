"""The slice rule and the index format, by the table that the selector is tested with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import SELECTOR_TESTS

from llcuda import report, slices
from llcuda.driver import Device, Driver, State
from llcuda.slices import IndexProblem, Rank

TABLE: dict[str, Any] = json.loads((SELECTOR_TESTS / "cases.json").read_text("utf-8"))
RANKS = {"exact": Rank.EXACT_CUBIN, "older": Rank.OLDER_CUBIN, "ptx": Rank.PTX}
REASONS = {
    "old-driver": "the NVIDIA driver is too old",
    "no-slice": "no slice serves",
    "not-together": "no single slice serves all visible GPUs",
}


def by_name(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", TABLE["cases"], ids=by_name)
def test_rule(case: dict[str, Any]) -> None:
    available = []
    for name, keys in case["slices"].items():
        lines = ["format 1", f"slice {name}", *(f"{key} {value}" for key, value in keys.items())]
        available.append(slices.parse_index("\n".join(lines).encode(), name))
    chosen = slices.choose(available, case["devices"], case["driver"])
    assert (chosen.name if chosen else None) == case["choose"]
    gpus = tuple(Device(f"GPU {number}", number) for number in case["devices"])
    choice = report.decide(available, Driver(State.READY, case["driver"], gpus))
    assert choice.slice == chosen
    if chosen is None:
        assert choice.why.startswith(REASONS[case["reason"]])
    else:
        assert chosen.rank_all(case["devices"])[0] is RANKS[case["rank"]]
        assert choice.rank is RANKS[case["rank"]]


@pytest.mark.parametrize("case", TABLE["indexes"], ids=by_name)
def test_index(case: dict[str, Any]) -> None:
    piece, times = case.get("append", ["", 0])
    data = (case["text"] + piece * times).encode("utf-8")
    if "problem" in case:
        with pytest.raises(IndexProblem) as caught:
            slices.parse_index(data, case["stem"])
        assert case["problem"] in str(caught.value)
    else:
        assert slices.parse_index(data, case["stem"]).name == case["stem"]


def test_folder(tmp_path: Path) -> None:
    good = b"format 1\nslice b\ntoolkit 12.4\ncuda-driver 12000\ncompile-set 75 80\nreal 75\nvirtual 80\n"
    for name in ("b", "a"):
        (tmp_path / f"{name}.index").write_bytes(good.replace(b"slice b", f"slice {name}".encode()))
        (tmp_path / f"{name}.so").write_bytes(b"")
    (tmp_path / "broken.index").write_bytes(b"\xff\xfe")
    (tmp_path / "alone.index").write_bytes(good.replace(b"slice b", b"slice alone"))
    (tmp_path / "folder.index").mkdir()
    found, problems = slices.read_folder(tmp_path)
    assert [item.name for item in found] == ["a", "b"]
    assert found[0].architectures == "7.5, 8.0 as PTX"
    assert set(problems) == {"alone.index", "broken.index", "folder.index"}
    assert "no library cuda/alone.so" in problems["alone.index"]


def test_library_without_index(tmp_path: Path) -> None:
    for name in ("a.so", "a.index", "b.so", ".llcuda-c.so", "d.unpacked"):
        (tmp_path / name).touch()
    assert slices.without_index(tmp_path) == {
        "b.so": "its index cuda/b.index is missing; install its package again"
    }


def test_missing_folder(tmp_path: Path) -> None:
    assert slices.read_folder(tmp_path / "cuda") == ([], {})


def test_damaged_indexes_raise_nothing_else() -> None:
    good = b"format 1\nslice x\ntoolkit 12.4\ncuda-driver 12000\ncompile-set 75 80\nreal 75\n"
    accepted = 0
    for position in range(len(good)):
        for byte in (0, 9, 10, 32, 45, 48, 57, 128, 255):
            try:
                slices.parse_index(good[:position] + bytes([byte]) + good[position + 1 :], "x")
                accepted += 1
            except IndexProblem:
                pass
    assert 0 < accepted < 9 * len(good)
