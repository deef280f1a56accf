#!/usr/bin/env python3
"""What a runbook needs of AWS's command line, by AWS's SDK: aws route53 --endpoint-url URL change-resource-record-sets | list-hosted-zones."""

import argparse
import json
import sys

import boto3
import jmespath


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("service", choices=["route53"])
    parser.add_argument("--endpoint-url")
    parser.add_argument("operation", choices=["change-resource-record-sets", "list-hosted-zones"])
    parser.add_argument("--hosted-zone-id")
    parser.add_argument("--change-batch", type=json.loads)
    parser.add_argument("--query")
    parser.add_argument("--output", choices=["text", "json"], default="json")
    options = parser.parse_args()
    client = boto3.client("route53", region_name="us-east-1", endpoint_url=options.endpoint_url)
    if options.operation == "list-hosted-zones":
        answer = client.list_hosted_zones()
    else:
        answer = client.change_resource_record_sets(HostedZoneId=options.hosted_zone_id, ChangeBatch=options.change_batch)
    found = jmespath.search(options.query, answer) if options.query else answer
    sys.stdout.write(f"{found}\n" if options.output == "text" else json.dumps(found, default=str) + "\n")


if __name__ == "__main__":
    main()
