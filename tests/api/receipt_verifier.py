"""A second verifier of receipts, written from docs/receipt.md alone: nothing of ours is used to check what ours made.
CBOR and signatures are those of Debian's python3-cbor2 and python3-cryptography, since a test that also had to be its own
CBOR reader and its own ECDSA would prove less.

Of the platforms it knows the stand-in (`sim`), whose root the caller names. Refuses by raising ValueError."""

import base64
import hashlib
import json
import re
import struct

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

HEX, OPTIONAL_HEX, TEXT, NUMBER, FLAG, TIME, B64, OPTIONAL_B64 = range(8)
SHAPE = {
    "version": NUMBER, "manifest_sha256": HEX,
    "algorithm": {"type": TEXT, "sha3_256": HEX, "args": [TEXT]},
    "requirements": OPTIONAL_HEX,
    "datasets": [{"filename": TEXT, "sha3_256": HEX}],
    "runtime": {"name": TEXT, "version": TEXT, "digest": OPTIONAL_HEX},
    "sandbox": {"profile": TEXT, "cgroup": FLAG},
    "egress_log_sha256": OPTIONAL_HEX,
    "result": {"sha256": OPTIONAL_HEX, "sealed_sha256": OPTIONAL_HEX, "bytes": NUMBER},
    "exit": {"kind": TEXT, "code": NUMBER},
    "started_at": TIME, "ended_at": TIME, "evidence_sha256": OPTIONAL_HEX,
    "key_chain": {"key": B64, "dice": OPTIONAL_B64},
}
CONTENT_TYPE = "application/vnd.cocos.receipt+json"
PURPOSE = "cocos/receipt/1"


def require(holds, what):
    if not holds:
        raise ValueError(what)


def unbase64(text):
    require(isinstance(text, str), "no base64")
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, "base64 with stray bits")
    return data


# --- the form ---

def check_shape(value, shape):
    if isinstance(shape, dict):
        require(isinstance(value, dict) and set(value) == set(shape), f"members {sorted(shape)}")
        for key, inner in shape.items():
            check_shape(value[key], inner)
    elif isinstance(shape, list):
        require(isinstance(value, list), "a list")
        for item in value:
            check_shape(item, shape[0])
    elif value is None:
        require(shape in (OPTIONAL_HEX, OPTIONAL_B64), "null")
    elif shape in (HEX, OPTIONAL_HEX):
        require(isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value), "a digest")
    elif shape in (B64, OPTIONAL_B64):
        unbase64(value)
    elif shape == NUMBER:
        require(type(value) is int and 0 <= value < 2 ** 53, "a number")
    elif shape == FLAG:
        require(type(value) is bool, "true or false")
    elif shape == TIME:
        require(isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value), "a time")
    else:
        require(isinstance(value, str), "a text")


def parse(text):
    def unique(pairs):
        require(len({key for key, _ in pairs}) == len(pairs), "a member twice")
        return dict(pairs)
    return json.loads(text.decode() if isinstance(text, bytes) else text, object_pairs_hook=unique)


def canonical(value):
    """RFC 8785 for what receipts hold: no real numbers, member names in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def verify_signature(key, algorithm, message, signature):
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            known = {"secp256r1": (-7, hashes.SHA256(), 32), "secp384r1": (-35, hashes.SHA384(), 48)}
            require(key.curve.name in known, "a curve")
            expected, digest, size = known[key.curve.name]
            require(algorithm == expected and len(signature) == 2 * size, "the algorithm of the key")
            r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
            key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            require(algorithm == -8, "the algorithm of the key")
            key.verify(signature, message)
        else:
            require(isinstance(key, rsa.RSAPublicKey) and algorithm == -39, "the algorithm of the key")
            key.verify(signature, message, padding.PSS(padding.MGF1(hashes.SHA512()), 64), hashes.SHA512())
    except InvalidSignature as error:
        raise ValueError("the signature does not hold") from error


def verify_sign1(parts, key):
    """The payload of [protected, unprotected, payload, signature], signed by the key; and the protected header."""
    require(isinstance(parts, (list, tuple)) and len(parts) == 4, "COSE_Sign1")
    protected, unprotected, payload, signature = parts
    require(all(isinstance(part, bytes) for part in (protected, payload, signature)) and unprotected == {}, "COSE_Sign1")
    header = decode_cbor(protected)
    require(isinstance(header, dict), "a header")
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    verify_signature(key, header.get(1), signed, signature)
    return payload, header


def decode_cbor(data):
    try:
        value = cbor2.loads(data)
    except Exception as error:  # the library has many ways to say it
        raise ValueError("CBOR") from error
    return value


def read_receipt(text):
    """What a rendering says, once form and signature hold."""
    rendering = parse(text)
    require(isinstance(rendering, dict) and "cose" in rendering, "cose")
    signed = unbase64(rendering.pop("cose"))
    check_shape(rendering, SHAPE)
    message = decode_cbor(signed)
    if isinstance(message, cbor2.CBORTag):
        require(message.tag == 18, "the tag")
        message = message.value
    require(isinstance(message, list) and len(message) == 4 and isinstance(message[2], bytes), "COSE_Sign1")
    said = parse(message[2])
    check_shape(said, SHAPE)
    require(canonical(said) == message[2], "the form of what was signed")
    require(canonical(rendering) == message[2], "the rendering says something else")
    require(said["version"] == 1, "the version")
    key = serialization.load_der_public_key(unbase64(said["key_chain"]["key"]))
    _, header = verify_sign1(message, key)
    require(set(header) == {1, 3} and header[3] == CONTENT_TYPE, "the header")
    # Only one encoding of the message is known to us, so that no bit of it is idle.
    require(signed in (cbor2.dumps(message), cbor2.dumps(cbor2.CBORTag(18, message))), "the encoding")
    return said


# --- the evidence ---

FIELDS = ["nonce", "exporter", "server", "client", "config", "manifest", "ak", "logs"]


def read_transcript(data):
    parts, at = [], 0
    while at < len(data):
        size, = struct.unpack_from(">I", data, at)
        require(at + 4 + size <= len(data), "the transcript")
        parts.append(data[at + 4:at + 4 + size])
        at += 4 + size
    require(len(parts) == 9 and parts[0] == b"cocos/boot/1", "the transcript")
    return dict(zip(FIELDS, parts[1:]))


def check_sim(report, transcript, root):
    """A report in the layout of SEV-SNP (AMD 56860, table 23), signed by the root of the tests."""
    require(report[0x50:0x90] == hashlib.sha512(transcript).digest(), "the report's data")
    r, s = (int.from_bytes(report[at:at + 72], "little") for at in (0x2a0, 0x2e8))
    try:
        root.verify(utils.encode_dss_signature(r, s), report[:0x2a0], ec.ECDSA(hashes.SHA384()))
    except InvalidSignature as error:
        raise ValueError("the report's signature") from error


def read_evidence(text, root):
    """The transcript's fields, and the chain beside it, once the platform's signature holds."""
    bundle = parse(text)
    transcript = unbase64(bundle["transcript"])
    items = {item["type"]: unbase64(item["data"]) for item in bundle["items"]}
    require("sim" in items, "a platform that we know")
    check_sim(items["sim"], transcript, root)
    return read_transcript(transcript), items.get("dice")


# --- the key ---

def spki(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def cose_key(value):
    """A key from a COSE_Key: of type 1 (Ed25519) or 2 (P-256, P-384)."""
    if isinstance(value, bytes):
        value = decode_cbor(value)
    require(isinstance(value, dict), "a COSE_Key")
    if value.get(1) == 1:
        return ed25519.Ed25519PublicKey.from_public_bytes(value[-2])
    curve = {1: ec.SECP256R1(), 2: ec.SECP384R1()}[value[-1]]
    numbers = ec.EllipticCurvePublicNumbers(*(int.from_bytes(value[at], "big") for at in (-2, -3)), curve)
    return numbers.public_key()


def check_root(uds, kind, evidence, root):
    """A platform's word for the key of the UDS: over a label and the key, each after its length."""
    require(kind == "sim", "a platform that we know")
    parts = (b"cocos/dice/1", spki(uds))
    check_sim(evidence, b"".join(struct.pack(">I", len(part)) + part for part in parts), root)


def read_chain(data, root=None):
    """Keys of a chain that holds in itself, from the UDS on, and the claims of its certificates. root: whose word there
    must be for the UDS."""
    chain = decode_cbor(data)
    if root is not None:
        require(isinstance(chain, dict), "a chain with evidence for its root")
        check_root(cose_key(chain[1][0]), chain[2], chain[3], root)
    if isinstance(chain, dict):
        chain = chain[1]
    require(isinstance(chain, list) and len(chain) >= 2, "a chain")
    keys, claims = [cose_key(chain[0])], []
    for certificate in chain[1:]:
        payload, _ = verify_sign1(certificate, keys[-1])
        claims.append(decode_cbor(payload))
        require(len(claims) < 2 or claims[-2][2] == claims[-1][1], "the names of the chain")
        keys.append(cose_key(claims[-1][-4670552]))
    return keys, claims


def check_layer(claims, manifest):
    """The layer that certified the last key of the chain is the computation's, and no process that waits."""
    require(len(claims) > 1, "a layer")
    described = claims[-2][-4670548]
    require(claims[-2][-4670547] == hashlib.sha512(described).digest(), "the descriptor of the layer")
    config = decode_cbor(described)
    require(isinstance(config, dict) and config.get(1) == "computation" and config.get(2) == manifest,
            "the layer of the computation")


def check_key(said, fields, evidence_chain, root):
    data = unbase64(said["key_chain"]["key"])
    require(evidence_chain is not None, "a chain in the evidence")
    servers, layers = read_chain(evidence_chain, root)
    require(hashlib.sha256(spki(servers[-1])).digest() == fields["server"], "the server's chain")
    check_layer(layers, fields["manifest"])
    if spki(servers[-1]) == data:
        return
    require(said["key_chain"]["dice"] is not None, "a chain")
    keys, claims = read_chain(unbase64(said["key_chain"]["dice"]))
    require(spki(keys[-1]) == data and spki(keys[-2]) == spki(servers[-2]), "the key of the receipt")
    require(claims[-1].get(-4670554) == PURPOSE, "what the key is for")


def verify(receipt, evidence, root, result=None):
    """What the receipt says; raises ValueError unless all of it holds."""
    try:
        said = read_receipt(receipt)
        require(said["evidence_sha256"] == hashlib.sha256(evidence).hexdigest(), "the evidence of the receipt")
        fields, chain = read_evidence(evidence, root)
        require(said["manifest_sha256"] == fields["manifest"].hex(), "the manifest")
        check_key(said, fields, chain, root)
    except (KeyError, TypeError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"malformed: {error!r}") from error
    if result is not None:
        digest = hashlib.sha256(result).hexdigest()
        require(digest == said["result"]["sealed_sha256"] or
                (digest == said["result"]["sha256"] and len(result) == said["result"]["bytes"]), "the result")
    return said
