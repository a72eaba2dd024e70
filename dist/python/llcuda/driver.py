"""What the NVIDIA driver says about this machine, asked through ``libcuda.so.1``."""

from __future__ import annotations

import ctypes
import enum
from typing import Any, NamedTuple

_NO_DEVICE = 100
_CAPABILITY_MAJOR = 75
_CAPABILITY_MINOR = 76
_NAME_SIZE = 128


class State(enum.Enum):
    """How far asking the driver got."""

    MISSING = "missing"
    FAILED = "failed"
    NO_DEVICE = "no-device"
    READY = "ready"


class Device(NamedTuple):
    """A visible GPU; its capability is ten times the major version plus the minor."""

    name: str
    capability: int

    def __str__(self) -> str:
        return f"{self.name} ({self.capability // 10}.{self.capability % 10})"


class Driver(NamedTuple):
    """The driver: its CUDA version as ``cuDriverGetVersion()`` counts (12040 is 12.4, 0 if not known), and the GPUs."""

    state: State
    version: int = 0
    devices: tuple[Device, ...] = ()
    problem: str = ""

    @property
    def capabilities(self) -> tuple[int, ...]:
        """The compute capability of each visible GPU."""
        return tuple(device.capability for device in self.devices)


class _CallFailed(Exception):
    pass


def _call(library: Any, name: str, *arguments: Any) -> None:
    code = getattr(library, name)(*arguments)
    if code != 0:
        text = ctypes.c_char_p()
        known = hasattr(library, "cuGetErrorName") and library.cuGetErrorName(code, ctypes.byref(text)) == 0
        error = (text.value or b"error").decode("utf-8", "replace") if known else "error"
        raise _CallFailed(f"{name} gave {error} ({code})")


def _device(library: Any, ordinal: int) -> Device:
    handle, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    _call(library, "cuDeviceGet", ctypes.byref(handle), ordinal)
    _call(library, "cuDeviceGetAttribute", ctypes.byref(major), _CAPABILITY_MAJOR, handle)
    _call(library, "cuDeviceGetAttribute", ctypes.byref(minor), _CAPABILITY_MINOR, handle)
    text = ctypes.create_string_buffer(_NAME_SIZE)
    named = library.cuDeviceGetName(text, _NAME_SIZE, handle) == 0 and text.value
    name = text.value.decode("utf-8", "replace") if named else f"GPU {ordinal}"
    return Device(name, major.value * 10 + minor.value)


def query() -> Driver:
    """Asks the driver for its version and the visible GPUs. Never raises: a missing driver is an answer too."""
    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError as problem:
        text = str(problem)
        # If a file was found and does not load, the text begins with its path; the words behind it are translated.
        absent = text.startswith("libcuda.so.1:")
        return Driver(State.MISSING if absent else State.FAILED, problem=text)
    version, count = ctypes.c_int(), ctypes.c_int()
    try:
        started = library.cuInit(0)
        if started not in (0, _NO_DEVICE):
            _call(library, "cuInit", 0)
        _call(library, "cuDriverGetVersion", ctypes.byref(version))
        if started == 0:
            _call(library, "cuDeviceGetCount", ctypes.byref(count))
        devices = tuple(_device(library, ordinal) for ordinal in range(count.value))
    except _CallFailed as problem:
        return Driver(State.FAILED, version=version.value, problem=str(problem))
    except AttributeError:
        return Driver(State.FAILED, problem="libcuda.so.1 is too old or not NVIDIA's: functions are missing")
    return Driver(State.READY if devices else State.NO_DEVICE, version=version.value, devices=devices)
