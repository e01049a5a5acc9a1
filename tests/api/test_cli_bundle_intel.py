"""ca-bundle TDX and SGX against a service of our own that serves what Intel's does: genuine collateral where there are
vectors, and that of a PKI of our own."""

import json
import os
import pathlib
import subprocess
import urllib.parse

import pytest

from cli_support import BIN, ROOT
from https_service import Answer, HttpsService, pem_of
from test_cli_bundle import BUILD, files_of

VECTORS = pathlib.Path(os.environ.get("VECTORS", ROOT.parent / "shared" / "vectors"))
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason=f"SKIP: no vectors at '{VECTORS}'")
WORLD = BUILD / "tests" / "tools" / "tdx_world"
OUR_TIME = "2027-01-15T08:00:00Z"


class Pcs(HttpsService):
    """Serves the pieces of one collateral file each at its place; changed: path -> Answer in its stead."""

    def __init__(self, collateral):
        super().__init__()
        self.collateral, self.changed = collateral, {}

    def document(self, name, member, header):
        body = '{"%s":%s,"signature":"%s"}' % (member, self.collateral[name], self.collateral[name + "_signature"])
        chain = urllib.parse.quote(self.collateral[name + "_issuer_chain"])
        return Answer(200, body.encode(), {header: chain, "Content-Type": "application/json"})

    def handle(self, request):
        if request.path in self.changed:
            return self.changed[request.path]
        kind = request.path.split("/")[1]
        if request.path == f"/{kind}/certification/v4/tcb":
            return self.document("tcb_info", "tcbInfo", "TCB-Info-Issuer-Chain")
        if request.path == f"/{kind}/certification/v4/qe/identity":
            return self.document("qe_identity", "enclaveIdentity", "SGX-Enclave-Identity-Issuer-Chain")
        if request.path == "/sgx/certification/v4/pckcrl":
            return Answer(200, bytes.fromhex(self.collateral["pck_crl"]))
        if request.path == "/IntelSGXRootCA.der":
            return Answer(200, bytes.fromhex(self.collateral["root_ca_crl"]))
        return Answer(404)


@pytest.fixture(scope="module", params=["tdx", "sgx"])
def world(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    subprocess.run([str(WORLD), str(folder), request.param], check=True)
    return request.param, folder


class Bundle:
    def __init__(self, cli, kind, folder):
        self.cli, self.kind, self.folder = cli, kind, folder
        self.pcs = Pcs(json.loads((folder / "collateral.json").read_text()))
        (cli.directory / "mirror.pem").write_bytes(pem_of(self.pcs.ca))
        self.cache = cli.directory / "home/.cocos"
        self.roots = ["--trust-root", folder / "root.der"]

    def __call__(self, *args, code=0, roots=True):
        return self.cli("ca-bundle", self.kind, "--pcs-url", self.pcs.url, "--pcs-crl-url",
                        self.pcs.url + "/IntelSGXRootCA.der", "--mirror-ca", "mirror.pem", "--time", OUR_TIME,
                        "--report", self.folder / "quote.bin", *(self.roots if roots else []), *args, code=code)


@pytest.fixture
def bundle(cli, world):
    bundle = Bundle(cli, *world)
    yield bundle
    bundle.pcs.close()


def test_the_collateral_of_a_platform_is_fetched_verified_and_kept(bundle):
    done = bundle("--json")
    (name,) = files_of(bundle.cache)
    kept = json.loads((bundle.cache / name).read_text())
    assert name.startswith(bundle.kind.upper() + "/") and name.endswith(".json")
    for member in ("tcb_info", "tcb_info_signature", "qe_identity", "qe_identity_signature", "pck_crl", "root_ca_crl"):
        assert kept[member].lower() == bundle.pcs.collateral[member].lower(), member
    assert done.json["files"][0]["source"] == "fetched"
    fmspc = json.loads(kept["tcb_info"])["fmspc"].lower()
    queries = [request.query for request in bundle.pcs.requests]
    assert f"fmspc={fmspc}" in queries and any(query.endswith("&encoding=der") for query in queries)


def test_what_holds_is_not_fetched_again_and_serves_offline(bundle):
    bundle()
    asked = len(bundle.pcs.requests)
    assert bundle("--json").json["files"][0]["source"] == "cache" and len(bundle.pcs.requests) == asked
    bundle("--offline")


def test_validate_finds_the_collateral_by_itself(bundle, cli):
    (cli.directory / "policy.json").write_text(json.dumps(
        {"version": 1, "waive": ["freshness", "measurement", "min_tcb"], bundle.kind: {}}))
    check = ["attestation", "validate", bundle.folder / "quote.bin", "--policy", "policy.json", "--time", OUR_TIME,
             *bundle.roots, "--json"]
    assert "dcap.tcb_info.absent" in [f["id"] for f in cli(*check, code=5).json["findings"]]
    bundle()
    done = cli(*check, "--cache", bundle.cache)
    assert done.json["result"] == "accepted"


def test_collateral_under_another_root_is_not_kept(bundle):
    done = bundle(roots=False, code=5)
    assert "was not kept" in done.err and files_of(bundle.cache) == []


@pytest.mark.parametrize("member", ["tcb_info", "qe_identity"])
def test_a_changed_document_is_not_kept(bundle, member):
    bundle.pcs.collateral[member] = bundle.pcs.collateral[member].replace("UpToDate", "UpToDatf", 1)
    done = bundle(code=5)
    assert "was not kept" in done.err and files_of(bundle.cache) == []


@pytest.mark.parametrize("answer,words", [(Answer(200, b"{}"), "no tcbInfo"), (Answer(200, b"<html>"), "tcb?fmspc="),
                                          (Answer(200, b'{"tcbInfo":{},"signature":"00"}'), "no TCB-Info-Issuer-Chain"),
                                          (Answer(404), "404")])
def test_a_service_that_answers_nonsense_is_told(bundle, answer, words):
    bundle.pcs.changed[f"/{bundle.kind}/certification/v4/tcb"] = answer
    done = bundle(code=1)
    assert words in done.err and files_of(bundle.cache) == []


def test_a_platform_must_be_named(cli, bundle):
    assert "--report" in cli("ca-bundle", bundle.kind, "--pcs-url", bundle.pcs.url, code=2).err


@needs_vectors
def test_what_intel_publishes_holds(cli):
    folder = VECTORS / "tdx" / "dcap-qvl-tdx"
    collateral = json.loads((folder / "tdx_quote_collateral.json").read_text())
    pcs = Pcs(collateral)
    (cli.directory / "mirror.pem").write_bytes(pem_of(pcs.ca))
    issued = max(json.loads(collateral[name])["issueDate"] for name in ("tcb_info", "qe_identity"))
    cli("ca-bundle", "TDX", "--pcs-url", pcs.url, "--pcs-crl-url", pcs.url + "/IntelSGXRootCA.der", "--mirror-ca",
        "mirror.pem", "--report", folder / "tdx_quote", "--time", issued.replace(":00Z", ":30Z"))
    pcs.close()
