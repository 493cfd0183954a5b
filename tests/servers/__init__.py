"""Local mail servers that behave as Exchange Online is documented to behave, for the tests and for ``dev/sandbox``.

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

``servers.entra`` is a look-alike of Microsoft Entra ID (:mod:`.entra`) whose tokens open the mailboxes as Microsoft documents it.

Reply texts have names in :mod:`.replies`, scripted failures are in :mod:`.faults`.
"""

from . import entra_errors, replies
from .directory import BRANT, CUSTOMER, DOMAIN, ERP, INFO, Account, Connector, Directory, Limits, Policy
from .entra_directory import ClientSecret, EntraApp, EntraUser
from .entra_errors import EntraError
from .faults import Delay, Dribble, Drop, Fault, Reset, Say
from .front_session import LoginAttempt
from .mail_servers import LISTENERS, MailServers, available
from .maildir import Maildir, StoredMessage
from .records import Connection, Records, Transaction
from .replies import Reply

__all__ = [
    "Account",
    "ClientSecret",
    "BRANT",
    "CUSTOMER",
    "Connection",
    "Connector",
    "DOMAIN",
    "Delay",
    "Directory",
    "Dribble",
    "Drop",
    "ERP",
    "EntraApp",
    "EntraError",
    "EntraUser",
    "Fault",
    "INFO",
    "LISTENERS",
    "Limits",
    "LoginAttempt",
    "MailServers",
    "Maildir",
    "Policy",
    "Records",
    "Reply",
    "Reset",
    "Say",
    "StoredMessage",
    "Transaction",
    "available",
    "entra_errors",
    "replies",
]
