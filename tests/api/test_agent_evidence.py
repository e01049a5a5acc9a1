"""Evidence, read by a verifier of our own that shares no line with the agent: OpenSSL's view of the
connection, the transcript from the text of docs/attestation.md, and the signatures."""

import base64
import hashlib
import json
import os
import secrets
import socket
import struct
import subprocess
import time

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from OpenSSL import SSL

import receipt_verifier
from agents import Agent, Computation
from tpms import Tpm

FIELDS = ["label", "nonce", "exporter", "server", "client", "config", "manifest", "ak", "logs"]
EMPTY_CONFIG = hashlib.sha256(b"{}").digest()


def b64(data):
    return base64.b64encode(data).decode()


class Channel:
    """One TLS connection, and what OpenSSL knows of it."""

    def __init__(self, agent, party=None):
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(SSL.TLS1_3_VERSION)
        if party is not None:
            context.use_certificate_file(party.certificate_file)
            context.use_privatekey_file(party.key_file)
        self.plain = socket.create_connection(("127.0.0.1", agent.port), timeout=60)
        self.plain.settimeout(None)
        self.tls = SSL.Connection(context, self.plain)
        self.tls.set_connect_state()
        self.tls.do_handshake()
        spki = self.tls.get_peer_certificate().to_cryptography().public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.server = hashlib.sha256(spki).digest()

    def exporter(self, nonce):
        return self.tls.export_keying_material(b"EXPORTER-cocos-attestation", 32, nonce)

    def post(self, path, body, **headers):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"POST {path} HTTP/1.1", "Host: agent", "Content-Type: application/json",
                 f"Content-Length: {len(text)}", *(f"{k}: {v}" for k, v in headers.items())]
        self.tls.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + text)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.tls.recv(65536)
        head, data = data.split(b"\r\n\r\n", 1)
        length = int([line.split(b":")[1] for line in head.split(b"\r\n")
                      if line.lower().startswith(b"content-length:")][0])
        while len(data) < length:
            data += self.tls.recv(65536)
        return int(head.split()[1]), data if b"application/eat+cwt" in head else json.loads(data)

    def evidence(self, nonce, **more):
        status, bundle = self.post("/v1/attestation", {"nonce": b64(nonce), **more})
        assert status == 200, bundle
        return Bundle(bundle)

    def close(self):
        self.plain.close()


class Bundle:
    def __init__(self, bundle):
        self.json = bundle
        self.transcript = base64.b64decode(bundle["transcript"])
        self.items = {item["type"]: base64.b64decode(item["data"]) for item in bundle["items"]}
        self.logs = {name: base64.b64decode(log) for name, log in bundle["logs"].items()}
        self.fields, at = {}, 0
        for name in FIELDS:
            size, = struct.unpack_from(">I", self.transcript, at)
            self.fields[name] = self.transcript[at + 4:at + 4 + size]
            at += 4 + size
        assert at == len(self.transcript)
        self.report_data = hashlib.sha512(self.transcript).digest()
        whole = b"".join(struct.pack(">I", len(self.logs[name])) + self.logs[name]
                         for name in ("tcg", "ima", "cel"))
        assert self.fields["logs"] == hashlib.sha256(whole).digest()

    def events(self):
        return [(record["content"]["event"], bytes.fromhex(record["digests"][0]["digest"]))
                for record in map(json.loads, self.logs["cel"].splitlines())]


@pytest.fixture
def sim(tmp_path):
    key = ec.generate_private_key(ec.SECP384R1())
    path = tmp_path / "sim.key"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()))
    with Agent(COCOS_AGENT_PLATFORM="sim", COCOS_AGENT_SIM_KEY=str(path)) as agent:
        agent.root = key.public_key()
        yield agent


# --- what is refused ---

@pytest.mark.parametrize("body,pointer", [
    ({}, "/nonce"), ({"nonce": b64(bytes(31))}, "/nonce"), ({"nonce": b64(bytes(33))}, "/nonce"),
    ({"nonce": "x"}, "/nonce"), ({"nonce": b64(bytes(32)), "more": 1}, "/more"),
    ({"nonce": b64(bytes(32)), "evidence": ["snp", "nitro"]}, "/evidence/1"),
    ({"nonce": b64(bytes(32)), "evidence": "sim"}, "/evidence"),
    ({"nonce": b64(bytes(32)), "evidence": ["tdx"]}, "/evidence"),
])
def test_a_wrong_question_is_told_where(sim, body, pointer):
    status, problem = Channel(sim).post("/v1/attestation", body)
    assert status == 422 and problem["errors"][0]["pointer"] == pointer, problem


def test_the_one_size_of_a_challenge_is_told(sim):
    _, problem = Channel(sim).post("/v1/attestation", {"nonce": b64(bytes(31))})
    assert problem["detail"].endswith("31 bytes, expected 32")


def test_a_machine_without_a_platform_says_so():
    with Agent(COCOS_AGENT_PLATFORM="none") as agent:
        status, problem = Channel(agent).post("/v1/attestation", {"nonce": b64(bytes(32))})
        assert status == 422 and "nothing here" in problem["detail"]
        status, problem = Channel(agent).post("/v1/attestation/activate",
                                              {"credential_blob": "AAAA", "secret": "AAAA"})
        assert status == 422 and "no TPM" in problem["detail"]


# --- what is answered ---

def test_the_same_comes_as_a_token_of_the_connections_key(sim):
    channel, nonce = Channel(sim), bytes(range(32))
    status, token = channel.post("/v1/attestation", {"nonce": b64(nonce)}, Accept="application/eat+cwt")
    assert status == 200
    message = cbor2.loads(token)
    assert message.tag == 18
    protected, _, payload, signature = message.value
    claims = cbor2.loads(payload)
    assert cbor2.loads(protected) == {1: -7} and claims[265] == "urn:cocos:eat:1" and claims[10] == nonce
    key = claims[8][1]
    point = ec.EllipticCurvePublicNumbers(*(int.from_bytes(key[at], "big") for at in (-2, -3)), ec.SECP256R1())
    spki = point.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert hashlib.sha256(spki).digest() == channel.server
    r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
    point.public_key().verify(encode_dss_signature(r, s),
                              cbor2.dumps(["Signature1", protected, b"", payload]), ec.ECDSA(hashes.SHA256()))
    assert {item[0] for item in claims[-76002]} == {"sim", "dice"}
    assert channel.exporter(nonce) in claims[-76001]


def test_the_transcript_names_this_connection(sim):
    nonce = secrets.token_bytes(32)
    channel = Channel(sim, Computation.data)
    bundle = channel.evidence(nonce)
    assert bundle.fields["label"] == b"cocos/channel/1"
    assert bundle.fields["nonce"] == nonce
    assert bundle.fields["exporter"] == channel.exporter(nonce)
    assert bundle.fields["server"] == channel.server
    assert bundle.fields["client"].hex() == Computation.data.identity
    assert bundle.fields["config"] == EMPTY_CONFIG
    assert bundle.fields["manifest"] == b"" and bundle.fields["ak"] == b""
    assert "endorsement" not in bundle.json

    again = channel.evidence(nonce)
    assert again.transcript == bundle.transcript, "the same question on the same connection"
    other = Channel(sim)
    assert other.evidence(nonce).fields["exporter"] == other.exporter(nonce)
    assert other.exporter(nonce) != channel.exporter(nonce)
    assert other.evidence(nonce).fields["client"] == b""


def test_the_stand_in_signs_the_transcript_and_says_what_it_is(sim):
    bundle = Channel(sim).evidence(secrets.token_bytes(32))
    report = bundle.items["sim"]
    assert len(report) == 1184 and b"SIMULATED" in report
    assert report[0x50:0x90] == bundle.report_data
    r, s = (int.from_bytes(report[at:at + 48], "little") for at in (0x2A0, 0x2A0 + 72))
    sim.root.verify(encode_dss_signature(r, s), report[:0x2A0], ec.ECDSA(hashes.SHA384()))
    assert "SIMULATED platform" in sim.log()


def end_of(work):
    """What the end of a computation is measured as."""
    return hashlib.sha256(b"cocos/end/1" + bytes.fromhex(work.sha256)).digest()


def test_each_manifest_is_measured_before_it_is_set(sim):
    first, second = Computation("pass", {}), Computation("pass", {"a": "x"})
    first.set(sim)
    channel = Channel(sim)
    assert channel.evidence(bytes(32)).fields["manifest"].hex() == first.sha256
    assert sim.ask("DELETE", "/v1/computation", first.owner).status == 204
    waiting = Channel(sim).evidence(bytes(32))
    assert not waiting.fields["manifest"] and [event for event, _ in waiting.events()] == ["config", "manifest", "end"]
    second.set(sim)
    channel = Channel(sim)
    bundle = channel.evidence(bytes(32))
    assert bundle.fields["manifest"].hex() == second.sha256
    assert [event for event, _ in bundle.events()] == ["config", "manifest", "end", "manifest"]
    assert [digest.hex() for _, digest in bundle.events()] == \
        [EMPTY_CONFIG.hex(), first.sha256, end_of(first).hex(), second.sha256]
    # One that is refused is not measured.
    assert sim.ask("PUT", "/v1/computation", first.owner, json.dumps(first.manifest)).status == 409
    assert len(channel.evidence(bytes(32)).events()) == 4


def test_only_the_process_of_a_computation_is_of_its_layer(sim):
    def layer():
        bundle = Channel(sim).evidence(bytes(32))
        keys, claims = receipt_verifier.read_chain(bundle.items["dice"], sim.root)
        assert hashlib.sha256(receipt_verifier.spki(keys[-1])).digest() == bundle.fields["server"]
        return claims, bundle.fields["manifest"]

    work = Computation("pass", {})
    with pytest.raises(ValueError, match="layer of the computation"):
        receipt_verifier.check_layer(*layer())
    work.set(sim)
    receipt_verifier.check_layer(*layer())
    assert sim.ask("DELETE", "/v1/computation", work.owner).status == 204
    claims, manifest = layer()
    assert not manifest  # the machine shows it no more
    for passed_off in (manifest, bytes.fromhex(work.sha256)):
        with pytest.raises(ValueError, match="layer of the computation"):
            receipt_verifier.check_layer(claims, passed_off)


# --- with a TPM ---

@pytest.fixture
def tpm():
    with Tpm() as running:
        yield running


def test_the_tpm_quotes_what_was_measured(tpm):
    with Agent(COCOS_AGENT_PLATFORM="vtpm", COCOS_AGENT_TPM=tpm.tcti) as agent:
        assert agent.state()["platform"] == "vtpm"
        work = Computation("pass", {})
        work.set(agent)
        pcr = bytes(32)
        for digest in (EMPTY_CONFIG, bytes.fromhex(work.sha256)):
            pcr = hashlib.sha256(pcr + digest).digest()
        assert tpm.pcr(15) == pcr
        bundle = Channel(agent).evidence(secrets.token_bytes(32))
        quote = bundle.items["vtpm"]
        assert hashlib.sha256(bundle.report_data).digest() in quote and pcr in quote
        assert agent.ask("DELETE", "/v1/computation", work.owner).status == 204
        assert tpm.pcr(15) == hashlib.sha256(pcr + end_of(work)).digest()
        ek = x509.load_der_x509_certificate(
            base64.b64decode(bundle.json["endorsement"]["ek_certificate"]))
        modulus = ek.public_key().public_numbers().n.to_bytes(256, "big")
        assert modulus in base64.b64decode(bundle.json["endorsement"]["ek"])
        status, token = Channel(agent).post("/v1/attestation", {"nonce": b64(bytes(32))}, Accept="application/eat+cwt")
        endorsement = cbor2.loads(cbor2.loads(token).value[2])[-76004]
        assert status == 200 and [b64(part) for part in endorsement[:2]] == [
            bundle.json["endorsement"]["ek"], bundle.json["endorsement"]["ek_certificate"]] and endorsement[2] == b""


def test_a_wrong_challenge_is_refused_and_the_tpm_goes_on(tpm):
    with Agent(COCOS_AGENT_PLATFORM="vtpm", COCOS_AGENT_TPM=tpm.tcti) as agent:
        channel = Channel(agent)
        for size in (1, 64, 256, 1024):
            status, problem = channel.post("/v1/attestation/activate", {
                "credential_blob": b64(secrets.token_bytes(size)),
                "secret": b64(secrets.token_bytes(256))})
            assert status == 422, problem
        channel.evidence(bytes(32))


def test_an_agent_that_is_started_again_cannot_speak_for_the_machine(tpm):
    settings = {"COCOS_AGENT_PLATFORM": "vtpm", "COCOS_AGENT_TPM": tpm.tcti}
    with Agent(**settings):
        pass
    with Agent(**settings) as agent:
        status, problem = Channel(agent).post("/v1/attestation", {"nonce": b64(bytes(32))})
        assert status == 503 and "started anew" in problem["detail"]
        assert agent.state()["state"] == "Failed"


# --- from boot ---

def test_evidence_of_the_boot_goes_out_through_the_share(tmp_path, tpm):
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    nonce = secrets.token_bytes(32)
    config = {"version": 1, "vm_id": "vm-1", "boot_nonce": b64(nonce), "log_level": "debug"}
    (tmp_path / "in/config.json").write_text(json.dumps(config))
    with Agent(share=str(tmp_path), COCOS_AGENT_PLATFORM="vtpm",
               COCOS_AGENT_TPM=tpm.tcti) as agent:
        until = time.monotonic() + 60
        while not (tmp_path / "out/evidence.json").exists():  # the TPM takes its time after the start
            assert time.monotonic() < until, agent.log()
            time.sleep(0.05)
        bundle = Bundle(json.loads((tmp_path / "out/evidence.json").read_text()))
        assert bundle.fields["label"] == b"cocos/boot/1"
        assert bundle.fields["nonce"] == nonce
        assert bundle.fields["exporter"] == b"" and bundle.fields["client"] == b""
        assert bundle.fields["server"] == Channel(agent).server
        measured = json.dumps({"log_level": "debug", "version": 1}, separators=(",", ":"))
        assert bundle.fields["config"] == hashlib.sha256(measured.encode()).digest()
        assert hashlib.sha256(bundle.report_data).digest() in bundle.items["vtpm"]


def test_what_the_kernel_measured_is_for_anyone(sim):
    """Where the kernel keeps a list it is told; most kernels of hosts keep none, and that is told, too."""
    answer = sim.ask("GET", "/v1/ima")
    if not os.path.exists("/sys/kernel/security/integrity/ima/binary_runtime_measurements"):
        assert answer.status == 404 and "no list" in answer.json["detail"]
    else:
        assert answer.status == 200 and base64.b64decode(answer.json["log"]) and "pcr10" not in answer.json
    assert sim.ask("POST", "/v1/ima").status == 405
