"""A computation server that is not ours: grpcio, with the few messages there are put together by hand."""

import base64
import concurrent.futures
import json
import queue
import threading
import time

import grpc

from agents import sha3
from gateways import all_fields_of, field, varint
from parties import openssl

CHUNK = 1 << 20


def number(tag, value):
    return varint(tag << 3) + varint(value) if value else b""


def decode(message):
    """{number: [bytes or int]} of a message."""
    out = {}
    for tag, value in all_fields_of(message):
        out.setdefault(tag, []).append(value)
    return out


KINDS = {1: ("log", ["message", "computation", "level"]),
         2: ("event", ["type", None, "computation", "details", "originator", "status"]),
         3: ("run", ["computation", "error"]), 4: ("stop", ["computation", "message"]),
         5: ("state", ["id", "state"]), 6: ("evidence", []), 7: ("token", [])}


class Word(dict):
    """What an agent said: its kind, and the texts of its members."""

    def __init__(self, message):
        (tag, (body,)), = decode(message).items()
        self.kind, names = KINDS[tag]
        members = decode(body)
        super().__init__({name: members.get(at, [b""])[0].decode() for at, name in enumerate(names, 1) if name})
        if self.kind in ("log", "event"):  # field 4 and 2 are timestamps
            stamp = decode(members[4 if self.kind == "log" else 2][0])
            assert abs(stamp[1][0] - time.time()) < 3600

    @property
    def step(self):
        return f"{self['type']}/{self['status']}"


def der(party):
    return openssl("pkey", "-in", party.key_file, "-pubout", "-outform", "DER")


def run_request(work, ident="c-1", kind="python", **change):
    """What an older server orders, of a computation of agents.py."""
    datasets = b"".join(
        field(4, field(1, bytes.fromhex(sha3(data))) + field(2, der(work.data)) + field(3, name))
        for name, data in work.datasets.items())
    algorithm = field(1, change.get("hash", bytes.fromhex(sha3(work.algorithm))))
    algorithm += field(2, change.get("key", der(work.provider))) + field(4, kind)
    algorithm += b"".join(field(5, argument) for argument in change.get("args", []))
    algorithm += change.get("algorithm", b"")
    consumers = b"".join(field(6, field(1, der(party))) for party in [work.consumer])
    return (field(1, ident) + field(2, "a <name>") + field(3, change.get("description", "")) + datasets +
            field(5, algorithm) + consumers)


def their_manifest(work, ident="c-1", kind="python"):
    """run_request() in the older programs' JSON."""
    key = lambda party: base64.b64encode(der(party)).decode()
    return {
        "id": ident, "name": "a <name>",
        "datasets": [{"hash": list(bytes.fromhex(sha3(data))), "user_key": key(work.data), "filename": name}
                     for name, data in work.datasets.items()],
        "algorithm": {"hash": list(bytes.fromhex(sha3(work.algorithm))), "user_key": key(work.provider),
                      "algo_type": kind},
        "result_consumers": [{"user_key": key(party)} for party in [work.consumer]]}


def their_digest(work, ident="c-1", kind="python"):
    """SHA3-256 of that as the older programs write it."""
    text = json.dumps(their_manifest(work, ident, kind), separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e")
    return sha3(text.encode())


class Visit:
    """One stream of one agent."""

    def __init__(self, metadata):
        self.metadata, self.orders, self.over = metadata, queue.Queue(), threading.Event()

    def send(self, message):
        self.orders.put(message)


class Server:
    """Started with the object; stop() and start() as one likes: the port stays."""

    def __init__(self, identity=None, client_ca=None, headers=()):
        self.identity, self.client_ca, self.headers = identity, client_ca, headers
        self.port, self.words, self.visits = 0, [], []
        self.changed = threading.Condition()
        self.start()

    def credentials(self):
        def read(path):
            with open(path, "rb") as file:
                return file.read()
        pair = (read(self.identity.key_file), read(self.identity.certificate_file))
        ca = read(self.client_ca) if self.client_ca else None
        return grpc.ssl_server_credentials([pair], ca, ca is not None)

    def start(self):
        handler = grpc.stream_stream_rpc_method_handler(self.process, bytes, bytes)
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("cvms.Service", {"Process": handler})])
        at = f"127.0.0.1:{self.port}"
        self.port = self.server.add_secure_port(at, self.credentials()) if self.identity else \
            self.server.add_insecure_port(at)
        self.server.start()

    def stop(self):
        for visit in self.visits:
            visit.orders.put(None)
        self.server.stop(0).wait()

    def process(self, requests, context):
        visit = Visit(dict(context.invocation_metadata()))
        context.send_initial_metadata(self.headers)
        with self.changed:
            self.visits.append(visit)
            self.changed.notify_all()
        threading.Thread(target=self.listen, args=(requests, visit), daemon=True).start()
        while (order := visit.orders.get()) is not None:
            yield order

    def listen(self, requests, visit):
        try:
            for message in requests:
                with self.changed:
                    self.words.append(Word(message))
                    self.changed.notify_all()
        except grpc.RpcError:
            pass
        except Exception as error:  # pylint: disable=broad-except
            if "RpcError" not in repr(error) and str(error):
                raise
        finally:
            visit.over.set()
            visit.orders.put(None)

    def await_visit(self, count=1, seconds=60):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.visits) >= count, seconds), len(self.visits)
        return self.visits[count - 1]

    def await_word(self, kind, seconds=60, count=1, **members):
        """The count-th word of that kind with those members."""
        def find():
            return [word for word in self.words
                    if word.kind == kind and all(word[name] == value for name, value in members.items())]
        with self.changed:
            assert self.changed.wait_for(lambda: len(find()) >= count, seconds), self.words
            return find()[count - 1]

    def steps(self, computation):
        return [word.step for word in self.words if word.kind == "event" and word["computation"] == computation]

    def lines(self):
        return [word["message"] for word in self.words if word.kind == "log"]

    # --- orders ---

    def say(self, message):
        self.visits[-1].send(message)

    def run(self, request):
        self.say(field(2, request))

    def run_in_pieces(self, request, ident="c-1", size=CHUNK):
        for at in range(0, len(request), size):
            self.say(field(1, field(1, request[at:at + size]) + field(2, ident)))
        self.say(field(1, field(2, ident) + number(3, 1)))

    def stop_computation(self, ident="c-1"):
        self.say(field(3, field(1, ident)))

    def ask_state(self, ident):
        self.say(field(4, field(1, ident)))

    def disconnect(self):
        self.say(field(5, field(1, "")))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
        if kind is not None:
            print(self.words[-30:])
