"""The stand-in for Amazon Route 53 of test/contract/aws as a process."""

import json
import pathlib
import subprocess
import urllib.request

from . import ports
from .process import Process, Scratch

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Route53(Process):
    ready_timeout = 60.0  # it imports much
    KEY = "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

    def __init__(self, scratch: Scratch, zones: tuple[str, ...]) -> None:
        super().__init__(scratch, "route53")
        self.zones = zones
        self.made: dict[str, str] = {}  # zones since: name -> id
        self.port, self.dns_port = ports.lease(), ports.lease()
        self.python = subprocess.check_output([ROOT / "hack/venv.sh", ROOT / "test/contract/aws/requirements.txt"], text=True).strip() + "/bin/python"

    def argv(self) -> list[str]:
        zones = [argument for zone in self.zones for argument in ("--zone", zone)]
        listen = ["--port", str(self.port), "--dns-port", str(self.dns_port)]
        return [self.python, str(ROOT / "test/contract/aws/route53.py"), *listen, "--key", self.KEY, *zones]

    def is_ready(self) -> bool:
        return "ready" in self.log_text().splitlines()

    def add_zone(self, zone: str) -> str:
        """A public zone, by the SDK; its id."""
        parameters = {"Name": zone, "CallerReference": zone}
        made = self.ask("boto", {"operation": "create_hosted_zone", "parameters": parameters})
        self.made[zone] = made["HostedZone"]["Id"].removeprefix("/hostedzone/")
        listing = {"operation": "list_resource_record_sets", "parameters": {"HostedZoneId": self.made[zone]}}
        assert "error" not in self.ask("boto", listing)  # from then on its servers know it
        return self.made[zone]

    def zone_id(self, zone: str) -> str:
        return self.made.get(zone) or next(line.split()[1] for line in self.log_text().splitlines() if line.split()[0] == zone)

    def environment(self) -> dict[str, str]:
        return {
            "CONTRACT_ROUTE53": f"http://127.0.0.1:{self.port}",
            "CONTRACT_ROUTE53_DNS": f"127.0.0.1:{self.dns_port}",
            "CONTRACT_ROUTE53_KEY": self.KEY,
            "CONTRACT_ROUTE53_ZONE": self.zone_id("dr.test"),
            "CONTRACT_ROUTE53_PRIVATE": self.zone_id("private:dr.test"),
        }

    def instead_of_dns(self) -> dict[str, str]:
        """What makes a test of a DNS server one of the stand-in."""
        address = f"127.0.0.1:{self.dns_port}"
        return {"CONTRACT_DRIVER": "route53", "CONTRACT_DNS": address, "CONTRACT_DNS_SERVERS": f"route53={address}"}

    def ask(self, verb: str, wanted: dict | None = None) -> dict:
        """What the stand-in is to do, as told in its file: faults, keys, boto, replay, state."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/standin/{verb}", data=json.dumps(wanted or {}).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def write(self, zone: str, *records: tuple[str, str, str]) -> None:
        """Records as (name, type, value), by the SDK."""
        sets = [{"Name": name, "Type": kind, "TTL": 30, "ResourceRecords": [{"Value": value}]} for name, kind, value in records]
        changes = [{"Action": "UPSERT", "ResourceRecordSet": one} for one in sets]
        parameters = {"HostedZoneId": self.zone_id(zone), "ChangeBatch": {"Changes": changes}}
        answer = self.ask("boto", {"operation": "change_resource_record_sets", "parameters": parameters})
        assert "error" not in answer, answer

    def history(self, zone: str, *names: str) -> list[list[dict]]:
        """The record sets of these names in every version that the zone had, oldest first."""
        return self.ask("history", {"zone": self.zone_id(zone), "names": names})["versions"]

    def violations(self) -> list[str]:
        return self.ask("state")["violations"]
