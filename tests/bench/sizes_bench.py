"""How large the guest is."""

import json

from bench import ROOT


def sizes():
    rows = []
    for name, limit in (("eos-base", "20 MB"), ("eos", "45 MB")):
        record = json.loads((ROOT / "build" / "eos" / name / "image.json").read_text())
        size = (record["kernel"]["bytes"] + record["initrd"]["bytes"]) / 1e6
        what = "with" if record["python"] else "without"
        rows.append((f"EOS {what} Python: kernel and initrd", f"{size:.1f} MB", f"<= {limit}"))
    return rows
