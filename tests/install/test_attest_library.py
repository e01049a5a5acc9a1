"""libcocos-attest, installed and used as a third program does: what is exported, what it asks of the machine, how large
it is, and the example of its documentation, compiled and run outside of this tree."""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = pathlib.Path(os.environ.get("VECTORS", ROOT.parent / "shared" / "vectors"))
GENOA = VECTORS / "snp" / "yaxi-routex-genoa-v5"
CHALLENGE = bytes(range(32))
POLICY = {"version": 1, "waive": ["measurement", "min_tcb", "crl"], "snp": {}}
SIZE_MAX = 400_000

# All that the verifier may ask of the C library: memory, strings, sorting, formatting into memory, the end of the
# program when memory is gone, and closing a descriptor, which mem.h offers its callers as a cleanup.
LIBC = set("""
abort calloc free malloc realloc reallocarray
memchr memcmp memcpy memmem memmove memrchr memset explicit_bzero
strchr strcmp strcspn strlen strncmp strnlen strpbrk strrchr strspn strstr strtoul strtoull strerror_r
snprintf vsnprintf vasprintf qsort bsearch close pthread_once
__ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc __errno_location __stack_chk_fail
__cxa_finalize __gmon_start__ _ITM_deregisterTMCloneTable _ITM_registerTMCloneTable
""".split())
# Of OpenSSL and jansson anything but their own files, sockets, clocks, environment and random numbers.
FORBIDDEN = re.compile(r"BIO_(new_file|s_file|new_fp|s_fd|s_socket|s_connect|s_accept|new_connect)|RAND_|"
                       r"CONF_|OPENSSL_init|OSSL_STORE|X509_STORE_load|X509_LOOKUP|ASN1_TIME_set|X509_cmp_current|"
                       r"X509_gmtime|json_(load|dump)_?(file|fd?$)|json_loadf|json_dumpf|json_dumpfd")


def run(*command, code=0, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, **more)
    assert done.returncode == code, f"{command}\nexit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The root of an installation under DESTDIR; PREFIX is /opt/cocos."""
    destdir = tmp_path_factory.mktemp("destdir")
    run("deploy/attest/install", destdir, "/opt/cocos", cwd=ROOT)
    return destdir / "opt" / "cocos"


def pkg_config(installed, *arguments):
    env = {**os.environ, "PKG_CONFIG_PATH": str(installed / "lib/pkgconfig"),
           "PKG_CONFIG_SYSROOT_DIR": str(installed.parents[1])}
    return run("pkg-config", *arguments, "cocos-attest", env=env).split()


def library(installed):
    return (installed / "lib/libcocos-attest.so").resolve()


def symbols(path, which):
    return {line.split()[-1].partition("@")[0] for line in run("nm", "-D", which, path).splitlines()}


# --- what is in it --------------------------------------------------------------------------------

def test_the_shared_library_has_a_versioned_name(installed):
    version = (ROOT / "VERSION").read_text().strip()
    assert library(installed).name == f"libcocos-attest.so.{version}"
    dynamic = run("readelf", "-d", library(installed))
    assert f"[libcocos-attest.so.{version.split('.')[0]}]" in dynamic
    needed = set(re.findall(r"NEEDED.*\[(lib\w+)", dynamic))
    assert needed <= {"libcrypto", "libjansson", "libc"}


def test_only_what_the_headers_declare_is_exported(installed):
    words = set()
    for header in (installed / "include/cocos").rglob("*.h"):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        words |= set(re.findall(r"\w+", text))
    exported = {name for name in symbols(library(installed), "--defined-only") if not name.startswith("COCOS_ATTEST_")}
    assert exported - words == set()
    assert {"attest_validate", "attest_explain", "policy_load", "verdict_json", "verdict_done"} <= exported


def test_the_static_library_defines_nothing_else_either(installed):
    lines = run("nm", "-g", "--defined-only", installed / "lib/libcocos-attest.a").splitlines()
    defined = {line.split()[-1] for line in lines if len(line.split()) == 3}
    exported = {name for name in symbols(library(installed), "--defined-only") if not name.startswith("COCOS_ATTEST_")}
    assert defined == exported


def test_it_reads_no_file_clock_or_environment_and_says_nothing(installed):
    undefined = run("nm", "-D", "--undefined-only", library(installed)).splitlines()
    own = {name for name in (line.split()[-1] for line in undefined)
           if "@GLIBC" in name or "@" not in name}
    plain = {re.sub(r"^__(\w+)_chk$", r"\1", name.partition("@")[0]) for name in own}
    assert plain - LIBC == set()
    others = {line.split()[-1].partition("@")[0] for line in undefined} - {name.partition("@")[0] for name in own}
    assert [name for name in others if FORBIDDEN.search(name)] == []


def test_code_and_constants_are_small(installed):
    sections = run("size", "-A", library(installed)).splitlines()
    sizes = {parts[0]: int(parts[1]) for parts in map(str.split, sections) if len(parts) == 3 and parts[1].isdigit()}
    size = sum(sizes.get(name, 0) for name in (".text", ".plt", ".plt.sec", ".rodata", ".data.rel.ro", ".eh_frame"))
    print(f"libcocos-attest: {size} bytes of code and read-only data, at most {SIZE_MAX}")
    assert 50_000 < size <= SIZE_MAX


def test_the_headers_stand_alone(installed, tmp_path):
    """Each of them, first in a file of its own, outside of the tree and with more warnings than we build with."""
    for header in (installed / "include/cocos").rglob("*.h"):
        name = header.relative_to(installed / "include")
        if "FINDING(" in header.read_text() or "ERR_KIND(" in header.read_text().split("#ifndef")[0]:
            continue  # tables, which others include with a macro of theirs
        source = tmp_path / "one.c"
        source.write_text(f"#include <{name}>\n")
        run("gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *pkg_config(installed, "--cflags"),
            source)


# --- the example ----------------------------------------------------------------------------------

@pytest.fixture(scope="module", params=["shared", "static"])
def judge(request, installed, tmp_path_factory):
    """The example of the documentation, linked one way and the other."""
    folder = tmp_path_factory.mktemp(request.param)
    text = (ROOT / "docs/libcocos-attest.md").read_text()
    source = re.search(r"```c\n(.*?)```", text, re.S).group(1)
    (folder / "judge.c").write_text(source)
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", *pkg_config(installed, "--cflags")]
    if request.param == "shared":
        libraries = [*pkg_config(installed, "--libs"), f"-Wl,-rpath,{installed / 'lib'}"]
    else:
        private = [part for part in pkg_config(installed, "--libs", "--static") if part != "-lcocos-attest"]
        libraries = [installed / "lib/libcocos-attest.a", *private]
    run("gcc", *flags, "-o", folder / "judge", folder / "judge.c", *libraries, cwd=folder)
    assert ("libcocos-attest" in run("readelf", "-d", folder / "judge")) == (request.param == "shared")

    def call(evidence, certificates, challenge, *root, code):
        for name, content in (("evidence", evidence), ("certificates", certificates), ("challenge", challenge),
                              ("policy", json.dumps(POLICY).encode())):
            (folder / name).write_bytes(content)
        return run("./judge", "evidence", "certificates", "policy", "challenge", *root, code=code, cwd=folder)

    return call


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    run(ROOT / "build/release/tests/tools/snp_world", folder, "Genoa", "vcek")
    pems = [run("openssl", "x509", "-inform", "DER", "-in", folder / f"{name}.der") for name in ("vek", "ask", "ark")]
    (folder / "chain.pem").write_text("".join(pems))
    return folder


def test_the_example_refuses_noise(judge, world):
    out = judge(bytes(range(256)), (world / "chain.pem").read_bytes(), CHALLENGE, code=1)
    assert "REJECTED" in out and "evidence.format" in out


def test_the_example_refuses_another_root_than_amds(judge, world):
    out = judge((world / "report.bin").read_bytes(), (world / "chain.pem").read_bytes(), CHALLENGE, code=1)
    assert "snp.root.unknown" in out and "snp.report.signature" not in out


def test_the_example_refuses_another_challenge(judge, world):
    out = judge((world / "report.bin").read_bytes(), (world / "chain.pem").read_bytes(), CHALLENGE[::-1],
                world / "ark.der", code=1)
    assert "snp.report_data" in out


def test_the_example_accepts_under_a_root_that_its_user_trusts(judge, world):
    out = judge((world / "report.bin").read_bytes(), (world / "chain.pem").read_bytes(), CHALLENGE,
                world / "ark.der", code=0)
    assert out.startswith("ACCEPTED")


@pytest.mark.skipif(not GENOA.exists(), reason=f"SKIP: no vectors at '{VECTORS}'")
def test_the_example_accepts_genuine_evidence(judge):
    report = (GENOA / "report.bin").read_bytes()
    out = judge(report, (GENOA / "vcek-chain-genoa-v5.pem").read_bytes(), report[0x50:0x90], code=0)
    assert out.startswith("ACCEPTED")
