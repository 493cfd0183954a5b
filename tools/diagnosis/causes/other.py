"""What has no slug of its own, and what no row knows: it says so with its code, and where to look it up."""

from __future__ import annotations

from typing import Final

from ..cause import ANY, MESSAGE, RECIPIENT, SENDER, SERVER, SIGNS_IN, Cause, _lt, says, status, subject

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        "unknown",
        (status("4.4.7"), status("5.4.7"), status("5.4.300")),
        _lt("The recipient's server could not be reached for a day. Exchange admin center > Mail flow > Message trace shows why."),
        "NDR",
        final=True,  # the number of a delay, but said when Exchange gives up
        of_object=RECIPIENT,
    ),
    # Said by Exchange of its own connection to the recipient's server: names no fault of Odoo's.
    Cause(
        "unknown",
        (status("4.4.311-319"), status("5.4.311-319"), status("4.2.1", "unable to connect")),
        _lt("Exchange does not reach the recipient's server (<code>). Nothing is wrong in Odoo: check the domain of the address (Contacts"
            " > Email), tell the recipient's administrator, and see Exchange admin center > Mail flow > Message trace."),
        "NDR",
        of_object=RECIPIENT,
    ),
    Cause(
        "unknown",
        (status("4.7.320-325"), status("5.7.320-325")),
        _lt("The recipient's server does not pass the check of its certificate or of DNSSEC (<code>), which its own domain requires."
            " Nothing is wrong in Odoo: tell the recipient's administrator; see Exchange admin center > Mail flow > Message trace."),
        "NDR",
        of_object=RECIPIENT,
    ),
    Cause(
        "unknown",
        (status("5.0.350-399"), status("5.2.350-399"), status("5.3.350-399"), status("5.4.350-399"), status("5.5.350-399"),
         status("5.6.350-399"), status("5.1.352-399")),
        _lt("The recipient's server refused the mail that Exchange passed on (<code>), for the reason after “Remote server returned”. Ask"
            " the recipient's administrator; Exchange admin center > Mail flow > Message trace shows the whole answer."),
        "NDR",
        of_object=RECIPIENT,
    ),
    Cause(
        "unknown",
        (status("5.7.1", "TRANSPORT.RULES"), says("TRANSPORT.RULES.RejectMessage")),
        _lt("A rule of the organization rejects the mail. If it is yours, see Exchange admin center > Mail flow > Rules; otherwise ask the"
            " recipient's administrator."),
        "NDR",
        of_object=MESSAGE,
    ),
    Cause(
        "unknown",
        (says("InvalidLicenseException"),),
        _lt("The mailbox that sends has no license for Exchange Online. Assign one: Microsoft 365 admin center > Users > Active users >"
            " Licenses and apps."),
        "CET",
        of_object=SENDER,
    ),
    Cause(
        "unknown",
        (status("5.6.11"),),
        _lt("The mail holds characters that SMTP forbids, such as a bare line feed. Find the mail in Settings > Technical > Emails and"
            " report it as an error of this addon."),
        "NDR",
        of_object=MESSAGE,
    ),
    Cause(
        "unknown",
        (status("5.6.7"),),
        _lt("A recipient's address has characters outside ASCII before its @, which the server does not accept. Correct it on the contact"
            " in Odoo (Contacts > Email)."),
        "RFC 6531",
        of_object=RECIPIENT,
    ),
)


def _of_subject(number: int, about: str, text: str) -> Cause:
    return Cause("unknown", (subject(number),), text, "RFC 3463", of_object=about)


#: RFC 3463 section 3: what a code is about whose last number no row has.
SUBJECTS: Final[tuple[Cause, ...]] = (
    _of_subject(1, RECIPIENT, _lt(
        "Odoo does not recognize the code <code>; it is about an address. Check sender and recipient of the mail (Settings > Technical >"
        " Emails) and look the code up in Microsoft's list of NDR codes.")),
    _of_subject(2, RECIPIENT, _lt(
        "Odoo does not recognize the code <code>; it is about a mailbox, usually the recipient's. Look it up in Microsoft's list of NDR"
        " codes, and the mail in Exchange admin center > Mail flow > Message trace.")),
    _of_subject(3, SERVER, _lt(
        "Odoo does not recognize the code <code>; it is about the mail server itself. Look it up in Microsoft's list of NDR codes, and"
        " see Microsoft 365 admin center > Health > Service health.")),
    _of_subject(4, SERVER, _lt(
        "Odoo does not recognize the code <code>; it is about the network or the route to the recipient. Look it up in Microsoft's list"
        " of NDR codes, and the mail in Exchange admin center > Mail flow > Message trace.")),
    _of_subject(5, SERVER, _lt(
        "Odoo does not recognize the code <code>; the server did not understand a command. Remove mail scanners between Odoo and the"
        " server, press Settings > Technical > Outgoing Mail Servers > Test Connection, otherwise report it as an error of this addon.")),
    _of_subject(6, MESSAGE, _lt(
        "Odoo does not recognize the code <code>; it is about the content of the mail. Open it in Settings > Technical > Emails, check its"
        " attachments, and look the code up in Microsoft's list of NDR codes.")),
    Cause("unknown", (subject(7),), _lt(
        "Odoo does not recognize the code <code>; a policy refuses the mail. Look it up in Microsoft's list of NDR codes, and the mail in"
        " Exchange admin center > Mail flow > Message trace."), "NDR"),
)

# Nothing shows the following: their signs are empty.

#: A number of Microsoft Entra that is in no row.
NUMBER_UNKNOWN: Final = Cause(
    "unknown",
    (),
    _lt("Odoo does not know Microsoft Entra's error AADSTS<code>. Open https://login.microsoftonline.com/error?code=<code>, which explains"
        " it; Entra admin center > Sign-in logs has the details."),
    "AADSTS",
    protocols=SIGNS_IN,
    of_object=SERVER,
)
#: A reply code without more.
CODE_UNKNOWN: Final = Cause(
    "unknown",
    (),
    _lt("Odoo does not recognize this reply (<code>). Search for its text at learn.microsoft.com, and look for the mail in Exchange admin"
        " center > Mail flow > Message trace."),
    "NDR",
)
ANYTHING_ELSE: Final = Cause(
    "unknown",
    (),
    _lt("Odoo does not recognize this reply. Search for its text at learn.microsoft.com, and look for the mail in Exchange admin center >"
        " Mail flow > Message trace."),
    "NDR",
    protocols=ANY,
)
