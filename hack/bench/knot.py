"""A real Knot that signs its zones by itself, read and written as the BIND of the bench is."""

import dns.message
import dns.name

from . import dns_config
from .bind import Bind
from .process import Scratch


class SigningKnot(Bind):
    """Zones are given at the start, with `extra` records each; nothing is kept over a restart."""

    def __init__(self, scratch: Scratch, extra: dict[str, str]) -> None:
        super().__init__(scratch, tuple(extra), name="knot")
        self._extra = extra

    def query(self, name: str, rdtype: str) -> dns.message.Message:
        """Without what it adds about the target of a CNAME in the same zone."""
        answer = super().query(name, rdtype)
        answer.answer = [rrset for rrset in answer.answer if rrset.name == dns.name.from_text(name)]
        return answer

    def argv(self) -> list[str]:
        return dns_config.knot(self.folder, self.port, self._extra, (self.key.name, self.key.text), signed=True)
