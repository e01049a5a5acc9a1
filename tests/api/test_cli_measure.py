"""cocos-cli measure: registers of a VM from files. What real VMs say to it is the business of tests/vm."""

import hashlib
import json
import lzma
import struct
import subprocess
import uuid
from pathlib import Path

import pytest

from test_cli_bundle import WORLD, pem
from test_cli_bundle_intel import WORLD as TD_WORLD

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


def extended_384(*digests):
    value = bytes(48)
    for digest in digests:
        value = hashlib.sha384(value + digest).digest()
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
    assert "--image" in cli("measure", *files, "--secure-boot", code=2).err
    image(cli.directory)
    assert "/secure_boot" in cli("measure", "--image", "image.json", "--secure-boot", code=2).err


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
    assert {index for index in before if before[index] != after.get(index)} == {"7", "10"}
    assert "10" not in after, "with Secure Boot the kernel measures its modules there"


def end_of(manifest):
    return hashlib.sha256(b"cocos/end/1" + manifest).digest()


def test_register_15_is_config_and_manifests_and_their_ends(cli, files):
    (cli.directory / "config.json").write_text('{"boot_nonce": "AA==", "vm_id": "x"}')
    (cli.directory / "manifest.json").write_text('{ "b": 1,\n "a": 2 }')
    done = cli("measure", *files, "--json", "--config", "config.json", "--manifest", "manifest.json")
    run = [hashlib.sha256(b"{}").digest(), hashlib.sha256(b'{"a":2,"b":1}').digest()]
    assert done.json["pcrs"]["sha256"]["15"] == extended(*run)
    (cli.directory / "td.fd").write_bytes(td_firmware())
    done = cli("measure", *files, "--platform", "tdx", "--firmware", "td.fd", "--json", "--config", "config.json",
               "--manifest", "manifest.json")
    assert done.json["rtmr3"] == extended_384(*(digest + bytes(16) for digest in run))

    (cli.directory / "second.json").write_text("{}")
    both = ["--json", "--config", "config.json", "--manifest", "manifest.json", "--manifest", "second.json"]
    run += [end_of(run[1]), hashlib.sha256(b"{}").digest()]
    assert cli("measure", *files, *both).json["pcrs"]["sha256"]["15"] == extended(*run)
    run.append(end_of(run[3]))
    assert cli("measure", *files, *both, "--ended").json["pcrs"]["sha256"]["15"] == extended(*run)
    assert "--manifest" in cli("measure", *files, "--config", "config.json", "--ended", code=2).err


# --- guests that their processor protects ---

def page_of_guids(metadata, *entries):
    """The last page of a firmware file: a table of GUIDs, and 1024 bytes before the end what some of them name."""
    table = b"".join(data + struct.pack("<H", len(data) + 18) + uuid.UUID(guid).bytes_le for guid, data in entries)
    table += struct.pack("<H", len(table) + 18) + uuid.UUID("96b582de-1fb2-45f7-baea-a366c55a082d").bytes_le
    page = bytearray(4096)
    page[4096 - 1024:4096 - 1024 + len(metadata)] = metadata
    page[4096 - 32 - len(table):4096 - 32] = table
    return bytes(page)


def td_firmware(driver="TdTcg2Dxe", other=b"etc/boot/"):
    """A main volume with a driver's name in it, packed as edk2 does, and TDX metadata that adds the last page."""
    def section(kind, body):
        return struct.pack("<I", len(body) + 4 | kind << 24) + body
    def volume(name, content):
        size = -(-(0x78 + len(content) + 8) // 4096) * 4096
        head = bytearray(0x78)
        struct.pack_into("<Q4s", head, 32, size, b"_FVH")
        struct.pack_into("<H2xH", head, 48, 0x48, 0x60)
        head[0x60:0x70] = uuid.UUID(name).bytes_le
        struct.pack_into("<I", head, 0x70, 0x14)
        return (bytes(head) + content).ljust(size, b"\xff")
    main = volume("7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1", f"{driver}\0".encode("utf-16-le") + other)
    inner = section(0x17, main)
    packed = bytearray(lzma.compress(inner, format=lzma.FORMAT_ALONE))
    struct.pack_into("<Q", packed, 5, len(inner))
    body = section(2, uuid.UUID("ee4e5898-3914-4259-9d6e-dc7bd79403cf").bytes_le + struct.pack("<HH", 24, 1) + packed)
    file = bytes(18) + b"\x0b\0" + struct.pack("<I", 24 + len(body)) + body
    image = volume("00000000-0000-4000-8000-000000000000", file)
    metadata = struct.pack("<4sIII", b"TDVF", 48, 1, 1) + struct.pack("<IIQQII", len(image), 4096, 0xFFFFF000, 4096, 0, 1)
    return image + page_of_guids(metadata, ("e47a6535-984a-4798-865e-4685a7bf8ec2", struct.pack("<I", 1024)))


def snp_firmware(*, hashes=True):
    """One page that names where a kernel's hash goes."""
    def section(kind, gpa, size):
        return struct.pack("<III", gpa, size, kind)
    sections = [section(1, 0x800000, 0x9000), section(2, 0x80D000, 0x1000), section(3, 0x80E000, 0x1000),
                *([section(0x10, 0x810000, 0x1000)] if hashes else [])]
    metadata = struct.pack("<4sIII", b"ASEV", 16 + 12 * len(sections), 1, len(sections)) + b"".join(sections)
    return page_of_guids(metadata, ("7255371f-3a3b-4b04-927b-1da6efa8d454", struct.pack("<II", 0x810C00, 0x400)),
                         ("dc886566-984a-4798-a75e-5585a7bf67cc", struct.pack("<I", 1024)),
                         ("00f771de-1a7e-4fcb-890e-68c77e2fb44e", struct.pack("<I", 0x80B004)))


def protected_image(folder, td=None, **snp):
    """A release record for a plain VM, an SNP guest and a TD, with the values that belong to it."""
    record = image(folder)
    def firmware(name, data):
        (folder / name).write_bytes(data)
        return {"file": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    record["launch"] = {"snp": {"firmware": firmware("snp.fd", snp_firmware()), "cpu_model": "EPYC", **snp},
                        "tdx": {"firmware": firmware("tdx.fd", td or td_firmware())}}
    (folder / "image.json").write_text(json.dumps(record))
    return record


def with_values(cli, record):
    record["reference"] = cli("measure", "--image", "image.json", "--shapes").json
    (cli.directory / "image.json").write_text(json.dumps(record))
    return record["reference"]["launch"]


def test_launch_values_of_a_record_are_what_single_measurements_say(cli, files):
    launch = with_values(cli, protected_image(cli.directory))
    assert len(launch["snp"]["by_cpus"]) == len(set(launch["snp"]["by_cpus"])) == 64
    for cpus in (1, 2, 64):
        single = cli("sevsnpmeasure", "--mode", "snp", "--ovmf", "snp.fd", *files[2:6], "--append", "quiet",
                     "--vcpus", cpus, "--vcpu-type", "EPYC").out.strip()
        assert launch["snp"]["by_cpus"][cpus - 1] == single
        assert cli("measure", "--image", "image.json", "--platform", "snp", "--cpus", cpus).out.split()[1] == single
    td = cli("measure", "--image", "image.json", "--platform", "tdx", "--json")
    assert launch["tdx"] == {"unknown": launch["tdx"]["unknown"],
                             **{key: [td.json[key]] for key in ("mrtd", "rtmr1", "rtmr2")}}
    assert "RTMR0" in launch["tdx"]["unknown"] and "RTMR0 is not known" in td.err
    assert cli("measure", "--image", "image.json", "--platform", "tdx", "--memory", "2048", "--json").json == td.json


def test_td_that_starts_what_qemu_wrote_into_has_no_kernel_in_the_record(cli, files):
    launch = with_values(cli, protected_image(cli.directory, td_firmware(other=b"")))
    assert set(launch["tdx"]) == {"mrtd", "rtmr2", "unknown"} and "RTMR1" in launch["tdx"]["unknown"]
    td, other = (cli("measure", "--image", "image.json", "--platform", "tdx", "--memory", memory, "--json").json
                 for memory in (1024, 2048))
    assert {key for key in td if other[key] != td[key]} == {"rtmr1"}


def test_firmware_that_measures_nothing_in_a_td_is_no_reference(cli, files):
    launch = with_values(cli, protected_image(cli.directory, td_firmware("Tcg2Dxe")))
    assert list(launch["tdx"]) == ["refused"] and "would not be measured" in launch["tdx"]["refused"]
    assert "would not be measured" in cli("measure", "--image", "image.json", "--platform", "tdx", code=5).err


def test_policy_from_the_files_is_the_policy_from_the_record(cli, files):
    with_values(cli, protected_image(cli.directory))
    told = cli("measure", "--image", "image.json", "--platform", "snp", "--cpus", "2", "--policy").json
    single = cli("measure", "--image", "image.json", "--platform", "snp", "--cpus", "2", "--json").json
    assert told == {"version": 1, "waive": ["min_tcb"], "platforms": ["snp"],
                    "snp": {"measurement": [single["measurement"]]}}
    cli.write("manifest.json", '{ "b": 1, "a": 2 }')
    bound = cli("measure", "--image", "image.json", "--platform", "snp", "--manifest", "manifest.json", "--policy").json
    assert bound["snp"]["host_data"] == hashlib.sha256(b'{"a":2,"b":1}').hexdigest()
    cli("measure", "--image", "image.json", "--platform", "snp", "--manifest", "a", "--manifest", "b", code=2)
    cli.write("p.json", json.dumps({"version": 1, "snp": {"measurement": told["snp"]["measurement"]}}))
    cli.write("other.json", json.dumps({"version": 1, "snp": {"measurement": "00" * 48}}))
    cli.write("noise", b"x")
    shape = ["--image", "image.json", "--platform", "snp", "--cpus", "2"]
    cli("attestation", "validate", "noise", *shape, "--policy", "p.json", code=5)
    assert "measurement" in cli("attestation", "validate", "noise", *shape, "--policy", "other.json", code=2).err
    assert "for 1 to 64" in cli("attestation", "validate", "noise", *shape[:4], "--cpus", "65", code=2).err


@pytest.mark.parametrize("snp, says", [
    ({"cpu_model": "EPYC-Vulcan"}, "EPYC-Vulcan"),
    ({"cpu_model": None}, "names no cpu_model"),
    ({"firmware": "without"}, "kernel hashes"),
    ({"firmware": "igvm"}, "igvm"),
])
def test_measurement_that_depends_on_something_unknown_is_refused_with_the_reason(cli, files, snp, says):
    data = {"without": snp_firmware(hashes=False), "igvm": bytes(4096)}.get(snp.get("firmware"), snp_firmware())
    (cli.directory / "own.fd").write_bytes(data)
    own = {"file": "own.fd", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    record = protected_image(cli.directory, **{**snp, "firmware": own})
    if snp.get("firmware") == "igvm":
        record["launch"]["snp"] = {"igvm": own}
    if record["launch"]["snp"].get("cpu_model", "") is None:
        del record["launch"]["snp"]["cpu_model"]
    (cli.directory / "image.json").write_text(json.dumps(record))
    launch = with_values(cli, record)
    assert list(launch["snp"]) == ["refused"] and says in launch["snp"]["refused"]
    done = cli("attestation", "validate", "initrd", "--image", "image.json", "--platform", "snp", code=2)
    assert "refuses to name a measurement" in done.err and says in done.err


def test_image_without_firmware_for_a_platform_says_why(cli, files):
    record = image(cli.directory)
    record["launch"] = {"snp": {"missing": "nobody packs it"}}
    (cli.directory / "image.json").write_text(json.dumps(record))
    assert with_values(cli, record) == {}
    assert "nobody packs it" in cli("measure", "--image", "image.json", "--platform", "snp", code=2).err
    assert "no firmware for platform 'tdx'" in cli("measure", "--image", "image.json", "--platform", "tdx", code=2).err
    assert "nobody packs it" in cli("attestation", "validate", "initrd", "--image", "image.json", "--platform", "snp",
                                    code=2).err


@pytest.mark.skipif(not WORLD.exists(), reason=f"SKIP: no '{WORLD}'; 'make tests' builds it")
def test_report_with_the_measurement_of_the_record_is_accepted_and_no_other(cli, files):
    """An AMD of our own signs what the record says of this image, as an SNP guest of it would show."""
    launch = with_values(cli, protected_image(cli.directory))
    evidence = ["--nonce", bytes(range(32)).hex(), "--format", "snp", "--chain", "chain.pem", "--vek", "vek.der",
                "--crl", "crl.der", "--trust-root", "ark.pem"]
    for cpus in (1, 2):
        subprocess.run([WORLD, cli.directory, "Milan", "vcek", launch["snp"]["by_cpus"][cpus - 1]], check=True)
        ark, ask = (pem((cli.directory / f"{name}.der").read_bytes()) for name in ("ark", "ask"))
        (cli.directory / "chain.pem").write_bytes(ask + ark)
        (cli.directory / "ark.pem").write_bytes(ark)
        shown = ["attestation", "validate", "report.bin", *evidence, "--image", "image.json", "--platform", "snp"]
        verdict = cli(*shown, "--cpus", cpus, "--json").json
        assert verdict["result"] == "accepted" and verdict["waived"] == ["min_tcb"]
        other = cli(*shown, "--cpus", 3 - cpus, "--json", code=5).json
        assert [finding["id"] for finding in other["findings"] if finding["severity"] == "error"] == ["snp.measurement"]


@pytest.mark.skipif(not TD_WORLD.exists(), reason=f"SKIP: no '{TD_WORLD}'; 'make tests' builds it")
def test_quote_with_the_registers_of_the_record_is_accepted_and_no_other(cli, files):
    """An Intel of our own signs what the record says of this image, as a TD of it would show."""
    launch = with_values(cli, protected_image(cli.directory))["tdx"]
    good = {"mrtd": launch["mrtd"][0], "rtmr0": "0" * 96, "rtmr1": launch["rtmr1"][0], "rtmr2": launch["rtmr2"][0]}

    def judge(values, code=0, *more):
        subprocess.run([TD_WORLD, cli.directory, "tdx", *values.values()], check=True)
        return cli("attestation", "validate", "quote.bin", "--nonce", bytes(range(32)).hex(), "--collateral",
                   "collateral.json", "--trust-root", "root.der", "--time", "2027-01-15T08:00:00Z", "--image",
                   "image.json", "--platform", "tdx", *more, "--json", code=code).json
    verdict = judge(good)
    assert verdict["result"] == "accepted" and verdict["waived"] == []
    assert {"tdx.mrtd", "tdx.rtmr1", "tdx.rtmr2"} <= set(verdict["checked"]) and "tdx.rtmr0" not in verdict["checked"]
    for register in ("mrtd", "rtmr1", "rtmr2"):
        other = judge({**good, register: "5a" * 48}, 5)
        assert [finding["id"] for finding in other["findings"] if finding["severity"] == "error"] == [f"tdx.{register}"]
    judge({**good, "rtmr0": "5a" * 48})  # what the host alone knows, no record says
    cli.write("rtmr0.json", json.dumps({"version": 1, "tdx": {"mrtd": good["mrtd"], "rtmr0": "0" * 96}}))
    judge(good, 0, "--policy", "rtmr0.json")
    assert "tdx.rtmr0" in {finding["id"] for finding in
                           judge({**good, "rtmr0": "5a" * 48}, 5, "--policy", "rtmr0.json")["findings"]}


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
    assert policy["vtpm"]["initrd_sha256"] == hashlib.sha256(b"an initrd").hexdigest()


def test_policy_from_the_files_is_the_record_s_to_the_letter(cli, files):
    record = image(cli.directory)
    with_values(cli, record)
    made = cli("measure", "--image", "image.json", "--cpus", "2", "--policy").json
    cli("policy", "create-corim", "vtpm", "--image", "image.json", "--cpus", "2", "-o", "record.corim")
    cli.write("made.json", json.dumps(made))
    assert "both accept the same" in cli("policy", "diff", "made.json", "record.corim").out


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


def test_td_is_measured_after_a_template(cli, files):
    (cli.directory / "ccel").write_bytes(td_log())
    whole = [*files, "--firmware", "/usr/share/ovmf/OVMF.fd", "--ccel", "ccel"]
    told = cli("measure", *whole, "--json").json
    options = hashlib.sha384("quiet initrd=initrd\0".encode("utf-16-le")).digest()
    assert told["rtmr2"] == extended_384(options, hashlib.sha384(b"an initrd").digest())
    assert cli("measure", *whole, "--policy").json == {"version": 1, "platforms": ["tdx"],
                                                       "tdx": {key: [value] for key, value in told.items()}}
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
