"""Delivery reports in the style of Exchange Online and of Exchange Server since 2013."""

from .written import AUTO, BACK, ID, OURS, SAID, Message, head, multipart, original, part, recipient, status

OUTLOOK = "Microsoft Outlook\n <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@contoso.onmicrosoft.com>"
NDR = f"X-MS-Exchange-Message-Is-Ndr:\nContent-Language: en-US\n{AUTO}{BACK}"
GONE = {"gone@fabrikam.example": "failed"}
UNKNOWN = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient gone@fabrikam.example not found by SMTP address lookup"
WORDS = recipient(code="5.1.10", words=f"smtp;{UNKNOWN}")
RFC822 = part("message/rfc822", original() + "\nHello")


def online(name, subject, *parts, expected=None, more=NDR):
    return Message(f"Exchange Online, {name}", head(OUTLOOK, subject, multipart(*parts), more), GONE if expected is None else expected)


def text(
    words,
    code="550 5.1.10 RESOLVER.ADR.RecipientNotFound",
    diagnostic="Diagnostic information for administrators:",
    server="Generating server",
    headers="Original message headers:",
):
    """What is to be read in a report of Exchange Server 2013 or later, in any language."""
    return (
        f"{words}\n\ngone@fabrikam.example<mailto:gone@fabrikam.example>\n...\n\n\n{diagnostic}\n\n{server}:"
        f" AM0PR01MB0001.prod.exchangelabs.com\n\ngone@fabrikam.example\nRemote Server returned '{code}; not"
        f" found'\n\n{headers}\n\n{original()}"
    )


LANGUAGES = [
    (
        "German",
        "Unzustellbar",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:",
        "Diagnoseinformationen für Administratoren:",
        "Generierender Server",
        "Ursprüngliche Nachrichtenkopfzeilen:",
    ),
    (
        "French",
        "Non remis",
        "Échec de la remise pour ces destinataires ou groupes :",
        "Informations de diagnostic pour les administrateurs :",
        "Serveur de génération",
        "En-têtes de message d'origine :",
    ),
    (
        "Spanish",
        "No se puede entregar",
        "No se pudo entregar a estos destinatarios o grupos:",
        "Información de diagnóstico para los administradores:",
        "Generando servidor",
        "Encabezados del mensaje original:",
    ),
    (
        "Dutch",
        "Onbestelbaar",
        "Bezorging aan de volgende geadresseerden of groepen is mislukt:",
        "Diagnostische gegevens voor beheerders:",
        "Bron-server",
        "Oorspronkelijke berichtkoppen:",
    ),
    (
        "Italian",
        "Non recapitabile",
        "Recapito non riuscito per i seguenti destinatari o gruppi:",
        "Informazioni di diagnostica per gli amministratori:",
        "Server di generazione",
        "Intestazioni originali del messaggio:",
    ),
    (
        "Portuguese",
        "Não é possível entregar",
        "Falha na entrega para estes destinatários ou grupos:",
        "Informações de diagnóstico para administradores:",
        "Gerando servidor",
        "Cabeçalhos de mensagem originais:",
    ),
    (
        "Polish",
        "Niedostarczalne",
        "Nie można dostarczyć wiadomości do następujących adresatów lub grup:",
        "Informacje diagnostyczne dla administratorów:",
        "Serwer generujący",
        "Oryginalne nagłówki wiadomości:",
    ),
    (
        "Japanese",
        "配信不能",
        "次の受信者またはグループへの配信に失敗しました:",
        "管理者向けの診断情報:",
        "生成元サーバー",
        "元のメッセージ ヘッダー:",
    ),
    (
        "Czech",
        "Nedoručitelné",
        "Zprávu nelze doručit těmto příjemcům:",
        "Diagnostické informace pro správce:",
        "Generující server",
        "Původní záhlaví zprávy:",
    ),
    ("Chinese", "无法送达", "无法将邮件发送给以下收件人或组:", "供管理员使用的诊断信息:", "生成服务器", "原始邮件标头:"),
]
HTML = f"""<html><head><title>NDR</title><style>td {{ color: red }}</style></head><body><div>Your message to <b>gone@fabrikam.example</b>
couldn't be delivered.</div><table><tr><td>erp</td><td>Office 365</td><td>gone</td></tr>
<tr><td><b>Action Required</b></td><td>Recipient</td></tr></table>
<p>How to Fix It: the address may be misspelled. See <a href="mailto:help@contoso.example">help</a></p><p>Status code: 550 5.1.10</p>
<table><tr><td>Sender Address:</td><td>{OURS}</td></tr><tr><td>Recipient Address:</td><td>gone@fabrikam.example</td></tr></table>
<p>Reported error:</p><p>{UNKNOWN}</p><p>Original Message Headers</p>
<pre>{original().replace('<', '&lt;').replace('>', '&gt;')}</pre></body></html>"""

REPORTS = [
    online("whole", f"Undeliverable: {SAID}", part("text/html; charset=utf-8", HTML, "base64"), status(WORDS), RFC822),
    online("HTML alone", f"Undeliverable: {SAID}", part("text/html; charset=utf-8", HTML, "quoted-printable")),
    online("headers alone", f"Undeliverable: {SAID}", part("text/plain", "-"), status(WORDS), part("text/rfc822-headers", original())),
    online(
        "headers as base64",
        f"Undeliverable: {SAID}",
        part("text/plain", "-"),
        status(WORDS),
        part("text/rfc822-headers", original(), "base64"),
    ),
    online(
        "headers of RFC 6533",
        f"Undeliverable: {SAID}",
        part("text/plain", "-"),
        part(
            "message/global-delivery-status; charset=utf-8",
            "Reporting-MTA: dns;a.example\n\nOriginal-Recipient: utf-8;gone@fabrikam.example\n" + WORDS,
            "base64",
        ),
        part("message/global-headers", original(), "quoted-printable"),
    ),
    online(
        "original as base64",
        f"Undeliverable: {SAID}",
        part("text/plain", "-"),
        status(WORDS),
        part("message/rfc822", original() + "\nHi", "base64"),
    ),
    online(
        "another Message-Id",
        f"Undeliverable: {SAID}",
        part("text/plain", "-"),
        status(WORDS),
        part(
            "message/rfc822",
            original(message_id="<new@eurprd01.prod.exchangelabs.com>", more=f"X-Microsoft-Original-Message-ID: {ID}\n") + "\nHi",
        ),
    ),
    online(
        "no original",
        f"Undeliverable: {SAID}",
        part("text/plain", "-"),
        status(WORDS),
        more=f"{NDR}In-Reply-To: {ID}\nReferences: <a@b> {ID}\n",
    ),
    online(
        "moderated",
        f"Rejected: {SAID}",
        part("text/plain", "The message was rejected by the moderator."),
        status(recipient(code="5.7.1", words="smtp;550 5.7.1 APPROVAL.Rejected; message rejected by moderator")),
        RFC822,
    ),
    online(
        "forwarded",
        f"Undeliverable: {SAID}",
        part("text/plain", "-"),
        status(
            "Original-Recipient: rfc822;gone+2Bnews@fabrikam.example\n"
            + recipient("inner@backend.example", words="smtp;554 5.2.2 mailbox full")
        ),
        part("message/rfc822", original("gone+news@fabrikam.example")),
        expected={"gone+news@fabrikam.example": "failed"},
    ),
    online(
        "three recipients",
        f"Undeliverable: {SAID}",
        part("text/plain", "-"),
        status(
            WORDS,
            recipient("late@a.example", "delayed", "4.4.7", "smtp;400 4.4.7"),
            recipient("OTHER@A.example", words="smtp;550 5.4.1 Access denied"),
        ),
        RFC822,
        expected={"gone@fabrikam.example": "failed", "late@a.example": "delayed", "other@a.example": "failed"},
    ),
    online(
        "delayed",
        f"Delivery delayed: {SAID}",
        part("text/plain", "Delivery is delayed to these recipients or groups:\n\ngone@fabrikam.example"),
        status(recipient(action="delayed", code="4.4.7", words="smtp;400 4.4.7 Message delayed")),
        RFC822,
        expected={"gone@fabrikam.example": "delayed"},
    ),
    online(
        "delayed, words alone",
        f"Delivery delayed: {SAID}",
        part(
            "text/plain",
            "Delivery is delayed to these recipients or groups:\n\ngone@fabrikam.example\n\nThis message has not yet been delivered."
            f" Microsoft Exchange will continue to try delivering the message.\n\nMessage-ID: {ID}",
        ),
        expected={"gone@fabrikam.example": "delayed"},
    ),
    online(
        "delayed, German",
        f"Zustellung verzögert: {SAID}",
        part(
            "text/plain; charset=utf-8",
            text("Verzögerte Zustellung an folgende Empfänger oder Gruppen:", "450 4.7.0 Proxy session setup failed"),
        ),
        expected={"gone@fabrikam.example": "delayed"},
    ),
    online(
        "relayed",
        f"Relayed: {SAID}",
        part("text/plain", "Delivery to these recipients or groups is complete, but no delivery notification was sent"),
        status(recipient(action="relayed", code="2.0.0", words="smtp;250 2.0.0")),
        RFC822,
        expected={"gone@fabrikam.example": "relayed"},
    ),
    online(
        "delivered, words alone",
        f"Delivered: {SAID}",
        part("text/plain", f"Your message has been delivered to the following recipients:\n\ngone@fabrikam.example\n\nSubject: {SAID}"),
        expected={"gone@fabrikam.example": "delivered"},
        more=f"{NDR}In-Reply-To: {ID}\n",
    ),
    online(
        "relayed, words alone",
        f"Relayed: {SAID}",
        part(
            "text/plain",
            "Delivery to these recipients or groups is complete, but no delivery notification "
            f"was sent by the destination server:\n\ngone@fabrikam.example\n\nSubject: {SAID}",
        ),
        expected={"gone@fabrikam.example": "relayed"},
        more=f"{NDR}In-Reply-To: {ID}\n",
    ),
    online(
        "an address of its directory",
        f"Undeliverable: {SAID}",
        part("text/plain", "-"),
        status(recipient("IMCEAEX-_O=EXCHANGELABS_CN=GONE@eurprd01.prod.example")),
        RFC822,
    ),
    online(
        "attempts",
        f"Delivery Status: {SAID}",
        part("text/plain", f"Several attempts to deliver your message were unsuccessful.\n\ngone@fabrikam.example\n\n{original()}"),
    ),
    online(
        "expanded",
        f"Expanded: {SAID}",
        part("text/plain", "-"),
        status(recipient(action="expanded", code="2.1.5")),
        RFC822,
        expected={"gone@fabrikam.example": "expanded"},
    ),
    online(
        "expired",
        f"Undeliverable: {SAID}",
        part("text/plain", text("Delivery has failed to these recipients or groups:", "550 4.4.7 QUEUE.Expired")),
    ),
    *(
        online(
            f"{language}, words alone",
            f"{subject}: {SAID}",
            part("text/plain; charset=utf-8", text(failed, diagnostic=diagnostic, server=server, headers=headers), "base64"),
        )
        for language, subject, failed, diagnostic, server, headers in LANGUAGES
    ),
    *(
        online(
            f"{language}, no code",
            f"{subject}: {SAID}",
            part("text/plain; charset=utf-8", f"{failed}\n\ngone@fabrikam.example\n\n{headers}\n\n{original()}", "quoted-printable"),
        )
        for language, subject, failed, _diagnostic, _server, headers in LANGUAGES
    ),
]
