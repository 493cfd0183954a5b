"""Whether a message that came in is from whom its From says: what Exchange found out, and nobody else.

Exchange puts a header ``Authentication-Results`` on top of what it takes in (RFC 8601; learn.microsoft.com/defender-office-365/
email-authentication-about). Whatever stands further down was there before, and anybody may have written it. So may single words in
it: addresses are shown there as the sender wrote them, which is why each result is read at its place only.
"""

import re
from collections.abc import Sequence

from ..addresses import canonical_address, domain_of

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*(dmarc|compauth)\s*=\s*(\w+)", re.IGNORECASE)
_ANY_RESULT = re.compile(r"\s*(spf|dkim|dmarc|compauth)\s*=\s*(\w+)", re.IGNORECASE)
_HEADER_FROM = re.compile(r"\sheader\.from\s*=\s*([^\s;]+)", re.IGNORECASE)


def is_genuine(address: str, results: Sequence[str], authenticated_as: Sequence[str] = ()) -> bool:
    """Tell whether Exchange says that a message is from the address in its From.

    :param address: the bare address in From
    :param results: values of the headers ``Authentication-Results``, the topmost first
    :param authenticated_as: values of ``X-MS-Exchange-Organization-AuthAs``, which Exchange removes from what comes from outside (header
        firewall) and sets itself: ``Internal`` is a sender of the own tenant who signed in, whose mail has no DMARC result
    """
    if not results:
        return False
    found: dict[str, list[str]] = {"dmarc": [], "compauth": []}
    header_from = []
    for result in _COMMENT.sub(" ", " ".join(results[0].split())).split(";"):
        if match := _RESULT.match(result):
            found[match[1].lower()].append(match[2].lower())
            header_from += _HEADER_FROM.findall(result)
    # Another number of results than one is not Exchange's writing.
    if any(len(values) > 1 for values in found.values()) or len(found["dmarc"]) != 1:
        return False
    if [canonical_address(domain) for domain in header_from] != [domain_of(address)]:
        return False
    if found["dmarc"] == ["pass"]:
        return found["compauth"] in ([], ["pass"])
    if found["dmarc"] == ["none"] and list(authenticated_as) == ["Internal"]:
        return True
    return found["dmarc"][0] in ("bestguesspass", "none") and found["compauth"] == ["pass"]


def is_forged(results: Sequence[str]) -> bool:
    """Tell whether Exchange says that a message is not from whom its From says: composite authentication has failed.

    DMARC alone says less: delivery reports of systems that send them with no sender address fail it as well.

    :param results: values of the headers ``Authentication-Results``, the topmost first
    """
    parts = _COMMENT.sub(" ", " ".join(results[0].split())).split(";") if results else []
    return any(match[1].lower() == "compauth" and match[2].lower() == "fail" for part in parts if (match := _RESULT.match(part)))


def results_of(results: Sequence[str]) -> dict[str, str]:
    """Return what Exchange says of SPF, DKIM, DMARC and composite authentication, by method in lower case; the first of each counts.

    For people to read: what a message may do is decided by :func:`is_genuine`.

    :param results: values of the headers ``Authentication-Results``, the topmost first
    """
    found: dict[str, str] = {}
    for part in _COMMENT.sub(" ", " ".join(results[0].split())).split(";") if results else []:
        if match := _ANY_RESULT.match(part):
            found.setdefault(match[1].lower(), match[2].lower())
    return found
