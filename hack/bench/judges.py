"""Programs that we did not write, asked for their opinion of what we ship and what we say."""

import json
import pathlib
import subprocess
from typing import Any

from . import objects, tools


def kstatus(*things: objects.Object) -> list[dict[str, str]]:
    """What Flux, Helm and `kubectl wait` conclude from each object.

    Keys: kind, name, kstatus (Current, InProgress, Failed, ...), message, and what Flux's condition linter finds in
    it as a final state (finalFail, finalWarn) and as one in progress (inProgressFail, inProgressWarn).
    """
    text = "\n".join(json.dumps(thing) for thing in things)
    return [json.loads(line) for line in _ask("kstatus", input=text).splitlines()]


def porcupine(operations: list[dict[str, Any]]) -> dict[str, str]:
    """register -> Ok, Illegal or Unknown: whether its operations (hack/judges/porcupine/model.go) are linearizable."""
    text = "\n".join(json.dumps(operation) for operation in operations)
    lines = _ask("porcupine", input=text).splitlines()
    return {line["register"]: line["result"] for line in map(json.loads, lines)}


def kubectl_validate(*paths: pathlib.Path) -> str:
    """Manifests against our CRDs and the built-in schemas, CEL included; raises with its report if one is wrong."""
    return _ask("kubectl-validate", "--local-crds", str(tools.ROOT / "crds"), *map(str, paths))


def promtool(*args: str, input: str | None = None) -> str:
    """promtool("check", "rules", path), promtool("check", "metrics", input=text)"""
    return _ask("promtool", *args, input=input)


def kube_score(manifest: str, *args: str) -> str:
    return _ask("kube-score", "score", *args, "-", input=manifest)


class Rejected(AssertionError):
    """The judge said no; the text is what it printed."""


def _ask(program: str, *args: str, input: str | None = None) -> str:
    command = [str(tools.judge(program)), *args]
    result = subprocess.run(command, input=input, capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        raise Rejected(f"{program} {' '.join(args)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout
