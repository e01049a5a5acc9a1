"""Evidence in the form of the first agents, through the gateway: over what a caller chose, where the manifest says so;
read by a verifier of our own, and by cocos-cli. And what a relay makes of it: nothing."""

import hashlib
import json
import shutil
import struct

import cbor2
import grpc
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from cli_support import Cli
from gateways import Gateway, LegacyComputation, agent_with_door, field, fields_of
from test_agent_evidence import FIELDS, Channel, b64
from test_gateway_agent import attestation, refused
from tpms import Tpm

COPY = "import shutil\nshutil.copy('datasets/a', 'results/a')\n"
SNP, VTPM, SNP_VTPM = b"\x18\x00", b"\x18\x01", b"\x18\x02"
POLICY = {"version": 1, "waive": ["pei"], "max_manifests": 100, "vtpm": {"pcrs": {"sha256": {"4": "00" * 32}}, "emulated": True}}


class Token:
    """An EAT of the first agents' form, with its signature checked under the key that it names."""

    def __init__(self, token):
        message = cbor2.loads(token)
        assert message.tag == 18
        protected, unprotected, payload, signature = message.value
        assert cbor2.loads(protected) == {1: -7} and unprotected == {4: b"cocos-agent"}
        self.claims = cbor2.loads(payload)
        key = self.claims[8][1]
        public = ec.EllipticCurvePublicNumbers(*(int.from_bytes(key[at], "big") for at in (-2, -3)),
                                               ec.SECP256R1()).public_key()
        r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
        public.verify(encode_dss_signature(r, s), cbor2.dumps(["Signature1", protected, b"", payload]),
                      ec.ECDSA(hashes.SHA256()))
        self.spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.transcript, self.cel, self.ek, self.ek_certificate, self.svsm = self.claims["x-cocos-legacy"]
        self.fields, at = {}, 0
        for name in FIELDS:
            size, = struct.unpack_from(">I", self.transcript, at)
            self.fields[name] = self.transcript[at + 4:at + 4 + size]
            at += 4 + size
        assert at == len(self.transcript)

    def check(self, report_data, nonce):
        """It answers what the caller chose, padded as those clients do, and the TPM signed that."""
        report_data, nonce = report_data.ljust(64, b"\0"), nonce.ljust(32, b"\0")
        assert self.claims[10] == nonce
        assert self.fields["label"] == b"cocos/legacy/1"
        assert self.fields["exporter"] == b"" and self.fields["client"] == b""
        assert self.fields["nonce"] == hashlib.sha256(report_data + nonce).digest()
        assert self.fields["server"] == hashlib.sha256(self.spki).digest()
        signed = hashlib.sha512(self.transcript).digest()
        quote = fields_of(dict(fields_of(self.claims["raw_report"]))[2])[0][1]
        assert quote == self.claims["x-cocos-vtpm"]["quote"]
        assert hashlib.sha256(signed).digest() in quote
        assert report_data not in quote and nonce not in quote and hashlib.sha256(report_data).digest() not in quote


@pytest.fixture(scope="module")
def machine():
    """An agent with a TPM, and its gateway; set up once, since both take their time."""
    with Tpm() as tpm, agent_with_door(COCOS_AGENT_PLATFORM="vtpm", COCOS_AGENT_TPM=tpm.tcti) as agent, \
            Gateway("--agent", agent.door) as gateway:
        agent.gateway = gateway
        yield agent
    shutil.rmtree(agent.door_folder)


@pytest.fixture
def allowed(machine):
    work = LegacyComputation(COPY, {"a": "x"})
    work.manifest["legacy"]["attestation"] = True
    work.set(machine)
    yield work
    work.wipe(machine)


def test_without_the_manifests_word_nobody_gets_it(machine):
    question = {"nonce": b64(bytes(32)), "report_data": b64(bytes(64)), "evidence": ["vtpm"]}
    for work in (None, LegacyComputation(COPY, {"a": "x"})):
        if work:
            work.set(machine)
        _, text = attestation(machine.gateway.channel(), field(1, b"caller") + VTPM)
        assert json.loads(text)["items"][0]["type"] == "vtpm"  # our bundle
        if work:
            work.wipe(machine)
    assert "no connection" not in machine.log()
    status, problem = Channel(machine).post("/v1/attestation", question)
    assert status == 403 and "gateway" in problem["detail"]


def test_with_it_strangers_on_the_network_do_not_either(machine, allowed):
    question = {"nonce": b64(bytes(32)), "report_data": b64(bytes(64)), "evidence": ["vtpm"]}
    status, problem = Channel(machine).post("/v1/attestation", question)
    assert status == 403 and "gateway" in problem["detail"], problem
    status, problem = Channel(machine).post("/v1/attestation", {**question, "report_data": b64(bytes(63))})
    assert status == 422 and problem["errors"][0]["pointer"] == "/report_data"


@pytest.mark.parametrize("report_data,nonce", [(b"", b"n" * 32), (b"r" * 64, b"n" * 32), (b"short", b""), (b"", b"")])
def test_what_a_caller_chose_is_what_the_evidence_answers(machine, allowed, report_data, nonce):
    said = machine.log().count("legacy.attestation")
    request = (field(1, report_data) if report_data else b"") + (field(2, nonce) if nonce else b"") + VTPM
    headers, token = attestation(machine.gateway.channel(), request)
    assert int(headers["file-size"]) == len(token)
    token = Token(token)
    token.check(report_data, nonce)
    assert token.claims["platform_type"] == "vTPM" and token.claims[262] == 1
    assert token.claims[4] == token.claims[6] + 300
    assert token.fields["manifest"].hex() == allowed.sha256
    assert len(token.claims["x-cocos-vtpm"]["pcrs"]["sha256:15"]) == 64
    assert token.ek and token.ek_certificate and token.svsm == b""
    machine.await_log("names no connection")
    assert machine.log().count("legacy.attestation") == said + 1


def test_what_this_machine_has_not_is_refused_all_the_same(machine, allowed):
    channel = machine.gateway.channel()
    for request, code in ((SNP, grpc.StatusCode.UNIMPLEMENTED), (SNP_VTPM, grpc.StatusCode.UNIMPLEMENTED),
                          (b"\x18\x04", grpc.StatusCode.UNIMPLEMENTED), (b"\x18\x03", grpc.StatusCode.UNIMPLEMENTED),
                          (b"\x18\x05", grpc.StatusCode.INVALID_ARGUMENT),
                          (field(1, bytes(65)) + VTPM, grpc.StatusCode.INVALID_ARGUMENT)):
        refused(lambda request=request: attestation(channel, request), code)


def test_our_verifier_takes_it_for_its_caller_and_for_nobody_else(machine, allowed, tmp_path):
    report_data, nonce = b"r" * 64, b"n" * 32
    cli = Cli(tmp_path)
    _, token = attestation(machine.gateway.channel(), field(1, report_data) + field(2, nonce) + VTPM)
    cli.write("attestation.bin", token)
    cli.write("policy.json", json.dumps({**POLICY, "manifest_sha256": allowed.sha256}))
    validate = ["attestation", "validate", "attestation.bin", "--policy", "policy.json", "--json"]
    asked = ["--report-data", report_data.hex(), "--nonce", nonce.hex()]
    verdict = cli(*validate, *asked).json
    assert verdict["result"] == "accepted" and verdict["claims"]["transcript"]["kind"] == "legacy"
    for other in (["--report-data", (b"s" * 64).hex(), "--nonce", nonce.hex()],
                  ["--report-data", report_data.hex(), "--nonce", (b"m" * 32).hex()], ["--nonce", nonce.hex()]):
        findings = cli(*validate, *other, code=5).json["findings"]
        assert any(finding["id"] == "transcript.challenge" for finding in findings), findings
    cli.write("policy.json", json.dumps({**POLICY, "manifest_sha256": "00" * 32}))
    cli(*validate, *asked, code=5)


def test_a_relay_cannot_make_evidence_of_its_own_connection_from_it(machine, allowed, tmp_path):
    """It asks for the digest of the transcript that it wants to show, and gets a hash over that."""
    cli = Cli(tmp_path)
    honest = Channel(machine).evidence(bytes(range(32)), evidence=["vtpm"])
    def encode(values):
        return b"".join(struct.pack(">I", len(values[name])) + values[name] for name in FIELDS)
    forged = encode({**honest.fields, "exporter": b"e" * 32, "server": b"s" * 32})
    wanted = hashlib.sha512(forged).digest()
    _, token = attestation(machine.gateway.channel(), field(1, wanted) + field(2, hashlib.sha256(wanted).digest()) + VTPM)
    raw = Token(token).claims["raw_report"]
    cli.write("policy.json", json.dumps(POLICY))  # no manifest, which would demand a chain of DICE as well
    validate = ["attestation", "validate", "bundle.json", "--policy", "policy.json", "--json", "--nonce",
                bytes(range(32)).hex()]

    def judge(transcript, item, code):
        cli.write("bundle.json", json.dumps({**honest.json, "transcript": b64(transcript), "items": [
            {**honest.json["items"][0], "data": b64(item)}]}))
        return {finding["id"] for finding in cli(*validate, code=code).json["findings"] if
                finding["severity"] == "error"}

    assert judge(honest.transcript, honest.items["vtpm"], 0) == set()
    assert "tpm.extra_data" in judge(forged, raw, 5) or "tpm.challenge" in judge(forged, raw, 5)
    assert "transcript.form" in judge(Token(token).transcript, raw, 5)
