"""TDX and SGX quotes at the command line, with collateral from a file and from a directory, on genuine evidence."""

import json

from test_cli_verify import VECTORS, needs_vectors

TDX = VECTORS / "tdx" / "dcap-qvl-tdx"
SGX = VECTORS / "tdx" / "dcap-qvl-sgx"
POLICY = {"version": 1, "waive": ["freshness", "measurement"], "tdx": {},
          "sgx": {"tcb_status": ["ConfigurationAndSWHardeningNeeded"]}}


def judge(cli, quote, *more, code=0, when="2025-06-25T00:00:00Z", as_json=True):
    (cli.directory / "policy.json").write_text(json.dumps(POLICY))
    return cli("attestation", "validate", quote, "--policy", "policy.json", "--time", when,
               *(["--json"] if as_json else []), *more, code=code)


def finding_ids(done):
    return [finding["id"] for finding in done.json["findings"]]


@needs_vectors
def test_a_quote_with_collateral_is_accepted(cli):
    done = judge(cli, TDX / "tdx_quote", "--collateral", TDX / "tdx_quote_collateral.json", "--format", "tdx")
    assert done.json["claims"]["tdx"]["tcb"]["status"] == "UpToDate"
    done = judge(cli, SGX / "sgx_quote", "--collateral", SGX / "sgx_quote_collateral.json", "--format", "sgx")
    assert done.json["claims"]["sgx"]["tcb"]["status"] == "ConfigurationAndSWHardeningNeeded"


@needs_vectors
def test_an_acceptance_says_what_it_did_without(cli):
    done = judge(cli, TDX / "tdx_quote", "--collateral", TDX / "tdx_quote_collateral.json", as_json=False)
    assert done.out == "accepted (crypto: pass, policy: pass; waived: freshness, measurement)\n"


@needs_vectors
def test_a_directory_holds_the_collateral_of_many_platforms(cli):
    cache = cli.directory / "cache"
    (cache / "nested").mkdir(parents=True)
    (cache / ".hidden").write_text("not collateral")
    for source in (TDX / "tdx_quote_collateral.json", SGX / "sgx_quote_collateral.json"):
        (cache / source.name).write_bytes(source.read_bytes())
    for quote in (TDX / "tdx_quote", SGX / "sgx_quote"):
        assert judge(cli, quote, "--collateral", cache).json["result"] == "accepted"
    (cache / "notes.txt").write_text("not collateral")
    assert "dcap.collateral.form" in finding_ids(judge(cli, TDX / "tdx_quote", "--collateral", cache, code=5))


@needs_vectors
def test_collateral_of_another_day_or_platform_is_refused(cli):
    collateral = TDX / "tdx_quote_collateral.json"
    done = judge(cli, TDX / "tdx_quote", "--collateral", collateral, code=5, when="2026-06-25T00:00:00Z")
    assert "dcap.collateral.time" in finding_ids(done)
    done = judge(cli, SGX / "sgx_quote", "--collateral", collateral, code=5)
    assert "dcap.tcb_info.other" in finding_ids(done)
    assert "dcap.tcb_info.absent" in finding_ids(judge(cli, TDX / "tdx_quote", code=5))


@needs_vectors
def test_collateral_that_is_not_there_is_wrong_use(cli):
    assert judge(cli, TDX / "tdx_quote", "--collateral", cli.directory / "nothing", code=2)
