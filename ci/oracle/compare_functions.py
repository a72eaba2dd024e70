"""Compares the functions of two build folders, whichever object they are in: compare_functions.py OLD NEW

A function is its machine code, its constants, its shared memory, its register count and its relocations. Code that loads a
pointer from the compiler's own table (constant bank 4) is compared by what the pointer leads to: a cubin has one table, so
a function's place in it changes with its neighbours. What is internal to a unit has the unit's name in its own; that
part is left out. Ends with status 1 when one folder has a function that the other has
not.
"""

import collections
import pathlib
import re
import struct
import sys

from cubins import cubins, section_headers

SHT_RELA, SHT_REL, STT_OBJECT, STT_FUNC = 4, 9, 1, 2
TABLE = ".nv.constant4"

Function = collections.namedtuple("Function", "code constants shared registers relocations table")


def relocations(sections, number):
    """Where a section refers to what: offset, type, and the function's name or the data's bytes."""
    found = []
    for section in sections:
        if section.kind not in (SHT_RELA, SHT_REL) or section.info != number:
            continue
        symbols = sections[section.link]
        names = sections[symbols.link].content
        step = 24 if section.kind == SHT_RELA else 16
        for place in range(0, len(section.content) - step + 1, step):
            offset, info = struct.unpack_from("<QQ", section.content, place)
            text, kind, _, home, value, size = struct.unpack_from("<IBBHQQ", symbols.content, (info >> 32) * 24)
            if kind & 15 == STT_OBJECT and 0 < home < len(sections):
                target = sections[home].content[value:value + size]
            else:
                target = names[text:names.index(b"\0", text)]
            found.append((offset, info & 0xFFFFFFFF, target))
    return tuple(sorted(found))


def functions(cubin):
    """Name and content of every function of a cubin."""
    sections = section_headers(cubin)
    by_name = {section.name: section for section in sections}
    table = ()
    for number, section in enumerate(sections):
        if section.name == TABLE:
            table = tuple((offset, target) for offset, _, target in relocations(sections, number))
    for number, section in enumerate(sections):
        if section.name.startswith(".text."):
            name = section.name[len(".text."):]
            constants, shared = by_name.get(f".nv.constant0.{name}"), by_name.get(f".nv.shared.{name}")
            yield name, Function(
                section.content,
                constants.content if constants else b"",
                shared.size if shared else 0,
                section.info >> 24,
                relocations(sections, number),
                table,
            )


def loads(word, architecture):
    """Where in the table an instruction may load from: as an operand, or as a number for a load to come.

    Seen in nvdisasm's output: a constant's offset / 4 and its bank lie in 14 and 5 bits side by side, from bit 40 on since
    7.0 and from bit 20 on before; a number takes 32 bits, from bit 32 or 20 on.
    """
    start = 40 if architecture >= 70 else 20
    if word >> start + 14 & 31 == 4:
        yield 0x3FFF << start, (word >> start & 0x3FFF) * 4
    start = 32 if architecture >= 70 else 20
    yield 0xFFFFFFFF << start, word >> start & 0xFFFFFFFF


def same(first, second, architecture):
    """Whether two functions are the same but for their places in the tables of pointers."""
    if first[1:5] != second[1:5] or len(first.code) != len(second.code):
        return False
    tables = dict(first.table), dict(second.table)
    for place in range(0, len(first.code), 8):
        words = [struct.unpack_from("<Q", function.code, place)[0] for function in (first, second)]
        if words[0] != words[1] and not any(
            mask == other_mask
            and not (words[0] ^ words[1]) & ~mask
            and offset & 7 == other & 7
            and tables[0].get(offset & ~7, 0) == tables[1].get(other & ~7, 1)
            for mask, offset in loads(words[0], architecture)
            for other_mask, other in loads(words[1], architecture)
        ):
            return False
    return True


def without_unit(name):
    """A mangled name without the namespace that stands for its unit: 36_INTERNAL_73ab7332_6_cpy_cu_c9aadff1."""
    kept, rest = "", name
    while found := re.search(r"\d+_INTERNAL_[0-9a-f]{8}_(\d+)_", rest):
        kept += rest[:found.start()] + "_INTERNAL_"
        rest = rest[found.end() + int(found[1]) + len("_c9aadff1"):]
    return kept + rest


def all_functions(folder):
    """The different contents that each function has, by architecture and name, and the numbers of cubins and bytes."""
    found = collections.defaultdict(set)
    count = size = 0
    for path in sorted(folder.rglob("*.cu.o")):
        for architecture, cubin in cubins(path):
            count += 1
            for name, function in functions(cubin):
                found[architecture, without_unit(name)].add(function)
                size += len(function.code)
    return found, count, size


def main():
    old, new = map(pathlib.Path, sys.argv[1:])
    before, cubins_before, size_before = all_functions(old)
    after, cubins_after, size_after = all_functions(new)
    if not before:
        raise SystemExit(f"'{old}' holds no cubin of a .cu file")
    failures = moved = 0
    for key in sorted(before.keys() | after.keys()):
        first, second = before.get(key, set()), after.get(key, set())
        alike = all(any(same(a, b, key[0]) for b in second) for a in first)
        alike = alike and all(any(same(a, b, key[0]) for a in first) for b in second)
        if not (first and second and alike):
            failures += 1
            print(f"sm_{key[0]} {key[1]}: {'differs' if first and second else 'only in one'}")
        elif {function[:5] for function in first} != {function[:5] for function in second}:
            moved += 1
    print(
        f"{cubins_before} cubins with {size_before} bytes of code, and {cubins_after} with {size_after}: "
        f"{len(before)} functions, {moved} of them with other places in the table of pointers, {failures} differ"
    )
    sys.exit(1 if failures else 0)


main()
