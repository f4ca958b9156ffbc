# ruff: noqa: E501 - tables: one row, one line
"""Bounces as mail systems write them, made up here: the wording and the form of each, never anybody's mail.

Each tells which recipients failed and whether that lasts. `LETTERS` are for people, `REPORTS` have a part for machines.
"""

from __future__ import annotations

from dataclasses import dataclass

HARD, SOFT, DELAYED = "hard", "soft", "delayed"
LEAD, DEPUTY = "lead@agency.example", "deputy@agency.example"
OURS = "scrutiny@council.example"
COPY = f"""Received: from app.council.example by mx.council.example; Tue, 20 Oct 2026 09:00:00 +0100
Message-ID: <one@council.example>
From: Scrutiny <{OURS}>
To: <{LEAD}>
Subject: Your report
Date: Tue, 20 Oct 2026 09:00:00 +0100

Dear lead, please send the report.
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A bounce, its mail system and form, and what is to be read in it: recipient and how it lasts, sorted."""

    name: str
    raw: bytes
    expected: tuple[tuple[str, str], ...]


def letter(
    name: str,
    sender: str,
    subject: str,
    body: str,
    lasting: str = HARD,
    *,
    extra: str = "",
    copy: str = "",
    also: tuple[str, str] | None = None,
) -> Sample:
    """A bounce that is only text: *copy* is what stands before the copy of our mail; empty if none is there."""
    text = body.strip() + (f"\n\n{copy}\n\n{COPY}" if copy else "\n")
    head = (
        f"Return-Path: <>\nFrom: {sender}\nTo: {OURS}\nSubject: {subject}\nMessage-ID: <b1@mx.agency.example>\n{extra}"
    )
    raw = f"{head}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}"
    return Sample(name, raw.encode(), tuple(sorted({(LEAD, lasting), also or (LEAD, lasting)})))


def report(
    name: str,
    status: str,
    lasting: str = HARD,
    *,
    sender: str = "MAILER-DAEMON@mx.council.example",
    subject: str = "Undelivered Mail Returned to Sender",
    text: str = "I'm sorry to have to inform you that your message could not be delivered.",
    kind: str = "message/delivery-status",
    copy: str = "message/rfc822",
    first: str = "Reporting-MTA: dns; mx.council.example\nArrival-Date: Tue, 20 Oct 2026 09:00:00 +0100\n\n",
    top: str = "multipart/report; report-type=delivery-status",
    encoding: str = "",
    also: tuple[tuple[str, str], ...] = (),
    to: str = LEAD,
) -> Sample:
    """A bounce with fields for machines; *status* is the group of the recipient, or several."""
    parts = [f"Content-Type: text/plain; charset=utf-8\n\n{text}\n"]
    encoded = f"Content-Transfer-Encoding: {encoding}\n" if encoding else ""
    parts.append(f"Content-Type: {kind}\n{encoded}\n{first}{status.strip()}\n")
    if copy:
        parts.append(f"Content-Type: {copy}\n\n{COPY}")
    body = "".join(f"--edge\n{part}\n" for part in parts)
    head = f"Return-Path: <>\nFrom: {sender}\nTo: {OURS}\nSubject: {subject}\nMIME-Version: 1.0\n"
    raw = f'{head}Content-Type: {top}; boundary="edge"\n\n{body}--edge--\n'
    return Sample(name, raw.encode(), tuple(sorted({(to, lasting), *also})))


def failed(status: str, diagnostic: str, *, recipient: str = LEAD, action: str = "failed") -> str:
    """The usual group of fields of one recipient."""
    why = f"\nDiagnostic-Code: smtp; {diagnostic}" if diagnostic else ""
    return f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}{why}"


DAEMON = "Mail Delivery Subsystem <MAILER-DAEMON@mx.agency.example>"
EXIM = "Mail Delivery System <Mailer-Daemon@mx.agency.example>"
POSTMASTER = "postmaster@mx.agency.example"
ADMINISTRATOR = "System Administrator <postmaster@mx.agency.example>"
QMAIL = (
    "Hi. This is the qmail-send program at mx.agency.example.\nI'm afraid I wasn't able to deliver your message to the "
)
QMAIL += "following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
BELOW = "--- Below this line is a copy of the message."
EXIM_HEAD = "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
EXIM_HEAD += (
    "delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
)
EXIM_COPY = "------ This is a copy of the message, including all the headers. ------"
SENDMAIL_COPY = "   ----- Unsent message follows -----"

LETTERS = [
    letter("qmail: no mailbox", "MAILER-DAEMON@mx.agency.example", "failure notice", f"{QMAIL}<{LEAD}>:\nSorry, no mailbox here by that name. (#5.1.1)", copy=BELOW),
    letter("qmail: refused by the other", "MAILER-DAEMON@mx.agency.example", "failure notice", f"{QMAIL}<{LEAD}>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 <{LEAD}> User unknown\nGiving up on 192.0.2.1.", copy=BELOW),
    letter("qmail: full", "MAILER-DAEMON@mx.agency.example", "failure notice", f"{QMAIL}<{LEAD}>:\nThe users mailfolder is over the allowed quota (size). (#5.2.2)", SOFT, copy=BELOW),
    letter("qmail: too long in the queue", "MAILER-DAEMON@mx.agency.example", "failure notice", f"{QMAIL}<{LEAD}>:\n192.0.2.1 failed after I sent the message.\nRemote host said: 451 try later\nI'm not going to try again; this message has been in the queue too long.", SOFT, copy=BELOW),
    letter("qmail: no host", "MAILER-DAEMON@mx.agency.example", "failure notice", f"{QMAIL}<{LEAD}>:\nSorry, I couldn't find any host named agency.example. (#5.1.2)", copy=BELOW),
    letter("qmail: no connection", "MAILER-DAEMON@mx.agency.example", "failure notice", f"{QMAIL}<{LEAD}>:\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again; this message has been in the queue too long.", SOFT, copy=BELOW),
    letter("vpopmail", "MAILER-DAEMON@mx.agency.example", "failure notice", f"{QMAIL}<{LEAD}>:\nSorry, no mailbox here by that name. vpopmail (#5.1.1)", copy=BELOW),
    letter("vmailmgr", "MAILER-DAEMON@mx.agency.example", "failure notice", f"{QMAIL}<{LEAD}>:\nInvalid or unknown virtual user 'lead'", copy=BELOW),
    letter("vpopmail: full", "MAILER-DAEMON@mx.agency.example", "failure notice", f"{QMAIL}<{LEAD}>:\nuser is over quota", SOFT, copy=BELOW),
    letter("ezmlm's host", "MAILER-DAEMON@mx.agency.example", "failure notice", f"{QMAIL}<{LEAD}>:\nThis address no longer accepts mail.", copy=BELOW),
    letter("Yahoo, older", "MAILER-DAEMON@mail.freemail.example", "Failure Notice", f"Sorry, we were unable to deliver your message to the following address.\n\n<{LEAD}>:\nRemote host said: 554 delivery error: dd This user doesn't have an account here [0] - mta1\n[BODY]", copy="--- Below this line is a copy of the message."),
    letter("Yahoo, full", "MAILER-DAEMON@mail.freemail.example", "Failure Notice", f"Sorry, we were unable to deliver your message to the following address.\n\n<{LEAD}>:\n552 1 Requested mail action aborted: this account is over quota", SOFT, copy="--- Below this line is a copy of the message."),
    letter("Yahoo, not there", "MAILER-DAEMON@mail.freemail.example", "Delivery failure", f"Message from mail.freemail.example.\nUnable to deliver message to the following address(es).\n\n<{LEAD}>:\nSorry your message to {LEAD} cannot be delivered. This account has been disabled or discontinued [#101].", copy="--- Original message follows."),
    letter("Exim: unknown user", EXIM, "Mail delivery failed: returning message to sender", f"{EXIM_HEAD}  {LEAD}\n    SMTP error from remote mail server after RCPT TO:<{LEAD}>:\n    host mx.agency.example [192.0.2.1]: 550 5.1.1 <{LEAD}>: Recipient address rejected: User unknown", copy=EXIM_COPY, extra=f"X-Failed-Recipients: {LEAD}\nAuto-Submitted: auto-replied\n"),
    letter("Exim: unrouteable", EXIM, "Mail delivery failed: returning message to sender", f"{EXIM_HEAD}  {LEAD}\n    Unrouteable address", copy=EXIM_COPY),
    letter("Exim: full", EXIM, "Mail delivery failed: returning message to sender", f"{EXIM_HEAD}  {LEAD}\n    mailbox is full: retry timeout exceeded", SOFT, copy=EXIM_COPY),
    letter("Exim: retry time", EXIM, "Mail delivery failed: returning message to sender", f"{EXIM_HEAD}  {LEAD}\n    host mx.agency.example [192.0.2.1]: Connection timed out: retry timeout exceeded", SOFT, copy=EXIM_COPY),
    letter("Exim: behind an alias", EXIM, "Mail delivery failed: returning message to sender", f"{EXIM_HEAD}  home@freemail.example\n    (generated from {LEAD})\n    Unknown user", copy=EXIM_COPY, extra="X-Failed-Recipients: home@freemail.example\n"),
    letter("Exim: delayed", EXIM, "Warning: message 1abCDe-0001xy-2Z delayed 24 hours", f"This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue on mx.agency.example.\n\nThe address to which the message has not yet been delivered is:\n\n  {LEAD}\n    Delay reason: Connection refused\n\nNo action is required on your part. Delivery attempts will continue for\nsome time, and this warning may be repeated at intervals if the message\nremains undelivered.", DELAYED, extra="Auto-Submitted: auto-replied\n"),
    letter("Smail", "<MAILER-DAEMON@mx.agency.example>", "mail failed, returning to sender", f"|------------------------- Message log follows: -------------------------|\n no valid recipients were found for this message\n|------------------------- Failed addresses follow: ---------------------|\n <{LEAD}> ... unknown user\n|------------------------- Message text follows: ------------------------|", copy=""),
    letter("Sendmail 8, text only", DAEMON, "Returned mail: User unknown", f"The original message was received at Tue, 20 Oct 2026 09:00:00 +0100\nfrom app.council.example [192.0.2.9]\n\n   ----- The following addresses had permanent fatal errors -----\n<{LEAD}>\n\n   ----- Transcript of session follows -----\n... while talking to mx.agency.example.:\n>>> RCPT To:<{LEAD}>\n<<< 550 <{LEAD}>... User unknown\n550 <{LEAD}>... User unknown", copy="   ----- Original message follows -----"),
    letter("Sendmail 5", "Mail Delivery Subsystem <MAILER-DAEMON@mx.agency.example>", "Returned mail: Host unknown", f"   ----- Transcript of session follows -----\n550 {LEAD}... Host unknown", copy=SENDMAIL_COPY),
    letter("Sendmail 5: busy", "Mail Delivery Subsystem <MAILER-DAEMON@mx.agency.example>", "Returned mail: Cannot send message for 5 days", f"   ----- Transcript of session follows -----\n421 {LEAD}... Deferred: Connection timed out with mx.agency.example.", SOFT, copy=SENDMAIL_COPY),
    letter("Sendmail: warning", DAEMON, "Warning: could not send message for past 4 hours", f"    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n    **********************************************\n\n   ----- The following addresses had transient non-fatal errors -----\n<{LEAD}>\n\n   ----- Transcript of session follows -----\n<{LEAD}>... Deferred: Connection refused by mx.agency.example.\nWarning: message still undelivered after 4 hours\nWill keep trying until message is 5 days old", DELAYED),
    letter("Exchange 5.5", ADMINISTRATOR, "Undeliverable: Your report", f"Your message\n\n  To:      {LEAD}\n  Subject: Your report\n  Sent:    Tue, 20 Oct 2026 09:00:00 +0100\n\ndid not reach the following recipient(s):\n\n{LEAD} on Tue, 20 Oct 2026 09:00:09 +0100\n    The recipient name is not recognized\n\tThe MTS-ID of the original message is: c=GB;a= ;p=Agency\n    MSEXCH:IMS:Agency:SITE:MX 0 (000C05A6) Unknown Recipient"),
    letter("Exchange 5.5 connector", ADMINISTRATOR, "Undeliverable: Your report", f"Your message did not reach some or all of the intended recipients.\n\n      Subject:\tYour report\n      Sent:\t20/10/2026 09:00\n\nThe following recipient(s) could not be reached:\n\n      {LEAD} on 20/10/2026 09:00\n            The e-mail account does not exist at the organization this message was sent to.  Check the e-mail address, or contact the recipient directly to find out the correct address.\n            <mx.agency.example #5.1.1>"),
    letter("Exchange 2003: full", ADMINISTRATOR, "Undeliverable: Your report", f"Your message did not reach some or all of the intended recipients.\n\nThe following recipient(s) could not be reached:\n\n      {LEAD} on 20/10/2026 09:00\n            The recipient's mailbox is full. Please retry later or contact the recipient directly.\n            <mx.agency.example #5.2.2>", SOFT),
    letter("Outlook's own", "Microsoft Outlook <postmaster@agency.example>", "Undeliverable: Your report", f"Delivery has failed to these recipients or groups:\n\n{LEAD}\nThe e-mail address you entered couldn't be found. Please check the recipient's e-mail address and try to resend the message.\n\nDiagnostic information for administrators:\n\nGenerating server: mx.agency.example\n\n{LEAD}\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##"),
    letter("Exchange in German", "Microsoft Outlook <postmaster@agency.example>", "Unzustellbar: Your report", f"Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:\n\n{LEAD}\nDie eingegebene E-Mail-Adresse konnte nicht gefunden werden.\n\n{LEAD}\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##"),
    letter("Exchange in French", "Microsoft Outlook <postmaster@agency.example>", "Non remis : Your report", f"Échec de la remise pour ces destinataires ou groupes :\n\n{LEAD}\nL'adresse de messagerie que vous avez entrée est introuvable.\n#550 5.1.10 RESOLVER.ADR.RecipientNotFound ##"),
    letter("Google: not there", "Mail Delivery Subsystem <mailer-daemon@freemail.example>", "Delivery Status Notification (Failure)", f"Delivery to the following recipient failed permanently:\n\n     {LEAD}\n\nTechnical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected by the server for the recipient domain agency.example by mx.agency.example. [192.0.2.1].\n\nThe error that the other server returned was:\n550 5.1.1 <{LEAD}>: Recipient address rejected", copy="----- Original message -----", extra=f"X-Failed-Recipients: {LEAD}\n"),
    letter("Google: full", "Mail Delivery Subsystem <mailer-daemon@freemail.example>", "Delivery Status Notification (Failure)", f"Delivery to the following recipient failed permanently:\n\n     {LEAD}\n\nTechnical details of permanent failure:\nThe email account that you tried to reach is over quota. 552-5.2.2", SOFT, copy="----- Original message -----", extra=f"X-Failed-Recipients: {LEAD}\n"),
    letter("Google: delay", "Mail Delivery Subsystem <mailer-daemon@freemail.example>", "Delivery Status Notification (Delay)", f"This is an automatically generated Delivery Status Notification\n\nTHIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\nDelivery to the following recipient has been delayed:\n\n     {LEAD}\n\nMessage will be retried for 2 more day(s)", DELAYED),
    letter("AOL", "MAILER-DAEMON@freemail.example", "Mail Delivery Problem", f"Your mail is not delivered to the following recipient(s):\n\n{LEAD}\n\nThe mail address is invalid: 550 {LEAD} MAILBOX NOT FOUND"),
    letter("AOL, older", "MAILER-DAEMON@freemail.example", "Returned mail: User unknown", f"The original message was received at Tue, 20 Oct 2026\n\n*** ATTENTION ***\nYour e-mail is being returned to you because there was a problem with its delivery. The address which was undeliverable is listed in the section labeled: \"----- The following addresses had permanent fatal errors -----\".\n\n   ----- The following addresses had permanent fatal errors -----\n<{LEAD}>\n\n   ----- Transcript of session follows -----\n... while talking to air.freemail.example.:\n>>> RCPT To:<{LEAD}>\n<<< 550 MAILBOX NOT FOUND\n550 <{LEAD}>... User unknown"),
    letter("Verizon", "POSTMASTER@freemail.example", "Undeliverable Message", f"Unable to deliver a message to {LEAD}.\n\nThe recipient's account is disabled.\n550 4.2.1 mailbox temporarily disabled: {LEAD}", SOFT),
    letter("Domino", "postmaster@agency.example", "DELIVERY FAILURE: User lead (lead@agency.example) not listed in Domino Directory", f"Your message\n\n  Subject: Your report\n\nwas not delivered to:\n\n  {LEAD}\n\nbecause:\n\n  User lead ({LEAD}) not listed in Domino Directory"),
    letter("Domino: route", "postmaster@agency.example", "DELIVERY FAILURE: Error transferring to MX.AGENCY.EXAMPLE; Maximum hop count exceeded.", f"Your message\n\n  Subject: Your report\n\nwas not delivered to:\n\n  {LEAD}\n\nbecause:\n\n  Maximum hop count exceeded.  Message probably in a routing loop."),
    letter("Notes gateway", "Notes@agency.example", "NON-DELIVERY of: Your report", f"   ------- NON-DELIVERY NOTIFICATION -------\n\n   The following addresses could not be delivered to:\n\n{LEAD}\n        User not listed in public Name & Address Book"),
    letter("GroupWise", "Mailer-Daemon@agency.example", "Message status - undeliverable", f"The message that you sent was undeliverable to the following:\n\t{LEAD} (user not found)"),
    letter("GroupWise: full", "Mailer-Daemon@agency.example", "Message status - undeliverable", f"The message that you sent was undeliverable to the following:\n\t{LEAD} (mailbox is full)", SOFT),
    letter("Courier, text", '"Courier mail server at mx.agency.example" <@mx.agency.example>', "NOTICE: mail delivery status.", f"This is a delivery status notification from mx.agency.example,\nrunning the Courier mail server, version 1.0.\n\nThe original message was received on Tue, 20 Oct 2026\n\n---------------------------------------------------------------\n\n                           UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<{LEAD}>:\n    mx.agency.example [192.0.2.1]:\n>>> RCPT TO:<{LEAD}>\n<<< 550 User unknown."),
    letter("James", "postmaster@agency.example", "Re: Your report", f"Hi. This is the James mail server at mx.agency.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.  Below\nI include the list of recipients and the reason why I was unable to deliver\nyour message.\n\nFailed recipient(s):\n{LEAD}\n\nError message:\n550 5.1.1 unknown user"),
    letter("MDaemon", "MDaemon at mx.agency.example <MDaemon@mx.agency.example>", "Warning: lead@agency.example - User unknown!", f"The following addresses did NOT receive a copy of your message:\n\n> {LEAD} - no such user here\n\nThe following data may contain sections which represent BASE64 encoded file attachments."),
    letter("MDaemon: failed", "MDaemon@mx.agency.example", "Permanent Delivery Failure", f"The attached message had PERMANENT fatal delivery errors!\n\nAfter one or more unsuccessful delivery attempts the attached message has\nbeen removed from the mail queue on this server.\n\nFailed address: {LEAD}\n\n--- Session Transcript ---\n Tue 2026-10-20 09:00:00: <-- 550 <{LEAD}>, Recipient unknown\n--- End Transcript ---"),
    letter("MDaemon: warning", "MDaemon@mx.agency.example", "Transient Delivery Failure", f"The attached message had TRANSIENT non-fatal delivery errors!\n\nFailed address: {LEAD}\n\nThis message will be retried for 48 hours. No action is required on your part.\n\n--- Session Transcript ---\n <-- 451 Try again later\n--- End Transcript ---", DELAYED),
    letter("IMail", "Postmaster <postmaster@mx.agency.example>", "Undeliverable Mail", f"User mailbox exceeds allowed size: {LEAD}\n\nOriginal message follows.", SOFT, copy=" "),
    letter("IMail: unknown", "Postmaster <postmaster@mx.agency.example>", "Undeliverable Mail", f"Unknown user: {LEAD}\nUnknown user: RCPT TO:<{LEAD}>\n\n550 unknown user\nundeliverable to {LEAD}\nOriginal message follows.", copy=" "),
    letter("MailMarshal", "postmaster@agency.example", "Undeliverable Mail: Your report", f"Your message:\n   From:    {OURS}\n   Subject: Your report\n\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected:\n    {LEAD}"),
    letter("Mimecast", "postmaster@agency.example", "[Postmaster] Email Delivery Failure", f"Your email message was not able to be delivered to the recipient listed below:\n\nThis is an automated email.\n\nMail delivery failed to: {LEAD}\nReason: email refused by the recipient's server: 550 Invalid Recipient"),
    letter("Mimecast: held", "postmaster@agency.example", "[Postmaster] Email Delivery Failure", f"We could not deliver your email.\n\nFailed Recipient: {LEAD}\nReason: Server unavailable or unable to connect. Timed out."
           , SOFT),
    letter("Proofpoint", "MAILER-DAEMON@agency.example", "Undeliverable: Your report", f"Your message has encountered delivery problems\nto the following recipient(s):\n\n{LEAD}\n(Was addressed to {LEAD})\n\nDelivery failed\n550 5.1.1 unknown or illegal alias: {LEAD}"),
    letter("MessageLabs", "MAILER-DAEMON@cleaner.example", "failure notice", f"This is the mail delivery agent at cleaner.example.\nI was not able to deliver your message to the following addresses.\n\n<{LEAD}>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 User unknown", copy="--- Below this line is a copy of the message."),
    letter("Barracuda", "postmaster@cleaner.example", "**Message you sent blocked by our bulk email filter**", f"Your message to: {LEAD}\nwas blocked by our Spam Firewall. The email you sent with the following subject has NOT BEEN DELIVERED:\n\nSubject: Your report"),
    letter("InterScan", "InterScan Messaging Security Suite <postmaster@agency.example>", "Mail could not be delivered", f"****** Message from InterScan Messaging Security Suite ******\n\nSent <<< RCPT TO:<{LEAD}>\nReceived >>> 550 5.1.1 unknown user\n\nUnable to deliver message to <{LEAD}>.\n\n************************     End of message     **********************"),
    letter("SurfControl", "SurfControl E-mail Filter <postmaster@agency.example>", "Delivery failed", f"Your message could not be delivered to the following recipients:\n\n{LEAD}\n\nSMTP Reply Code = 550, SMTP Status Code = 5.1.1\nPlease reply to Postmaster if you feel this message to be in error."),
    letter("McAfee", "postmaster@agency.example", "Undelivered mail", f"McAfee Security for e-mail gateway could not deliver the message to\n{LEAD}\nThe reason given was: 550 No such user here"),
    letter("nullmailer", "MAILER-DAEMON <MAILER-DAEMON@app.council.example>", "Returned mail: Could not send message", f"Hi. This is the nullmailer program.\nThe following message could not be delivered to:\n <{LEAD}>\nsmtp: Failed: 550 5.1.1 <{LEAD}>: User unknown"),
    letter("msmtpd", "Mail Delivery <postmaster@app.council.example>", "Undelivered mail", f"msmtp: recipient address {LEAD} not accepted by the server\nmsmtp: server message: 550 5.1.1 User unknown\nmsmtp: could not send mail"),
    letter("Dragonfly", "<MAILER-DAEMON@mx.council.example>", "Mail delivery failed", f"This is the DragonFly Mail Agent v0.11 at mx.council.example.\n\nThere was an error delivering your mail to <{LEAD}>.\n\nmx.agency.example [192.0.2.1] did not like our RCPT TO:\n550 5.1.1 <{LEAD}>: Recipient address rejected: User unknown\n\nMessage headers follow:", copy=" "),
    letter("MMDF", "MMDF Mail System <mmdf@agency.example>", "Failed mail  (msg.aa1234)", f"    Your message could not be delivered to\n'{LEAD} (host: agency.example) (queue: smtp)' for the following\nreason:  '(USER) Unknown user name in \"{LEAD}\"'", copy="    Your message follows:"),
    letter("MMDF: waiting", "MMDF Mail System <mmdf@agency.example>", "Waiting mail  (msg.aa1234)", f"    After 2 days, your message has not yet been delivered to\n'{LEAD} (host: agency.example) (queue: smtp)'. Attempts to deliver it will continue for 5 more days. No action is required on your part.", DELAYED),
    letter("MailEnable", "Postmaster <postmaster@agency.example>", "Message Delivery Failure", f"MailEnable: Message could not be delivered to some recipients.\nThe following recipient(s) could not be reached:\n\n\tRecipient: [SMTP:{LEAD}]\n\tReason: The message could not be delivered because the domain name (agency.example) does not appear to be registered.", copy="Message headers follow:"),
    letter("hMailServer", "mailer-daemon@mx.agency.example", "Message undeliverable: Your report", f"Your message did not reach some or all of the intended recipients.\n\n   Sent: Tue, 20 Oct 2026 09:00:00 +0100\n   Subject: Your report\n\nThe following recipient(s) could not be reached:\n\n{LEAD}\n   Error Type: SMTP\n   Remote server (192.0.2.1) issued an error.\n   hMailServer sent: RCPT TO:<{LEAD}>\n   Remote server replied: 550 5.1.1 User unknown\n\n\nhMailServer"),
    letter("hMailServer: full", "mailer-daemon@mx.agency.example", "Message undeliverable: Your report", f"Your message did not reach some or all of the intended recipients.\n\nThe following recipient(s) could not be reached:\n\n{LEAD}\n   Error Type: SMTP\n   Remote server replied: 452 4.2.2 Mailbox full", SOFT),
    letter("GMX", "GMX Mailer Daemon <mailer-daemon@freemail.example>", "Mail delivery failed: returning message to sender", f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of\nits recipients. This is a permanent error. The following address\nfailed:\n\n{LEAD}:\nSMTP error from remote server for RCPT TO command, host: mx.agency.example (192.0.2.1) reason: 550 Requested action not taken: mailbox unavailable", copy="--- The header of the original message is following. ---"),
    letter("T-Online", "Mail Delivery System <mailer-daemon@freemail.example>", "Undeliverable: Your report", f"|------------------------- Failed addresses follow: ---------------------|\n <{LEAD}> ... Unbekannter Empfänger / unknown user\n|------------------------- Message header follows: ----------------------|"),
    letter("Mail.ru", "mailer-daemon@freemail.example", "Mail failure.", f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n    {LEAD}\nmailbox is full", SOFT, copy="------ This is a copy of your message"),
    letter("Mail.ru: Russian", "mailer-daemon@freemail.example", "Недоставленное сообщение", f"Это письмо создано автоматически сервером. Не отвечайте на него.\nК сожалению, ваше письмо не может быть доставлено одному или нескольким получателям:\n\n**********************\n{LEAD} user not found\n**********************"),
    letter("QQ", "PostMaster <PostMaster@freemail.example>", "=?utf-8?b?5p2l6Ieq6YKu566x55qE6YCA5L+h?=", f"您的邮件被退回。\n\n收件人邮件地址：{LEAD}\n退信原因：550 Mailbox not found.\n\nSorry, an error occurred while sending your mail to the following address: {LEAD}"),
    letter("Sina", "MAILER-DAEMON@freemail.example", "系统退信 / Systems bounce", f"抱歉，您的邮件被退回来了……\n收件人：{LEAD}\n\nThis user doesn't have an account here. Your message could not be delivered to {LEAD}."),
    letter("KDDI", "Postmaster@carrier.example", "Mail System Error - Returned Mail", f"This Message was undeliverable due to the following reason:\n\nEach of the following recipients was rejected by a remote mail server.\nThe reasons given by the server are included to help you determine why\neach recipient was rejected.\n\n    Recipient: <{LEAD}>\n    Reason:    <{LEAD}> unknown user account\n\nPlease reply to Postmaster@carrier.example\nif you feel this message to be in error."),
    letter("KDDI: delay", "Postmaster@carrier.example", "Mail System Error - Delayed", f"Your message was not delivered yet to the following recipients. It is delayed and the server will continue to try for three days.\n\n    <{LEAD}>", DELAYED),
    letter("docomo", "MAILER-DAEMON@carrier.example", "Returned mail: User unknown", f"The following destination addresses were unknown (please check the addresses and re-mail the message):\n\n SMTP <{LEAD}>"),
    letter("EZweb", "<Postmaster@carrier.example>", "Mail System Error - Returned Mail", f"The user(s) account is disabled.\n\n<{LEAD}>: 550 user account is disabled"),
    letter("InterMail", "Mail Administrator <Postmaster@isp.example>", "Mail System Error - Returned Mail", f"This Message was undeliverable due to the following reason:\n\nThe user(s) account is temporarily over quota.\n\n<{LEAD}>\n\nPlease reply to Postmaster@isp.example\nif you feel this message to be in error.", SOFT),
    letter("Novonyx", "postmaster@agency.example", "Delivery failure", f"Message could not be delivered to {LEAD}: The mailbox does not exist."),
    letter("Lotus SMTP MTA", "SMTPMTA@agency.example <postmaster@agency.example>", "Undeliverable mail", f"   ------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\n{LEAD}\n\n   ------- Returned Message --------"),
    letter("SmarterMail", "System Administrator <system@agency.example>", "Delivery Failure", f"Could not deliver message to the following recipient(s):\n\nFailed Recipient: {LEAD}\nReason: Remote host said: 550 5.1.1 unknown user\n\n   -- The header and top 20 lines of the message follows --"),
    letter("Merak", "MAILER-DAEMON <MAILER-DAEMON@agency.example>", "Delivery error", f"IceWarp server was unable to deliver your message to:\n\n<{LEAD}>:\n550 5.1.1 User unknown; rejecting"),
    letter("Kerio", "MAILER-DAEMON@agency.example", "Undeliverable: Your report", f"Kerio Connect on mx.agency.example could not deliver your message to:\n\n<{LEAD}>: 554 5.7.1 Relay access denied"),
    letter("CommuniGate", "MAILER-DAEMON@mx.agency.example", "Undeliverable mail: Your report", f"Failed to deliver to '{LEAD}'\nSMTP module(domain agency.example) reports:\n host mx.agency.example says:\n 550 5.1.1 unknown user"),
    letter("XMail", "root@agency.example", "Error sending message [1A2B] from [192.0.2.9].", f"[<00>] XMail bounce: Rcpt=[{LEAD}];Error=[550 user unknown]\n\n[<01>] Error sending message [1A2B] from [agency.example].\n\nID:        <1A2B>\nMail From: <{OURS}>\nRcpt To:   <{LEAD}>"),
    letter("ArGoSoft", "postmaster@agency.example", "Returned mail: Delivery failure", f"The message to {LEAD} is bounced because : Recipient unknown"),
    letter("Zimbra", "MAILER-DAEMON@agency.example (Mail Delivery System)", "Undelivered Mail Returned to Sender", f"This is the mail system at host mx.agency.example.\n\n<{LEAD}>: host mx.agency.example[192.0.2.1] said: 550 5.1.1 <{LEAD}>: Recipient address rejected: agency.example (in reply to RCPT TO command)"),
    letter("Postfix, text only", "MAILER-DAEMON@mx.agency.example (Mail Delivery System)", "Delayed Mail (still being retried)", f"This is the mail system at host mx.agency.example.\n\n####################################################################\n# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n####################################################################\n\nYour message could not be delivered for more than 4 hour(s).\nIt will be retried until it is 5 day(s) old.\n\n<{LEAD}>: connect to mx.agency.example[192.0.2.1]:25: Connection timed out", DELAYED),
    letter("a page in HTML", "Mail Delivery System <mailer-daemon@agency.example>", "Delivery failed", f"<html><head><style>p {{}}</style></head><body><p>Your message was not delivered.</p><p>{LEAD}: 550 no such user</p></body></html>"),
    letter("nobody's wording", "Mail system <postmaster@agency.example>", "Undeliverable message", f"The person {LEAD} has left us; your mail was not delivered."),
    letter("Exchange Italian","Microsoft Outlook <postmaster@agency.example>","Non recapitabile: Your report",f"Il messaggio non è stato recapitato ai seguenti destinatari:\n\n{LEAD}\nIndirizzo non trovato."),
    letter("Exchange Dutch","postmaster@agency.example","Onbestelbaar: Your report",f"Kan het bericht niet bezorgen bij {LEAD}. De mailbox is vol. #552 5.2.2",SOFT),
    letter("Exchange Spanish","postmaster@agency.example","No se puede entregar: Your report",f"Error de entrega a los siguientes destinatarios o grupos:\n{LEAD}\nEl buzón está lleno."  ,SOFT),
    letter("Exchange French full","postmaster@agency.example","Non remis : Your report",f"{LEAD}\nLa boîte aux lettres du destinataire est pleine.",SOFT),
    letter("German full","postmaster@agency.example","Unzustellbar: Your report",f"{LEAD}\nDas Postfach des Empfängers ist voll.",SOFT),
    letter("sendmail nonames","<MAILER-DAEMON@mx.agency.example>","Undeliverable mail: Your report",f"The following message to <{LEAD}> was undeliverable.\nThe reason for the problem:\n5.1.2 - Bad destination host 'DNS Hard Error looking up agency.example'",copy="---------- Original message"),
    letter("appliance esa delay","Mail Delivery System <MAILER-DAEMON@appliance.example>","Delayed: Your report",f"The message to <{LEAD}> has been delayed. The server will keep trying for 3 days. Reason: 4.1.0 - Unknown address error 421",DELAYED),
    letter("esa soft","Mail Delivery System <MAILER-DAEMON@appliance.example>","Undeliverable: Your report",f"The following message to <{LEAD}> was undeliverable.\nThe reason for the problem:\n4.3.2 - Not accepting messages at this time 421-'4.3.2 try again later'",SOFT),
    letter("google drive text 2017","Mail Delivery Subsystem <mailer-daemon@freemail.example>","Delivery Status Notification (Failure)",f"** Address not found **\n\nYour message wasn't delivered to {LEAD} because the address couldn't be found, or is unable to receive mail.\n\nLearn more here: https://support.freemail.example/?p=NoSuchUser\n\nThe response was:\n550 5.1.1 The email account that you tried to reach does not exist."),
    letter("google incomplete","Mail Delivery Subsystem <mailer-daemon@freemail.example>","Delivery Status Notification (Delay)",f"** Delivery incomplete **\n\nThere was a temporary problem delivering your message to {LEAD}. We'll retry for 45 more hours. You'll be notified if the delivery fails permanently.\n\nThe response was:\nThe recipient server did not accept our requests to connect.",DELAYED),
    letter("google not complete fail","mailer-daemon@freemail.example","Delivery Status Notification (Failure)",f"** Message not delivered **\n\nThere was a problem delivering your message to {LEAD}. See the technical details below.\n\nThe response was:\n\nDNS Error: Domain name not found"),
    letter("libero","MAILER-DAEMON@freemail.example","Undelivered Mail Returned to Sender",f"I'm sorry to have to inform you that your message could not be delivered to one or more recipients.\n\n<{LEAD}>: permission denied. Command output: maildrop: maildir over quota.",SOFT),
    letter("postfix unknown in 'virtual'","MAILER-DAEMON@mx.agency.example (Mail Delivery System)","Undelivered Mail Returned to Sender",f'<{LEAD}>: unknown user: "lead"'),
    letter("postfix loop","MAILER-DAEMON@mx.agency.example","Undelivered Mail Returned to Sender",f"<{LEAD}>: mail for agency.example loops back to myself"),
    letter("postfix resolve","MAILER-DAEMON@mx.agency.example","Undelivered Mail Returned to Sender",f"<{LEAD}>: Host or domain name not found. Name service error for\n    name=agency.example type=MX: Host not found"),
    letter("postfix refused late","MAILER-DAEMON@mx.agency.example","Undelivered Mail Returned to Sender",f"<{LEAD}>: connect to agency.example[192.0.2.1]:25: Connection refused",SOFT),
    letter("exim lmtp full","Mail Delivery System <Mailer-Daemon@x.example>","Mail delivery failed: returning message to sender",f"{EXIM_HEAD}  {LEAD}\n    LMTP error from remote mail server after end of data:\n    552 5.2.2 <{LEAD}> Quota exceeded (mailbox for user is full)",SOFT,copy=EXIM_COPY),
    letter("exim pipe","Mail Delivery System <Mailer-Daemon@x.example>","Mail delivery failed: returning message to sender",f"{EXIM_HEAD}  pipe to |/usr/bin/vac\n    generated by {LEAD}\n    Child process of transport returned 127",copy=EXIM_COPY),
    letter("prodigy","MAILER-DAEMON@isp.example","Returned mail: Quota exceeded",f"   ----- The following addresses had permanent fatal errors -----\n<{LEAD}>\n    (reason: 550 5.7.1 <{LEAD}>... Access denied)"),
    letter("sendmail localhost","MAILER-DAEMON@isp.example","Returned mail: see transcript for details",f"   ----- The following addresses had permanent fatal errors -----\n<{LEAD}>\n    (reason: 452 4.2.2 Over quota)\n\n   ----- Transcript of session follows -----\n<{LEAD}>... Deferred: 452 4.2.2 Over quota\nMessage could not be delivered for 5 days\nMessage will be deleted from queue",SOFT),
    letter("from <> only","<>","Undelivered Mail",f"Delivery to {LEAD} failed: mailbox unavailable"),
    letter("mail admin","Mail Administrator <admin@agency.example>","Mail System Error - Returned Mail",f"This Message was undeliverable due to the following reason:\n\nYour message was not delivered because the destination computer was\nnot reachable within the allowed queue period.\n\nHost agency.example is not responding.\n\nThe following recipients did not receive this message:\n\n     <{LEAD}>",SOFT),
    letter("Amavis","Content-filter at mx.agency.example <postmaster@mx.agency.example>","Considered UNSOLICITED BULK EMAIL, apparently from you",f"A message from <{OURS}> to:\n-> {LEAD}\n\nwas considered unsolicited bulk e-mail (UBE). Delivery of the email was stopped!"),
    letter("BANNED","Content-filter at mx.agency.example <postmaster@mx.agency.example>","BANNED contents from you (.exe)",f"BANNED CONTENTS ALERT\n\nOur content checker found banned name in email presumably from you to the following recipient:\n-> {LEAD}\n\nDelivery of the email was stopped!"),
    letter("X.400 gw","Postmaster@x.example","Delivery Report (failure) for lead@agency.example",f"This report relates to your message: Subject: Your report\n\nYour message was not delivered to {LEAD}\nfor the following reason:\n Recipient's Mailbox unavailable"),
    letter("PMDF","PMDF e-Mail Interconnect <postmaster@x.example>","PMDF; Delivery Notification: Delivery has failed",f"This report relates to a message you sent.\n\nYour message cannot be delivered to the following recipients:\n\n  Recipient address: {LEAD}\n  Reason: Illegal host/domain name found"),
    letter("Sun delay","Internet Mail Delivery <postmaster@x.example>","Delivery Notification: Delivery has been delayed",f"Your message is delayed and is still being processed for the following recipients:\n\n  Recipient address: {LEAD}\n  Reason: unable to deliver this message after 8 hours",DELAYED),
    letter("Sun","Internet Mail Delivery <postmaster@x.example>","Delivery Notification: Delivery has failed",f"Your message cannot be delivered to the following recipients:\n\n  Recipient address: {LEAD}\n  Original address: {LEAD}\n  Reason: unknown or illegal alias"),
    letter("BigFoot","Mailer-Daemon@big.example","Returned mail: quota",f"Your mail to {LEAD} could not be forwarded: quota exceeded",SOFT),
    letter("EIM","Postmaster <postmaster@x.example>","Undeliverable: Your report",f"The message was undeliverable:\nNo such mailbox: {LEAD}"),
    letter("Exim: behind an alias, and full", EXIM, "Mail delivery failed: returning message to sender", f"{EXIM_HEAD}  home@freemail.example\n    (ultimately generated from {LEAD})\n    SMTP error from remote mail server after end of data:\n    host mx.freemail.example [192.0.2.9]: 552 5.2.2 home@freemail.example mailbox is full", SOFT, copy=EXIM_COPY),
    letter("Exim: one gone, one full", EXIM, "Mail delivery failed: returning message to sender", f"{EXIM_HEAD}  {LEAD}\n    host mx.agency.example [192.0.2.1]: 550 5.1.1 unknown alias\n  {DEPUTY}\n    host mx.agency.example [192.0.2.1]: 452 4.2.2 Over quota:\n    retry timeout exceeded", extra=f"X-Failed-Recipients: {LEAD},\n  {DEPUTY}\n", also=(DEPUTY, SOFT)),
    letter("Sendmail: behind an alias", DAEMON, "Returned mail: see transcript for details", f"   ----- The following addresses had permanent fatal errors -----\nhome@freemail.example\n    (reason: 550 5.1.1 <home@freemail.example>... User unknown)\n    (expanded from: <{LEAD}>)\n\n   ----- Transcript of session follows -----\n<<< 550 5.1.1 <home@freemail.example>... User unknown"),
    letter("Zoho", "mailer-daemon@freemail.example", "Undelivered Mail Returned to Sender", f"This message was created automatically by mail delivery software.\n\n    [Status: Error, Address: <{LEAD}>, ResponseCode 550, 550 5.1.1 User unknown]\n\nReceived:from freemail.example by mx.freemail.example"),
    letter("InterMail: not reachable for days", "Mail Administrator <Postmaster@freemail.example>", "Mail System Error - Returned Mail", f"This Message was undeliverable due to the following reason:\n\nYour message was not delivered because the destination computer was\nnot reachable within the allowed queue period.  The amount of time\na message is queued before it is returned depends on local configura-\ntion parameters.\n\nMost likely there is a network problem that prevented delivery, but\nit is also possible that the computer is turned off, or does not\nhave a mail system running right now.\n\nYour message was not delivered within 2 days:\nHost mail.agency.example is not responding.\n\nThe following recipients did not receive this message:\n\n     <{LEAD}>\n\nPlease reply to Postmaster@freemail.example\nif you feel this message to be in error.", SOFT),
    letter("GroupWise: the reason in the servers' talk", "Mailer-Daemon@agency.example", "Message status - undeliverable", f"The attached file had the following undeliverable recipient(s):\n\t{LEAD}\n\nTranscript of session follows:\n\n451 Mailbox full", SOFT),
    letter("WebShield: no answer for days", POSTMASTER, "Delivery Failure Notice", f"Your message to:\n\n<{LEAD}>\n\ncould not be delivered for the following reason:\n\n Host mail.agency.example did not respond to connection attempts within 3 days.", SOFT),
    letter("hMailServer: no such domain", "mailer-daemon@mx.agency.example", "Message undeliverable: Your report", f"The following recipient(s) could not be reached:\n\n{LEAD}\n   Error Type: SMTP\n   Error Description: No mail servers appear to exists for the recipient's address.\n   Additional information: Please check that you have not misspelled the recipient's email address."),
    letter("Axway", "Mail Delivery Service <postmaster@mx.agency.example>", "Delivery Notification (Failure)", f"- These recipients of your message have been processed by the mail server:\n{LEAD}; Failed; 4.4.7 (delivery time expired)\n\n    Remote MTA mx.agency.example: network error", SOFT),
    letter("MX on VMS", "postmaster@vax.agency.example", "Undeliverable mail", f"Note: this message was generated automatically.\n\nError-For:  {LEAD}\nError-Code: 5.1.1\nError-Text: No such user.\n\nError-End: One error reported."),
    letter("Mercury", "Electronic Postmaster <Postmaster@agency.example>", "Postmaster Notify: Delivery Failure.", f"The attached message has failed delivery.\n\n   *** {LEAD}\n   User not known at this site."),
    letter("NTMail", POSTMASTER, "Delivery failure: Your report", f"Your message could not be delivered to {LEAD}. The account does not exist on this system."),
    letter("X.400: what it says of whom", "MTA-Postmaster@x400.agency.example", f"Delivery Report (failure) for {LEAD}", f"Your message was not delivered to   {LEAD}\nfor the following reason:\n\tDiagnostic was Unrecognised OR-name"),
    letter("Lyris: not a member", POSTMASTER, "Undeliverable message", f'The message you sent could not be delivered to the list "leads" <{LEAD}> because you are not a member.'),
    letter("a helper is named first", POSTMASTER, "Undeliverable mail", f"If you need help, write to helpdesk@agency.example.\n\nThe mail to {LEAD} could not be delivered: user unknown."),
    letter("only a helper is named, and the copy", POSTMASTER, "Undeliverable mail", "If you need help, write to helpdesk@agency.example.\n\nYour mail could not be delivered: user unknown.", copy="----- Original message -----"),
    letter("two in a list, each with its reason", POSTMASTER, "Undeliverable mail", f"The following recipients could not be reached:\n\n  {LEAD}\n     Mailbox full\n\n  {DEPUTY}\n     No such user", SOFT, also=(DEPUTY, HARD)),
    letter("the fields for machines, as a letter", POSTMASTER, "Delivery failed: see attached", f"Reporting-MTA: dns; mx\n\nOriginal-Recipient: rfc822;{LEAD}\nFinal-Recipient: rfc822;home@freemail.example\nAction: failed\nStatus: 5.1.1"),
    letter("the domain of an alias has moved", DAEMON, "Undelivered mail", f"Your message to {LEAD} could not be delivered:\n551 5.1.6 User has moved; please try <new@council2.example>"),
    letter("Exchange in Polish: full", POSTMASTER, "Niedostarczalne: Your report", f"Dostarczenie wiadomości do następujących adresatów nie powiodło się:\n\n{LEAD}\nSkrzynka pocztowa adresata jest pełna.", SOFT),
    letter("Exchange in Dutch, not bounced in its subject", POSTMASTER, "Niet te bezorgen: Your report", f"Uw bericht kon niet worden bezorgd bij de volgende geadresseerden:\n\n{LEAD}\n#550 5.1.10 RESOLVER.ADR.RecipientNotFound ##"),
    letter("Exchange in Norwegian", POSTMASTER, "Kan ikke leveres: Your report", f"Levering til disse mottakerne mislyktes:\n\n{LEAD}\nE-postadressen ble ikke funnet."),
    letter("Swedish: still tried", POSTMASTER, "Fördröjd leverans: Your report", f"Leveransen är fördröjd till följande mottagare:\n\n{LEAD}\n\nServern fortsätter att försöka leverera meddelandet.", DELAYED),
    letter("Spanish", DAEMON, "Error en la entrega del mensaje", f"Su mensaje no pudo ser entregado a los siguientes destinatarios:\n\n    {LEAD}\n\nEl usuario no existe en este servidor."),
    letter("Portuguese", DAEMON, "Falha na entrega", f"A sua mensagem não pôde ser entregue ao seguinte destinatário:\n\n<{LEAD}>: 550 5.1.1 Utilizador desconhecido"),
    letter("French: full", ADMINISTRATOR, "Remise impossible : Your report", f"Votre message n'a pas pu être distribué à :\n\n{LEAD}\n\nLa boîte aux lettres du destinataire est pleine.", SOFT),
    letter("Hungarian", DAEMON, "Kézbesítési hiba", f"Az üzenetet nem sikerült kézbesíteni a következő címre:\n\n<{LEAD}>: ismeretlen felhasználó"),
    letter("Korean: full", POSTMASTER, "메일 전송 실패 안내", f"메일이 다음 수신자에게 전송되지 못했습니다.\n\n수신자: {LEAD}\n사유: 수신자의 메일함 용량이 초과되었습니다.", SOFT),
    letter("Finnish: full", POSTMASTER, "Toimitus epäonnistui: Your report", f"Viestiä ei voitu toimittaa seuraaville vastaanottajille:\n\n{LEAD}\nPostilaatikko on täynnä.", SOFT),
    letter("Greek", POSTMASTER, "Αδύνατη παράδοση: Your report", f"Η παράδοση απέτυχε για τους ακόλουθους παραλήπτες:\n\n{LEAD}\n#550 5.1.1 RESOLVER.ADR.RecipNotFound ##"),
    letter("French without accents: full", DAEMON, "Votre message n'a pas pu etre delivre", f"Le message que vous avez envoye a :\n\n  {LEAD}\n\nn'a pas pu etre delivre : la boite aux lettres de votre correspondant est pleine.", SOFT),
    letter("a language that nobody foresaw, without a code", DAEMON, "Heimkomin skilaboð", f"Ekki tókst að afhenda póst til:\n<{LEAD}>: notandi ekki til"),
    letter("GroupWise: no space", "Mailer-Daemon@agency.example", "Message status - undeliverable", f"The message that you sent was undeliverable to the following:\n\t{LEAD} (disk space limit exceeded)", SOFT),
    letter("Domino: no route to a domain", "Mail Router <mailrouter@agency.example>", "DELIVERY FAILURE: No route found to domain agency.example from server HQ", f"was not delivered to:\n\n  {LEAD}\n\nbecause:\n\n  No route found to domain agency.example from server HQ. Check DNS configuration."),
    letter("Exim: asks for a password", EXIM, "Mail delivery failed: returning message to sender", f"{EXIM_HEAD}  {LEAD}\n    host mx.agency.example [192.0.2.1]: 550-Verification required.\n    550 This server requires authentication to send to other servers."),
    letter("held in the queue", POSTMASTER, "Delivery delayed: Your report", f"Your message to {LEAD} is being held in the queue, and the server will keep trying for four days.", DELAYED),
    letter("two in a sentence", DAEMON, "Undeliverable mail", f"Could not deliver to <{LEAD}> and <{DEPUTY}>: domain does not exist", also=(DEPUTY, HARD)),
    letter("as a log has it", POSTMASTER, "Delivery error report", f"recipient={LEAD}; status=bounced (host mx said: 550 no mailbox)"),
    letter("a disclaimer names another", POSTMASTER, "Undeliverable: Your report", f"Your message to {LEAD} could not be delivered.\n\n-- \nIf you are not the intended recipient notify security@agency.example."),
    letter("a language that nobody foresaw, with a code", DAEMON, "Ní raibh rath air", f"Ní féidir an teachtaireacht a thabhairt:\n\n<{LEAD}>: 550 5.1.1"),
]  # fmt: skip

REPORTS = [
    report("Postfix: unknown", f"Final-Recipient: rfc822; {LEAD}\nOriginal-Recipient: rfc822;{LEAD}\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.agency.example\nDiagnostic-Code: smtp; 550 5.1.1 <{LEAD}>: Recipient address rejected: User\n    unknown"),
    report("Postfix: too late", failed("4.4.1", ""), SOFT, text=f"<{LEAD}>: connect to mx.agency.example[192.0.2.1]:25: Connection timed out"),
    report("Postfix: delayed", failed("4.4.1", "connect: refused", action="delayed"), DELAYED, subject="Delayed Mail (still being retried)"),
    report("Postfix: full", failed("5.2.2", "552 5.2.2 mailbox full"), SOFT),
    report("Postfix: two", failed("5.1.1", "550 unknown") + "\n\n" + failed("4.2.2", "452 full", recipient=DEPUTY), also=((DEPUTY, SOFT),)),
    report("Postfix: SMTPUTF8", f"Final-Recipient: utf-8; {LEAD}\nAction: failed\nStatus: 5.1.1", kind="message/global-delivery-status", copy="message/global-headers"),
    report("Sendmail 8", failed("5.1.1", "550 5.1.1 User unknown") + "\nLast-Attempt-Date: Tue, 20 Oct 2026 09:00:00 +0100", sender=DAEMON, subject="Returned mail: see transcript for details"),
    report("Sendmail 8: warning", failed("4.2.0", "", action="delayed") + "\nWill-Retry-Until: Sun, 25 Oct 2026 09:00:00 +0000", DELAYED, sender=DAEMON, subject="Warning: could not send message for past 4 hours"),
    report("Sendmail 8: deferred", failed("4.4.7", "timeout"), SOFT, sender=DAEMON, subject="Returned mail: Cannot send message for 5 days"),
    report("Sendmail: relayed once, refused once", failed("2.1.5", "", recipient=DEPUTY, action="relayed") + "\n\n" + failed("5.1.1", "550 unknown"), sender=DAEMON),
    report("Exim", failed("5.0.0", "550 5.7.1 rejected by policy"), sender=EXIM, subject="Mail delivery failed: returning message to sender"),
    report("Exim: warning", failed("4.0.0", "", action="delayed"), DELAYED, sender=EXIM, subject="Warning: message delayed 24 hours"),
    report("Exim: says nothing but a number", failed("5.0.0", "451 temporary local problem"), SOFT, sender=EXIM),
    report("Exchange 2003", f"Final-Recipient: RFC822; {LEAD}\nAction: failed\nStatus: 5.1.1\nX-Display-Name: Lead", sender=POSTMASTER, subject="Undeliverable: Your report", first="Reporting-MTA: dns;mx.agency.example\nReceived-From-MTA: dns;app\n\n"),
    report("Exchange 2010", f"Original-Recipient: rfc822;{LEAD}\nFinal-Recipient: rfc822;{LEAD}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found", sender="Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@agency.example>", subject="Undeliverable: Your report"),
    report("Exchange 2010: full", failed("5.2.2", "554-5.2.2 mailbox full"), SOFT, sender="MicrosoftExchange329e71ec@agency.example"),
    report("Exchange: delayed", failed("4.4.7", "", action="delayed"), DELAYED, sender="postmaster@agency.example", subject="Delivery delayed: Your report"),
    report("Exchange: expired", failed("4.4.7", "550 4.4.7 QUEUE.Expired; message expired"), SOFT, sender="postmaster@agency.example"),
    report("Exchange Online", f"Final-Recipient: rfc822;{LEAD}\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {LEAD} not found by SMTP address lookup", sender="postmaster@tenant.example"),
    report("Exchange Online: no access", failed("5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup"), sender="postmaster@tenant.example"),
    report("Exchange Online: no answer", failed("5.4.300", "550 5.4.300 Message expired -> 421 4.4.1 Connection timed out"), SOFT, sender="postmaster@tenant.example"),
    report("Outlook.com", failed("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable."), sender="postmaster@freemail.example"),
    report("Google, new", failed("5.1.1", "550-5.1.1 The email account that you tried to reach does not exist."), sender="Mail Delivery Subsystem <mailer-daemon@freemail.example>", subject="Delivery Status Notification (Failure)", first="Reporting-MTA: dns; freemail.example\nX-Original-Message-ID: <one@council.example>\n\n"),
    report("Google: full", failed("4.2.2", "452-4.2.2 The recipient's inbox is out of storage space."), SOFT, sender="mailer-daemon@freemail.example"),
    report("Google: delay", failed("4.4.1", "The recipient server did not accept our requests to connect.", action="delayed") + "\nWill-Retry-Until: Fri, 23 Oct 2026 09:00:00 +0100", DELAYED, sender="mailer-daemon@freemail.example", subject="Delivery Status Notification (Delay)"),
    report("Yahoo", failed("5.0.0", "554 30 Sorry, your message to lead cannot be delivered. This mailbox is disabled (554.30)."), sender="MAILER-DAEMON@freemail.example"),
    report("iCloud", failed("5.1.1", "550 5.1.1 unknown or illegal alias"), sender="postmaster@cloud.example"),
    report("iCloud: full", failed("5.2.2", "552 5.2.2 user is over quota"), SOFT, sender="postmaster@cloud.example"),
    report("Yandex", failed("5.7.1", "550 5.7.1 No such user!"), sender="mailer-daemon@freemail.example", subject="Недоставленное сообщение", copy="text/rfc822-headers"),
    report("SES", failed("5.1.1", "550 5.1.1 user unknown"), sender="MAILER-DAEMON@sender.example", subject="Delivery Status Notification (Failure)", text=f"An error occurred while trying to deliver the mail to the following recipients:\n{LEAD}"),
    report("SES: suppressed", f"Final-Recipient: rfc822;{LEAD}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: Amazon SES did not send the message to this address because it is on the suppression list", sender="MAILER-DAEMON@sender.example"),
    report("SendGrid", failed("5.1.1", "550 5.1.1 no mailbox"), sender="MAILER-DAEMON@sender.example", top="multipart/report; report-type=\"delivery-status\""),
    report("Mailgun", failed("5.1.1", "550 No such recipient here"), sender="postmaster@sender.example"),
    report("Mimecast", failed("5.4.1", "550 5.4.1 Recipient address rejected: Access denied"), sender="postmaster@agency.example"),
    report("Symantec", failed("5.0.0", "550-Invalid recipient"), sender="MAILER-DAEMON@cleaner.example"),
    report("OpenSMTPD", f"Final-Recipient: rfc822; {LEAD}\nAction: failed\nStatus: 5.1.1", sender="Mailer Daemon <MAILER-DAEMON@mx.agency.example>", subject="Delivery status notification: error", text=f"    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n    An error has occurred while attempting to deliver a message for\n    the following list of recipients:\n\n{LEAD}: 550 Invalid recipient", copy="text/rfc822-headers"),
    report("OpenSMTPD: warning", f"Final-Recipient: rfc822; {LEAD}\nAction: delayed\nStatus: 4.0.0", DELAYED, sender="Mailer Daemon <MAILER-DAEMON@mx.agency.example>", subject="Delivery status notification: warning"),
    report("Courier", f"Final-Recipient: rfc822; {LEAD}\nAction: failed\nStatus: 5.0.0\nRemote-MTA: dns; mx.agency.example [192.0.2.1]\nDiagnostic-Code: smtp; 550 User unknown.", sender="\"Courier mail server at mx.agency.example\" <@mx.agency.example>", subject="NOTICE: mail delivery status."),
    report("James", f"Original-Recipient: rfc822; {LEAD}\nFinal-Recipient: rfc822; {LEAD}\nAction: failed\nStatus: 550\nDiagnostic-Code: X-James; 550 5.1.1 unknown user", sender=POSTMASTER, subject="Re: Your report"),
    report("Domino", f"Final-Recipient: rfc822;{LEAD}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: X-Notes; User lead ({LEAD}) not listed in Domino Directory", sender=POSTMASTER, subject="DELIVERY FAILURE: User lead not listed in Domino Directory"),
    report("GroupWise", failed("5.1.1", "550 no such user"), sender="Mailer-Daemon@agency.example", subject="Message status - undeliverable"),
    report("MTA of X.400", f"Original-Recipient: rfc822; {LEAD}\nFinal-Recipient: X400; /G=Lead/O=Agency/C=GB\nAction: failed\nStatus: 5.1.1"),
    report("no type before the address", f"Final-Recipient: {LEAD}\nAction: failed\nStatus: 5.1.1"),
    report("address in brackets", f"Final-Recipient: rfc822; <{LEAD}>\nAction: failed\nStatus: 5.1.1 (unknown user)"),
    report("in capitals", "FINAL-RECIPIENT: RFC822; LEAD@AGENCY.EXAMPLE\nACTION: FAILED\nSTATUS: 5.1.1"),
    report("xtext", "Original-Recipient: rfc822;lead+2Bpost@agency.example\nAction: failed\nStatus: 5.1.1", to="lead+post@agency.example"),
    report("forwarded on", f"Original-Recipient: rfc822;{LEAD}\nFinal-Recipient: rfc822; home@freemail.example\nAction: failed\nStatus: 5.2.1"),
    report("action with a remark", f"Final-Recipient: rfc822; {LEAD}\nAction: failed (permanent)\nStatus: 5.1.1"),
    report("no action", f"Final-Recipient: rfc822; {LEAD}\nStatus: 5.1.1"),
    report("no status", f"Final-Recipient: rfc822; {LEAD}\nAction: failed\nDiagnostic-Code: smtp; 550 unknown"),
    report("no empty line before the recipient", failed("5.1.1", "550 unknown"), first="Reporting-MTA: dns; mx.council.example\n"),
    report("no empty line between two", failed("5.1.1", "550 unknown") + "\n" + failed("5.1.1", "550", recipient=DEPUTY), also=((DEPUTY, HARD),)),
    report("no part for the server", failed("5.1.1", "550 unknown"), first=""),
    report("in multipart/mixed", failed("5.1.1", "550 unknown"), top="multipart/mixed"),
    report("encoded, which it must not be", "RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGxlYWRAYWdlbmN5LmV4YW1wbGUKQWN0aW9uOiBmYWlsZWQKU3RhdHVzOiA1LjEuMQo=", first="", encoding="base64"),
    report("said twice, delayed and given up", failed("4.4.1", "", action="delayed") + "\n\n" + failed("5.4.1", "")),
    report("folded everywhere", f"Final-Recipient: rfc822;\n {LEAD}\nAction:\n failed\nStatus:\n 5.1.1"),
    report("spaces before the colon", f"Final-Recipient : rfc822; {LEAD}\nAction : failed\nStatus : 5.1.1"),
    report("subject in Japanese", failed("5.1.1", "550 unknown"), subject="=?utf-8?b?6YWN5L+h5LiN6IO9?="),
    report("comment after the address", f"Final-Recipient: rfc822; {LEAD} (Lead)\nAction: failed\nStatus: 5.1.1"),
    report("Dovecot: refused by a filter", f"Reporting-UA: mx.agency.example; Dovecot Mail Delivery Agent\nFinal-Recipient: rfc822; {LEAD}\nOriginal-Message-ID: <one@council.example>\nDisposition: automatic-action/MDN-sent-automatically; deleted", sender="Mail Delivery Subsystem <postmaster@agency.example>", subject="Automatically rejected mail", text=f"Your message to <{LEAD}> was automatically rejected:\nI no longer work here.", kind="message/disposition-notification", first="", top="multipart/report; report-type=disposition-notification", copy=""),
    report("Dovecot: full, said like a receipt", f"Reporting-UA: mx.agency.example; Dovecot Mail Delivery Agent\nOriginal-Recipient: rfc822; {LEAD}\nFinal-Recipient: rfc822; lead\nDisposition: automatic-action/MDN-sent-automatically; deleted", SOFT, sender="Mail Delivery Subsystem <postmaster@agency.example>", subject="Rejected: Your report", text=f"Your message to <{LEAD}> was automatically rejected:\nQuota exceeded (mailbox for user is full)", kind="message/disposition-notification", first="", top="multipart/report; report-type=disposition-notification", copy="text/rfc822-headers"),
    report("Dovecot: full", f"Original-Recipient: rfc822; {LEAD}\nFinal-Recipient: rfc822; {LEAD}\nAction: failed\nStatus: 5.2.2", SOFT, subject="Rejected: Your report"),
    report("Exim: waited in vain, said in words alone", f"Action: failed\nFinal-Recipient: rfc822;{LEAD}\nStatus: 5.0.0", SOFT, text=f"The following address(es) failed:\n\n  {LEAD}\n    host mx.agency.example [192.0.2.1]\n    retry timeout exceeded"),
    report("CommuniGate: full, said in words alone", f"Original-Recipient: rfc822;<{LEAD}>\nFinal-Recipient: LOCAL;<lead>\nAction: failed\nStatus: 5.0.0", SOFT, text=f"Failed to deliver to '<{LEAD}>'\nLOCAL module(account lead) reports:\n account is full (quota exceeded)"),
    report("Exchange Online: refused for days", failed("5.4.316", "550 5.4.316 Message expired, connection refused(Socket error code 10061)"), SOFT),
    report("Exchange Online: no such domain", failed("5.4.310", "550 5.4.310 DNS domain agency.example does not exist [Message=InfoDomainNonexistent]")),
    report("Exchange Online: too much within the hour", failed("5.2.121", "550 5.2.121 RESOLVER.RST.RecipientRateLimitExceeded; recipient's per hour message receive limit exceeded"), SOFT),
    report("Exchange: in a mail loop", failed("5.4.14", "554 5.4.14 Hop count exceeded - possible mail loop")),
    report("Exchange: too large for a mailbox", failed("5.2.3", "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message exceeds mailbox size limit")),
    report("Exchange: an address of its own", f"Original-Recipient: rfc822;{LEAD}\nFinal-Recipient: rfc822;IMCEAEX-_O=AGENCY_OU=EXCHANGE+20GROUP_CN=RECIPIENTS_CN=old+2Elead@agency.example\nAction: failed\nStatus: 5.1.1"),
    report("IronPort: waited in vain", f"Final-Recipient: rfc822;{LEAD}\nAction: failed\nStatus: 5.0.0 (permanent failure)\nDiagnostic-Code: smtp; 5.4.7 - Delivery expired (message too old) 'timeout' (delivery attempts: 12)", SOFT),
    report("PMDF: no answer", f"Final-Recipient: rfc822; {LEAD}\nAction: failed\nStatus: 5.4.1 (no answer from host)", SOFT),
    report("Domino: full", f"Final-Recipient: rfc822;{LEAD}\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: X-Notes; Error delivering to HQ/Agency mail\\lead.nsf; User has exceeded the database quota", SOFT),
    report("Haraka", f"Final-Recipient: rfc822;{LEAD}\nAction: failed\nStatus: 5.4.1\nDiagnostic-Code: smtp;550 5.4.1 Recipient address rejected: Access denied.", subject="failure notice"),
    report("Halon", failed("4.2.0", "450 4.2.0 Recipient address rejected: Greylisted"), SOFT, copy="text/rfc822-headers"),
    report("PowerMTA", f"Final-Recipient: rfc822;{LEAD}\nAction: failed\nStatus: 5.2.1 (mailbox disabled, not accepting messages)\nDiagnostic-Code: smtp;554 delivery error\nX-PowerMTA-BounceCategory: bad-mailbox", subject="Delivery report", sender="<postmaster@sender.example>"),
    report("Stalwart: three fates", f"Final-Recipient: rfc822;fine@agency.example\nAction: delivered\nStatus: 2.1.5\n\nFinal-Recipient: rfc822;{DEPUTY}\nAction: delayed\nStatus: 4.4.1\n\nFinal-Recipient: rfc822;{LEAD}\nAction: failed\nStatus: 5.1.1", subject="Partially delivered message", also=((DEPUTY, DELAYED),)),
    report("full, whatever the code says: policy", failed("5.7.1", "550 5.7.1 Mailbox quota exceeded"), SOFT),
    report("full, whatever the code says: address", failed("5.1.1", "550 5.1.1 Mailbox full"), SOFT),
    report("full, named between", failed("5.2.0", f"550 5.2.0 mailbox of {LEAD} is full"), SOFT),
    report("gone or full: gone", failed("5.1.1", "550 5.1.1 User unknown or over quota")),
    report("in Quoted-Printable, which it must not be", f"Original-Recipient: rfc822;{LEAD}\nFinal-Recipient: rfc822;home@freemail.example=\n\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 a =3D b", encoding="quoted-printable"),
    report("a reason beyond ASCII", f"Final-Recipient: rfc822; {LEAD}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: X-Notes; nicht im Verzeichnis aufgeführt"),
    report("to an address beyond ASCII", "Final-Recipient: utf-8; müller@agency.example\nAction: failed\nStatus: 5.1.1", kind="message/global-delivery-status", to="müller@agency.example"),
]  # fmt: skip

BOUNCES = LETTERS + REPORTS
