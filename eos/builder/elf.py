"""The little of ELF that the builder asks for: needed libraries, and what a kernel module says of itself."""

import struct

from builder import BuildError

_SECTION = struct.Struct("<IIQQQQIIQQ")
_SHT_DYNAMIC, _DT_NEEDED = 6, 1


def _sections(data):
    """[(name, type, link, bytes)] of a 64-bit little-endian file."""
    if data[:6] != b"\x7fELF\x02\x01":
        raise BuildError("not a 64-bit ELF file")
    (offset,) = struct.unpack_from("<Q", data, 0x28)
    size, count, names_at = struct.unpack_from("<HHH", data, 0x3A)
    rows = [_SECTION.unpack_from(data, offset + i * size) for i in range(count)]
    names = rows[names_at]
    return [(_text(data[names[4]:names[4] + names[5]], row[0]), row[1], row[6],
             data[row[4]:row[4] + row[5]] if row[1] != 8 else b"") for row in rows]


def _text(table, at):
    return table[at:table.index(b"\0", at)].decode()


def is_elf(data):
    return data[:4] == b"\x7fELF"


def needed(data):
    """The sonames that the loader will look for, in the file's order."""
    sections = _sections(data)
    for _, kind, link, body in sections:
        if kind == _SHT_DYNAMIC:
            strings = sections[link][3]
            pairs = struct.iter_unpack("<qQ", body)
            return [_text(strings, value) for tag, value in pairs if tag == _DT_NEEDED]
    return []


def module_info(data, key):
    """The values of one key in a kernel module's .modinfo."""
    for name, _, _, body in _sections(data):
        if name == ".modinfo":
            lines = [line.decode() for line in body.split(b"\0") if line]
            return [line.split("=", 1)[1] for line in lines if line.startswith(key + "=")]
    return []
