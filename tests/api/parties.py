"""Keys of parties, their self-signed certificates, and signed requests, made with the openssl tool:
nothing of what is tested here is used to test it."""

import atexit
import base64
import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
import time

FOLDER = tempfile.mkdtemp(prefix="cocos-parties-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

KINDS = {
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "ed25519": ["-algorithm", "ED25519"],
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
}

ALGORITHMS = {"p256": "ecdsa-p256-sha256", "p384": "ecdsa-p384-sha384", "ed25519": "ed25519",
              "rsa": "rsa-pss-sha512"}


def openssl(*arguments, stdin=b""):
    return subprocess.run(["openssl", *arguments], input=stdin, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


class Party:
    """A key pair; the files of its private key and certificate for a TLS client."""

    def __init__(self, name, kind="p256"):
        self.name, self.kind = name, kind
        self.key_file = os.path.join(FOLDER, name + "-" + kind + ".key")
        self.certificate_file = self.key_file[:-3] + "pem"
        openssl("genpkey", *KINDS[kind], "-out", self.key_file)
        openssl("req", "-x509", "-new", "-key", self.key_file, "-out", self.certificate_file,
                "-subj", "/CN=" + name, "-days", "2")
        self.pem = openssl("pkey", "-in", self.key_file, "-pubout").decode()
        spki = openssl("pkey", "-in", self.key_file, "-pubout", "-outform", "DER")
        self.identity = hashlib.sha256(spki).hexdigest()

    def sign(self, message):
        """The signature as RFC 9421 has it for this kind of key."""
        path = os.path.join(FOLDER, secrets.token_hex(8))
        with open(path, "wb") as file:
            file.write(message)
        try:
            if self.kind == "ed25519":
                return openssl("pkeyutl", "-sign", "-inkey", self.key_file, "-rawin", "-in", path)
            if self.kind == "rsa":
                return openssl("dgst", "-sha512", "-sign", self.key_file, "-sigopt",
                               "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:64", path)
            digest, size = ("-sha256", 32) if self.kind == "p256" else ("-sha384", 48)
            return raw_ecdsa(openssl("dgst", digest, "-sign", self.key_file, path), size)
        finally:
            os.unlink(path)


def raw_ecdsa(der, size):
    """r and s of fixed size from SEQUENCE { INTEGER r, INTEGER s }."""
    at, out = 2 if der[1] < 0x80 else 3, b""
    for _ in range(2):
        length = der[at + 1]
        out += int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(size, "big")
        at += 2 + length
    return out


def signature_headers(party, method, path, channel, computation, body=None, **change):
    """The headers of a signed request. change replaces what a test wants to be wrong: query,
    created, expires, nonce, keyid, alg, tag, covered, or the value of a header by its name."""
    query = change.get("query", "")
    values = {"@method": method, "@path": path, "@query": "?" + query}
    headers = {"Cocos-Computation": computation, "Cocos-Channel": channel}
    if body is not None:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers["Content-Digest"] = f"sha-256=:{digest}:"
    values.update({name.lower(): value for name, value in headers.items()})
    order = ["@method", "@path", "@query", "content-digest", "cocos-computation", "cocos-channel"]
    covered = change.get("covered", [name for name in order if name in values])

    created = change.get("created", int(time.time()))
    parameters = (f'({" ".join(chr(34) + name + chr(34) for name in covered)})'
                  f';created={created};expires={change.get("expires", created + 120)}'
                  f';nonce="{change.get("nonce", secrets.token_urlsafe(16))}"'
                  f';keyid="{change.get("keyid", party.identity)}"'
                  f';alg="{change.get("alg", ALGORITHMS[party.kind])}"'
                  f';tag="{change.get("tag", "cocos")}"')
    base = "".join(f'"{name}": {values[name]}\n' for name in covered)
    base += f'"@signature-params": {parameters}'
    signature = base64.b64encode(party.sign(base.encode())).decode()
    headers["Signature-Input"] = f"cocos={parameters}"
    headers["Signature"] = f"cocos=:{signature}:"
    headers.update({name: value for name, value in change.items() if name in headers})
    return headers
