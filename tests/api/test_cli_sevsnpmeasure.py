"""sevsnpmeasure against the cases of the tool it is named after: the same arguments, the same digests."""

import ast
import json
import os
import re
from pathlib import Path

import pytest

VECTORS = Path(os.environ.get("VECTORS", "../shared/vectors")).resolve() / "measure" / "sev-snp-measure"
CASES = VECTORS / "expected-upstream-open.json"
MODES = {"SEV_SNP": "snp", "SEV_ES": "seves", "SEV": "sev", "SEV_SNP_SVSM": "snp:svsm"}
NAMES = ("mode", "vcpus", "cpu", "ovmf", "kernel", "initrd", "append", "features", "ovmf_hash", "vmm", "dump", "svsm",
         "vars_size")


def cases():
    if not CASES.exists():
        return []
    return json.loads(CASES.read_text())["tests"]


def arguments_of(call):
    """The words of a call in Python as what they mean: enumerations and paths become their last name."""
    call = re.sub(r"vcpu_types\.CPU_SIGS\[(.*?)\]", r"\1", call)
    call = re.sub(r"fixtures_dir / ", "", call)
    call = re.sub(r"SevMode\.(\w+)", r"'\1'", call)
    call = re.sub(r"vmm_types\.VMMType\.(\w+)", r"'\1'", call)
    call = call.replace("snp_ovmf_hash_str=ovmf_hash", "ovmf_hash=True").replace("vmm_type=", "vmm=")
    tree = ast.parse(f"f({call.replace('dump_vmsa=', 'dump=')})", mode="eval").body
    said = dict(zip(NAMES, (ast.literal_eval(word) for word in tree.args)))
    said.update({word.arg: ast.literal_eval(word.value) for word in tree.keywords})
    return said


def words_of(said):
    words = ["--mode", MODES[said["mode"]], "--vcpus", said["vcpus"], "--ovmf",
             VECTORS / os.path.basename(said["ovmf"]), "--guest-features", hex(said["features"])]
    for flag, name in (("--vcpu-type", "cpu"), ("--kernel", "kernel"), ("--initrd", "initrd"), ("--append", "append"),
                       ("--vmm-type", "vmm")):
        if said.get(name) is not None:
            words += [flag, said[name]]
    return words


@pytest.mark.parametrize("case", cases(), ids=[case["test"] for case in cases()])
def test_the_digest_is_the_same(cli, case):
    said = arguments_of(case["call"])
    if not (VECTORS / os.path.basename(said["ovmf"])).exists():
        pytest.skip(f"SKIP: the firmware '{os.path.basename(said['ovmf'])}' is not among the vectors")
    expected, words = list(case["expected_hex"]), words_of(said)
    if said.get("ovmf_hash"):  # given instead of taken from the file; where it is expected, it stands before
        digest = cli("sevsnpmeasure", "--mode", "snp:ovmf-hash", "--ovmf", words[5]).out.strip()
        words += ["--snp-ovmf-hash", digest]
        assert len(expected) < 2 or expected.pop(0) == digest
    if case["expect_error"]:
        assert "kernel" in cli("sevsnpmeasure", *words, code=5).err
    elif said.get("dump"):
        cli("sevsnpmeasure", *words, "--dump-vmsa")
    else:
        assert cli("sevsnpmeasure", *words).out.strip() == expected[0]


def test_the_cases_are_there():
    if not CASES.exists():
        pytest.skip(f"SKIP: no vectors at '{CASES}'")
    assert len(cases()) == 20
