"""A progress bar on a terminal, and one line elsewhere; both on standard error."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType

_WIDTH = 24
_PAUSE = 0.1


class Bar:
    """Says what is done and how far it is; silent with LLCUDA_QUIET."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = max(1, total)
        self._done = 0
        self._next = 0.0
        self._quiet = os.environ.get("LLCUDA_QUIET", "0") not in ("", "0")
        self._terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Bar:
        if not self._quiet and not self._terminal:
            print(f"llcuda: {self._what}", file=sys.stderr, flush=True)
        return self

    def move(self, count: int) -> None:
        """Goes on by some bytes."""
        self.set(self._done + count)

    def set(self, done: int) -> None:
        """Goes to a number of bytes."""
        self._done = done
        now = time.monotonic()
        if self._terminal and not self._quiet and now >= self._next:
            self._next = now + _PAUSE
            share = min(1.0, self._done / self._total)
            full = int(share * _WIDTH)
            bar = "#" * full + "-" * (_WIDTH - full)
            print(f"\rllcuda: {self._what} [{bar}] {share:4.0%}", end="", file=sys.stderr, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal and not self._quiet:
            print(f"\r\x1b[Kllcuda: {self._what}: {'done' if kind is None else 'stopped'}", file=sys.stderr, flush=True)
