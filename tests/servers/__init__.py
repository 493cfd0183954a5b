"""Local servers that behave as Exchange Online and Entra ID are documented to behave, for the tests and ``dev/sandbox``.

Rule: nothing in this package imports Odoo, and inside the package imports are relative. The suite knows it as
``odoo.addons.mail_office365.tests.servers``, the sandbox as ``servers`` (the ``tests`` folder on ``sys.path``).

Accounts (passwords are random at every start, ``servers.password(address)``):

=================================  ================================================================================
``erp@contoso.example``            the dedicated mailbox; Send As on the next two; catch-all of ``contoso.example``
``brant.wadsworth@contoso.example``  a user's mailbox
``info@contoso.example``           a shared address
``customer@fabrikam.example``      somebody outside: gets every mail to an address that is not of ``contoso.example``
=================================  ================================================================================

    with MailServers() as servers, servers.trusted():
        with smtplib.SMTP(servers.submission.host, servers.submission.port) as client:
            client.starttls(context=ssl.create_default_context())
            client.login(ERP, servers.password(ERP))
            client.send_message(message)
        assert servers.transactions[-1].envelope_from == ERP
        assert servers.mailbox(CUSTOMER).messages()

``servers.entra`` looks like Microsoft Entra ID (:mod:`.entra`): one tenant, whose users are the mailboxes above, with one
app registration ``servers.entra.app`` that has a client secret, all permissions, and FullAccess on the ERP mailbox. The mail
servers take exactly its tokens (:mod:`.entra_mail`):

    client = msal.ConfidentialClientApplication(
        servers.entra.app.client_id, client_credential=servers.entra.app.secret, authority=servers.entra.authority(),
        instance_discovery=False)
    token = client.acquire_token_for_client(["https://outlook.office365.com/.default"])["access_token"]

Reply texts have names in :mod:`.replies`, Entra's errors in :mod:`.entra_errors`; scripted failures are in :mod:`.faults`. What
Exchange and bad networks do to IMAP and POP3 is listed in :mod:`.front`.
"""

from . import entra_errors, replies
from .directory import BRANT, CUSTOMER, DOMAIN, ERP, INFO, Account, Connector, Directory, Limits, Policy
from .entra_directory import ClientSecret, EntraApp, EntraUser
from .entra_errors import EntraError
from .entra_http import Request
from .faults import Delay, Dribble, Drop, Fault, Reset, Say, Vanish
from .front_edits import Hidden, LeftOut, NoBody, Reordered, Sizes, Substitute, UidLast, Unasked
from .front_faults import Call, Edit, FrontFault
from .front_sign_in import LoginAttempt
from .mail_servers import LISTENERS, MailServers, available
from .maildir import Maildir, StoredMessage
from .records import Connection, Records, Transaction
from .replies import Reply

__all__ = [
    "Account",
    "ClientSecret",
    "BRANT",
    "Call",
    "CUSTOMER",
    "Connection",
    "Connector",
    "DOMAIN",
    "Delay",
    "Directory",
    "Dribble",
    "Drop",
    "ERP",
    "Edit",
    "EntraApp",
    "EntraError",
    "EntraUser",
    "Fault",
    "FrontFault",
    "Hidden",
    "INFO",
    "LISTENERS",
    "LeftOut",
    "Limits",
    "LoginAttempt",
    "MailServers",
    "Maildir",
    "NoBody",
    "Policy",
    "Records",
    "Reordered",
    "Reply",
    "Request",
    "Reset",
    "Say",
    "Sizes",
    "StoredMessage",
    "Substitute",
    "Transaction",
    "UidLast",
    "Unasked",
    "Vanish",
    "available",
    "entra_errors",
    "replies",
]
