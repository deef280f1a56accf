"""Whether calls by the Query protocol are as the vendor's own machine-readable model says (botocore's service models).

A form is read by the model's shapes, validated, and written again by botocore's own serializer: what is unknown or missing differs
then. An answer is read by botocore's parser, validated against the output shape, and held against what that shape knows.
"""

import urllib.parse
import xml.etree.ElementTree as ElementTree

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
import botocore.validate

SERIALIZER = botocore.serialize.create_serializer("query")
PARSER = botocore.parsers.create_parser("query")
VALIDATOR = botocore.validate.ParamValidator()


class Service:
    def __init__(self, name: str) -> None:
        self.model = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model(name, "service-2"), name)
        self.namespace = self.model.metadata["xmlNamespace"]

    def operation(self, form: dict[str, str]) -> str | None:
        action = form.get("Action")
        return action if action in self.model.operation_names else None

    def fault_of_request(self, method: str, content_type: str, body: bytes) -> str | None:
        """All members of the operations that are called have plain values."""
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        name = self.operation(form)
        if name is None or method != "POST" or not content_type.startswith("application/x-www-form-urlencoded"):
            return f"{method} of {content_type}: {form.get('Action')} is no call of {self.model.service_name}"
        operation = self.model.operation_model(name)
        parameters = {}
        for member, shape in operation.input_shape.members.items():
            if member in form:
                parameters[member] = {"boolean": lambda text: text == "true", "integer": int}.get(shape.type_name, str)(form[member])
        report = VALIDATOR.validate(parameters, operation.input_shape)
        if report.has_errors():
            return f"{name}: {report.generate_report()}"
        written = SERIALIZER.serialize_to_request(parameters, operation)["body"]
        return None if written == form else f"{name}: botocore would write {written}, and not {form}"

    def fault_of_answer(self, name: str, status: int, body: bytes) -> str | None:
        operation = self.model.operation_model(name)
        parsed = PARSER.parse({"status_code": status, "headers": {}, "body": body}, operation.output_shape)
        parsed.pop("ResponseMetadata", None)
        if status >= 300:
            known = {shape.metadata["error"]["code"] for shape in operation.error_shapes}
            code = parsed["Error"]["Code"]
            common = ("AccessDenied", "ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch", "Throttling", "InternalFailure")
            return None if code in known or code in common else f"answer to {name}: {code} is no error of it"
        report = VALIDATOR.validate(parsed, operation.output_shape)
        if report.has_errors():
            return f"answer to {name}: {report.generate_report()}"
        texts = sum(1 for element in ElementTree.fromstring(body).iter() if len(element) == 0) - 1  # without the request's id
        read = count(parsed)
        return None if read == texts else f"answer to {name}: botocore reads {read} of {texts} values"


def count(value: object) -> int:
    """The plain values below."""
    if isinstance(value, dict):
        return sum(count(inner) for inner in value.values())
    return sum(count(inner) for inner in value) if isinstance(value, list) else 1
