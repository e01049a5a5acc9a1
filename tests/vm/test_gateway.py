"""The gateway inside of a real VM: a client of gRPC that is not ours uploads and fetches, and knows by the agent's key
whom it talks to."""

import hashlib
import io
import re
import subprocess
import zipfile

import grpc
from conftest import await_true
from guests import GuestAgent, compile_algorithm

from gateways import Client, LegacyComputation, algorithm_messages, dataset_messages, fields_of, signed
from parties import openssl

COPY = """
#include <stdio.h>
int main(void)
{
    FILE *from = fopen("datasets/a", "rb"), *to = fopen("results/a", "wb");
    int byte;
    while ((byte = getc(from)) != EOF)
        putc(byte, to);
    return fclose(to);
}
"""


def shown_chain(port):
    """The certificates that the gateway shows, PEM."""
    said = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-alpn", "h2", "-showcerts"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", said, re.S)


def spki_sha256(certificate):
    key = openssl("x509", "-pubkey", "-noout", stdin=certificate.encode())
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", stdin=key)).hexdigest()


def channel_to(vm, agent):
    """Trusts the gateway because the agent's key, which is in the agent's evidence, vouches for its."""
    port = int(vm["grpc_url"].rsplit(":", 1)[1])

    def agents_chain():  # each process of the agent has a key of its own, and the gateway hears of it a moment later
        chain = shown_chain(port)
        return chain if len(chain) == 2 and spki_sha256(chain[1]) == agent.state()["spki_sha256"] else None

    chain = await_true("the gateway of the agent's key", agents_chain, 60)
    assert spki_sha256(chain[0]) != spki_sha256(chain[1])
    return grpc.secure_channel(f"127.0.0.1:{port}", grpc.ssl_channel_credentials(chain[1].encode()))


def test_a_client_of_grpc_computes_in_a_vm(manager, tmp_path):
    plain = manager.create(name="without")
    vm = manager.create(name="with", image="eos", grpc=True)
    assert plain["grpc_url"] is None and vm["grpc_url"].startswith("https://127.0.0.1:")
    manager.await_state(vm["id"], "running", 300)
    agent = GuestAgent(manager.vm(vm["id"]))
    data = bytes(range(256)) * 20_000
    work = LegacyComputation(compile_algorithm(tmp_path, "copy", COPY), {"a": data}, kind="native").set(agent)
    client = Client(channel_to(manager.vm(vm["id"]), agent))
    client.health()
    client.algo(algorithm_messages(work), signed(work.provider, "algorithm-provider", ("algo_type", "bin")))
    client.data(dataset_messages("a", data), signed(work.data, "data-provider"))
    agent.await_state("ConsumingResults", seconds=300)
    headers, messages = client.result(signed(work.consumer, "consumer"))
    archive = b"".join(content for message in messages for _, content in fields_of(message))
    assert int(headers["file-size"]) == len(archive)
    assert zipfile.ZipFile(io.BytesIO(archive)).read("a") == data
    agent.await_state("Complete")
