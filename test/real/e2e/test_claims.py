"""What the documents claim, read against the schema, the code and the manifests. No server runs."""

import re

import yaml

from hack.bench import tools

CRDS = {path.stem.split("_")[1]: yaml.safe_load(path.read_text()) for path in (tools.ROOT / "crds").glob("*.yaml")}
README = (tools.ROOT / "README.md").read_text()


def spec_of(plural):
    return CRDS[plural]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]


def fields(schema, path="spec", required=False):
    yield path, schema, required
    for name, child in schema.get("properties", {}).items():
        yield from fields(child, f"{path}.{name}", name in schema.get("required", []))
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")


FIELDS = [(plural, *field) for plural in CRDS for field in fields(spec_of(plural))]


def contradictions(plural, path, schema, required):
    text = schema.get("description", "")
    if "default" in schema and schema["type"] in ("string", "integer", "boolean"):
        default = str(schema["default"]).lower() if schema["type"] == "boolean" else str(schema["default"])
        if f"Default {default or 'empty'}" not in text:
            yield f"{path}: the schema's default is {default!r}"
    if "Required" in text and not required:
        yield f"{path}: the schema does not require it"
    limits = re.search(r"\b(\d+) to (\d+)\.", text)
    if limits and schema["type"] == "integer":
        rule = f"self.{path.rsplit('.', 1)[1]} <= {limits[2]}"
        if schema["minimum"] != int(limits[1]) or (schema["maximum"] != int(limits[2]) and rule not in str(spec_of(plural))):
            yield f"{path}: the schema allows {schema['minimum']} to {schema['maximum']}"


def test_fields_are_what_their_descriptions_say():
    """`kubectl explain` prints the descriptions; the schema beside them is what counts."""
    assert [line for field in FIELDS for line in contradictions(*field)] == []
    claims = [text for _, _, schema, _ in FIELDS if "Default " in (text := schema.get("description", ""))]
    assert len(claims) > 40


COPIED_SECRETS = ("argoCD/clusterSecret", "flux/kubeconfigSecret")  # each from a Secret that is named beside a plane


def test_every_reference_is_known_to_kustomize():
    """A prefix or a hash that kustomize puts on a name reaches whatever names it."""
    config = yaml.safe_load((tools.ROOT / "manifests" / "kustomizeconfig.yaml").read_text())["nameReference"]
    known = {(kind["kind"], spec["kind"], spec["path"]) for kind in config for spec in kind["fieldSpecs"]}
    wanted = {("ManagementPlane", "FailoverPolicy", path) for path in ("spec/planes", "spec/dns/plane", "spec/redis/plane")}
    wanted |= {("ManagementPlane", "FailoverPolicy", f"spec/pipeline/{where}/planes/plane") for where in COPIED_SECRETS}
    kinds = {"failoverpolicies": "FailoverPolicy", "managementplanes": "ManagementPlane"}
    for plural, path, _, _ in FIELDS:
        if re.search(r"[sS]ecretRef$", path):
            wanted.add(("Secret", kinds[plural], path.replace("[]", "").replace(".", "/") + "/name"))
    assert known == wanted


def test_kustomize_renames_what_is_referred_to(bench, tmp_path):
    for name in ("kustomizeconfig.yaml", "samples/single-cluster.yaml"):
        (tmp_path / name.split("/")[-1]).write_text((tools.ROOT / "manifests" / name).read_text())
    generators = [{"name": name, "namespace": "planekeeper", "literals": ["password=x"]} for name in ("tsig", "redis-auth")]
    (tmp_path / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "configurations": ["kustomizeconfig.yaml"],
                "namePrefix": "prod-",
                "resources": ["single-cluster.yaml"],
                "secretGenerator": generators,
            }
        )
    )
    built = list(yaml.safe_load_all(bench.hub.kubectl("kustomize", str(tmp_path))))
    secrets = {thing["metadata"]["name"] for thing in built if thing["kind"] == "Secret"}
    planes = {thing["metadata"]["name"] for thing in built if thing["kind"] == "ManagementPlane"}
    spec = next(thing["spec"] for thing in built if thing["kind"] == "FailoverPolicy")
    assert {spec["dns"]["rfc2136"]["tsigSecretRef"]["name"], spec["redis"]["authSecretRef"]["name"]} == secrets
    assert len(secrets) == 2 and all(re.fullmatch(r"prod-.+-[a-z0-9]{10}", name) for name in secrets)
    assert set(spec["planes"]) == planes == {"prod-eu-west-1", "prod-eu-central-1"}


def test_readme_names_the_libraries_that_are_linked():
    makefile = (tools.ROOT / "Makefile").read_text()
    linked = re.search(r"^PACKAGES := (.+)$", makefile, re.M)[1].replace("yaml-0.1", "libyaml").replace("openssl", "OpenSSL")
    listed = set(re.findall(r"^\| (lib(?!rary)\w+|jansson|hiredis|ldns|OpenSSL|expat|zlib) \|", README, re.M))
    assert listed == set(linked.split())


def test_modes_that_readme_calls_advise_are_those_of_the_code():
    """Each reason that README names for Advise is one that the code gives with MODE_ADVISE, and the other way round."""
    code = (tools.ROOT / "controller/core/mode.c").read_text()
    advise = set(re.findall(r"\.mode = MODE_ADVISE,\s*\.reason = \"(\w+)\"", code)) - {"AsRequested"}
    automatic = set(re.findall(r"\.mode = MODE_AUTOMATIC,\s*\.reason = \"(\w+)\"", code))
    said = README[README.index("### Modes") : README.index("| stop one policy")]
    assert advise and advise <= set(re.findall(r"`(\w+)`", said))
    assert "SingleVantage" in automatic and "stays Automatic" in said


def test_metrics_are_as_open_as_readme_says():
    policy = yaml.safe_load((tools.ROOT / "manifests/manager/network_policy.yaml").read_text())
    metrics = next(rule for rule in policy["spec"]["ingress"] if {"port": "metrics"} in rule["ports"])
    assert "from" not in metrics
    assert "admits every Pod to it" in README
