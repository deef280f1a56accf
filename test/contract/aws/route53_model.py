"""Whether requests and answers are as the vendor's own machine-readable model of Route 53 says (botocore's service model).

A request's body is read by the model's shapes, validated, and written again by botocore's own serializer: what is unknown or in the
wrong place differs then. An answer is read by botocore's parser and validated against the output shape.
"""

import re
import xml.etree.ElementTree as ElementTree

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
import botocore.validate

NAMESPACE = "{https://route53.amazonaws.com/doc/2013-04-01/}"
MODEL = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("route53", "service-2"), "route53")
SERIALIZER = botocore.serialize.create_serializer("rest-xml")
PARSER = botocore.parsers.create_parser("rest-xml")
VALIDATOR = botocore.validate.ParamValidator()
# What only people ask for, and moto answers without a member that the model has as required.
NOT_THE_DRIVERS = ("CreateHostedZone", "ListHostedZones")
PATHS = [
    (name, model.http["method"], re.compile(re.sub(r"\{[^}]+\}", "[^/]+", model.http["requestUri"].split("?")[0]) + "$"))
    for name, model in ((name, MODEL.operation_model(name)) for name in MODEL.operation_names)
]


def operation(method: str, path: str) -> str | None:
    return next((name for name, wanted, pattern in PATHS if wanted == method and pattern.match(path)), None)


def value_of(shape, element: ElementTree.Element):
    """The text or tree of @element as the model's shape has it; what the shape does not know is left out."""
    if shape.type_name == "structure":
        found = {}
        for name, member in shape.members.items():
            child = element.find(NAMESPACE + member.serialization.get("name", name))
            if child is not None:
                found[name] = value_of(member, child)
        return found
    if shape.type_name == "list":
        return [value_of(shape.member, child) for child in element]
    text = element.text or ""
    if shape.type_name in ("integer", "long"):
        return int(text)
    return {"true": True, "false": False}.get(text) if shape.type_name == "boolean" else text


def canonical(text: bytes) -> str:
    """Members by name (their order means nothing to the service), items of a list as they stand."""

    def write(element: ElementTree.Element) -> str:
        inner = "".join(write(child) for child in sorted(element, key=lambda child: child.tag)) if len(element) else repr(element.text or "")
        return f"<{element.tag}>{inner}</>"

    return write(ElementTree.fromstring(text))


def fault_of_request(method: str, path: str, body: bytes) -> str | None:
    name = operation(method, path)
    if name is None:
        return f"{method} {path} is no operation of Route 53"
    shape = MODEL.operation_model(name).input_shape
    if not body:
        return None
    try:
        parameters = value_of(shape, ElementTree.fromstring(body))
    except (ElementTree.ParseError, ValueError) as error:
        return f"{name}: the body cannot be read: {error}"
    for member in shape.members:
        if shape.members[member].serialization.get("location") in ("uri", "querystring"):
            parameters.setdefault(member, "Z1") if member in shape.required_members else None
    report = VALIDATOR.validate(parameters, shape)
    if report.has_errors():
        return f"{name}: {report.generate_report()}"
    written = SERIALIZER.serialize_to_request(parameters, MODEL.operation_model(name))["body"]
    if canonical(body) != canonical(written):
        return f"{name}: the body has what botocore would not write: {body!r}"
    return None


def fault_of_answer(method: str, path: str, status: int, headers: dict[str, str], body: bytes) -> str | None:
    name = operation(method, path)
    if name is None or status >= 300 or name in NOT_THE_DRIVERS:
        return None
    shape = MODEL.operation_model(name).output_shape
    parsed = PARSER.parse({"status_code": status, "headers": headers, "body": body}, shape)
    parsed.pop("ResponseMetadata", None)
    report = VALIDATOR.validate(parsed, shape)
    return f"answer to {name}: {report.generate_report()}" if report.has_errors() else None
