"""How large the guest is, and the verifier as a library."""

import json

from bench import ROOT, run

# Sections of code and of what is only read.
READ_ONLY = (".text", ".plt", ".plt.sec", ".rodata", ".data.rel.ro", ".eh_frame")


def library_size():
    table = run("size", "-A", ROOT / "build/attest/libcocos-attest.so").stdout.decode()
    rows = [line.split() for line in table.splitlines()]
    return sum(int(row[1]) for row in rows if len(row) == 3 and row[0] in READ_ONLY)


def sizes():
    rows = []
    for name, limit in (("eos-base", "20 MB"), ("eos", "45 MB")):
        record = json.loads((ROOT / "build" / "eos" / name / "image.json").read_text())
        size = (record["kernel"]["bytes"] + record["initrd"]["bytes"]) / 1e6
        what = "with" if record["python"] else "without"
        rows.append((f"EOS {what} Python: kernel and initrd", f"{size:.1f} MB", f"<= {limit}"))
    rows.append(("libcocos-attest: code and read-only data", f"{library_size() / 1e3:.0f} KB", "<= 400 KB"))
    return rows
