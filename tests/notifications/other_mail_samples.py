# ruff: noqa: E501 - tables: one row, one line
"""Mail that is no bounce, made up here as programs and people write it: what each is instead, and mail about bounces."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.classify import Kind
from tests.notifications.bounce_samples import COPY, OURS

LEAD = "Lead Officer <lead@agency.example>"


@dataclass(frozen=True, slots=True)
class Other:
    """A mail that is no bounce, and the kind it is."""

    name: str
    raw: bytes
    kind: Kind


def mail(
    name: str, kind: Kind, subject: str, body: str, *, sender: str = LEAD, extra: str = "", of: str = "text/plain"
) -> Other:
    """A mail of one part; *extra* are more header lines."""
    head = (
        f"From: {sender}\nTo: {OURS}\nSubject: {subject}\nMessage-ID: <m1@agency.example>\n{extra}MIME-Version: 1.0\n"
    )
    typed = of if "multipart" in of else f"{of}; charset=utf-8"
    return Other(name, f"{head}Content-Type: {typed}\n\n{body}\n".encode(), kind)


def _parts(*parts: tuple[str, str]) -> str:
    return "".join(f"--edge\nContent-Type: {kind}\n\n{body}\n" for kind, body in parts) + "--edge--"


def _report(report_type: str) -> str:
    return f'multipart/report; report-type={report_type}; boundary="edge"'


NULL = "Return-Path: <>\n"
REPLIED = "Auto-Submitted: auto-replied\n"
A, M, R, D, C = Kind.AUTO_REPLY, Kind.MAIL, Kind.READ_RECEIPT, Kind.DELIVERED, Kind.CALENDAR
REPORT = "multipart/report; report-type=delivery-status"
DAEMON = "Mail Delivery Subsystem <MAILER-DAEMON@mx.agency.example>"
QUOTED = "> Your message could not be delivered to <other@agency.example>: 550 5.1.1 User unknown"
INVITED = "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1\nATTENDEE;PARTSTAT=ACCEPTED:mailto:lead@agency.example\n"
INVITED += "END:VEVENT\nEND:VCALENDAR"


def _dsn(action: str, status: str) -> str:
    fields = (
        f"Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; lead@agency.example\nAction: {action}\nStatus: {status}\n"
    )
    told = ("text/plain", "Your message was handled.")
    return _parts(told, ("message/delivery-status", fields), ("message/rfc822", COPY))


def _mdn(disposition: str) -> str:
    fields = f"Final-Recipient: rfc822; lead@agency.example\nDisposition: automatic-action; {disposition}\n"
    return _parts(("text/plain", "Your message was opened."), ("message/disposition-notification", fields))


OTHERS = [
    mail("away: Exchange", A, "Automatic reply: Your report", "I am out of the office until Monday.", extra="X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n"),
    mail("away: Outlook, older", A, "Out of Office AutoReply: Your report", "I am away. Messages will not be delivered to me."),
    mail("away: German", A, "Automatische Antwort: Your report", "Ich bin nicht im Büro.", extra=REPLIED),
    mail("away: German, older", A, "Abwesenheitsnotiz: Your report", "Ich bin nicht erreichbar."),
    mail("away: French", A, "Réponse automatique : Your report", "Je suis absent."),
    mail("away: French, encoded", A, "=?utf-8?Q?R=C3=A9ponse_automatique_:_Your?=", "Je suis absent."),
    mail("away: Spanish", A, "Respuesta automática: Your report", "Estoy fuera."),
    mail("away: Italian", A, "Risposta automatica: Your report", "Sono assente."),
    mail("away: Polish", A, "Autoodpowiedź: Your report", "Nie ma mnie.", extra=REPLIED),
    mail("away: Welsh", A, "Ymateb awtomatig: Your report", "Nid wyf yn y swyddfa.", extra=REPLIED),
    mail("away: Dutch", A, "Automatisch antwoord: Your report", "Ik ben afwezig.", extra="X-Autoreply: yes\n"),
    mail("away: vacation without a return path", A, "away from my mail", "I will read your message when I return.", extra=NULL + "Precedence: bulk\n"),
    mail("away: Sieve", A, "Auto: Your report", "I am away.", extra="Auto-Submitted: auto-replied (vacation)\n"),
    mail("away: Google", A, "Re: Your report", "I am away.", extra="X-Autoreply: yes\nPrecedence: bulk\n" + REPLIED + NULL),
    mail("away: cPanel", A, "Away", "I no longer check this mailbox. It is full.", extra="X-Autorespond: Away\nPrecedence: auto_reply\n"),
    mail("away: Domino", A, "Lead Officer is out of the office (returning 26/10/2026)", "I will respond when I return.", extra=REPLIED),
    mail("away: GroupWise", A, "Re: Your report", "I am out of the office.", extra="X-Autoresponder: GroupWise\n" + NULL),
    mail("has left, says so itself", A, "Automatic reply: Your report", "I no longer work here. Your message will not be delivered; write to duty@agency.example.", extra=REPLIED + NULL),
    mail("away: names another address, no return path", A, "Re: Your report", "I am on leave. If you cannot reach me write to deputy@agency.example.", extra=NULL + REPLIED),
    mail("ticket opened", A, "[Ticket 12] Your report", "We have received your message.", extra="Auto-Submitted: auto-generated\n"),
    mail("with thanks, from a shared mailbox", A, "Thank you for your email", "We answer within five days.", sender="Duty <duty@agency.example>", extra=NULL),
    mail("challenge", A, "Please confirm your message", "Your message has not been delivered yet. Reply to lead@agency.example to confirm.", extra=REPLIED),
    mail("challenge without a return path", A, "Confirm your message to me", "Click below and your mail is delivered.", extra=NULL + "Precedence: bulk\n"),
    mail("list mail", A, "[safeguarding] Delivery of the new service has failed", "Colleagues, the failed delivery is on the agenda.", sender="List <list@lists.example>", extra="Precedence: list\nList-Id: <list.lists.example>\n"),
    mail("list digest about bounces", A, "list Digest, Vol 1", "The user unknown error bounced again: other@agency.example", sender="list-request@lists.example", extra="Precedence: list\n"),
    mail("read: Outlook", R, "Read: Your report", _mdn("displayed"), of=_report("disposition-notification")),
    mail("read: deleted", R, "Not read: Your report", _mdn("deleted"), of=_report("disposition-notification")),
    mail("read: Thunderbird", R, "Return Receipt (displayed) - Your report", _mdn("displayed"), of=_report("disposition-notification")),
    mail("read: German", R, "Gelesen: Your report", _mdn("displayed"), of=_report("disposition-notification")),
    mail("read: receipt without a return path", R, "Lu : Your report", _mdn("displayed"), of=_report("disposition-notification"), extra=NULL),
    mail("delivered: Postfix", D, "Successful Mail Delivery Report", _dsn("delivered", "2.0.0"), sender=DAEMON, of=_report("delivery-status"), extra=NULL),
    mail("delivered: relayed", D, "Relayed: Your report", _dsn("relayed", "2.1.9"), sender="postmaster@agency.example", of=_report("delivery-status"), extra=NULL),
    mail("delivered: expanded", D, "Expanded: Your list", _dsn("expanded", "2.1.5"), sender=DAEMON, of=_report("delivery-status")),
    mail("delivered: in capitals", D, "Delivered", _dsn("DELIVERED", "2.1.5"), sender=DAEMON, of=_report("delivery-status")),
    mail("delivered: said in words", A, "Delivery Status Notification (Success)", "Your message was successfully delivered to lead@agency.example.", sender=DAEMON, extra=NULL),
    mail("quotes a bounce", M, "Re: failure notice", f"I got this, what now?\n\n{QUOTED}"),
    mail("forwards a bounce in its text", M, "Fwd: Undelivered Mail Returned to Sender", f"See below.\n\n{QUOTED}"),
    mail("forwards a bounce, in German", M, "WG: Unzustellbar: Your report", f"Siehe unten.\n\n{QUOTED}"),
    mail("writes about a full mailbox", M, "My mailbox", "My mailbox was full last week, please send it to deputy@agency.example."),
    mail("writes that she did not get it", M, "Your letter", "Your letter did not reach me. Could you send it to lead@agency.example?"),
    mail("an agency's post room", M, "Report", "The report is with you by post.", sender="Post Room <postroom@agency.example>"),
    mail("a person in delivery", M, "Service delivery report", "The delivery of services failed in two teams.", sender="Delivery Team <delivery@agency.example>"),
    mail("a report of failure", M, "Failure to thrive: audit", "The audit found that 2 of 9 could not be reached."),
    mail("a complaint", A, "Abuse report", _parts(("text/plain", "This is an email abuse report."), ("message/feedback-report", "Feedback-Type: abuse\nVersion: 1\n"), ("message/rfc822", COPY)), sender="Feedback <fbl@freemail.example>", of=_report("feedback-report"), extra="Auto-Submitted: auto-generated\n"),
    mail("a digest of DMARC", M, "Report domain: council.example", "The report is attached.", sender="noreply@freemail.example"),
    mail("answer: accepted", C, "Accepted: Your session", _parts(("text/plain", "Accepted"), ("text/calendar; method=REPLY", INVITED)), of='multipart/alternative; boundary="edge"'),
    mail("answer: declined, from an assistant", C, "Declined: Your session", _parts(("text/plain", "She cannot be reached."), ("text/calendar; method=REPLY", INVITED.replace("ACCEPTED", "DECLINED"))), of='multipart/alternative; boundary="edge"'),
    mail("answer: without a return path", C, "Tentative: Your session", _parts(("text/calendar; method=REPLY", INVITED),), of='multipart/mixed; boundary="edge"', extra=NULL),
    mail("answer: the calendar alone", C, "Accepted: Your session", INVITED, of="text/calendar; method=REPLY"),
    mail("a person on deliveries", M, "Delivery report for October", "We could not reach deputy@agency.example; the delivery failed."),
    mail("a person who rejects", M, "Rejected mail", "I rejected it; see lead2@agency.example"),
    mail("a person on letters", M, "Undeliverable letters to families", "Two letters were undeliverable, ask us.", sender="Admin Team <admin@agency.example>"),
    mail("a person at notes@", M, "Your report", "Your message could not be delivered last week, use new@agency.example", sender="Notes Team <notes@agency.example>"),
    mail("a person whose team is called so", M, "Training", "Your mail was not delivered, says other@agency.example", sender="Mail Delivery Training <training@agency.example>", extra="Return-Path: <training@agency.example>\n"),
    mail("a person on a user", M, "Unknown user in our system", "The child is an unknown user of our service; contact duty@agency.example"),
    mail("away, of a bounce of ours", A, "Automatic reply: Undeliverable: Your report", "I am away, write to other@agency.example", extra=REPLIED + NULL),
    mail("a digest of a quarantine", M, "Quarantine digest", "Held for you: other@agency.example", sender="Postmaster <postmaster@agency.example>"),
    mail("passes a bounce on as a file", M, "FW: Undeliverable: minutes", _parts(("text/plain", "See what I got."), ("message/rfc822", f"From: {DAEMON}\nSubject: failure notice\nContent-Type: {REPORT}; boundary=\"in\"\n\n--in\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; other@agency.example\nAction: failed\nStatus: 5.1.1\n\n--in--")), of='multipart/mixed; boundary="edge"'),
    mail("challenge from a server's address", A, "Your email requires verification verify#1", "The message you sent requires that you verify that you are a real live human being. To complete this, simply reply to this message and leave the subject line intact.\n\nTo: lead@agency.example", sender="mailer-daemon@agency.example", extra=REPLIED + NULL),
    mail("challenge: a service's", A, "Re: Your report (verification)", "Your message was not delivered. Click the link below to complete the verification and have your message delivered to lead@agency.example.", extra=NULL),
    mail("a parcel", A, "Delivery failed: we missed you", "Delivery of your parcel failed. Rebook at help@courier.example.", sender="Parcels <noreply@courier.example>", extra="Auto-Submitted: auto-generated\n"),
    mail("a ticket about a bounce", A, "[DESK-1] Undeliverable mail to pat@agency.example", "Pat reports: Undeliverable mail to pat@agency.example, error 550 5.1.1", sender="desk@agency.example", extra="Auto-Submitted: auto-generated\n"),
    mail("our own mailbox is nearly full", A, "Your mailbox is almost full", f"Your mailbox {OURS} has reached 90% of its quota; at 100% mail to you will be rejected.", sender="postmaster@council.example", extra=NULL),
    mail("deleted unread, not refused", R, "Not read: Your report", _mdn("deleted"), of=_report("disposition-notification"), extra=REPLIED),
    mail("recalled", M, "Message Recall Failure: Section 11", "Your message could not be recalled: lead@agency.example"),
    mail("held for moderation", A, "Your message to Leads awaits moderator approval", "It is being held until the list moderator can review it for approval.", sender="leads-bounces@lists.example", extra="Precedence: bulk\nList-Id: <leads.lists.example>\n"),
]  # fmt: skip
