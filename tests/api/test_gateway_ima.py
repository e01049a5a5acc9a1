"""What the kernel measured, for clients that want it as text with a register of SHA-1 in every message: from an agent whose
kernel keeps a list, which a test has to play."""

import hashlib
import os
import shutil
import struct
import subprocess
import sys

import grpc
import pytest

import agents
from cli_support import ROOT
from gateways import Gateway, agent_with_door, fields_of
from test_gateway_agent import refused
from tpms import Tpm

sys.path.insert(0, str(ROOT / "tests" / "fakes"))

from https_service import Answer, HttpsService, problem  # noqa: E402


def measurements(channel):
    call = channel.unary_stream("/agent.AgentService/IMAMeasurements", request_serializer=bytes,
                                response_deserializer=bytes)(b"", timeout=60)
    headers = dict(call.initial_metadata())
    return headers, [dict(fields_of(message)) for message in call]


def recompute(text):
    """As those clients do."""
    pcr = bytes(20)
    for line in text.splitlines():
        fields = line.split()
        if fields[0] == b"10":
            digest = bytes.fromhex(fields[1].decode())
            pcr = hashlib.sha1(pcr + (digest if any(digest) else b"\xff" * 20)).digest()
    return pcr


class Kernel(HttpsService):
    """An agent whose kernel has measured much."""

    answer = None

    def handle(self, request):
        assert request.path == "/v1/ima" and request.headers.get("accept") == "text/plain", request.headers
        return self.answer


@pytest.fixture
def kernel():
    service = Kernel()
    yield service
    service.close()


def test_the_register_is_in_each_message_and_the_text_leads_to_it(kernel):
    lines = [b"10 " + hashlib.sha1(bytes([i % 256, i // 256])).hexdigest().encode() +
             b" ima-ng sha256:" + os.urandom(32).hex().encode() + b" /bin/%d" % i for i in range(20_000)]
    lines[5] = b"10 " + b"0" * 40 + b" ima-ng sha256:" + b"00" * 32 + b" /changed"
    text = b"\n".join(lines) + b"\n"
    assert len(text) > 2 << 20
    kernel.answer = Answer(200, text, {"Content-Type": "text/plain", "ETag": '"' + recompute(text).hex() + '"'})
    with Gateway("--agent", kernel.url) as gateway:
        headers, messages = measurements(gateway.channel())
        assert headers["file-size"] == str(len(text)) and len(messages) == 3
        assert all(set(message) == {1, 2} and len(message[2]) == 20 for message in messages)
        assert [len(message[1]) for message in messages[:-1]] == [1 << 20, 1 << 20]
        assert b"".join(message[1] for message in messages) == text
        assert {message[2] for message in messages} == {recompute(text)}


@pytest.mark.parametrize("tag", [None, '"00"', '"' + "zz" * 20 + '"', '"' + "00" * 32 + '"'])
def test_an_agent_that_tells_no_register_is_not_believed(kernel, tag):
    kernel.answer = Answer(200, b"10 x\n", {"Content-Type": "text/plain", **({"ETag": tag} if tag else {})})
    with Gateway("--agent", kernel.url) as gateway:
        assert "PCR 10" in refused(lambda: measurements(gateway.channel()), grpc.StatusCode.INTERNAL)


def test_a_machine_without_that_bank_says_so(kernel):
    kernel.answer = problem(422, "not-available", "this machine's TPM keeps no such bank")
    with Gateway("--agent", kernel.url) as gateway:
        details = refused(lambda: measurements(gateway.channel()), grpc.StatusCode.UNIMPLEMENTED)
        assert "keeps no such bank" in details


def test_the_real_agent_says_what_its_kernel_and_tpm_keep():
    listed = os.path.exists("/sys/kernel/security/integrity/ima/binary_runtime_measurements")
    with Tpm() as tpm, agent_with_door(COCOS_AGENT_PLATFORM="vtpm", COCOS_AGENT_TPM=tpm.tcti) as agent, \
            Gateway("--agent", agent.door) as gateway:
        code = grpc.StatusCode.UNIMPLEMENTED if listed else grpc.StatusCode.NOT_FOUND
        details = refused(lambda: measurements(gateway.channel()), code)
        assert ("SHA-256" if listed else "no list") in details
    shutil.rmtree(agent.door_folder)


def entry(name):
    """Of the binary list, with the template "ima-ng"."""
    digest, name = b"sha256:\0" + hashlib.sha256(name).digest(), name + b"\0"
    data = struct.pack("<I", len(digest)) + digest + struct.pack("<I", len(name)) + name
    template = hashlib.sha1(data).digest()
    return template, struct.pack("<I", 10) + template + struct.pack("<I", 6) + b"ima-ng" + struct.pack("<I", len(data)) + data


def test_the_real_agent_gives_a_list_that_leads_to_its_tpm(tmp_path, monkeypatch):
    """On a kernel whose list is a test's: a mount that this agent alone sees."""
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/sys/kernel/security"], check=False,
                      capture_output=True).returncode != 0:
        pytest.skip("SKIP: this user may not mount")
    entries = [entry(b"/bin/%d" % i) for i in range(50)]
    (tmp_path / "list").write_bytes(b"".join(raw for _, raw in entries))
    program = tmp_path / "cocos-agent"
    folder = "/sys/kernel/security/integrity/ima"
    program.write_text(f"#!/bin/sh\nexec unshare -m sh -c 'mount -t tmpfs none /sys/kernel/security && mkdir -p {folder} && "
                       f"cp {tmp_path}/list {folder}/binary_runtime_measurements && exec {agents.BIN}/cocos-agent'\n")
    program.chmod(0o755)
    with Tpm("sha1,sha256") as tpm:
        for template, _ in entries[:40]:  # the kernel goes on while it is asked
            tpm.extend_ima(template)
        with monkeypatch.context() as patch:
            patch.setattr(agents, "BIN", str(tmp_path))
            agent = agent_with_door(COCOS_AGENT_PLATFORM="vtpm", COCOS_AGENT_TPM=tpm.tcti)
        with agent, Gateway("--agent", agent.door) as gateway:
            headers, messages = measurements(gateway.channel())
            text = b"".join(message[1] for message in messages)
            assert int(headers["file-size"]) == len(text) and len(text.splitlines()) == 40
            assert {message[2] for message in messages} == {recompute(text)}
            assert agent.ask("GET", "/v1/ima").json["pcr10_sha1"] == recompute(text).hex()
    shutil.rmtree(agent.door_folder)
