"""The stand-in for global datastores of Amazon ElastiCache of test/contract/aws as a process."""

import json
import pathlib
import subprocess
import urllib.request

from . import ports
from .process import Process, Scratch

ROOT = pathlib.Path(__file__).resolve().parents[2]
ID = "ldgnf-gloo"


class ElastiCache(Process):
    ready_timeout = 60.0  # it imports much
    KEY = "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

    def __init__(self, scratch: Scratch, regions: tuple[str, ...]) -> None:
        super().__init__(scratch, "elasticache")
        self.port = ports.lease()
        self.regions = {region: ports.lease() for region in regions}
        self.python = subprocess.check_output([ROOT / "hack/venv.sh", ROOT / "test/contract/aws/requirements.txt"], text=True).strip() + "/bin/python"

    def argv(self) -> list[str]:
        regions = [word for region, port in self.regions.items() for word in ("--region", f"{region}={port}")]
        listen = ["--port", str(self.port), *regions, "--key", self.KEY]
        return [self.python, str(ROOT / "test/contract/aws/elasticache.py"), *listen]

    def is_ready(self) -> bool:
        return "ready" in self.log_text().splitlines()

    def endpoint(self, region: str) -> str:
        return f"http://127.0.0.1:{self.regions[region]}"

    def environment(self) -> dict[str, str]:
        """Two regions, for a contract test."""
        west, central = self.regions
        return {
            "CONTRACT_ELASTICACHE": f"127.0.0.1:{self.port}",
            "CONTRACT_ELASTICACHE_KEY": self.KEY,
            "CONTRACT_ELASTICACHE_WEST": f"{west} {self.endpoint(west)}",
            "CONTRACT_ELASTICACHE_CENTRAL": f"{central} {self.endpoint(central)}",
        }

    def ask(self, verb: str, wanted: dict | None = None) -> dict:
        """What the stand-in is to do, as told in its file: set, keys, state, boto."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/standin/{verb}", data=json.dumps(wanted or {}).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def violations(self) -> list[str]:
        return self.ask("state")["violations"]
