"""The release record image.json: what the image is, so that nobody has to trust the bytes found at boot."""

import hashlib
import json
import subprocess
import sys

from builder import BuildError

MIB = 1024 * 1024


def file_record(name, data, **more):
    return {"file": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), **more}


def memory_of(unpacked_bytes, initrd_bytes):
    """(least, default) in MiB. The kernel unpacks into half of the memory at most, beside the packed image;
    firmware and kernel want the rest."""
    least = 2 * (unpacked_bytes + initrd_bytes) // MIB + 128
    least += -least % 64
    return least, max(1024, 2 * least)


def attestation_of(kernel):
    """Which evidence a guest with this kernel can give, and why."""
    snp = kernel.has("SEV_GUEST") and kernel.has("AMD_MEM_ENCRYPT")
    tdx = kernel.has("INTEL_TDX_GUEST") and kernel.has("TDX_GUEST_DRIVER")
    tpm = kernel.has("TCG_CRB") or kernel.has("TCG_TIS")
    configfs = "through configfs" if kernel.has("TSM_REPORTS") else "through /dev/sev-guest"
    return {
        "snp": {"available": snp, "reason": f"kernel {kernel.release} has the SEV-SNP guest driver, {configfs}"
                if snp else f"kernel {kernel.release} has no SEV-SNP guest driver"},
        "tdx": {"available": tdx, "reason": f"kernel {kernel.release} has the TDX guest driver"
                if tdx else f"kernel {kernel.release} has no TDX guest driver; 6.12 has"},
        "vtpm": {"available": tpm, "reason": f"kernel {kernel.release} has the TPM 2.0 drivers built in"
                 if tpm else f"kernel {kernel.release} has no TPM driver"},
    }


def reference_values(cli, folder, record, *how):
    """What a VM of each shape shows when it booted the files in the folder, as our own program predicts it."""
    unfinished = folder / "image.json.half"
    unfinished.write_bytes(encode(record))
    done = subprocess.run([cli, "measure", "--image", unfinished, "--shapes", *how], capture_output=True, text=True)
    unfinished.unlink()
    if done.returncode != 0:
        raise BuildError(f"the image cannot be measured: {done.stderr.strip()}")
    sys.stderr.write(done.stderr)
    return json.loads(done.stdout)


def add_reference_values(cli, folder, record):
    """Both ways of starting it, where it has both."""
    if "secure_boot" in record:
        record["secure_boot"]["reference"] = reference_values(cli, folder, record, "--secure-boot")
    record["reference"] = reference_values(cli, folder, record)


def encode(record):
    """One line for each member and each shape."""
    text = json.dumps(_hide_shapes(record), indent=2, ensure_ascii=False)
    for holder in (record.get("secure_boot", {}), record):
        if "reference" in holder:
            lines = ",\n".join(f"      {json.dumps(shape)}" for shape in holder["reference"]["shapes"])
            text = text.replace('"shapes": null', f'"shapes": [\n{lines}\n    ]', 1)
    return text.encode() + b"\n"


def _hide_shapes(member):
    if not isinstance(member, dict):
        return member
    return {name: None if name == "shapes" else _hide_shapes(value) for name, value in member.items()}
