"""cocos-cli with real agents that prove what they are, and with what stands in between."""

import hashlib
import json
import socket
import ssl
import threading
import time
import zipfile

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agents import Agent
from parties import Party
from test_cli_real import create
from tpms import Tpm

ALGORITHM = "open('results/x', 'w').write(open('datasets/iris.csv').read()[:3])"


def pem(key):
    return key.public_bytes(serialization.Encoding.PEM,
                            serialization.PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def sim(parties, tmp_path):
    """A client, and an agent on the stand-in platform, whose root the client's policy names."""
    key = ec.generate_private_key(ec.SECP384R1())
    path = tmp_path / "sim.key"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()))
    parties.write("count.py", ALGORITHM)
    parties.write("policy.json", json.dumps({"version": 1, "sim": {"root": pem(key.public_key())}}))
    with Agent(COCOS_AGENT_PLATFORM="sim", COCOS_AGENT_SIM_KEY=str(path)) as agent:
        agent.settings = {"COCOS_AGENT_PLATFORM": "sim", "COCOS_AGENT_SIM_KEY": str(path)}
        parties.env.update(COCOS_AGENT_URL=f"https://127.0.0.1:{agent.port}",
                           COCOS_POLICY=str(parties.path("policy.json")))
        yield parties, agent


def requests(agent):
    """Method and path of what the agent has answered; it writes them down a moment after."""
    time.sleep(0.2)
    lines = [json.loads(line) for line in agent.log().splitlines() if line.startswith("{")]
    return [(line["method"], line["path"]) for line in lines if line.get("msg") == "request"]


def test_who_proves_itself_needs_no_word_of_the_manager(sim, fake_manager):
    """The manager's pin is of another key, or of none yet, while it judges the same evidence."""
    cli, agent = sim
    create(cli)
    fake_manager.agent_url = cli.env.pop("COCOS_AGENT_URL")
    fake_manager.agent_pin = "sha256//" + "A" * 43 + "="
    fake_manager.states = ["provisioning", "running"]
    cli("create-vm", "--name", "demo")
    cli("manifest", "send", "m.json", "owner-private.pem", "--vm", "vm-1")
    fake_manager.agent_pin, fake_manager.vms["vm-1"]["vm"]["state"] = None, "attesting"
    fake_manager.vms["vm-1"]["vm"]["agent_pin"] = None
    fake_manager.states = ["attesting"]
    cli("algo", "count.py", "coder-private.pem", "--vm", "vm-1")


# --- what is refused ---

def test_a_root_that_the_policy_does_not_name_is_refused(sim):
    cli, agent = sim
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    cli.write("policy.json", json.dumps({"version": 1, "sim": {"root": pem(other)}}))
    create(cli)
    done = cli("manifest", "send", "m.json", "owner-private.pem", code=5)
    assert "sim.signature" in done.err and "nothing was sent" in done.err
    assert requests(agent) == [("POST", "/v1/attestation")]


@pytest.mark.parametrize("part,finding", [
    ({"vtpm": {"pcrs": {"sha256": {"4": "00" * 32}}}}, "policy.kind"),
    ({"snp": {"measurement": "00" * 48}}, "policy.kind"), ({}, "sim.root")])
def test_a_stand_in_is_never_taken_for_another_platform(sim, part, finding):
    cli, agent = sim
    cli.write("policy.json", json.dumps({"version": 1, **part}))
    create(cli)
    done = cli("manifest", "send", "m.json", "owner-private.pem", code=5)
    assert finding in done.err, done
    assert requests(agent) == [("POST", "/v1/attestation")]


def test_an_agent_that_cannot_prove_anything_is_refused(parties):
    parties.write("count.py", ALGORITHM)
    parties.write("policy.json", json.dumps({"version": 1, "vtpm": {"emulated": True}}))
    create(parties)
    with Agent(COCOS_AGENT_PLATFORM="none") as agent:
        done = parties("manifest", "send", "m.json", "owner-private.pem", "--policy", "policy.json",
                       "--agent-url", f"https://127.0.0.1:{agent.port}", code=5)
        assert "no evidence" in done.err
        assert requests(agent) == [("POST", "/v1/attestation")]


def test_a_policy_of_another_digest_is_not_used(sim):
    cli, agent = sim
    create(cli)
    done = cli("manifest", "send", "m.json", "owner-private.pem", "--policy-sha256", "0" * 64, code=5)
    assert "nothing was sent" in done.err and requests(agent) == []
    policy = json.loads(cli.path("policy.json").read_text())
    canonical = json.dumps(policy, sort_keys=True, separators=(",", ":"))
    cli("manifest", "send", "m.json", "owner-private.pem", "--policy-sha256",
        hashlib.sha256(canonical.encode()).hexdigest())


def test_another_genuine_agent_with_another_manifest_is_refused(sim):
    cli, agent = sim
    digest = create(cli)
    with Agent(**agent.settings) as other:
        cli("manifest", "send", "m.json", "owner-private.pem")
        cli.write("count.py", ALGORITHM + "\n")
        assert create(cli) != digest
        cli("manifest", "send", "m.json", "owner-private.pem", "--agent-url",
            f"https://127.0.0.1:{other.port}")
        before = len(requests(agent))
        done = cli("data", "iris.csv", "data-private.pem", "--manifest", "m.json", code=5)
        assert "run.manifest" in done.err
        assert requests(agent)[before:] == [("POST", "/v1/attestation")]
        cli("algo", "count.py", "coder-private.pem", "--manifest", "m.json", "--agent-url",
            f"https://127.0.0.1:{other.port}")


class Relay:
    """Takes connections with a certificate of its own, and passes everything on to a genuine agent."""

    def __init__(self, agent):
        self.agent, self.up = agent, b""
        self.party = Party("relay")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.party.certificate_file, self.party.key_file)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.context = context
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(plain,), daemon=True).start()

    def pass_on(self, plain):
        try:
            near = self.context.wrap_socket(plain, server_side=True)
            far = self.agent.raw()
        except (ssl.SSLError, OSError):
            return

        def pump(source, sink, keep):
            try:
                while data := source.recv(65536):
                    if keep:
                        self.up += data
                    sink.sendall(data)
            except (ssl.SSLError, OSError):
                pass

        threading.Thread(target=pump, args=(far, near, False), daemon=True).start()
        pump(near, far, True)

    def close(self):
        self.listener.close()


@pytest.mark.parametrize("auth", ["certificate", "signature"])
def test_a_relay_in_front_of_a_genuine_agent_is_refused(sim, auth):
    cli, agent = sim
    create(cli)
    cli("manifest", "send", "m.json", "owner-private.pem")
    relay = Relay(agent)
    before = len(requests(agent))
    done = cli("data", "iris.csv", "data-private.pem", "--auth", auth, "--agent-url",
               f"https://127.0.0.1:{relay.port}", code=5)
    relay.close()
    assert "transcript.channel" in done.err and "exporter" in done.err
    assert requests(agent)[before:] == [("POST", "/v1/attestation")]
    assert relay.up.startswith(b"POST /v1/attestation") and relay.up.count(b"HTTP/1.1") == 1
    assert cli.path("iris.csv").read_bytes()[:40] not in relay.up


# --- what is accepted ---

@pytest.mark.parametrize("auth", ["certificate", "signature"])
def test_a_computation_on_attested_channels(sim, auth):
    cli, agent = sim
    create(cli)
    how = ["--auth", auth, "--manifest", "m.json"]
    done = cli("manifest", "send", "m.json", "owner-private.pem", "--auth", auth)
    assert "warning" not in done.err
    cli("algo", "count.py", "coder-private.pem", *how)
    cli("data", "iris.csv", "data-private.pem", *how)
    cli("run", "coder-private.pem", *how)
    path = cli("result", "reader-private.pem", *how, "-o", "out").out.strip()
    with zipfile.ZipFile(path) as archive:
        assert archive.read("x") == cli.path("iris.csv").read_bytes()[:3]
    asked = requests(agent)
    assert asked.count(("POST", "/v1/attestation")) == 5


def test_evidence_is_fetched_and_judged_later(sim):
    cli, _ = sim
    nonce = "11" * 32
    cli("attestation", "get", "--nonce", nonce, "--out", "evidence.json")
    bundle = json.loads(cli.path("evidence.json").read_text())
    assert [item["type"] for item in bundle["items"]] == ["sim", "dice"]
    cli("attestation", "validate", "evidence.json", "--nonce", nonce, "--policy", "policy.json")
    policy = json.loads(cli.path("policy.json").read_text())
    cli.path("strict.json").write_text(json.dumps({**policy, "dice": {"required": True}}))
    cli("attestation", "validate", "evidence.json", "--nonce", nonce, "--policy", "strict.json")
    cli("attestation", "validate", "evidence.json", "--nonce", "12" * 32, "--policy", "policy.json", code=5)
    assert json.loads(cli("attestation", "get", "sim").out)["version"] == 1
    assert "no evidence of type tdx" in cli("attestation", "get", "tdx", code=2).err
    assert "is no evidence" in cli("attestation", "get", "nitro", code=2).err
    del cli.env["COCOS_POLICY"]
    assert "nobody judged" in cli("attestation", "get", "all").err


def test_evidence_as_a_token_is_judged_at_once_and_later(sim):
    cli, _ = sim
    nonce = "11" * 32
    cli("attestation", "get", "--format", "eat", "--nonce", nonce, "-o", "evidence.eat")
    cli("attestation", "validate", "evidence.eat", "--nonce", nonce, "--policy", "policy.json")
    assert cli("evidence", "show", "evidence.eat", "--json").json
    token = bytearray(cli.path("evidence.eat").read_bytes())
    token[len(token) // 2] ^= 1
    cli.write("changed.eat", bytes(token))
    cli("attestation", "validate", "changed.eat", "--format", "eat", "--nonce", nonce, "--policy", "policy.json", code=5)
    cli.write("other.json", json.dumps({"version": 1, "vtpm": {"emulated": True}}))
    cli("attestation", "get", "--format", "eat", "--policy", "other.json", code=5)
    done = cli("attestation", "get", "sim", "--format", "eat", "-o", "other.eat")
    assert "nonce " in done.err and "warning" not in done.err


# --- a TPM whose maker vouches for it ---

@pytest.fixture
def vtpm(parties):
    parties.write("count.py", ALGORITHM)
    create(parties)
    with Tpm() as tpm, Agent(COCOS_AGENT_PLATFORM="vtpm", COCOS_AGENT_TPM=tpm.tcti) as agent:
        root, issuer = tpm.root()
        parties.write("issuer.pem", issuer)
        parties.env.update(COCOS_AGENT_URL=f"https://127.0.0.1:{agent.port}")
        yield parties, agent, root


def vtpm_policy(cli, **more):
    cli.write("policy.json", json.dumps({"version": 1, "waive": ["pei"], "vtpm": {
        "pcrs": {"sha256": {"4": "00" * 32}}, "emulated": True, **more}}))
    return ["--policy", "policy.json"]


SEND = ["manifest", "send", "m.json", "owner-private.pem"]


def test_a_tpm_shows_its_key_beside_its_makers(vtpm):
    cli, agent, root = vtpm
    how = vtpm_policy(cli, ek_roots=[root])
    cli(*SEND, *how, "--chain", "issuer.pem")
    assert requests(agent)[:2] == [("POST", "/v1/attestation"), ("POST", "/v1/attestation/activate")]


def test_a_tpm_of_another_maker_is_refused(vtpm):
    cli, agent, _ = vtpm
    with Tpm() as other:
        how = vtpm_policy(cli, ek_roots=[other.root()[0]])
        done = cli(*SEND, *how, "--chain", "issuer.pem", code=5)
    assert "tpm.credential" in done.err
    assert ("PUT", "/v1/computation") not in requests(agent)


def test_an_emulated_tpm_needs_the_policys_word(vtpm):
    cli, agent, root = vtpm
    done = cli(*SEND, *vtpm_policy(cli, ek_roots=[root], emulated=False), "--chain", "issuer.pem", code=5)
    assert "tpm.emulated" in done.err
    done = cli(*SEND, *vtpm_policy(cli, emulated=False), code=5)
    assert "tpm.ak.unbound" in done.err
    assert ("PUT", "/v1/computation") not in requests(agent)
    cli(*SEND, *vtpm_policy(cli))


def test_other_registers_are_refused(vtpm):
    cli, agent, _ = vtpm
    cli.write("policy.json", json.dumps({"version": 1, "waive": ["pei"], "vtpm": {
        "pcrs": {"sha256": {"4": "11" * 32}}, "emulated": True}}))
    done = cli(*SEND, "--policy", "policy.json", code=5)
    assert "tpm.pcr" in done.err and "4 (sha256)" in done.err
    assert ("PUT", "/v1/computation") not in requests(agent)
