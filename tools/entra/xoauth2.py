"""SASL XOAUTH2, the sign-in with a token of SMTP, IMAP and POP.

https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""


def sasl_string(user: str, token: str) -> str:
    r"""Return the initial response, before base64: ``user=<mailbox>\x01auth=Bearer <token>\x01\x01``.

    A server that refuses may send a challenge first (a JSON text by Google's definition of the mechanism; none is documented for
    Exchange). The client answers any further challenge with an empty string to get the refusal itself; `smtplib` and `imaplib` ask
    their callback for it: ``lambda challenge=None: sasl_string(…) if challenge is None else ""`` and ``b""``.

    :param user: address of the mailbox
    :param token: access token
    :raise ValueError: a control character in either, which would begin another field of the string
    """
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in user + token):
        raise ValueError("a control character in the mailbox or the token")
    return f"user={user}\x01auth=Bearer {token}\x01\x01"
