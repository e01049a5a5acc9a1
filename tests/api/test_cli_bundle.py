"""ca-bundle against a service of our own that serves what AMD's does: genuine certificates and lists where there are
vectors, and those of a PKI of our own; honest, broken, greedy, slow and lying."""

import os
import pathlib
import re
import subprocess
import threading
import time

import pytest

from cli_support import BIN, ROOT
from https_service import Answer, HttpsService, pem_of

VECTORS = pathlib.Path(os.environ.get("VECTORS", ROOT.parent / "shared" / "vectors"))
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason=f"SKIP: no vectors at '{VECTORS}'")
BUILD = BIN.parent if BIN.parent.name != "build" else BIN.parent / "release"
WORLD = BUILD / "tests" / "tools" / "snp_world"


class Kds(HttpsService):
    """answers: path -> bytes, Answer, or a list of them for one request after the other."""

    def __init__(self):
        super().__init__()
        self.answers = {}

    def handle(self, request):
        answer = self.answers.get(request.path)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(request)
        if answer is None:
            return Answer(404, b"no such thing")
        return answer if isinstance(answer, Answer) else Answer(200, answer)

    def paths(self):
        return [request.path for request in self.requests]


def pem(der):
    return subprocess.run(["openssl", "x509", "-inform", "DER"], input=der, capture_output=True, check=True).stdout


class World:
    """An AMD of our own."""

    def __init__(self, folder, product="Milan", kind="vcek"):
        folder.mkdir()
        subprocess.run([str(WORLD), str(folder), product, kind], check=True)
        self.folder = folder
        for name in ("ark", "ask", "vek", "crl"):
            setattr(self, name, (folder / f"{name}.der").read_bytes())
        self.report = (folder / "report.bin").read_bytes()
        self.chain = pem(self.ask) + pem(self.ark)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """VCEK and VLEK of one product have their roots in the same place, so each world is served alone."""
    folder = tmp_path_factory.mktemp("worlds")
    return {name: World(folder / name, *name.split("-")) for name in
            ("Milan-vcek", "Genoa-vcek", "Turin-vcek", "Milan-vlek")}


@pytest.fixture
def kds():
    service = Kds()
    yield service
    service.close()


def serve(kds, world, vlek_world=None, product="Milan"):
    chip = world.report[0x1A0:0x1A8 if product == "Turin" else 0x1E0].hex()
    kds.answers.update({
        f"/vcek/v1/{product}/cert_chain": world.chain,
        f"/vcek/v1/{product}/crl": world.crl,
        f"/vcek/v1/{product}/{chip}": world.vek,
        f"/vlek/v1/{product}/cert_chain": vlek_world.chain if vlek_world else world.chain,
        f"/vlek/v1/{product}/crl": vlek_world.crl if vlek_world else world.crl,
    })
    return chip


class Bundle:
    def __init__(self, cli, kds, made):
        self.cli, self.kds = cli, kds
        self.vcek, self.vlek = made["Milan-vcek"], made["Milan-vlek"]
        (cli.directory / "mirror.pem").write_bytes(pem_of(kds.ca))
        self.roots = []
        for name in ("Milan-vcek", "Milan-vlek", "Genoa-vcek", "Turin-vcek"):
            self.roots += ["--trust-root", made[name].folder / "ark.der"]
        serve(kds, self.vcek, self.vlek)
        (cli.directory / "report.bin").write_bytes(self.vcek.report)

    @property
    def cache(self):
        return self.cli.directory / "home/.cocos"

    def __call__(self, *args, product="Milan", code=0):
        return self.cli("ca-bundle", product, "--kds-url", self.kds.url, "--mirror-ca", "mirror.pem", *self.roots,
                        *args, code=code)


@pytest.fixture
def bundle(cli, kds, made):
    return Bundle(cli, kds, made)


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- what goes right ------------------------------------------------------------------------------

def test_a_product_is_fetched_verified_and_kept(bundle):
    done = bundle("--json")
    assert files_of(bundle.cache) == ["Milan/ask_ark.pem", "Milan/asvk_ark.pem", "Milan/vcek.crl", "Milan/vlek.crl"]
    assert (bundle.cache / "Milan/ask_ark.pem").read_bytes() == bundle.vcek.chain
    assert (bundle.cache / "Milan/ask_ark.pem").stat().st_mode & 0o777 == 0o644
    assert [file["source"] for file in done.json["files"]] == ["fetched"] * 4
    assert all(re.fullmatch(r"20\d\d-.*Z", file["valid_until"]) for file in done.json["files"])


def test_the_certificate_of_a_report_is_fetched_and_the_report_verified(bundle):
    bundle("--report", "report.bin")
    chip = bundle.vcek.report[0x1A0:0x1E0].hex()
    (request,) = [request for request in bundle.kds.requests if chip in request.path]
    assert request.query == "blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219"
    (name,) = [name for name in files_of(bundle.cache) if "vcek-" in name]
    assert name == f"Milan/vcek-{chip}-{int.from_bytes(bundle.vcek.report[0x180:0x188], 'little'):016x}.der"
    assert (bundle.cache / name).read_bytes() == bundle.vcek.vek


@pytest.mark.parametrize("product,query", [("Genoa", "blSPL=09&teeSPL=00&snpSPL=24&ucodeSPL=84"),
                                           ("Turin", "fmcSPL=01&blSPL=01&teeSPL=02&snpSPL=03&ucodeSPL=71")])
def test_every_product_has_its_own_questions(bundle, made, product, query):
    world = made[f"{product}-vcek"]
    chip = serve(bundle.kds, world, product=product)
    bundle.kds.answers[f"/vlek/v1/{product}/cert_chain"] = Answer(404)
    (bundle.cli.directory / "report.bin").write_bytes(world.report)
    bundle("--report", "report.bin", product=product, code=1)  # that service knows no VLEKs
    del bundle.kds.answers[f"/vlek/v1/{product}/cert_chain"]
    assert f"{product}/ask_ark.pem" in files_of(bundle.cache)
    tcb = world.report[0x180:0x188]
    assert len(chip) == (16 if product == "Turin" else 128)
    expected = dict(part.split("=") for part in query.split("&"))
    places = {"Genoa": {"bl": 0, "tee": 1, "snp": 6, "ucode": 7},
              "Turin": {"fmc": 0, "bl": 1, "tee": 2, "snp": 3, "ucode": 7}}[product]
    assert {key[:-3]: int(value) for key, value in expected.items()} == {
        part: tcb[place] for part, place in places.items()}


def test_names_of_other_processors_with_the_same_keys_will_do(bundle, made):
    serve(bundle.kds, made["Genoa-vcek"], product="Genoa")
    done = bundle(product="bergamo", code=5)  # a VLEK authority is none of a VCEK
    assert "no certificate of 'SEV-VLEK-Genoa'" in done.err
    assert "Genoa/ask_ark.pem" in files_of(bundle.cache)


def test_what_holds_is_not_fetched_again(bundle):
    bundle("--report", "report.bin")
    asked = len(bundle.kds.requests)
    done = bundle("--report", "report.bin", "--json")
    assert len(bundle.kds.requests) == asked
    assert {file["source"] for file in done.json["files"]} == {"cache"}
    bundle.kds.close()
    bundle("--offline", "--report", "report.bin")


def test_old_lists_are_fetched_again_and_kept_ones_do_when_nobody_answers(bundle):
    bundle()
    for name in ("vcek.crl", "vlek.crl"):
        os.utime(bundle.cache / "Milan" / name, (1, 1))
    asked = len(bundle.kds.requests)
    bundle()
    assert bundle.kds.paths()[asked:] == ["/vcek/v1/Milan/crl", "/vlek/v1/Milan/crl"]
    for name in ("vcek.crl", "vlek.crl"):
        os.utime(bundle.cache / "Milan" / name, (1, 1))
    bundle.kds.answers["/vcek/v1/Milan/crl"] = bundle.kds.answers["/vlek/v1/Milan/crl"] = Answer(410)
    done = bundle()
    assert done.err.count("still holds") == 2


def test_validate_finds_the_cache_by_itself(bundle, cli):
    (cli.directory / "policy.json").write_text(
        '{"version": 1, "waive": ["measurement", "min_tcb"], "snp": {}}')
    check = ["attestation", "validate", "report.bin", "--policy", "policy.json", "--nonce", bytes(range(32)).hex(),
             *bundle.roots]
    cli(*check, code=5)
    bundle("--report", "report.bin")
    assert cli(*check).out.startswith("accepted")
    assert "snp.vek.absent" in cli(*check, "--cache", "none", code=5).out
    (bundle.cache / "Milan/ask_ark.pem").write_text("noise")
    assert "snp.chain" in cli(*check, code=5).out  # whatever lies there is checked


# --- limits ---------------------------------------------------------------------------------------

def test_a_service_that_limits_its_rate_is_obeyed(bundle):
    path = "/vcek/v1/Milan/cert_chain"
    bundle.kds.answers[path] = [Answer(429, b"", {"Retry-After": "1"}), bundle.vcek.chain]
    start = time.monotonic()
    done = bundle()
    assert time.monotonic() - start >= 1
    assert "asks to wait 1s" in done.err
    assert bundle.kds.paths().count(path) == 2


def test_patience_has_an_end(bundle):
    bundle.kds.answers["/vcek/v1/Milan/cert_chain"] = Answer(429, b"", {"Retry-After": "3600"})
    start = time.monotonic()
    done = bundle(code=1)
    assert time.monotonic() - start < 60
    assert "wants to be left alone for 1h" in done.err and "--patience" in done.err
    assert files_of(bundle.cache) == []


def test_a_service_that_fails_is_asked_again(bundle):
    bundle.kds.answers["/vcek/v1/Milan/crl"] = [Answer(503, b"", {"Retry-After": "1"}), Answer(502), bundle.vcek.crl]
    bundle()
    assert bundle.kds.paths().count("/vcek/v1/Milan/crl") == 3


def test_a_flood_is_cut_off(bundle):
    bundle.kds.answers["/vcek/v1/Milan/cert_chain"] = Answer(200, b"x" * 1_000_000)
    done = bundle(code=1)
    assert "over 65536 bytes" in done.err and files_of(bundle.cache) == []


def test_silence_is_a_timeout(bundle):
    enough = threading.Event()
    bundle.kds.answers["/vcek/v1/Milan/cert_chain"] = lambda request: enough.wait(60) and None
    start = time.monotonic()
    bundle("--timeout", "1s", code=3)
    assert time.monotonic() - start < 50
    enough.set()


def test_nobody_there_is_unreachable(bundle):
    bundle.kds.close()
    done = bundle("--kds-url", "https://127.0.0.1:1", code=3)
    assert "https://127.0.0.1:1/vcek/v1/Milan/cert_chain" in done.err


# --- lies -----------------------------------------------------------------------------------------

def test_a_server_that_nobody_vouches_for_is_not_believed(bundle, cli):
    done = cli("ca-bundle", "Milan", "--kds-url", bundle.kds.url, *bundle.roots, code=5)
    assert "certificate" in done.err and bundle.kds.requests == []


def test_plain_http_is_refused(bundle):
    done = bundle("--kds-url", bundle.kds.url.replace("https", "http"), code=2)
    assert "https://" in done.err


def test_authorities_of_another_root_are_not_kept(bundle, cli):
    done = cli("ca-bundle", "Milan", "--kds-url", bundle.kds.url, "--mirror-ca", "mirror.pem", code=5)
    assert "neither AMD's nor one that you trust" in done.err and "was not kept" in done.err
    assert files_of(bundle.cache) == []


def test_a_lie_does_not_take_the_place_of_what_is_kept(bundle, made):
    bundle()
    before = (bundle.cache / "Milan/vcek.crl").read_bytes()
    os.utime(bundle.cache / "Milan/vcek.crl", (1, 1))
    bundle.kds.answers["/vcek/v1/Milan/crl"] = made["Genoa-vcek"].crl
    done = bundle()
    assert "still holds" in done.err and "ARK-Genoa" in done.err
    assert (bundle.cache / "Milan/vcek.crl").read_bytes() == before


def test_a_certificate_that_does_not_verify_the_report_is_not_kept(bundle, made):
    chip = bundle.vcek.report[0x1A0:0x1E0].hex()
    bundle.kds.answers[f"/vcek/v1/Milan/{chip}"] = made["Genoa-vcek"].vek
    done = bundle("--report", "report.bin", code=5)
    assert "was not kept" in done.err
    assert not [name for name in files_of(bundle.cache) if "vcek-" in name]


def test_a_chip_that_amd_does_not_know_is_told(bundle):
    bundle.kds.answers = {path: answer for path, answer in bundle.kds.answers.items() if len(path) < 40}
    done = bundle("--report", "report.bin", code=1)
    assert "AMD knows no Milan of this chip and TCB" in done.err


def test_a_report_that_hides_its_chip_has_no_certificate_to_fetch(bundle):
    report = bytearray(bundle.vcek.report)
    report[0x1A0:0x1E0] = bytes(64)
    (bundle.cli.directory / "report.bin").write_bytes(report)
    done = bundle("--report", "report.bin", code=1)
    assert "hides its chip" in done.err


def test_a_vlek_comes_with_the_evidence(bundle, made):
    (bundle.cli.directory / "report.bin").write_bytes(made["Milan-vlek"].report)
    done = bundle("--report", "report.bin")
    assert "cloud provider" in done.err


# --- wrong use ------------------------------------------------------------------------------------

def test_wrong_use_is_exit_2(bundle, cli):
    assert "there are Milan" in bundle(product="Rome", code=2).err
    bundle("--report", "absent", code=2)
    bundle("--time", "yesterday", code=2)
    bundle("--cache", "none", code=2)
    bundle("--trust-root", "absent", code=2)
    cli("ca-bundle", code=2)


def test_offline_without_a_cache_says_what_is_missing(bundle):
    done = bundle("--offline", code=1)
    assert "ASK and ARK of Milan" in done.err and bundle.kds.requests == []


# --- genuine --------------------------------------------------------------------------------------

@needs_vectors
@pytest.mark.parametrize("product", ["Milan", "Genoa", "Turin"])
def test_what_amd_publishes_holds(cli, kds, product):
    roots = VECTORS / "snp" / "amd-roots-go-sev-guest"
    suffix = "_vcek" if product == "Turin" else ""
    crl = (VECTORS / "snp/amd-crls" / f"{product}.crl").read_bytes()
    kds.answers = {
        f"/vcek/v1/{product}/cert_chain": (roots / f"ask_ark_{product.lower()}{suffix}.pem").read_bytes(),
        f"/vlek/v1/{product}/cert_chain": (roots / f"ask_ark_{product.lower()}_vlek.pem").read_bytes(),
        f"/vcek/v1/{product}/crl": crl,
        f"/vlek/v1/{product}/crl": crl,
    }
    (cli.directory / "mirror.pem").write_bytes(pem_of(kds.ca))
    call = ["ca-bundle", product, "--kds-url", kds.url, "--mirror-ca", "mirror.pem"]
    cli(*call, "--time", "2026-09-01T00:00:00Z")
    assert "revocation list" in cli(*call, "--time", "2026-12-01T00:00:00Z", code=5).err  # stale by then


@needs_vectors
def test_the_certificate_of_a_genuine_report_verifies_it(cli, kds):
    roots, folder = VECTORS / "snp" / "amd-roots-go-sev-guest", VECTORS / "snp" / "trustee-milan-v2"
    report = (folder / "test-report.bin").read_bytes()
    crl = (VECTORS / "snp/amd-crls/Milan.crl").read_bytes()
    kds.answers = {
        "/vcek/v1/Milan/cert_chain": (roots / "ask_ark_milan.pem").read_bytes(),
        "/vlek/v1/Milan/cert_chain": (roots / "ask_ark_milan_vlek.pem").read_bytes(),
        "/vcek/v1/Milan/crl": crl,
        "/vlek/v1/Milan/crl": crl,
        f"/vcek/v1/Milan/{report[0x1A0:0x1E0].hex()}": (folder / "test-vcek.der").read_bytes(),
    }
    (cli.directory / "mirror.pem").write_bytes(pem_of(kds.ca))
    (cli.directory / "report.bin").write_bytes(report)
    cli("ca-bundle", "Milan", "--kds-url", kds.url, "--mirror-ca", "mirror.pem", "--time", "2026-09-01T00:00:00Z",
        "--report", "report.bin")
    (request,) = [request for request in kds.requests if request.query]
    assert request.query == "blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=115"
