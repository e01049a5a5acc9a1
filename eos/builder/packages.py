"""Debian packages of one suite, from the mirrors that this machine's apt already trusts.

apt runs with lists and downloads of its own, so nothing of the machine changes, and root is not needed.
Lists are kept: the same build directory gives the same versions until it is told to refresh."""

import functools
import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from builder import BuildError

# The machine's own configuration is read first, so that its proxies and keys hold here too. Containers are told
# to keep no index of the lists; here it saves a second for each question.
APT_CONF = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
Dir::Etc::sourcelist "{home}/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "{home}/state";
Dir::State::status "{home}/status";
Dir::Cache "{home}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Acquire::Languages "none";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Sandbox::User "";
"""


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    deb: Path


def machine_codename():
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.split("=", 1)[1].strip('"')
    raise BuildError("/etc/os-release names no VERSION_CODENAME: this is no Debian release")


def _output(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise BuildError(f"{command[0]}: {done.stderr.strip() or 'failed'}")
    return done.stdout


@functools.cache
def _machine_sources(codename):
    """Each source of the machine that carries its own Debian release: (options, uri, suite, component)."""
    form = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)"
    listed = _output(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    rows = []
    for line in listed.splitlines():
        origin, uri, suite, component, key = line.split("|")
        # A source whose lists were never fetched has no origin yet.
        if origin not in ("Debian", "$(ORIGIN)") or not re.fullmatch(codename + r"(-updates|-security)?", suite):
            continue
        option = "" if key.startswith("$(") or not key else f"[signed-by={key.split()[0]}] "
        rows.append((option, uri, suite, component))
    if not rows:
        raise BuildError(f"apt's sources on this machine name no suite '{codename}' of Debian")
    return rows


class Suite:
    """The packages of one Debian release (with its updates and security updates)."""

    def __init__(self, codename, cache):
        own = machine_codename()
        self.codename = codename
        self.home = Path(cache).resolve() / "apt" / codename
        self.debs = Path(cache).resolve() / "debs"
        self.trees = Path(cache).resolve() / "trees"
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        self.debs.mkdir(exist_ok=True)
        self.trees.mkdir(exist_ok=True)
        lines = sorted({f"deb {option}{uri} {codename}{suite.removeprefix(own)} {component}\n"
                        for option, uri, suite, component in _machine_sources(own)})
        (self.home / "sources.list").write_text("".join(lines))
        (self.home / "status").touch()
        (self.home / "apt.conf").write_text(APT_CONF.format(home=self.home))

    def _apt(self, *command, folder=None):
        # -c is read after the machine's own configuration. apt is silent about files that lie in the folder.
        return _output([command[0], "-c", str(self.home / "apt.conf"), *command[1:]], cwd=folder or self.home)

    def refresh(self):
        try:
            self._apt("apt-get", "update", "-qq", "--error-on=any")
        except BuildError as why:
            raise BuildError(f"the suite '{self.codename}' cannot be had from this machine's mirror: {why}") from why
        (self.home / "fetched").touch()

    def _locate(self, names):
        """{name: (file, sha256)} of the newest version of each."""
        found = {}
        for line in self._apt("apt-get", "--print-uris", "-qq", "download", *names).splitlines():
            _, file, _, digest = line.split()
            found[file.split("_", 1)[0]] = (file, digest.removeprefix("SHA256:"))
        return found

    def fetch(self, names):
        """Downloads what is not there yet; {name: Package}. Lists that name vanished files are renewed once."""
        if not (self.home / "fetched").exists():
            self.refresh()
        try:
            return self._fetch(names)
        except BuildError:
            self.refresh()
            return self._fetch(names)

    def _fetch(self, names):
        located = self._locate(names)
        absent = [name for name, (file, _) in located.items() if not (self.debs / file).exists()]
        if absent:
            self._apt("apt-get", "-qq", "download", *absent, folder=self.debs)
        for file, digest in located.values():
            if hashlib.sha256((self.debs / file).read_bytes()).hexdigest() != digest:
                (self.debs / file).unlink()
                raise BuildError(f"{file} is not what the mirror's list announces")
        missing = sorted(set(names) - set(located))
        if missing:
            raise BuildError(f"the suite '{self.codename}' has no package {', '.join(missing)}")
        return {name: Package(name, file.split("_")[1].replace("%3a", ":"), self.debs / file)
                for name, (file, _) in located.items()}

    def depends(self, name):
        """What a package depends on, as names."""
        listed = self._apt("apt-cache", "--no-recommends", "depends", name)
        return re.findall(r"^ *\|?Depends: (\S+)$", listed, re.M)

    def unpack(self, package):
        """The package's files in a folder, unpacked once."""
        tree = self.trees / package.deb.stem
        if not tree.exists():
            half = tree.with_name(tree.name + ".half")
            subprocess.run(["rm", "-rf", str(half)], check=True)
            _output(["dpkg-deb", "-x", str(package.deb), str(half)])
            os.rename(half, tree)
        return tree


def names_in_section(list_file, section):
    """The packages under [section] of deploy/packages/list."""
    names, inside = [], False
    for line in Path(list_file).read_text().splitlines():
        if line.startswith("["):
            inside = line.strip() == f"[{section}]"
        elif inside and line and not line.startswith("#"):
            names.append(line.split()[0])
    return names
