"""A second opinion about CoRIMs: a CBOR reader and the grammar of draft-ietf-rats-corim, sharing nothing with
the program that wrote them. read() gives Python values (tags as Tag, maps as dict); check() walks a document by
the draft's CDDL and raises Fault with the path of what does not fit."""

import hashlib
from collections import namedtuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

Tag = namedtuple("Tag", "number value")

# IANA "Named Information Hash Algorithm Registry"
DIGESTS = {1: 32, 7: 48, 8: 64}


class Fault(Exception):
    pass


# --- CBOR ---


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Fault(f"ends inside an item at {self.at}")
        self.at += count
        return self.data[self.at - count:self.at]

    def head(self):
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info, info
        if info > 27:
            raise Fault(f"indefinite or reserved at {self.at}")
        value = int.from_bytes(self.take(1 << (info - 24)), "big")
        if major != 7 and value < (24, 1 << 8, 1 << 16, 1 << 32)[info - 24]:
            raise Fault(f"not the shortest head at {self.at}")
        return major, info, value

    def item(self):
        major, info, value = self.head()
        if major == 0:
            return value
        if major == 1:
            return -1 - value
        if major == 2:
            return bytes(self.take(value))
        if major == 3:
            return self.take(value).decode("utf-8")
        if major == 4:
            return [self.item() for _ in range(value)]
        if major == 5:
            return self.pairs(value)
        if major == 6:
            return Tag(value, self.item())
        return {20: False, 21: True, 22: None}[info]

    def pairs(self, count):
        result, last = {}, b""
        for _ in range(count):
            start = self.at
            key = self.item()
            encoded = self.data[start:self.at]
            if encoded <= last:
                raise Fault(f"keys are not in deterministic order at {start}")
            last = encoded
            result[key] = self.item()
        return result


def read(data):
    reader = Reader(data)
    value = reader.item()
    if reader.at != len(data):
        raise Fault(f"{len(data) - reader.at} bytes after the end")
    return value


# --- the grammar, rule by rule as in the draft ---


def need(condition, path, wanted):
    if not condition:
        raise Fault(f"{path}: expected {wanted}")


def tagged(value, number, path):
    need(isinstance(value, Tag) and value.number == number, path, f"tag {number}")
    return value.value


def a_map(value, path, required, optional):
    need(isinstance(value, dict), path, "a map")
    need(set(required) <= set(value), path, f"keys {sorted(required)}")
    for key, item in value.items():
        rule = {**required, **optional}.get(key)
        need(rule is not None, f"{path}/{key}", "a key of the grammar")
        rule(item, f"{path}/{key}")


def a_list(rule):
    def walk(value, path):
        need(isinstance(value, list) and value, path, "a list that is not empty")
        for index, item in enumerate(value):
            rule(item, f"{path}/{index}")
    return walk


def text(value, path):
    need(isinstance(value, str) and value, path, "a text")


def identifier(value, path):
    need(isinstance(value, str) or (isinstance(value, bytes) and len(value) == 16), path, "a text or a UUID")


def uri(value, path):
    text(tagged(value, 32, path), path)


def moment(value, path):
    need(isinstance(tagged(value, 1, path), int), path, "seconds")


def validity(value, path):
    a_map(value, path, {1: moment}, {0: moment})


def digest(value, path):
    need(isinstance(value, list) and len(value) == 2, path, "[algorithm, value]")
    need(DIGESTS.get(value[0]) == len(value[1]), path, "an algorithm of the registry and its length")


def svn(value, path):
    need(isinstance(value, Tag) and value.number in (552, 553) and isinstance(value.value, int), path, "an SVN")


def raw(value, path):
    need(isinstance(tagged(value, 560, path), bytes), path, "bytes")


def key(value, path):
    need(isinstance(value, Tag) and value.number in (554, 555) and "BEGIN" in value.value, path, "a PEM key")


def registers(value, path):
    need(isinstance(value, dict) and value, path, "registers")
    for index, digests in value.items():
        need(isinstance(index, (int, str)), path, "a register id")
        a_list(digest)(digests, f"{path}/{index}")


def values(value, path):
    need(isinstance(value, dict) and value, path, "values")
    a_map(value, path, {}, {1: svn, 2: a_list(digest), 4: raw, 11: text, 13: a_list(key), 14: registers})


def measurement(value, path):
    a_map(value, path, {1: values}, {0: text})


def class_id(value, path):
    need(len(tagged(value, 37, path)) == 16, path, "a UUID")


def class_map(value, path):
    a_map(value, path, {0: class_id}, {1: text, 2: text})


def environment(value, path):
    a_map(value, path, {0: class_map}, {})


def reference_triple(value, path):
    need(isinstance(value, list) and len(value) == 2, path, "[environment, measurements]")
    environment(value[0], f"{path}/0")
    a_list(measurement)(value[1], f"{path}/1")


def comid(value, path):
    def identity(item, where):
        a_map(item, where, {0: identifier}, {1: lambda version, _: need(version >= 0, where, "a version")})

    def triples(item, where):
        a_map(item, where, {0: a_list(reference_triple)}, {})

    a_map(value, path, {1: identity, 4: triples}, {})


def comid_tag(value, path):
    comid(read(tagged(value, 506, path)), path)


def unsigned(value, path="corim"):
    a_map(tagged(value, 501, path), path, {0: identifier, 1: a_list(comid_tag)}, {3: uri, 4: validity})


def check(data):
    """Walks an unsigned CoRIM; its corim-map."""
    document = read(data)
    unsigned(document)
    return document.value


# --- COSE_Sign1 ---


def encode_bytes(value):
    length = len(value)
    head = bytes([0x40 | length]) if length < 24 else bytes([0x58, length]) if length < 256 else \
        b"\x59" + length.to_bytes(2, "big")
    return head + value


def check_signed(data, public_key):
    """Walks a signed CoRIM and verifies its signature; the signer's name and the unsigned CoRIM."""
    parts = tagged(read(data), 18, "cose")
    need(isinstance(parts, list) and len(parts) == 4, "cose", "four parts")
    header = read(parts[0])
    need(header[3] == "application/rim+cbor", "cose/3", "the content type")
    need(parts[1] == {}, "cose/1", "no unprotected header")
    meta = read(header[8])
    a_map(meta, "meta", {0: lambda signer, path: a_map(signer, path, {0: text}, {1: uri})}, {1: validity})
    spki = public_key.public_bytes(*encodings())
    need(header[4] == hashlib.sha256(spki).digest(), "cose/4", "the key's identity")
    algorithm, width = {-7: (hashes.SHA256(), 32), -35: (hashes.SHA384(), 48)}[header[1]]
    signed = b"\x84\x6aSignature1" + encode_bytes(parts[0]) + b"\x40" + encode_bytes(parts[2])
    need(len(parts[3]) == 2 * width, "cose/signature", f"{2 * width} bytes")
    r, s = (int.from_bytes(parts[3][i * width:(i + 1) * width], "big") for i in range(2))
    try:
        public_key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(algorithm))
    except InvalidSignature as fault:
        raise Fault("cose/signature: does not verify") from fault
    check(parts[2])
    return meta[0][0], parts[2]


def encodings():
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return Encoding.DER, PublicFormat.SubjectPublicKeyInfo


def measurements(corim_map):
    """(model, mkey, values) of every reference triple."""
    for tag in corim_map[1]:
        for environ, maps in read(tag.value)[4][0]:
            for each in maps:
                yield environ[0][2], each.get(0), each[1]
