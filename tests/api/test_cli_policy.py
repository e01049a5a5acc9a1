"""Policies as CoRIMs at the command line: made, shown, signed, verified, compared, judged by. What is written is
read by corim_grammar, which shares nothing with the program."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

import corim_grammar
from test_cli_verify import GENOA, POLICY, VECTORS, measurement, needs_vectors

A, B, HOST = "aa" * 48, "bb" * 48, "cd" * 32


def keys(cli, name, kind="ecdsa"):
    cli("keys", "-k", kind, "-n", name)
    return load_pem_public_key(cli.path(f"{name}-public.pem").read_bytes())


def make(cli, *args, kind="snp"):
    cli("policy", "create-corim", kind, *args, "-o", "p.corim")
    return cli.path("p.corim").read_bytes()


def test_snp_values_stand_where_the_draft_has_them(cli):
    data = make(cli, "--measurement", A, "--measurement", B, "--min-tcb", "bl=4,snp=24", "--host-data", HOST,
                "--policy", "0x1020000", "--vmpl", "1", "--waive", "crl")
    found = list(corim_grammar.measurements(corim_grammar.check(data)))
    assert ("snp", "measurement", {2: [[7, bytes.fromhex(A)]]}) in found
    assert ("snp", "measurement", {2: [[7, bytes.fromhex(B)]]}) in found
    assert ("snp", "min_tcb.bl", {1: corim_grammar.Tag(553, 4)}) in found
    assert ("snp", "vmpl", {1: corim_grammar.Tag(552, 1)}) in found
    assert ("snp", "host_data", {4: corim_grammar.Tag(560, bytes.fromhex(HOST))}) in found
    assert ("policy", "waive", {11: "crl"}) in found
    shown = cli("policy", "show", "p.corim").json
    assert shown == {"version": 1, "waive": ["crl"], "snp": {
        "measurement": [A, B], "host_data": [HOST], "vmpl": 1, "min_tcb": {"bl": 4, "snp": 24},
        "require_no_smt": True, "require_ciphertext_hiding": True}}


def test_tdx_and_tpm_registers_are_integrity_registers(cli):
    data = make(cli, "--measurement", A, "--rtmrs", f"{A},,{B}", "--svn", "03" * 16, kind="tdx")
    found = list(corim_grammar.measurements(corim_grammar.check(data)))
    assert ("tdx", "rtmrs", {14: {0: [[7, bytes.fromhex(A)]], 2: [[7, bytes.fromhex(B)]]}}) in found
    assert ("tdx", "mrtd", {2: [[7, bytes.fromhex(A)]]}) in found

    cli.write("pcrs.json", json.dumps({"pcrs": {"4": "11" * 32, "9": "22" * 32}}))
    data = make(cli, "--pcrs", "pcrs.json", "--pcr", f"9={'33' * 32}", "--pcr", f"0={'44' * 48}", "--emulated",
                kind="vtpm")
    found = list(corim_grammar.measurements(corim_grammar.check(data)))
    assert ("vtpm", "pcrs", {14: {4: [[1, b"\x11" * 32]]}}) in found
    assert ("vtpm", "pcrs", {14: {9: [[1, b"\x22" * 32]]}}) in found
    assert ("vtpm", "pcrs", {14: {9: [[1, b"\x33" * 32]]}}) in found
    assert ("vtpm", "pcrs", {14: {0: [[7, b"\x44" * 48]]}}) in found
    assert cli("policy", "show", "p.corim").json["vtpm"]["pcrs"]["sha256"]["9"] == ["22" * 32, "33" * 32]


@pytest.mark.parametrize("kind", ["ecdsa", "ecdsa-p384"])
def test_a_signed_policy_verifies_for_others_and_for_us(cli, kind):
    public = keys(cli, "owner", kind)
    keys(cli, "other", kind)
    cli.write("p.json", json.dumps({"version": 1, "snp": {"measurement": A}}))
    cli("policy", "sign", "p.json", "--key", "owner-private.pem", "--signer", "Owner Ltd", "--valid-for", "30d", "-o",
        "s.corim")
    name, inner = corim_grammar.check_signed(cli.path("s.corim").read_bytes(), public)
    assert name == "Owner Ltd"
    assert "Owner Ltd" in cli("policy", "verify", "s.corim", "--key", "owner-public.pem").out
    cli("policy", "verify", "s.corim", "--key", "other-public.pem", code=5)
    cli("policy", "verify", "s.corim", "--key", "owner-public.pem", "--time", "2099-01-01T00:00:00Z", code=5)
    cli("policy", "verify", "s.corim", code=2)
    cli.write("inner.corim", inner)
    cli("policy", "verify", "inner.corim", "--key", "owner-public.pem", code=5)
    cli("policy", "sign", "s.corim", "--key", "owner-private.pem", code=2)
    assert cli("policy", "show", "s.corim").json == cli("policy", "show", "inner.corim").json
    broken = bytearray(cli.path("s.corim").read_bytes())
    broken[-1] ^= 1
    cli.write("b.corim", bytes(broken))
    cli("policy", "verify", "b.corim", "--key", "owner-public.pem", code=5)


def test_create_corim_signs_in_one_go_and_says_so_as_json(cli):
    public = keys(cli, "owner")
    done = cli("policy", "create-corim", "snp", "--measurement", A, "--signing-key", "owner-private.pem", "--json")
    assert done.json["signed"] is True
    name, _ = corim_grammar.check_signed(base64.b64decode(done.json["corim"]), public)
    assert len(name) == 64  # the identity of the key


def test_what_cannot_be_said_is_refused_with_a_reason(cli):
    for args, code, reason in [
        (["snp"], 2, "--measurement HEX or --igvm FILE"),
        (["snp", "--measurement", "00"], 2, "/snp/measurement/0"),
        (["snp", "--measurement", A, "--svn", "3"], 2, "no guest SVN"),
        (["snp", "--measurement", A, "--policy", "0xb0000"], 2, "debugging"),
        (["snp", "--measurement", A, "--policy", "0x70000"], 2, "migration"),
        (["snp", "--measurement", A, "--min-tcb", "bl=256"], 2, "0 to 255"),
        (["snp", "--measurement", A, "--min-tcb", "boot=4"], 2, "expected fmc="),
        (["snp", "--measurement", A, "--min-tcb", "0x10000"], 2, "reserved on Milan"),
        (["snp", "--measurement", A, "--waive", "all"], 2, "'all' is not known"),
        (["tdx", "--measurement", A, "--rtmrs", ",,,,"], 2, "RTMR 0 to 3"),
        (["vtpm"], 2, "which registers?"),
        (["vtpm", "--pcr", "4"], 2, "expected N=HEX"),
        (["vtpm", "--pcr", "4=" + "00" * 20], 2, "no bank"),
        (["vtpm", "--pcr", "24=" + "00" * 32], 2, "24"),
    ]:
        done = cli("policy", "create-corim", *args, code=code)
        assert reason in done.err, done


def test_a_tcb_as_a_number_has_the_layout_of_its_generation(cli):
    make(cli, "--measurement", A, "--min-tcb", "0xdb18000000000004")
    assert cli("policy", "show", "p.corim").json["snp"]["min_tcb"] == {"bl": 4, "tee": 0, "snp": 24, "ucode": 219}
    make(cli, "--measurement", A, "--product", "Turin", "--min-tcb", str(0x4700000002000100))
    assert cli("policy", "show", "p.corim").json["snp"]["min_tcb"] == {"fmc": 0, "bl": 1, "tee": 0, "snp": 2,
                                                                       "ucode": 0x47}


def test_policies_are_compared_in_sentences(cli):
    cli.write("a.json", json.dumps({"version": 1, "snp": {"measurement": [A, B], "min_tcb": {"bl": 4}}}))
    cli.write("b.json", json.dumps({"version": 1, "waive": ["crl"], "snp": {"measurement": A}}))
    done = cli("policy", "diff", "a.json", "b.json")
    assert f"the launch measurement is {B}" in done.out and "waived: crl" in done.out
    found = cli("policy", "diff", "a.json", "b.json", "--json").json
    assert [entry["member"] for entry in found["only_first"]] == ["snp.measurement"]
    assert [entry["member"] for entry in found["only_second"]] == ["waive", "snp.min_tcb.bl"]
    assert "both accept the same" in cli("policy", "diff", "a.json", "a.json").out
    cli("policy", "diff", "a.json", "absent", code=2)


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def signer(cli):
    cli("keys", "-k", "rsa", "-n", "cloud")
    return load_pem_private_key(cli.path("cloud-private.pem").read_bytes(), None)


CLAIMS = {"exp": 2000000000, "nbf": 1000000000, "x-ms-isolation-tee": {
    "x-ms-attestation-type": "sevsnpvm", **{f"x-ms-sevsnpvm-{name}": value for name, value in {
        "authorkeydigest": "00" * 48, "idkeydigest": "22" * 48, "launchmeasurement": A, "hostdata": HOST,
        "familyId": "00" * 16, "imageId": "00" * 16, "reportdata": "00" * 64, "reportid": "33" * 32,
        "bootloader-svn": 3, "tee-svn": 0, "snpfw-svn": 8, "microcode-svn": 115, "vmpl": 0, "guestsvn": 4,
        "is-debuggable": False, "migration-allowed": False, "smt-allowed": True}.items()}}}


def write_token(cli, key, claims):
    covered = url64(b'{"alg":"RS256","typ":"JWT"}') + b"." + url64(json.dumps(claims).encode())
    cli.write("token", covered + b"." + url64(key.sign(covered, padding.PKCS1v15(), hashes.SHA256())))


def test_a_token_of_azure_becomes_a_policy_when_its_key_is_known(cli):
    write_token(cli, signer(cli), CLAIMS)
    keys(cli, "other", "rsa")
    args = ["policy", "create-corim", "azure", "--token", "token", "-o", "p.corim"]
    cli(*args, code=2)
    cli(*args, "--key", "other-public.pem", code=5)
    cli(*args, "--key", "cloud-public.pem", "--time", "2050-01-01T00:00:00Z", code=5)
    cli(*args, "--key", "cloud-public.pem")
    assert cli("policy", "show", "p.corim").json["snp"] == {
        "measurement": [A], "host_data": [HOST], "id_key_digest": ["22" * 48],
        "min_tcb": {"bl": 3, "tee": 0, "snp": 8, "ucode": 115}}
    corim_grammar.check(cli.path("p.corim").read_bytes())


def test_a_token_about_a_guest_that_can_be_debugged_is_no_policy(cli):
    claims = json.loads(json.dumps(CLAIMS))
    claims["x-ms-isolation-tee"]["x-ms-sevsnpvm-is-debuggable"] = True
    write_token(cli, signer(cli), claims)
    done = cli("policy", "create-corim", "azure", "--token", "token", "--key", "cloud-public.pem", code=5)
    assert "debugged" in done.err


def varint(number):
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + varint(number >> 7)


def field(number, value):
    return varint(number << 3) + varint(value) if isinstance(value, int) else \
        varint(number << 3 | 2) + varint(len(value)) + value


def test_an_endorsement_of_googles_firmware_becomes_a_policy_when_its_key_is_known(cli):
    key = signer(cli)
    snp = b"".join(field(2, field(1, cpus) + field(2, bytes.fromhex(value))) for cpus, value in ((1, A), (4, B)))
    golden = field(2, 1) + field(7, snp)
    signature = key.sign(golden, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    cli.write("fw.binarypb", field(1, golden) + field(2, signature))
    keys(cli, "other", "rsa")
    args = ["policy", "create-corim", "gcp", "--endorsement", "fw.binarypb", "-o", "p.corim"]
    cli(*args, code=2)
    cli(*args, "--key", "other-public.pem", code=5)
    cli(*args, "--key", "cloud-public.pem")
    assert cli("policy", "show", "p.corim").json["snp"] == {"measurement": [A, B]}
    cli(*args, "--key", "cloud-public.pem", "--vcpu", "4")
    assert cli("policy", "show", "p.corim").json["snp"] == {"measurement": [B]}
    cli(*args, "--key", "cloud-public.pem", "--measurement", A)
    assert cli("policy", "show", "p.corim").json["snp"] == {"measurement": [A]}
    cli(*args, "--key", "cloud-public.pem", "--measurement", "cc" * 48, code=5)
    cli(*args, "--key", "cloud-public.pem", "--vcpu", "3", code=5)


@needs_vectors
def test_a_corim_is_a_policy_and_a_signed_one_wants_its_key(cli):
    keys(cli, "owner")
    keys(cli, "other")
    cli.write("p.json", json.dumps({**POLICY, "snp": {"measurement": measurement()}}))
    cli("policy", "sign", "p.json", "--key", "owner-private.pem", "-o", "s.corim")
    cli.write("u.corim", corim_grammar.read(cli.path("s.corim").read_bytes()).value[2])

    def judge(*args, code):
        return cli("attestation", "validate", GENOA / "report.bin", "--chain", GENOA / "vcek-chain-genoa-v5.pem",
                   "--time", "2025-12-01T00:00:00Z", *args, code=code)

    judge("--policy", "u.corim", code=0)
    judge("--policy", "s.corim", "--policy-key", "owner-public.pem", code=0)
    assert "--policy-key" in judge("--policy", "s.corim", code=5).err
    judge("--policy", "s.corim", "--policy-key", "other-public.pem", code=5)
    judge("--policy", "u.corim", "--policy-key", "owner-public.pem", code=5)
    judge("--policy", "p.json", "--policy-key", "owner-public.pem", code=5)
    cli.env["COCOS_POLICY"], cli.env["COCOS_POLICY_KEY"] = "s.corim", "owner-public.pem"
    judge(code=0)


@needs_vectors
def test_corims_of_other_tools_are_shown_and_are_no_policy(cli):
    cases = VECTORS / "corim" / "corim-testcases" / "testcases"
    shown = cli("policy", "show", cases / "corim-2.cbor").json
    assert [each["model"] for each in shown["references"]][0] == "ACME RoadRunner Firmware"
    cli.write("noise", b"x")
    done = cli("attestation", "validate", "noise", "--policy", cases / "corim-2.cbor", code=2)
    assert "profile" in done.err


def test_malformed_corims_name_their_byte(cli):
    data = bytearray(make(cli, "--measurement", A))
    cli.write("cut.corim", bytes(data[:-1]))
    assert "byte" in cli("policy", "show", "cut.corim", code=5).err
    cli.write("noise", b"x")
    assert "byte" in cli("attestation", "validate", "noise", "--policy", "cut.corim", code=2).err


@needs_vectors
def test_an_igvm_file_and_a_manifest_are_demands(cli):
    igvm = VECTORS / "igvm" / "ovmf-x64-1vcpu" / "ovmf-x64-1vcpu.igvm"
    done = cli("attestation", "validate", GENOA / "report.bin", "--igvm", igvm, "--json", code=5)
    expected = json.loads((igvm.parent / "expected.json").read_text())
    assert any(expected["measure_native_zero"]["digest"] in (finding["expected"] or "")
               for finding in done.json["findings"]), done
    cli.write("p.json", json.dumps({**POLICY, "snp": {"measurement": measurement()}}))
    done = cli("attestation", "validate", GENOA / "report.bin", "--igvm", igvm, "--policy", "p.json", code=2)
    assert "launch measurement is none that the policy accepts" in done.err
    loose = VECTORS / "igvm" / "snp-idblock-good" / "snp-idblock-good.igvm"
    done = cli("attestation", "validate", GENOA / "report.bin", "--igvm", loose, code=5)
    assert "not measured" in done.err
    assert "no_reference_because" in cli("igvm", "show", loose, "--json").json["platforms"][0]
    cli("policy", "create-corim", "snp", "--igvm", igvm, "-o", "i.corim")
    assert expected["measure_native_zero"]["digest"] in cli("policy", "show", "i.corim").out


def test_a_release_record_is_a_policy_for_the_shapes_it_knows(cli):
    file = {"sha256": "00" * 32, "bytes": 1}
    shapes = [{"memory_mib": 512, "cpus": cpus, "pcrs": {"0": [f"{cpus:02x}" * 32], "4": "44" * 32}} for cpus in (1, 2)]
    cli.write("image.json", json.dumps({
        "version": 1, "name": "eos", "eos_version": "1", "debug": False, "min_memory_mib": 256,
        "default_memory_mib": 512, "cmdline": {"text": "", "sha256": hashlib.sha256(b"").hexdigest()},
        **{part: {"file": part, **file} for part in ("kernel", "initrd", "firmware")},
        "reference": {"pcrs": {"7": "77" * 32}, "shapes": shapes}}))
    data = make(cli, "--image", "image.json", "--cpus", "2", kind="vtpm")
    found = list(corim_grammar.measurements(corim_grammar.check(data)))
    assert ("vtpm", "pcrs", {14: {0: [[1, b"\x02" * 32]], 4: [[1, b"\x44" * 32]], 7: [[1, b"\x77" * 32]]}}) in found
    assert "512 MiB" in cli("policy", "create-corim", "vtpm", "--image", "image.json", "--cpus", "3", code=2).err
    cli.write("noise", b"x")
    cli("attestation", "validate", "noise", "--image", "image.json", code=5)
    cli("attestation", "validate", "noise", "--image", "image.json", "--memory", "99", code=2)
    cli.write("p.json", json.dumps({"version": 1, "vtpm": {"pcrs": {"sha256": {"4": "45" * 32}}}}))
    done = cli("attestation", "validate", "noise", "--image", "image.json", "--policy", "p.json", code=2)
    assert "PCR 4" in done.err


@needs_vectors
def test_a_manifest_is_a_demand(cli):
    cli.write("m.json", '{"id": "x"}')
    cli.write("p.json", json.dumps({**POLICY, "snp": {"measurement": measurement()}}))
    agreed = cli("manifest", "hash", "m.json").out.strip()
    done = cli("attestation", "validate", GENOA / "report.bin", "--chain", GENOA / "vcek-chain-genoa-v5.pem",
               "--time", "2025-12-01T00:00:00Z", "--policy", "p.json", "--manifest", "m.json", "--json", code=5)
    assert done.json["crypto"] == "pass"
    assert any(agreed in (finding["expected"] or "") for finding in done.json["findings"]), done
    cli.write("p.json", json.dumps({**POLICY, "manifest_sha256": "00" * 32, "snp": {"measurement": measurement()}}))
    done = cli("attestation", "validate", GENOA / "report.bin", "--policy", "p.json", "--manifest", "m.json", code=2)
    assert "the manifest is none that the policy accepts" in done.err


def test_an_id_block_pins_a_guest_and_its_owner(cli):
    cli("keys", "-k", "ecdsa-p384", "-n", "id")
    cli("keys", "-k", "ecdsa-p384", "-n", "author")
    done = cli("sevsnpmeasure", "id-block", "--measurement", A, "--id-key", "id-private.pem", "--author-key",
               "author-private.pem", "--guest-svn", "7", "--block-file", "b", "--auth-file", "a", "--json")
    assert len(base64.b64decode(done.json["id_block"])) == 96 and len(base64.b64decode(done.json["id_auth"])) == 4096
    shown = cli("sevsnpmeasure", "check-id-block", "b", "a", "--json").json
    assert shown["guest_svn"] == 7 and shown["measurement"] == A
    assert shown["id_key_digest"] == done.json["id_key_digest"]
    broken = bytearray(cli.path("a").read_bytes())
    broken[0x40] ^= 1
    cli.write("a", bytes(broken))
    assert "byte 64" in cli("sevsnpmeasure", "check-id-block", "b", "a", code=5).err
    cli("sevsnpmeasure", "id-block", "--measurement", A, code=2)
