"""cocos-cli measure: registers of a VM from files. What real VMs say to it is the business of tests/vm."""

import hashlib
import json
import struct
from pathlib import Path

import pytest

FIRMWARE = "/usr/share/OVMF/OVMF_CODE.fd"


def kernel():
    """The least that passes for a bzImage with an EFI stub."""
    data = bytearray(0x600)
    data[0:2] = b"MZ"
    struct.pack_into("<I", data, 0x3C, 0x40)
    data[0x40:0x44] = b"PE\0\0"
    struct.pack_into("<H", data, 0x40 + 20, 0xF0)
    struct.pack_into("<H", data, 0x58, 0x20B)
    struct.pack_into("<I", data, 0x58 + 60, 0x400)
    struct.pack_into("<I", data, 0x58 + 108, 16)
    data[0x202:0x208] = b"HdrS\x0f\x02"
    data[0x236] = 2
    return bytes(data)


def extended(*digests):
    value = bytes(32)
    for digest in digests:
        value = hashlib.sha256(value + digest).digest()
    return value.hex()


@pytest.fixture
def files(cli):
    (cli.directory / "vmlinuz").write_bytes(kernel())
    (cli.directory / "initrd").write_bytes(b"an initrd")
    return ["--firmware", FIRMWARE, "--kernel", "vmlinuz", "--initrd", "initrd", "--append", "quiet"]


def image(folder):
    """A release record beside its files, as the builder of images writes it before it knows the values."""
    def part(name):
        data = (folder / name).read_bytes()
        return {"file": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (folder / "OVMF_CODE.fd").write_bytes(Path(FIRMWARE).read_bytes())
    record = {"version": 1, "name": "eos", "eos_version": "0.1", "debug": False, "kernel": part("vmlinuz"),
              "initrd": part("initrd"), "firmware": part("OVMF_CODE.fd"),
              "cmdline": {"text": "quiet", "sha256": hashlib.sha256(b"quiet").hexdigest()},
              "min_memory_mib": 192, "default_memory_mib": 640}
    (folder / "image.json").write_text(json.dumps(record))
    return record


@pytest.mark.parametrize("args, says", [
    ([], "say --image"),
    (["--kernel", "vmlinuz"], "say --image"),
    (["--firmware", FIRMWARE, "--kernel", "absent"], "No such file"),
    (["--image", "image.json", "--kernel", "vmlinuz"], "--image names"),
    (["--memory", "0"], "from 1 to"),
    (["--cpus", "65"], "from 1 to 64"),
])
def test_usage(cli, args, says):
    assert says in cli("measure", *args, code=2).err


def test_what_must_be_named_before_other_things(cli, files):
    (cli.directory / "x").write_text("{}")
    assert "--config" in cli("measure", *files, "--manifest", "x", code=2).err
    assert "--pk" in cli("measure", *files, "--db", "x", code=2).err
    assert "--image" in cli("measure", *files, "--shapes", code=2).err


def test_files_that_are_not_what_they_should_be_end_with_5(cli, files):
    (cli.directory / "no-kernel").write_bytes(b"MZ" + bytes(5000))
    (cli.directory / "no-firmware").write_bytes(bytes(8192))
    assert "setup header" in cli("measure", *files, "--kernel", "no-kernel", code=5).err
    assert "not an OVMF" in cli("measure", *files, "--firmware", "no-firmware", code=5).err


def test_registers_follow_from_the_files(cli, files):
    pcrs = cli("measure", *files, "--json").json["pcrs"]["sha256"]
    options = hashlib.sha256("quiet initrd=initrd\0".encode("utf-16-le")).digest()
    assert pcrs["9"] == extended(options, hashlib.sha256(b"an initrd").digest())
    assert pcrs["11"] == "00" * 32
    assert sorted(map(int, pcrs)) == list(range(15))
    lines = cli("measure", *files).out.splitlines()
    assert f"PCR 9   {pcrs['9']}" in lines


def test_kernel_is_measured_as_it_lies_in_memory(cli, files):
    def register(*more):
        return cli("measure", *files, "--json", *more).json["pcrs"]["sha256"]["4"]
    assert register("--memory", "512") != register("--memory", "1024")
    assert register("--memory", "3072") == register("--memory", "8192")
    assert register("--memory", "512", "--as-is") == register("--memory", "1024", "--as-is")
    assert register("--cpus", "1") == register("--cpus", "2")


def test_firmware_register_depends_on_the_shape(cli, files):
    def values(*more):
        return cli("measure", *files, "--json", *more).json
    one, two = values("--cpus", "1"), values("--cpus", "2")
    assert one["pcrs"]["sha256"]["0"] != two["pcrs"]["sha256"]["0"]
    unknown = cli("measure", *files, "--memory", "65536")
    assert "not all registers are known" in unknown.err and "PCR 0 " not in unknown.out


def test_keys_that_are_enrolled_change_register_7_alone(cli, files):
    (cli.directory / "pk").write_bytes(b"a signature list")
    before = cli("measure", *files, "--json").json["pcrs"]["sha256"]
    after = cli("measure", *files, "--json", "--pk", "pk", "--db", "pk").json["pcrs"]["sha256"]
    assert {index for index in before if before[index] != after[index]} == {"7", "10"}


def test_register_15_is_config_and_manifests(cli, files):
    (cli.directory / "config.json").write_text('{"boot_nonce": "AA==", "vm_id": "x"}')
    (cli.directory / "manifest.json").write_text('{ "b": 1,\n "a": 2 }')
    done = cli("measure", *files, "--json", "--config", "config.json", "--manifest", "manifest.json")
    assert done.json["pcrs"]["sha256"]["15"] == extended(hashlib.sha256(b"{}").digest(),
                                                         hashlib.sha256(b'{"a":2,"b":1}').digest())


def test_launch_digests_are_those_of_sevsnpmeasure_or_refused(cli, files):
    launch = cli("measure", *files, "--cpus", "2", "--launch", "EPYC-Milan", "--json").json["launch"]
    assert list(launch) == ["snp", "seves", "sev", "tdx"]
    for mode in ("snp", "seves", "sev"):
        arguments = ["sevsnpmeasure", "--mode", mode, "--ovmf", FIRMWARE, "--kernel", "vmlinuz", "--initrd", "initrd",
                     "--append", "quiet", "--vcpus", "2", "--vcpu-type", "EPYC-Milan"]
        if "digest" in launch[mode]:
            assert cli(*arguments).out.strip() == launch[mode]["digest"]
        else:
            assert launch[mode]["refused"] in cli(*arguments, code=5).err
    assert "kernel hashes" in launch["snp"]["refused"], "Debian's firmware would not measure the kernel"
    assert "snp     none: " in cli("measure", *files, "--launch", "EPYC-v4").out
    cli("measure", *files, "--launch", "Pentium", code=2)


def test_policy_is_one(cli, files):
    policy = cli("measure", *files, "--policy").json
    assert policy["version"] == 1 and policy["platforms"] == ["vtpm"]
    assert policy["vtpm"]["pcrs"]["sha256"]["1"].startswith("8e9d1fe2")


def test_image_names_the_files_and_must_be_right_about_them(cli, files):
    image(cli.directory)
    by_image = cli("measure", "--image", "image.json", "--json").json
    assert by_image == cli("measure", *files, "--memory", "640", "--json").json
    (cli.directory / "initrd").write_bytes(b"another initrd")
    assert "is not the file of the release record" in cli("measure", "--image", "image.json", code=5).err


def test_shapes_are_what_single_measurements_say(cli, files):
    image(cli.directory)
    reference = cli("measure", "--image", "image.json", "--shapes").json
    shapes = {(shape["memory_mib"], shape["cpus"]): shape for shape in reference["shapes"]}
    assert len(shapes) == len(reference["shapes"])
    assert {memory for memory, _ in shapes} == {192, 256, 512, 640, *range(768, 2817, 256)}
    assert {cpus for _, cpus in shapes} == {1, 2, 4, 8, 16, 32, 64}
    assert shapes[2816, 1]["memory_mib_max"] == 30 * 1024
    for memory, cpus in ((192, 1), (640, 64), (2816, 2)):
        one = cli("measure", "--image", "image.json", "--memory", memory, "--cpus", cpus, "--json").json
        assert {**reference["pcrs"], **shapes[memory, cpus]["pcrs"]} == one["pcrs"]["sha256"]


def boot_log(dxe, pei=b"early firmware as it lay in memory"):
    """The first events of a boot, in a log with a SHA-256 bank only."""
    def event(kind, digest, data):
        return struct.pack("<IIIH", 0, kind, 1, 11) + digest + struct.pack("<I", len(data)) + data
    spec = b"Spec ID Event03\0" + struct.pack("<IBBBBIHHB", 0, 0, 2, 0, 2, 1, 11, 32, 0)
    version, separator = bytes(2), bytes(4)
    return (struct.pack("<II20sI", 0, 3, bytes(20), len(spec)) + spec +
            event(8, hashlib.sha256(version).digest(), version) +
            event(0x80000008, hashlib.sha256(pei).digest(), b"PEIFV") +
            event(0x80000008, bytes.fromhex(dxe), b"DXEFV") +
            event(4, hashlib.sha256(separator).digest(), separator))


def test_reference_boot_is_recorded_beside_what_is_computed(cli, files):
    image(cli.directory)
    dxe = cli("measure", *files, "--json").json["firmware"]["dxe_sha256"]
    (cli.directory / "log").write_bytes(boot_log(dxe))
    pei = hashlib.sha256(b"early firmware as it lay in memory").hexdigest()
    told = cli("measure", *files, "--memory", "512", "--record", "log", "--json").json
    assert told["firmware"]["pei_sha256"] == pei and told["as_computed"] is False
    recorded = told["pcrs"]["sha256"]
    assert recorded["0"] == extended(hashlib.sha256(bytes(2)).digest(), bytes.fromhex(pei), bytes.fromhex(dxe),
                                     hashlib.sha256(bytes(4)).digest())

    record = json.loads((cli.directory / "image.json").read_text())
    record["reference"] = cli("measure", "--image", "image.json", "--shapes").json
    (cli.directory / "image.json").write_text(json.dumps(record))
    computed = cli("measure", *files, "--memory", "512", "--json").json["pcrs"]["sha256"]
    known = cli("measure", "--image", "image.json", "--memory", "512", "--record", "log").json["reference"]["shapes"]
    assert known[0] == {"memory_mib": 512, "cpus": 1, "pcrs": {
        "0": [computed["0"], recorded["0"]], "4": computed["4"], "10": [computed["10"], recorded["10"]]}}
    assert len(known) == len(record["reference"]["shapes"])
    new = cli("measure", "--image", "image.json", "--memory", "700", "--cpus", "3", "--record", "log").json
    assert new["reference"]["shapes"][0]["memory_mib"] == 700
    assert new["reference"]["shapes"][1:] == record["reference"]["shapes"]


def test_reference_boot_of_another_firmware_is_none(cli, files):
    (cli.directory / "log").write_bytes(boot_log("11" * 32))
    assert "is not the DXEFV of this firmware file" in cli("measure", *files, "--record", "log", code=5).err


def test_log_that_is_none_records_nothing(cli, files):
    (cli.directory / "log").write_bytes(b"no log")
    cli("measure", *files, "--record", "log", code=5)
    cli("measure", *files, "--record", "absent", code=2)


# --- TDs ---

def td_log(*, without=()):
    """The log of a TD that booted directly into a kernel, as OVMF and Linux write it."""
    def event(register, kind, data):
        return (struct.pack("<IIIH", register, kind, 1, 12) + hashlib.sha384(data).digest() +
                struct.pack("<I", len(data)) + data)
    spec = b"Spec ID Event03\0" + struct.pack("<IBBBBIHHB", 0, 0, 2, 0, 2, 1, 12, 48, 0)
    events = {"hob": event(1, 0x8000000B, b"TD HOB"), "volume": event(1, 0x8000000A, b"CFV"),
              "variables": b"".join(event(1, 0x80000001, b"v") for _ in range(5)),
              "kernel": event(2, 0x80000003, b"a kernel"), "options": event(3, 6, struct.pack("<I", 0x8F3B22ED)),
              "initrd": event(3, 6, struct.pack("<I", 0x8F3B22EC))}
    return (struct.pack("<II20sI", 0, 3, bytes(20), len(spec)) + spec +
            b"".join(data for name, data in events.items() if name not in without))


def extended_384(*digests):
    value = bytes(48)
    for digest in digests:
        value = hashlib.sha384(value + digest).digest()
    return value.hex()


def test_td_is_measured_after_a_template(cli, files):
    (cli.directory / "ccel").write_bytes(td_log())
    whole = [*files, "--firmware", "/usr/share/ovmf/OVMF.fd", "--ccel", "ccel"]
    told = cli("measure", *whole, "--json").json
    options = hashlib.sha384("quiet initrd=initrd\0".encode("utf-16-le")).digest()
    assert told["rtmr2"] == extended_384(options, hashlib.sha384(b"an initrd").digest())
    assert cli("measure", *whole, "--policy").json == {"version": 1, "platforms": ["tdx"], "tdx": told}
    assert cli("measure", *whole, "--two-passes", "--json").json["mrtd"] != told["mrtd"]
    done = cli("measure", *whole)
    assert f"rtmr2         {told['rtmr2']}" in done.out.splitlines() and "RTMR0: 1 events" in done.err


def test_td_needs_a_firmware_and_a_template_that_fit(cli, files):
    (cli.directory / "ccel").write_bytes(td_log(without=["kernel"]))
    (cli.directory / "no-firmware").write_bytes(bytes(8192))
    whole = [*files, "--ccel", "ccel"]
    assert "no event is the kernel" in cli("measure", *whole, "--firmware", "/usr/share/ovmf/OVMF.fd", code=5).err
    cli("measure", *whole, "--firmware", "no-firmware", code=5)
    cli("measure", *files, "--ccel", "absent", code=2)


# --- unified kernel images ---

def test_uki_gives_register_11(cli):
    image = bytearray(kernel()[:0x400])
    struct.pack_into("<H", image, 0x46, 1)
    struct.pack_into("<8sIIII", image, 0x58 + 0xF0, b".linux", 6, 0, 512, 0x400)
    (cli.directory / "uki").write_bytes(image + b"kernel".ljust(512, b"\xee"))
    told = cli("measure", "--uki", "uki", "--json").json
    start = [hashlib.sha256(data).digest() for data in (b".linux\0", b"kernel")]
    assert told["pcr11"] == extended(*start)
    assert told["enter-initrd"] == extended(*start, hashlib.sha256(b"enter-initrd").digest())
    assert list(told) == ["pcr11", "enter-initrd", "leave-initrd", "sysinit", "ready"]
    (cli.directory / "none").write_bytes(kernel())
    assert "no kernel in it" in cli("measure", "--uki", "none", code=5).err
