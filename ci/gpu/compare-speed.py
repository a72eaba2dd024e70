#!/usr/bin/env python3
"""Runs two llama-bench programs in turns and prints the ratio of their speeds.

usage: compare-speed.py MODEL.gguf NAME=PROGRAM NAME=PROGRAM
"""
from __future__ import annotations

import json
import statistics
import subprocess
import sys

ROUNDS = 5


def speeds(program: str, model: str) -> dict[str, float]:
    command = [program, "-m", model, "-p", "512", "-n", "128", "-r", "3", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)
    for row in rows:
        if "CUDA" not in row["backends"]:
            sys.exit(f"{program} did not use CUDA: {row['backends']}\n{done.stderr}")
    return {f"{'pp' if row['n_prompt'] else 'tg'}{row['n_prompt'] or row['n_gen']}": row["avg_ts"] for row in rows}


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    model = sys.argv[1]
    programs = dict(argument.split("=", 1) for argument in sys.argv[2:])
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            runs[name].append(speeds(program, model))
    first, second = programs
    for test in runs[first][0]:
        medians = {name: statistics.median(run[test] for run in runs[name]) for name in programs}
        spread = max(abs(run[test] / medians[name] - 1) for name in programs for run in runs[name])
        print(
            f"{test}: {first} {medians[first]:.1f}, {second} {medians[second]:.1f} tokens/s; "
            f"ratio {medians[first] / medians[second]:.3f}, single runs within {spread:.1%} of their median"
        )


if __name__ == "__main__":
    main()
