"""A manager and an agent for tests of the client: they hold just enough state to be talked to, and do
what a test tells them to do."""

import hashlib
import json

from https_service import Answer, HttpsService, problem


class FakeManager(HttpsService):
    def __init__(self):
        super().__init__()
        self.token = "secret-token"
        self.vms = {}
        self.states = ["provisioning", "booting", "running"]  # a VM goes one further at each look
        self.lose_answers = 0
        self.agent_url = self.agent_pin = None
        self.events = []
        self.policy = problem(409, "wrong-state", "the release record has no reference values")

    def vm(self, vm_id, body):
        return {"id": vm_id, "name": body.get("name"), "owner": "admin", "image": body.get("image", "eos"),
                "platform": "vm", "state": self.states[0], "attestation": "unchecked", "agent_url": None,
                "agent_pin": None, "agent": {"last_seen": None, "silent": False}, "computation": None,
                "failure": None, "created_at": "2026-11-23T04:00:00Z", "expires_at": None}

    def look(self, vm):
        at = self.states.index(vm["state"])
        vm["state"] = self.states[min(at + 1, len(self.states) - 1)]
        if vm["state"] == "running":
            vm["agent_url"], vm["agent_pin"] = self.agent_url, self.agent_pin
        if vm["state"] == "failed":
            vm["failure"] = {"kind": "boot", "detail": "the kernel panicked"}
        return dict(vm)

    def create(self, request):
        key = request.headers.get("idempotency-key")
        for vm in self.vms.values():
            if vm["key"] == key:
                return Answer(201, vm["vm"])
        vm_id = f"vm-{len(self.vms) + 1}"
        self.vms[vm_id] = {"key": key, "vm": self.vm(vm_id, request.json())}
        if self.lose_answers:
            self.lose_answers -= 1
            return None
        return Answer(201, self.vms[vm_id]["vm"], {"Location": f"/v1/vms/{vm_id}"})

    def handle(self, request):
        if request.headers.get("authorization") != "Bearer " + self.token:
            return problem(401, "unauthenticated", "who asks is not known")
        if request.path == "/v1/host":
            return Answer(200, {"accelerator": {"kind": "tcg", "reason": "no /dev/kvm"}, "versions": {"qemu": "7.2"}})
        if request.path == "/v1/images":
            record = {"eos_version": "0.1", "debug": False, "python": True, "kernel": {"bytes": 1 << 23},
                      "initrd": {"bytes": 1 << 24}, "default_memory_mib": 512}
            broken = {"name": "old", "default": False, "usable": False, "problem": "no kernel", "record": None}
            return Answer(200, {"items": [{"name": "eos", "default": True, "usable": True, "problem": None,
                                           "record": record}, broken], "next": None})
        if request.path == "/v1/events" or request.path.endswith("/events"):
            return self.stream(request)
        if request.path == "/v1/vms":
            return self.create(request) if request.method == "POST" else self.list(request)
        if request.path.endswith("/attestation-policy"):
            return self.policy if isinstance(self.policy, Answer) else Answer(200, self.policy)
        entry = self.vms.get(request.path.rsplit("/", 1)[1])
        if not entry:
            return problem(404, "not-found", "there is no such VM")
        if request.method == "DELETE":
            del self.vms[entry["vm"]["id"]]
            return Answer(202)
        return Answer(200, self.look(entry["vm"]))

    def list(self, request):
        query = dict(part.split("=") for part in request.query.split("&") if part)
        items = [entry["vm"] for entry in self.vms.values() if query.get("state") in (None, entry["vm"]["state"])]
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        following = str(start + limit) if start + limit < len(items) else None
        return Answer(200, {"items": items[start:start + limit], "next": following})

    def stream(self, request):
        after = int(request.headers.get("last-event-id", 0))
        text = "".join(f"id: {e['id']}\nevent: {e['type']}\ndata: {json.dumps(e)}\n\n"
                       for e in self.events if e["id"] > after)
        return Answer(200, text.encode(), {"Content-Type": "text/event-stream"})


class FakeAgent(HttpsService):
    def __init__(self):
        super().__init__()
        self.manifest = None
        self.state = "ReceivingManifest"
        self.failure = None
        self.run_state = "ConsumingResults"
        self.assets = {}
        self.result = b"PK\x05\x06" + bytes(18)
        self.ima = None
        self.answers = {}  # (method, path) -> function(request) for a fault

    def digest(self):
        text = json.dumps(self.manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest() if self.manifest else None

    def state_document(self):
        names = [d["filename"] for d in self.manifest["datasets"]] if self.manifest else []
        return {"state": self.state, "computation_id": self.manifest and self.manifest["id"],
                "manifest_sha256": self.digest(), "platform": "none", "spki_sha256": "00" * 32,
                "awaiting": {"algorithm": bool(self.manifest) and "algorithm" not in self.assets,
                             "requirements": False, "datasets": [n for n in names if n not in self.assets],
                             "run": self.state == "ReceivingData" and set(names) <= set(self.assets)},
                "failure": self.failure}

    def move_on(self):
        names = {d["filename"] for d in self.manifest["datasets"]}
        if "algorithm" in self.assets:
            self.state = "ReceivingData"
            if names <= set(self.assets) and self.manifest["run"]["start"] == "auto":
                self.state = self.run_state

    def take(self, name, pin, request):
        if request.method == "HEAD":
            return problem(409, "wrong-state", "there already") if name in self.assets else Answer(200)
        digest = hashlib.sha3_256(request.body).hexdigest()
        if digest != pin:
            return problem(422, "invalid-input", f"expected SHA3-256 {pin}, got {digest}")
        self.assets[name] = request.body
        self.move_on()
        return Answer(201)

    def handle(self, request):
        fault = self.answers.get((request.method, request.path))
        if fault:
            return fault(request)
        if request.path == "/v1/state":
            return Answer(200, self.state_document())
        if request.path == "/v1/computation":
            if request.method == "PUT":
                self.manifest, self.state = request.json(), "ReceivingAlgorithm"
                return Answer(201)
            if request.method == "DELETE":
                self.__dict__.update(manifest=None, state="ReceivingManifest", assets={})
                return Answer(204)
            return Answer(200, self.manifest) if self.manifest else problem(404, "not-found", "no manifest")
        if request.path == "/v1/algorithm":
            return self.take("algorithm", self.manifest["algorithm"]["sha3_256"], request)
        if request.path.startswith("/v1/datasets/"):
            name = request.path.rsplit("/", 1)[1]
            pins = {d["filename"]: d["sha3_256"] for d in self.manifest["datasets"]}
            return self.take(name, pins[name], request) if name in pins else problem(404, "not-found", "undeclared")
        if request.path == "/v1/run":
            if not self.state_document()["awaiting"]["run"]:
                return problem(409, "wrong-state", f"not in {self.state}")
            self.state = self.run_state
            return Answer(202)
        if request.path == "/v1/result":
            if self.state != "ConsumingResults":
                return problem(409, "wrong-state", f"no result in {self.state}")
            self.state = "Complete"
            return Answer(200, self.result, {"Content-Type": "application/zip", "ETag": '"abc"'})
        if request.path == "/v1/ima":
            return Answer(200, self.ima) if self.ima else problem(404, "not-found", "no list of what it measured")
        if request.path == "/v1/logs":
            return Answer(200, b"hello from the algorithm\n", {"Content-Type": "text/plain"})
        return problem(404, "not-found", "nothing here")
