#!/usr/bin/env python3
"""How far test-backend-ops' case ADD_ADD of f16 numbers is from its limit by rounding alone.

usage: rounding.py [RUNS]

A fused sum of three is rounded to f16 once, two sums after each other are rounded twice. Prints for the test's sizes and
types, with its random numbers (from -1 to 1), how often the normalized mean squared error exceeds the limit. llama.cpp's
limit is that of `test_case::max_nmse_err`, tests/test-backend-ops.cpp.
"""
from __future__ import annotations

import random
import struct
import sys

LIMIT = 1e-7


def rounded(numbers: list[float], code: str) -> list[float]:
    form = f"<{len(numbers)}{code}"
    return list(struct.unpack(form, struct.pack(form, *numbers)))


def error(count: int, addend: str, source: random.Random) -> float:
    def numbers(code: str) -> list[float]:
        return rounded([source.uniform(-1, 1) for _ in range(count)], code)

    def total(a: list[float], b: list[float]) -> list[float]:
        return rounded([x + y for x, y in zip(a, b)], "f")

    a, b, c = numbers("e"), numbers(addend), numbers(addend)
    once = rounded(total(total(a, b), c), "e")
    twice = rounded(total(rounded(total(a, b), "e"), c), "e")
    return sum((x - y) ** 2 for x, y in zip(once, twice)) / sum(y * y for y in twice)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    source = random.Random(1)
    for width, count in ((64, runs), (1025, max(runs // 16, 1))):
        for name, code in (("f32", "f"), ("f16", "e")):
            errors = [error(width * 60, code, source) for _ in range(count)]
            over = sum(e > LIMIT for e in errors)
            print(
                f"f16 + {name} + {name}, {width}x5x4x3: beyond {LIMIT:g} in {over} of {count} runs, "
                f"mean {sum(errors) / count:.3g}, largest {max(errors):.3g}"
            )


main()
