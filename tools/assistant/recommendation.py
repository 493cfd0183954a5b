"""Three ways to send through Exchange Online: what each can do, and which one fits.

The sources in brackets are those of ``const.py`` and of ``tools/diagnosis/causes/sources.py``; [HVE] pages are read in excerpts only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ...const import DEFAULT_CLOUD, OUTGOING_PRESETS
from ..diagnosis.cause import _lt

#: In the order in which they are shown.
PRESETS: Final = ("submission", "relay", "hve")


@dataclass(frozen=True)
class Row:
    """One row of the comparison, in English; whoever shows it translates it.

    :ivar label: what is compared
    :ivar cells: one of each preset
    """

    label: str
    cells: dict[str, str]


ROWS: Final[tuple[Row, ...]] = (
    Row(_lt("Who can send as whom"), {
        # [MFD][PRN]
        "submission": _lt("One mailbox sends as itself, and as every address for which it has the permission Send As."),
        # [MFD][CERT]
        "relay": _lt("Odoo sends as any address of your accepted domains. No mailbox and no permission is needed."),
        # [HVE]
        "hve": _lt("The High Volume Email account sends as itself only."),
    }),
    Row(_lt("To whom"), {
        "submission": _lt("Anyone."),
        "relay": _lt("Anyone."),
        "hve": _lt("Recipients in your own organization only."),  # [HVE]
    }),
    Row(_lt("Limits"), {
        # [LIMITS]
        "submission": _lt("30 messages a minute and 10,000 recipients a day for the mailbox, and the daily limit of your organization for "
                          "outside recipients."),
        # [MFD][TERRL]
        "relay": _lt("No fixed limit of a mailbox. The daily limit of your organization for outside recipients applies, and Exchange slows "
                     "down addresses that it does not know yet."),
        # [HVE]
        "hve": _lt("No limit a minute or a day. 50 recipients and 10 MB for each message."),
    }),
    Row(_lt("Price"), {
        # [MFD]
        "submission": _lt("Included with the mailbox. Microsoft recommends one with a license; a shared mailbox often works without."),
        "relay": _lt("Included. No mailbox and no license is needed."),  # [MFD]
        "hve": _lt("Paid by use, with a billing policy for each account."),  # [HVE]
    }),
    Row(_lt("What is needed"), {
        # [OAUTH]
        "submission": _lt("An app registration in Microsoft Entra, and port 587."),
        # [MFD][CERT]
        "relay": _lt("A connector in Exchange, port 25, which many hosting providers block, and either a fixed public IPv4 address that "
                     "nobody else uses or a client certificate for your domain."),
        # [HVEOAUTH]
        "hve": _lt("A High Volume Email account, an app registration in Microsoft Entra that the account lists, and port 587. It is "
                   "offered in the worldwide cloud only."),
    }),
    Row(_lt("Sign-in"), {
        "submission": _lt("With a token of Microsoft Entra. No password is stored."),
        "relay": _lt("None: the connector recognizes this server."),
        "hve": _lt("With a token of Microsoft Entra. No password is stored."),
    }),
)

REASONS: Final[dict[str, str]] = {
    "usual": _lt("It fits most companies: it works from any network, and up to 10,000 recipients a day."),
    "much_inside": _lt("It is made for much mail inside your own organization. Use Client submission or a relay for mail to anyone else."),
    "much": _lt("It has no daily limit of a mailbox, and this server can be recognized by a connector."),
    "much_no_hve": _lt("High Volume Email is not offered in this cloud, and this server can be recognized by a connector."),
    "much_no_address": _lt("A connector needs an address of this server's own. Until it has one, mail beyond the limits of the mailbox "
                           "waits in the queue; a relay with a client certificate is another way."),
}


@dataclass(frozen=True)
class Recommendation:
    """The preset that fits.

    :ivar reason: key of :data:`REASONS`
    """

    preset: str
    reason: str


def recommend(recipients: str | None, volume: str | None, address: str | None, cloud: str = DEFAULT_CLOUD) -> Recommendation | None:
    """Return which preset fits, None as long as a question that matters is open.

    :param recipients: ``anyone``, or ``inside``: the own organization alone
    :param volume: ``usual``, or ``high``: more than a mailbox may send
    :param address: ``own``: this server has a fixed public address of its own and can reach port 25; ``shared``: it has not, or
        nobody knows
    """
    if not volume or not recipients:
        return None
    if volume == "usual":
        return Recommendation("submission", "usual")
    has_hve = bool(OUTGOING_PRESETS["hve"].hosts.get(cloud))
    if recipients == "inside" and has_hve:
        return Recommendation("hve", "much_inside")
    if not address:
        return None
    if address == "own":
        return Recommendation("relay", "much_no_hve" if recipients == "inside" else "much")
    return Recommendation("submission", "much_no_address")


def table(translate: Callable[[str], str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the rows in a language: label, and preset and text of each cell.

    :param translate: of a text marked for translation, as ``env._``
    """
    return [(translate(row.label), [(preset, translate(row.cells[preset])) for preset in PRESETS]) for row in ROWS]
