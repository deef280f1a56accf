"""A real Knot and a real PowerDNS, read and written as the BIND of the bench is."""

import dns.message
import dns.name

from . import dns_config
from .bind import Bind
from .process import Scratch

CONFIGURE = {"knot": dns_config.knot, "powerdns": dns_config.powerdns}


class OtherDns(Bind):
    """Zones are given at the start, with `extra` records each; nothing is kept over a restart."""

    def __init__(self, scratch: Scratch, kind: str, extra: dict[str, str], signed: bool = False) -> None:
        super().__init__(scratch, tuple(extra), name=kind)
        self._configure, self._extra, self._signed = CONFIGURE[kind], extra, signed

    def query(self, name: str, rdtype: str) -> dns.message.Message:
        """Without what it adds about the target of a CNAME on the same server."""
        answer = super().query(name, rdtype)
        answer.answer = [rrset for rrset in answer.answer if rrset.name == dns.name.from_text(name)]
        return answer

    def argv(self) -> list[str]:
        return self._configure(self.folder, self.port, self._extra, (self.key.name, self.key.text), self._signed)
