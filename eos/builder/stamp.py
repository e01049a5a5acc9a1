"""Knows when there is nothing to do: a stamp beside the images says from what they were made."""

import hashlib
import json
from pathlib import Path

SETTINGS = ("EOS_KERNEL_SUITE", "EOS_DEBUG", "EOS_KEYS", "SOURCE_DATE_EPOCH")
MACHINE = ("/etc/os-release", "/etc/apt/sources.list", "/etc/apt/sources.list.d")


def digest_of_inputs(root, programs, environment):
    """Of everything but the packages, whose versions stay until they are refreshed, and the keys."""
    total = hashlib.sha256()
    sources = [root / "eos", root / "deploy/packages/list", root / "VERSION", *programs, *MACHINE]
    for top in map(Path, sources):
        files = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in files:
            if path.is_file() and path.suffix != ".pyc":
                total.update(f"{path.name} {path.stat().st_size}\n".encode())
                total.update(path.read_bytes())
    for name in SETTINGS:
        total.update(f"{name}={environment.get(name, '')}\n".encode())
    return total.hexdigest()


def digest_of_keys(folder):
    """Of the certificates of Secure Boot. The first build makes the keys, so this is another one afterwards."""
    total = hashlib.sha256()
    for path in sorted(Path(folder).glob("*.pem")):
        total.update(f"{path.name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return total.hexdigest()


def is_current(file, digest, keys):
    """True when the images that the stamp names came from these inputs and the keys in that folder, and lie there
    unchanged."""
    try:
        stamp = json.loads(file.read_text())
        return ((stamp["inputs"], stamp["keys"]) == (digest, digest_of_keys(keys))
                and all(_is_whole(file.parent / name) for name in stamp["images"]))
    except (OSError, ValueError, KeyError):
        return False


def _is_whole(folder):
    record = json.loads((folder / "image.json").read_text())
    holders = (record, record.get("secure_boot", {}), *record["launch"].values())
    parts = [part for holder in holders for part in holder.values() if isinstance(part, dict) and "file" in part]
    return all(hashlib.sha256((folder / part["file"]).read_bytes()).hexdigest() == part["sha256"] for part in parts)


def write(file, digest, keys, names):
    file.write_text(json.dumps({"inputs": digest, "keys": digest_of_keys(keys), "images": names}) + "\n")
