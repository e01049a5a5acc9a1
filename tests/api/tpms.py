"""A software TPM of our own: swtpm in a directory of its own, asked by tpm2-tools."""

import os
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

from ports import free_ports


class Tpm:
    def __init__(self, banks="sha256"):
        if shutil.which("swtpm_setup") is None:
            pytest.skip("SKIP: swtpm is not installed")
        self.folder = tempfile.mkdtemp(prefix="cocos-tpm-")
        for name, text in {
                "setup.conf": "create_certs_tool = /usr/bin/swtpm_localca\n"
                              f"create_certs_tool_config = {self.folder}/localca.conf\n"
                              f"create_certs_tool_options = {self.folder}/localca.options\n"
                              f"active_pcr_banks = {banks}\n",
                "localca.conf": f"statedir = {self.folder}\nsigningkey = {self.folder}/signkey.pem\n"
                                f"issuercert = {self.folder}/issuercert.pem\n"
                                f"certserial = {self.folder}/certserial\n",
                "localca.options": "--platform-manufacturer Test\n--platform-version 1\n"
                                   "--platform-model Test\n"}.items():
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", self.folder, "--overwrite",
                        "--create-ek-cert", "--config", os.path.join(self.folder, "setup.conf")],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = free_ports(2)
        self.tcti = f"swtpm:host=127.0.0.1,port={port}"
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + self.folder,
             "--server", f"type=tcp,port={port}", "--ctrl", f"type=tcp,port={port + 1}",
             "--flags", "not-need-init,startup-clear"])
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port + 1)).close()
                return
            except ConnectionRefusedError:
                assert time.monotonic() < end
                time.sleep(0.02)

    def root(self):
        """The CA that vouches for this TPM's endorsement key, PEM: root and issuer."""
        return [open(os.path.join(self.folder, name), encoding="ascii").read()
                for name in ("swtpm-localca-rootca-cert.pem", "issuercert.pem")]

    def pcr(self, index):
        """Only while nobody else holds the TPM's one connection idle: swtpm serves one at a time."""
        path = os.path.join(self.folder, "pcr")
        subprocess.run(["tpm2_pcrread", "-T", self.tcti, "-o", path, f"sha256:{index}"], check=True,
                       stdout=subprocess.DEVNULL, timeout=60)
        with open(path, "rb") as file:
            return file.read()

    def extend_ima(self, digest):
        """As the kernel does, in the bank of SHA-1."""
        subprocess.run(["tpm2_pcrextend", "-T", self.tcti, f"10:sha1={digest.hex()}"], check=True,
                       stdout=subprocess.DEVNULL, timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
