"""Stand-ins for libraries that the guest shall not carry: every function is there and answers 0 or NULL,
which their callers take for a failure."""

import re
import subprocess
import tempfile
from pathlib import Path

from builder import BuildError

WANTED = re.compile(r"\*UND\*\s+[0-9a-f]+\s+\(?(\w+[.\w]*)\)?\s+(\w+)$", re.M)


def make(soname, wanted_by):
    """A shared library with all that the file wanted_by may take from the real one."""
    versions = {}
    for version, symbol in WANTED.findall(_run(["objdump", "-T", str(wanted_by)])):
        if version.startswith(_prefix(soname)):
            versions.setdefault(version, set()).add(symbol)
    if not versions:
        raise BuildError(f"nothing is wanted of {soname}: it needs no stand-in")

    symbols = sorted(set().union(*versions.values()))
    source = "".join(f"long {symbol}(void) {{ return 0; }}\n" for symbol in symbols)
    script = "".join(f"{version} {{ global: {' '.join(f'{s};' for s in sorted(versions[version]))} }};\n"
                     for version in sorted(versions))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "map").write_text(script)
        Path(folder, "source.c").write_text(source)
        _run(["gcc", "-O2", "-fPIC", "-fno-builtin", "-shared", "-nostdlib", "-s", "-Wl,--build-id=none",
              "-Wl,-z,relro,-z,now,-z,noexecstack", f"-Wl,-soname,{soname}", "-Wl,--version-script=map",
              "-o", "made.so", "source.c"], folder)
        return Path(folder, "made.so").read_bytes()


def _prefix(soname):
    """libxml2.so.2 names its versions LIBXML2_..."""
    return soname.split(".so")[0].upper() + "_"


def _run(command, folder=None):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise BuildError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout
