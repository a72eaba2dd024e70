"""Compares the cubins of two build folders, section by section: compare_cubins.py OLD NEW

Ends with status 1 when a kernel's code differs, or anything else but the text of a message.
"""

import pathlib
import re
import struct
import sys

from cubins import cubins, section_headers

# What ggml's NO_DEVICE_CODE prints: "750,860" in the one, "750" in the other.
LIST = re.compile(rb"(?<![0-9])[0-9]{3,4}(,[0-9]{3,4})*\0")


def sections(data):
    """Name and content of every section of an ELF file; names may repeat."""
    return [(section.name, section.content) for section in section_headers(data)]


def objects(data):
    """What the symbols of a cubin stand for: name, kind, section, and for data the bytes with the list replaced."""
    parts = sections(data)
    tables = dict(parts)
    symbols, names = tables.get(".symtab", b""), tables.get(".strtab", b"")
    found = []
    for place in range(0, len(symbols) - 23, 24):
        name, kind, other, section, value, size = struct.unpack_from("<IBBHQQ", symbols, place)
        text = names[name:names.index(b"\0", name)]
        content = b""
        if kind & 15 == 1 and 0 < section < len(parts):
            content = LIST.sub(b"LIST\0", parts[section][1][value:value + size])
        found.append((text, kind, other, section, content))
    return found


def differences(old, new):
    """The sections of two cubins that differ in more than the list, and whether they differ in that."""
    first, second = sections(old), sections(new)
    if [name for name, _ in first] != [name for name, _ in second]:
        return ["other sections"], False
    changed = [name for (name, before), (_, after) in zip(first, second) if before != after]
    # A shorter text moves the data behind it, so data is compared symbol by symbol. Code is compared as it stands.
    moved = [name for name in changed if name == ".symtab" or name.startswith(".nv.global")]
    if moved and objects(old) != objects(new):
        return changed, False
    return [name for name in changed if name not in moved], bool(moved)


def main():
    old, new = map(pathlib.Path, sys.argv[1:])
    units = sorted(path.relative_to(old) for path in old.rglob("*.cu.o"))
    if not units:
        raise SystemExit(f"'{old}' holds no object of a .cu file")
    images = kernels = messages = failures = 0
    for unit in units:
        first, second = dict(cubins(old / unit)), dict(cubins(new / unit))
        if first.keys() != second.keys() or not first:
            failures += 1
            print(f"{unit.name}: {sorted(first)} and {sorted(second)}")
            continue
        for architecture in sorted(first):
            images += 1
            kernels += sum(name.startswith(".text.") for name, _ in sections(first[architecture]))
            found, printed = differences(first[architecture], second[architecture])
            messages += bool(printed)
            if found:
                failures += 1
                print(f"{unit.name} for {architecture}: {', '.join(found[:8])}{' ...' if len(found) > 8 else ''}")
    print(
        f"{len(units)} units, {images} cubins, {kernels} functions: "
        f"{images - failures} cubins with the same code, {messages} of them with another list in a message, {failures} differ"
    )
    sys.exit(1 if failures else 0)


main()
