"""AWS's stand-in for the contract tests; what it is made of is in aws/."""

import pathlib
import subprocess
import urllib.error
import urllib.request

from hack.bench import ports
from hack.bench.process import Process, Scratch

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Amazon(Process):
    ready_timeout = 120.0  # its imports are many
    def __init__(self, scratch: Scratch) -> None:
        super().__init__(scratch, "amazon")
        self.port, self.metadata_port = ports.lease(), ports.lease()
        made = subprocess.run([ROOT / "hack/venv.sh", HERE / "aws/requirements.txt"], capture_output=True, text=True, check=True)
        self.python = made.stdout.strip() + "/bin/python"

    def argv(self) -> list[str]:
        places = ["--port", str(self.port), "--metadata-port", str(self.metadata_port), "--folder", str(self.folder)]
        return [self.python, str(HERE / "aws/server.py"), *places]

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_stand_in", timeout=5):
                return True
        except urllib.error.URLError:
            return False


def start(scratch: Scratch) -> tuple[dict[str, str], list[Amazon]]:
    server = Amazon(scratch)
    server.start()
    server.ready()
    environment = {
        "CONTRACT_AWS": f"127.0.0.1:{server.port}",
        "CONTRACT_AWS_METADATA": f"127.0.0.1:{server.metadata_port}",
        "CONTRACT_AWS_FOLDER": str(server.folder),
    }
    return environment, [server]
