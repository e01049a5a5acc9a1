"""evidence show: what the bytes say, judged by nobody."""

import os
import pathlib
import subprocess

import pytest

from cli_support import ROOT
from test_cli_bundle import WORLD

VECTORS = pathlib.Path(os.environ.get("VECTORS", ROOT.parent / "shared" / "vectors"))
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason=f"SKIP: no vectors at '{VECTORS}'")

GENUINE = [
    ("snp/yaxi-routex-genoa-v5/report.bin", "snp"),
    ("snp/go-sev-guest-milan-v2/attestation.bin", "snp"),
    ("vtpm/go-tpm-tools-attestations/gce-cos-85-no-nonce.pb", "tpm-pb"),
    ("azure/trustee-az-snp-vtpm/hcl-report.bin", "hcl"),
    ("tdx/dcap-qvl-tdx/tdx_quote", "tdx"),
    ("tdx/dcap-qvl-sgx/sgx_quote", "sgx"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    subprocess.run([str(WORLD), str(folder), "Genoa", "vcek"], check=True)
    return (folder / "report.bin").read_bytes()


def test_a_report_is_shown_for_people(cli, report):
    (cli.directory / "report.bin").write_bytes(report)
    out = cli("evidence", "show", "report.bin").out
    assert out.startswith("format: snp\nbytes: 1184\n")
    assert f"    measurement: {report[0x90:0xC0].hex()}\n" in out
    assert "REJECTED" not in out and "malformed: none" in out


def test_a_report_is_shown_for_programs(cli, report):
    (cli.directory / "report.bin").write_bytes(report)
    shown = cli("evidence", "show", "report.bin", "--json").json
    assert shown["format"] == "snp" and shown["malformed"] == []
    assert shown["claims"]["snp"]["chip_id"] == report[0x1A0:0x1E0].hex()


def test_a_changed_report_is_shown_all_the_same(cli, report):
    changed = bytearray(report)
    changed[0x90] ^= 1
    (cli.directory / "report.bin").write_bytes(changed)
    assert cli("evidence", "show", "report.bin", "--json").json["claims"]["snp"]["measurement"] == changed[0x90:0xC0].hex()


def test_malformed_bytes_are_exit_5_and_say_where(cli, report):
    (cli.directory / "short").write_bytes(report[:700])
    done = cli("evidence", "show", "short", "--json", code=5)
    assert done.json["malformed"][0]["id"] == "snp.report.form" and "0x2bc" in done.json["malformed"][0]["got"]
    (cli.directory / "noise").write_bytes(bytes(range(256)))
    assert "malformed" in cli("evidence", "show", "noise", code=5).err
    (cli.directory / "empty").write_bytes(b"")
    cli("evidence", "show", "empty", code=5)


def test_wrong_use_is_exit_2(cli):
    cli("evidence", "show", "absent", code=2)
    cli("evidence", "show", code=2)


@needs_vectors
@pytest.mark.parametrize("name,format", GENUINE)
def test_genuine_evidence_of_every_kind_is_shown(cli, name, format):
    if not (VECTORS / name).exists():
        pytest.skip(f"SKIP: no vector '{name}'")
    shown = cli("evidence", "show", VECTORS / name, "--json").json
    assert shown["format"] == format and shown["claims"] and shown["malformed"] == []
    assert cli("evidence", "show", VECTORS / name).out.startswith(f"format: {format}\n")
