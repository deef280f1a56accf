#!/usr/bin/env python3
"""What a runbook needs of AWS's command line, by AWS's SDK: aws <service> <operation> [--member value | --flag]…, in any order after aws.

The members are those that the SDK's model of the operation has, by the names that AWS's own tool gives them.
"""

import argparse
import json
import sys

import boto3
import botocore
import jmespath


def members(client, operation: str) -> tuple[str, dict]:
    """The SDK's method, and the members of its input by their options."""
    method = operation.replace("-", "_")
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    return method, {"--" + botocore.xform_name(name, "-"): (name, member) for name, member in shape.members.items()}


def value_of(shape, text: str) -> object:
    if shape.type_name in ("structure", "list", "map"):
        return json.loads(text)
    return int(text) if shape.type_name in ("integer", "long") else text


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("service")
    parser.add_argument("operation")
    for name in ("--endpoint-url", "--region", "--query"):
        parser.add_argument(name)
    parser.add_argument("--output", choices=["text", "json"], default="json")
    options, rest = parser.parse_known_args()
    client = boto3.client(options.service, region_name=options.region or "us-east-1", endpoint_url=options.endpoint_url)
    method, known = members(client, options.operation)
    parameters = {}
    while rest:
        name, shape = known[rest.pop(0)]
        parameters[name] = True if shape.type_name == "boolean" else value_of(shape, rest.pop(0))
    answer = getattr(client, method)(**parameters)
    found = jmespath.search(options.query, answer) if options.query else answer
    sys.stdout.write(f"{found}\n" if options.output == "text" else json.dumps(found, default=str) + "\n")


if __name__ == "__main__":
    main()
