"""The verifier and the reference values at the command line, on genuine evidence and on files made here."""

import json
import os
import pathlib
import zlib

import pytest

from cli_support import ROOT

VECTORS = pathlib.Path(os.environ.get("VECTORS", ROOT.parent / "shared" / "vectors"))
GENOA = VECTORS / "snp" / "yaxi-routex-genoa-v5"
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason=f"SKIP: no vectors at '{VECTORS}'")

POLICY = {"version": 1, "waive": ["freshness", "min_tcb", "crl"], "snp": {}}


def measurement():
    return (GENOA / "report.bin").read_bytes()[0x90:0xC0].hex()


def judge(cli, evidence, policy, *more, code=5):
    (cli.directory / "policy.json").write_text(json.dumps(policy))
    (cli.directory / "report.bin").write_bytes(evidence)
    return cli("attestation", "validate", "report.bin", "--chain", GENOA / "vcek-chain-genoa-v5.pem",
               "--time", "2025-12-01T00:00:00Z", "--policy", "policy.json", "--json", *more, code=code)


@needs_vectors
def test_genuine_evidence_that_fits_the_policy_is_accepted(cli):
    policy = {**POLICY, "snp": {"measurement": measurement()}}
    done = judge(cli, (GENOA / "report.bin").read_bytes(), policy, code=0)
    assert done.json["result"] == "accepted" and done.json["crypto"] == done.json["policy"] == "pass"


@needs_vectors
def test_another_measurement_is_refused_but_genuine(cli):
    policy = {**POLICY, "snp": {"measurement": "00" * 48}}
    done = judge(cli, (GENOA / "report.bin").read_bytes(), policy)
    assert (done.json["result"], done.json["crypto"], done.json["policy"]) == ("rejected", "pass", "fail")
    assert any(measurement() in (finding["got"] or "") for finding in done.json["findings"])


@needs_vectors
def test_one_changed_bit_is_no_evidence(cli):
    evidence = bytearray((GENOA / "report.bin").read_bytes())
    evidence[0x90] ^= 1
    done = judge(cli, evidence, {**POLICY, "snp": {"measurement": evidence[0x90:0xC0].hex()}})
    assert done.json["crypto"] == "fail"


@needs_vectors
def test_a_challenge_that_was_not_answered_is_refused(cli):
    policy = {**POLICY, "snp": {"measurement": measurement()}}
    done = judge(cli, (GENOA / "report.bin").read_bytes(), policy, "--report-data", "11" * 64)
    assert "fail" in (done.json["policy"], done.json["crypto"])


def test_bytes_of_no_format_are_rejected_without_a_crash(cli):
    (cli.directory / "noise").write_bytes(bytes(range(256)) * 5)
    done = cli("attestation", "explain", "noise", code=5)
    assert "to mend" in done.out


def test_a_demand_that_is_empty_is_not_taken_for_none(cli):
    (cli.directory / "noise").write_bytes(b"x")
    (cli.directory / "empty").write_bytes(b"")
    for flag in ("--nonce", "--report-data", "--issuer", "--audience"):
        assert f"{flag} is given and empty" in cli("attestation", "validate", "noise", flag, "", code=2).err
    for flag in ("--key", "--vek", "--signature", "--event-log"):
        assert f"{flag} is given and empty" in cli("attestation", "validate", "noise", flag, "empty", code=2).err


def test_wrong_use_is_exit_2(cli):
    (cli.directory / "noise").write_bytes(b"x")
    (cli.directory / "bad.json").write_text('{"version": 1, "unknown": 1}')
    (cli.directory / "broken.json").write_text("{")
    cli("attestation", "validate", "noise", "--policy", "bad.json", code=2)
    for flag in ("--policy", "--manifest", "--image", "--ear-key"):
        cli("attestation", "validate", "noise", flag, "broken.json", code=2)
    cli("attestation", "validate", "noise", "--nonce", "xyz", code=2)
    cli("attestation", "validate", "noise", "--time", "yesterday", code=2)
    cli("attestation", "validate", "noise", "--report-data", "11" * 63, code=2)
    cli("eventlog", "replay", "noise", "--ccel", "--alg", "sha256", code=2)
    cli("attestation", "validate", "absent", code=2)
    cli("igvmmeasure", "absent", code=2)
    cli("sevsnpmeasure", "--mode", "snp", code=2)


def test_an_igvm_file_is_measured_or_refused(cli):
    platform = bytes.fromhex("0100000010000000" "01000000" "0002" "0100" "0000000000000000")
    page = bytes.fromhex("0203000018000000" "0010000000000000" "01000000" "00000000" "00000000" "0000" "0000")
    context = bytes.fromhex("0403000014000000" "00f0ffffffff0000" "01000000" "70000000" "0000000000000000")
    vmsa = (bytes(0x158) + b"\x31").ljust(4096, b"\0")

    def made(*headers, data=bytes(8)):
        headers = b"".join(headers)
        head = b"IGVM" + b"".join(n.to_bytes(4, "little") for n in (1, 24, len(headers), 24 + len(headers) + len(data)))
        return head + zlib.crc32(head + bytes(4) + headers).to_bytes(4, "little") + headers + data
    file = made(platform, page)
    (cli.directory / "vm.igvm").write_bytes(file)
    done = cli("igvmmeasure", "vm.igvm")
    assert len(done.out.strip()) == 96
    other = cli("igvmmeasure", "vm.igvm", "--native-zero", "--json")
    assert other.json["measurement"] != done.out.strip()
    cli("igvmmeasure", "vm.igvm", "--platform", "tdx", code=5)
    (cli.directory / "vm.igvm").write_bytes(file[:-9] + b"\1" + file[-8:])
    assert "CRC" in cli("igvmmeasure", "vm.igvm", code=5).err
    for order, told in ((page, context), False), ((context, page), True):
        (cli.directory / "vm.igvm").write_bytes(made(platform, *order, data=vmsa))
        assert ("KVM measures last" in cli("igvmmeasure", "vm.igvm", "--check-kvm").err) == told


@needs_vectors
def test_logs_are_replayed(cli):
    log = VECTORS / "tcglog" / "tpm2-tools" / "event-arch-linux.bin"
    done = cli("eventlog", "replay", log, "--json")
    assert done.json["pcrs"]["0"] == "758b773d94feabf52ef5a4c00a7ad2c80d8d6e6d9d58756150be9bc973da9087"
    (cli.directory / "cut").write_bytes(log.read_bytes()[:-3])
    cli("eventlog", "replay", "cut", "--json", code=5)
