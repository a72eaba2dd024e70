"""Checks wheels as PyPI does, and a little more; written from the rules, not from our writer.

usage: check_wheel.py WHEEL...

Prints one line for each finding and ends with status 1 if there are any. Standard library only.

The framing rules are those of warehouse's utils/zipfiles.py, the others those of its legacy upload and utils/wheel.py.
The archive is read byte by byte: Python's zipfile starts from the central directory and forgives what PyPI does not.
"""

import base64
import csv
import email.parser
import email.policy
import hashlib
import io
import os
import re
import struct
import sys
import zipfile
import zlib

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def framing(data):
    """Yields what is wrong with the records of a zip archive, read from the first byte to the last."""
    at, local, central = 0, {}, {}
    while data[at : at + 4] == LOCAL:
        start = at
        _, flags, method, _, _, crc, packed, size, name_length, extra = struct.unpack_from("<HHHHHIIIHH", data, at + 4)
        name = data[at + 30 : at + 30 + name_length]
        at += 30 + name_length + extra
        body = data[at : at + packed]
        at += packed
        if flags & 8:
            yield f"{name}: a data descriptor"
        if flags & ~0x800:
            yield f"{name}: flags {flags:#x}"
        if extra:
            yield f"{name}: an extra field"
        if not name.isascii() and not flags & 0x800:
            yield f"{name}: not ASCII and not marked as UTF-8"
        if name in local:
            yield f"{name}: twice among the local headers"
        if method == 8:
            inflater = zlib.decompressobj(-15)
            plain = inflater.decompress(body)
            if not inflater.eof or inflater.unused_data:
                yield f"{name}: the deflate stream doesn't end where the member does"
        elif method == 0:
            plain = body
        else:
            yield f"{name}: method {method}"
            continue
        if (len(plain), zlib.crc32(plain)) != (size, crc):
            yield f"{name}: size or checksum is wrong"
        if packed > size:
            yield f"{name}: grew"
        try:
            text = name.decode()
        except UnicodeDecodeError:
            yield f"{name}: no UTF-8"
            continue
        if any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
            yield f"{name}: control characters"
        if text.startswith("/") or "\\" in text or {"", ".", ".."} & set(text.split("/")):
            yield f"{name}: an unsafe path"
        local[name] = (start, flags, method, crc, packed, size)
    begin = at
    while data[at : at + 4] == CENTRAL:
        (made, _, flags, method, _, _, crc, packed, size, name_length, extra, comment, disk, _, mode, start) = (
            struct.unpack_from("<HHHHHHIIIHHHHHII", data, at + 4)
        )
        name = data[at + 46 : at + 46 + name_length]
        at += 46 + name_length + extra + comment
        if extra or comment or disk:
            yield f"{name}: an extra field, a comment or a disk in the central directory"
        if name in central:
            yield f"{name}: twice in the central directory"
        central[name] = (start, flags, method, crc, packed, size)
        if made >> 8 != 3 or mode >> 16 not in (0o100644, 0o100755):
            yield f"{name}: mode {mode >> 16:o}"
    for name in sorted(set(local) | set(central)):
        if local.get(name) != central.get(name):
            yield f"{name}: local header {local.get(name)}, central directory {central.get(name)}"
    if list(local) != list(central):
        yield "the central directory has another order"
    if data[at : at + 4] != END or len(data) - at < 22:
        yield f"an unknown record at {at}"
        return
    disk, first, here, total, size, offset, comment = struct.unpack_from("<HHHHIIH", data, at + 4)
    if (disk, first, here, total, size, offset, comment) != (0, 0, len(central), len(central), at - begin, begin, 0):
        yield "the end record doesn't fit the archive"
    if len(data) != at + 22:
        yield "trailing data"


def contents(path):
    """Yields what is wrong with the files in a wheel."""
    parts = os.path.basename(path)[: -len(".whl")].split("-")
    if len(parts) != 5:
        yield "the file's name hasn't five parts"
        return
    name, version, python, abi, platform = parts
    if not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name) or "+" in version:
        yield f"name '{name}' or version '{version}' is not as PyPI wants it"
    if not re.fullmatch(r"any|manylinux_2_\d+_(x86_64|aarch64)", platform):
        yield f"platform {platform}"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        for needed in ("WHEEL", "METADATA", "RECORD"):
            if f"{info}/{needed}" not in names:
                yield f"no {needed}"
                return
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > 64 << 20 and unpacked > 50 * os.path.getsize(path):
            yield "compressed by more than 50 to 1"
        if len({n.casefold() for n in names}) != len(names):
            yield "names that differ by case only"
        first = next(i for i, n in enumerate(names) if n.startswith(info + "/"))
        if not all(n.startswith(info + "/") for n in names[first:]) or names[-1] != f"{info}/RECORD":
            yield ".dist-info is not at the end, or RECORD is not the last"
        if len({entry.date_time for entry in entries}) != 1:
            yield "members of different times"

        rows = list(csv.reader(io.StringIO(archive.read(f"{info}/RECORD").decode(), newline="")))
        recorded = [row[0] for row in rows]
        if sorted(recorded) != sorted(names):
            yield f"RECORD and archive differ by {sorted(set(recorded) ^ set(names))}"
        for file, digest, size in rows:
            if file == f"{info}/RECORD":
                if digest or size:
                    yield "RECORD has a digest of itself"
                continue
            if file not in names:
                continue  # said above
            data = archive.read(file)
            right = "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            if (digest, size) != (right, str(len(data))):
                yield f"RECORD is wrong about {file}"

        def parse(data):
            return email.parser.Parser(policy=email.policy.compat32).parsestr(data.decode())

        wheel = parse(archive.read(f"{info}/WHEEL"))
        if (wheel.get_all("Wheel-Version"), wheel.get_all("Tag")) != (["1.0"], [f"{python}-{abi}-{platform}"]):
            yield "WHEEL's version or tag"
        if wheel.get_all("Root-Is-Purelib") != ["true" if platform == "any" else "false"]:
            yield "WHEEL's Root-Is-Purelib"

        metadata = parse(archive.read(f"{info}/METADATA"))
        if metadata.get_all("Metadata-Version") != ["2.4"] or metadata.get_all("Version") != [version]:
            yield "METADATA's version"
        if re.sub(r"[-_.]+", "_", metadata["Name"]).lower() != name:
            yield "METADATA's name"
        if len(metadata.get_all("Summary") or []) > 1 or len(metadata["Summary"] or "") > 512:
            yield "METADATA's summary"
        if metadata.defects:
            yield f"METADATA: {metadata.defects}"
        for license in metadata.get_all("License-File") or []:
            if f"{info}/licenses/{license}" not in names:
                yield f"License-File {license} is not there"
        if metadata.get_all("Description-Content-Type") != ["text/markdown"]:
            yield "METADATA's description is taken for reStructuredText"
        if metadata["License"] and metadata["License-Expression"]:
            yield "METADATA has License and License-Expression"


def main(paths):
    if not paths:
        sys.exit("usage: check_wheel.py WHEEL...")
    found = False
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        findings = list(framing(data))
        try:
            findings += contents(path)
        except zipfile.BadZipFile as error:
            findings.append(str(error))
        for finding in findings:
            found = True
            print(f"{os.path.basename(path)}: {finding}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
