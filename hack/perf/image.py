"""The size of the container image, unpacked, as hack/image.sh builds it."""

import re
import subprocess

from hack.bench import tools

from .figures import Figure

BOUND_MB = 26.0
BUILD_TIMEOUT_S = 1800


def measure() -> list[Figure]:
    command = [tools.ROOT / "hack" / "image.sh"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S)
    found = re.search(r"(\d+) bytes unpacked in (\d+) files", result.stdout)
    if found is None:
        raise RuntimeError(f"hack/image.sh: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return [Figure("image, unpacked", int(found[1]) / 1e6, "MB", BOUND_MB, note=f"{found[2]} files")]
