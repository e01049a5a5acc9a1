"""The gateway between a client of gRPC and the agent: throughput against curl that asks the agent itself, and what it
costs."""

import base64
import concurrent.futures
import hashlib
import os
import time

from bench import BIN, MIB, Agent, await_true, curl_speed, free_port, run, scratch, started, status_kib

SIZE = 1024 * MIB


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def varint(number):
    out = b""
    while number >= 0x80:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def field(number, value):
    return varint(number << 3 | 2) + varint(len(value)) + value


def channel_to(folder, port):
    import grpc

    def read(name):
        return (folder / name).read_bytes()

    credentials = grpc.ssl_channel_credentials(read("gate.pem"), read("key.pem"), read("crt.pem"))
    return grpc.secure_channel(f"127.0.0.1:{port}", credentials, [("grpc.max_send_message_length", 8 * MIB)])


def signature(folder, role):
    (folder / "role").write_bytes(role)
    return base64.b64encode(run("openssl", "dgst", "-sha256", "-sign", folder / "key.pem", folder / "role").stdout)


def gateway(folder, port, agent):
    run("openssl", "req", "-x509", "-new", "-key", folder / "key.pem", "-subj", "/CN=gate", "-days", "2", "-addext",
        "subjectAltName=IP:127.0.0.1", "-out", folder / "gate.pem")  # fmt: skip
    return started([BIN / "cocos-gateway", "--listen", f"127.0.0.1:{port}", "--agent", agent, "--certificate",
                    folder / "gate.pem", "--key", folder / "key.pem", "--log-level", "warn"], {}, folder / "gate.log")


def upload(channel, metadata, name, blocks):
    call = channel.stream_unary("/agent.AgentService/Data", request_serializer=bytes, response_deserializer=bytes)
    return call((field(1, block) + field(2, name) for block in blocks), metadata=metadata, timeout=300, wait_for_ready=True)


def relay():
    """1 GiB by grpcio, mTLS, messages of 1 MiB, against curl to the agent in the same run."""
    rows = []
    with scratch() as folder:
        agent = Agent(folder)
        door = f"unix:{folder}/agent.sock"
        block, digest = os.urandom(MIB), hashlib.sha3_256()
        with open(folder / "big.bin", "wb") as file:
            for _ in range(SIZE // MIB):
                file.write(block)
                digest.update(block)
        pins = {"big.bin": digest.hexdigest(), "never": "00" * 32}
        port = free_port()
        with agent.running(COCOS_AGENT_LOCAL_SOCKET=str(folder / "agent.sock")), gateway(folder, port, door) as gate:
            agent.begin(b"pass\n", pins, legacy={"signatures": True})
            direct = curl_speed(*map(str, agent.auth), "-H", "Content-Type: application/octet-stream", "-T",
                                str(folder / "big.bin"), agent.url + "/v1/datasets/big.bin")  # fmt: skip
            agent.end()
            agent.begin(b"pass\n", pins, legacy={"signatures": True})
            metadata = [("signature", signature(folder, b"data-provider").decode())]
            with channel_to(folder, port) as channel:
                before, start = cpu_seconds(gate.pid), time.perf_counter()
                upload(channel, metadata, b"big.bin", (block for _ in range(SIZE // MIB)))
                speed = SIZE / (time.perf_counter() - start)
            rows.append(("gateway: 1 GiB by gRPC, mTLS / curl to the agent", f"{speed / direct:.2f} "
                         f"({speed / 1e6:.0f} MB/s)", ">= 0.5"))  # fmt: skip
            rows.append(("gateway: CPU for it", f"{cpu_seconds(gate.pid) - before:.2f} s", "<= 2.2 s"))
            rows.append(("gateway: memory (VmHWM) for it", f"{status_kib(gate.pid, 'VmHWM') / 1024:.1f} MiB", "<= 24 MiB"))
    return rows


def crowd():
    """200 uploads at once of 2 MiB each, every one of them slow: messages of 1 MiB over several seconds."""
    rows, count, parts, part = [], 200, 2, MIB
    with scratch() as folder:
        agent = Agent(folder)
        block = os.urandom(part)
        digest = hashlib.sha3_256(block * parts).hexdigest()
        port = free_port()
        with agent.running(COCOS_AGENT_LOCAL_SOCKET=str(folder / "agent.sock")), \
                gateway(folder, port, f"unix:{folder}/agent.sock") as gate:
            agent.begin(b"pass\n", {f"part-{i}": digest for i in range(count)}, legacy={"signatures": True})
            metadata = [("signature", signature(folder, b"data-provider").decode())]

            def slowly():
                for _ in range(parts):
                    yield block
                    time.sleep(4)

            with channel_to(folder, port) as channel, concurrent.futures.ThreadPoolExecutor(count) as pool:
                start = time.perf_counter()
                sent = [pool.submit(upload, channel, metadata, f"part-{i}".encode(), slowly()) for i in range(count)]
                for one in sent:
                    one.result()
                took = time.perf_counter() - start
            rows.append((f"gateway: {count} slow uploads at once, none refused", f"{took:.0f} s", "none refused"))
            rows.append(("gateway: memory (VmHWM) for them", f"{status_kib(gate.pid, 'VmHWM') / 1024:.1f} MiB", "<= 64 MiB"))
    return rows


def calls():
    """Unary calls over one TLS connection, against an echo server of grpcio in the same run."""
    import grpc

    class Echo(grpc.GenericRpcHandler):
        def service(self, details):
            return grpc.unary_unary_rpc_method_handler(lambda message, context: message)

    with scratch() as folder:
        Agent(folder)
        port = free_port()

        def rate(target):
            call = target.unary_unary("/grpc.health.v1.Health/Check", request_serializer=bytes,
                                      response_deserializer=bytes)
            call(b"", wait_for_ready=True, timeout=20)
            start, count = time.perf_counter(), 0
            while time.perf_counter() - start < 4:
                call(b"")
                count += 1
            return count / (time.perf_counter() - start)

        with gateway(folder, port, f"unix:{folder}/none.sock"):
            with channel_to(folder, port) as channel:
                ours = rate(channel)
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), handlers=[Echo()])
        read = lambda name: (folder / name).read_bytes()  # noqa: E731
        theirs_port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(
            [(read("key.pem"), read("gate.pem"))]))
        server.start()
        with channel_to(folder, theirs_port) as channel:
            theirs = rate(channel)
        server.stop(None)
    return [("gateway: unary calls over TLS / an echo server of grpcio", f"{ours / theirs:.2f} ({ours:.0f}/s)",
             ">= 0.7")]
