"""PTX as it stands in packed files: registers and labels counted back to their last use (format: dist/packed-format.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from llcuda import native

# A name's stem and, in place of its number, a code: new, new with a jump, used so many names ago, used long ago.
_NAME = re.compile(
    rb"(%[a-z]+|\$L(?:__BB[0-9]+_)?)(?:([\x80\x82-\xfe])|\x81(-?[0-9]{1,8})\x80|\xff([\x80-\xff]{3}))"
)
_FUNCTION = re.compile(rb"\.(?:entry|func) ")
_NEXT = 0x80
_RECENT = 0x82
_NEARBY = 0xFF - _RECENT
_NUMBERS = 10_000_000
_HEADER_FIELD = slice(4, 8)


class PTXProblem(Exception):
    """Bytes that are no PTX in this form."""


def restore(entry: bytes, size: int) -> bytes | bytearray:
    """An entry of ``size`` bytes, its header and its text, as it was before its names were counted back. Raises PTXProblem."""
    header = int.from_bytes(entry[_HEADER_FIELD], "little")
    if header > len(entry) or header > size:
        raise PTXProblem("an entry's header does not fit into it")
    quickly = _native()
    restored = quickly(entry, header, size) if quickly else None
    # What C gives up on is told here.
    return _restore(entry, header, size) if restored is None else restored


@lru_cache(maxsize=1)
def _native() -> Callable[[bytes, int, int], bytearray | None] | None:
    """The same in C, many times as fast, from the library that picks slices; None where that can't be loaded."""
    import ctypes

    try:
        library = ctypes.CDLL(str(native.bin_folder() / native.SELECTOR))
        function = library.llcuda_restore_names
    except (native.LlcudaError, OSError, AttributeError):
        return None
    function.restype = ctypes.c_longlong
    function.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]

    def restore(entry: bytes, header: int, size: int) -> bytearray | None:
        # A code stands for seven digits at most, so a larger size is no true one and gets no memory.
        if size > 4 * len(entry):
            return None
        output = bytearray(size)
        output[:header] = entry[:header]
        if size == header:
            return output if len(entry) == header else None
        text = (ctypes.c_char * (size - header)).from_buffer(output, header)
        count = function(entry[header:], len(entry) - header, ctypes.addressof(text), size - header)
        return output if count == size - header else None

    return restore


def _restore(entry: bytes, header: int, size: int) -> bytes:
    pieces = [entry[:header]]
    length = header
    # A function at a time, so that little memory is needed.
    for function in _functions(entry, header):
        piece = _restore_function(function)
        length += len(piece)
        if length > size:
            raise PTXProblem("an entry is too long")
        pieces.append(piece)
    if length != size:
        raise PTXProblem("an entry is too short")
    return b"".join(pieces)


def _functions(text: bytes, start: int) -> Iterator[bytes]:
    for match in _FUNCTION.finditer(text, start):
        yield text[start : match.start()]
        start = match.start()
    yield text[start:]


def _restore_function(text: bytes) -> bytes:
    # Four columns behind each piece of plain text: stem, short code, jump, long code.
    parts = _NAME.split(text)
    recent: dict[bytes, list[bytes]] = {}
    last: dict[bytes, int] = {}
    names = []
    add = names.append
    try:
        for stem, code, jump, far in zip(parts[1::5], parts[2::5], parts[3::5], parts[4::5]):
            used = recent.get(stem)
            if used is None:
                used = recent[stem] = []
                last[stem] = 0
            if code and code != b"\x80":
                # ~rank counts from the end.
                name = used.pop(_RECENT - 1 - code[0])
            elif far:
                rank = (far[0] & 0x7F) << 14 | (far[1] & 0x7F) << 7 | far[2] & 0x7F
                name = used.pop(-1 - _NEARBY - rank)
            else:
                number = last[stem] = last[stem] + 1 + int(jump or 0)
                if not 0 <= number < _NUMBERS:
                    raise PTXProblem("a name has a number that no name has")
                name = b"%s%d" % (stem, number)
            used.append(name)
            add(name)
    except IndexError:
        raise PTXProblem("a name refers to more names than there are") from None
    pieces = parts[::5]
    if not all(map(bytes.isascii, pieces)):
        raise PTXProblem("a code stands behind no name")
    names.append(b"")
    return b"".join(piece for pair in zip(pieces, names) for piece in pair)
