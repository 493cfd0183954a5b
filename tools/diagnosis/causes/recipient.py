"""Why a recipient gets nothing. Earlier rows win. Numbers: Microsoft's list of NDR codes; words: those of other servers as well.

Exchange passes on what another server answered, after a code of its own (x.x.350 and up): "Remote server returned …".
"""

from __future__ import annotations

from typing import Final

from ..cause import Cause, _lt, any_of, says, status

# Of a mailbox that is full: now or for good, the class of the reply says.
_FULL: Final = any_of("mailbox full", "mailbox is full", "mailbox quota", "over quota", "overquota", "quota exceeded", "exceeded quota",
                      "exceeds quota", "exceeded its quota", "exceeded storage", "out of storage", "not enough storage",
                      "insufficient storage", "storage allocation", "mailbox size limit exceeded", "disk quota")

CAUSES: Final[tuple[Cause, ...]] = (
    # Another server's way to say so at RCPT: what does not exist is the sender, for which Exchange has other codes.
    Cause(
        "invalid_from_header",
        (status("5.1.1", "sender address rejected"), status("5.1.0", "sender address rejected")),
        _lt("The recipient's server found no such sender. Correct the user's email (Settings > Users) or the From field of the template"
            " (Settings > Technical > Email Templates > Email Configuration)."),
        "NDR",
    ),
    Cause(
        "recipient_unknown",
        (status("5.4.1"),),
        _lt("Your organization has no recipient with this address. Create it (Exchange admin center > Recipients), or let unknown addresses"
            " pass: Set-AcceptedDomain -Identity <domain> -DomainType InternalRelay"),
        "DBEB",
    ),
    Cause(
        "recipient_unknown",
        (status("5.4.310"), status("5.4.4"), status("5.1.2"), says("NonExistentDomain"), says("nonexistent domain"),
         says("domain does not exist"), says("recipient address rejected: domain not found"), says("host or domain name not found"),
         says("host unknown")),
        _lt("The domain of the recipient's address does not exist or takes no mail. Correct the address on the contact in Odoo (Contacts >"
            " Email)."),
        "NDR",
    ),
    Cause(
        "recipient_unknown",
        (status("5.1.1"), status("5.1.3-6"), status("5.1.10"), status("5.1.350-351"), status("5.2.14"), status("5.7.504"),
         status("5.5.0", "mailbox unavailable"),
         *any_of("RecipientNotFound", "RecipNotFound", "user unknown", "unknown user", "no such user", "no such recipient",
                 "no such mailbox", "unknown recipient", "recipient unknown", "recipient not found", "unknown mailbox", "invalid mailbox",
                 "invalid recipient", "mailbox not found", "mailbox does not exist", "mailbox doesn't exist", "account does not exist",
                 "user does not exist", "user doesn't exist", "user not found", "address does not exist", "recipient does not exist",
                 "no mailbox here", "doesn't have an account", "does not have an account", "unrouteable address", "unroutable address",
                 "undeliverable address", "not a valid mailbox", "not a valid recipient", "recipient is invalid",
                 "user unknown in virtual"),
         says("mailbox unavailable"), status("5.1.0")),
        _lt("The recipient's address does not exist. Correct it on the contact in Odoo (Contacts > Email)."),
        "NDR",
    ),
    Cause(
        "recipient_unknown",
        (status("4.1.1-4"), status("4.1.10"), says("recipient address rejected: unverified address")),
        _lt("The recipient's server does not accept the address at the moment; Odoo will retry. Check the address on the contact in Odoo"
            " (Contacts > Email)."),
        "RFC 3463",
    ),
    Cause(
        "recipient_restricted",
        (status("5.7.12"), status("5.7.133-136"), status("5.7.193"), status("5.7.1", "SenderNotAuthenticated"),
         status("5.7.1", "RESOLVER.RST.AuthRequired"), says("SenderNotAuthenticated"), says("UnifiedGroupAgent")),
        _lt("The recipient accepts mail only from inside its organization. If it is yours, run: Set-DistributionGroup -Identity <address>"
            " -RequireSenderAuthenticationEnabled $false (Set-UnifiedGroup for a Microsoft 365 group, Set-Mailbox for a mailbox)."),
        "NDR",
    ),
    Cause(
        "recipient_restricted",
        (status("5.7.13", "AccountDisabled"), says("AccountDisabledException"),
         *any_of("account is disabled", "mailbox disabled", "mailbox is disabled", "account disabled", "user disabled",
                 "mailbox is inactive",
                 "account is inactive", "inactive user", "user is inactive", "is not accepting messages", "not accepting mail",
                 "address no longer accepts mail")),
        _lt("The recipient's mailbox is switched off. If it is yours, see Exchange admin center > Recipients; otherwise ask for another"
            " address and correct it on the contact in Odoo (Contacts > Email)."),
        "NDR",
    ),
    Cause(
        "recipient_restricted",
        (status("5.7.13"), status("5.7.120-132"), status("5.7.137-138"), status("5.7.2"), status("5.7.1", "RESOLVER.RST"),
         says("RESOLVER.RST.NotAuthorized"), says("RestrictedToRecipientsPermission")),
        _lt("The recipient accepts mail only from listed senders. If it is yours, run: Set-DistributionGroup -Identity <address>"
            " -AcceptMessagesOnlyFromSendersOrMembers @{Add='<mailbox>'}"),
        "NDR",
    ),
    # Coded 550, but the limits are counted by the hour.
    Cause(
        "recipient_busy",
        (status("5.2.121"), status("5.2.122")),
        _lt("The recipient got more mail this hour than Exchange allows; Odoo will retry. Let fewer notifications go to it:"
            " Preferences > Notification."),
        "NDR",
        retry_after=3600,
    ),
    Cause(
        "recipient_busy",
        (status("4.2.1"), status("4.2.2"), *_FULL),
        _lt("No action needed. The recipient's mailbox accepts no mail at the moment; Odoo will retry. Exchange admin center > Recipients "
            "shows whether"
            " it is full, if it is yours."),
        "RFC 3463",
    ),
    Cause(
        "recipient_restricted",
        (status("5.2.2"), *_FULL),
        _lt("The recipient's mailbox is full. Tell the recipient in another way; if it is a mailbox of yours, see Exchange admin center >"
            " Recipients > Mailboxes."),
        "RFC 3463",
    ),
    Cause(
        "recipient_restricted",
        (status("5.2.1"),),
        _lt("The recipient's mailbox accepts no mail: it is switched off or locked. If it is yours, see Exchange admin center > Recipients;"
            " otherwise correct the address on the contact in Odoo (Contacts > Email)."),
        "RFC 3463",
    ),
    Cause(
        "recipient_restricted",
        (status("5.7.351-369"),),
        _lt("The recipient's server refused the mail that Exchange passed on, for the reason after “Remote server returned”. Ask the"
            " recipient's administrator; Exchange admin center > Mail flow > Message trace shows the whole answer."),
        "NDR",
    ),
)
