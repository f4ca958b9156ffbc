"""Letters in which a mail server says in words that a mail of ours was not delivered, and whose it was."""

import re
from collections.abc import Iterable
from email.message import Message
from itertools import islice
from typing import Final

from flufl.bounce import all_failures

from notifications.delivery_status import LONGEST_REASON, blocks_in_letter, told
from notifications.failure import (
    ENHANCED,
    REPLY,
    Failure,
    Lasting,
    any_of,
    lasting,
    status_in,
    tells,
    without_repeats,
)
from notifications.fields import within
from notifications.headers import one_line, text_of
from notifications.mentioned import address_in, addresses_in
from notifications.returned import copies_in
from notifications.words import letter_in

_HEAD: Final = 3_000
"""Characters of a letter in which it says what it is."""

# --- whether a server wrote it

_A_DAEMON = re.compile(
    r"^(mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon|mail[-_.]?delivery|mail[-_.]?system|mmdf|exim|mailerdaemon"
    r"|maildelivery|mta|microsoftexchange[0-9a-f]{16,})([-+_.0-9=].*)?(@|$)",
    re.IGNORECASE,
)
"""Who writes nothing but of deliveries."""
_A_SERVER = re.compile(
    r"^(mailer[-_.]?daemon|postmaster|post[-_.]?office|mail[-_.]?daemon|mdaemon|mail[-_.]?delivery|mail[-_.]?system|bounces?"
    r"|mmdf|smtp|uucp|exim|daemon|microsoftexchange[0-9a-f]*|mailerdaemon|majordomo|maildelivery|mta)"
    r"([-+_.0-9=].*)?@",
    re.IGNORECASE,
)
_A_SERVERS_NAME = any_of(
    "mail(er)?[- ]?(delivery|daemon|system|administrator)",
    "postmaster",
    "delivery sub",
    "system administrator",
    "mailbox administrator",
    "mail transfer",
    "mail (server|router)",
    "internet mail",
)
_SUBJECT_OF_ONE = any_of(
    "undeliver",
    "non[- ]?deliver",
    "not delivered",
    "could not be delivered",
    "delivery (status )?(notification|failure|failed|problem|report|error|impossible)",
    "delivery (status )?(has been delayed|delayed|incomplete|unsuccessful)",
    "failure notice",
    "fail(ed|ure)( mail)?( delivery|:|$| notice)",
    "returned (mail|to sender|message)",
    "mail(er)? (delivery|system) (fail|error|warn)",
    "bounce",
    "mail delivery status",
    "warning: (could not send|message)",
    "message (delayed|status|could not)",
    "unknown (user|address|recipient)",
    "user unknown",
    "not deliverable",
    "mail (status report|could not)",
    "delayed mail",
    "error sending",
    "problems? delivering",
    "rejected mail",
    "(mail|message) rejected",
    "unzustell",
    "(nicht|konnte) (zugestellt|zustell)",
    "zustell(ung|ungs|-)",
    "non (remis|distribu|recapita|consegna)",
    "(échec|notification d'échec|erreur).{0,30}(remise|distribution|envoi|livraison)",
    "remise (différée|retardée)",
    "mancat[ao] (recapito|consegna)",
    "(errore|ritardo|notifica).{0,30}(recapito|consegna)",
    "no se (puede|pudo|ha podido|entreg)",
    "(error|fallo|retraso|problema).{0,30}(entrega|envío)",
    "(no|non) (entregad|entregable)",
    "não (foi )?(entreg|pôde)",
    "(falha|erro|atraso).{0,30}(entrega|envio)",
    "onbestelbaar",
    "(niet|kan niet) (worden )?(te )?(bezorg|aflever|bestell)",
    "vertraag",
    "(kunde|går) (inte|ej) (att )?(levere|att leverera)",
    "olevererb|kan ikke levere|ikke (blive )?lever|leveringsfejl|fördröjd leverans|forsinke",
    "toimit(us|tamaton)|ei voitu toimittaa|ei voida toimittaa",
    "niedostarcz|nie dostarczono|zwrot|nie (można|udało)",
    "nedoruč|nedorucit|kézbesíthetetlen|kézbesít",
    "teslim edil|iletilemedi",
    "livrare|nelivrat",
    "недостав",
    "не (был |было )?доставлен",
    "не удалось доставить",
    "退信",
    "(无法|未能|無法)(送达|投递|送達|传递|傳遞)",
    "配信(不能|失敗|エラー|不可|遅延)|配信できません",
    "(전송|배달|반송).{0,6}(실패|불가|메일|지연)",
)
_ANSWERED = re.compile(r"^\s*(re|aw|fw|fwd|wg|tr|sv|vs|odp|rv|enc|i|r)\s*:", re.IGNORECASE)
_SAYS_IT_FAILED = any_of(
    "(could ?n[o']t|can(no|')t|unable to|not|failed to|never) (yet )?(be |been )?(deliver|reach|send|sent)",
    "un-?deliver",
    "non-?deliver",
    "delivery.{0,40}(fail|error|problem|delay|incomplete|not)",
    "fail.{0,30}(deliver|recipient|address)",
    "returned to (you|sender)",
    "permanent (fatal )?error",
    "did not reach",
    "user unknown",
    "unknown (user|recipient|address)",
    "no such user",
    "(was|has)n't (been )?delivered",
    "unrouteable",
    "bounced",
    "does not exist",
    "mailbox.{0,20}full",
    "over quota",
    "rejected",
    "error.{0,40}deliver",
    "not (been )?(able|accepted)",
    "have(n't| not) been able",
    "address(es)? (that )?failed",
    "problem.{0,30}deliver",
    "deliver.{0,40}(stopped|blocked)",
    "following (recipient|address)",
    "nicht.{0,40}(zugestellt|zustellbar|übermittelt|erreich)",
    "fehlgeschlagen|unzustellbar",
    "(n'a|n'ont) (pas )?pu être (remis|distribu|livr|envoy)|échec de la remise|non remis",
    "no (pudo|se pudo|ha podido|se ha podido|puede).{0,20}(ser )?entreg|no fue entregado",
    "non (può|è stato|è stata|ha potuto).{0,30}(consegnat|recapitat)|impossibile (consegnare|recapitare)",
    "não (pôde|foi|pode|conseguimos).{0,20}(ser )?entreg|falha na entrega",
    "(niet|kon niet|kan niet).{0,30}(bezorg|afgelever|aflever|bestel)",
    "(kunde|gick|går|har|kan) (inte|ej).{0,20}lever|kunne ikke.{0,20}lever|ikke (blev|ble|blitt|blevet) lever",
    "ei voitu.{0,20}toimit|ei ole toimitettu",
    "nie (powiodło|udało|może|mogła|została|można).{0,40}|niedostarcz",
    "(nebylo|nebyla|nelze|nemohl).{0,30}doruč|nem (sikerült|lehet|kézbesít)",
    "teslim edileme|iletileme",
    "nu a (putut|fost).{0,20}livrat",
    "(не|невозможно)[^.]{0,40}достав|не может быть (отправлено|доставлено)",
    "(无法|未能|無法|不能|没有).{0,10}(送达|投递|送達|发送|傳遞)|不存在|退回",
    "(配信|送信|送達)(でき|され)ません|届け?られ|配信に失敗",
    "(전송|배달).{0,8}(실패|못|수 없)",
)
_WENT_WELL = any_of(
    "success(fully)? (been )?(delivered|relayed|forwarded)",
    "(delivered|relayed|forwarded) successfully",
    r"notification \(success\)",
    "^(relayed|delivered): ",
)
_ASKS_FOR_AN_ANSWER = any_of(
    "(verif|confirm|prove|make sure|ensure).{0,40}you( are|'re) (a |an |not )?(real|human|person|spam|robot|bot)",
    "(repl|respond).{0,100}(to (confirm|verify|release)|will be delivered|subject (line )?(intact|unchanged))",
    "(click|visit|follow|go to)[^.]{0,120}(to |and )(confirm|verify|release|have your)",
    "requires? (your )?(confirmation|verification|authenti)",
    "(confirmation|verification|permission) (request|required|needed|code)",
    "to (release|confirm) (your|this) (message|mail|e-?mail)",
    "awaits? (moderator )?approval|awaiting (moderat|approval)|is being held|has been held",
    "(approved|allowed|known) senders?( list)?|unapproved sender",
    "challenge[-/ ]response|whitelist(ing)? request",
)
"""Who asks for an answer is no server that has given up, whatever address it writes from."""
_OF_A_MAIL = any_of(
    r"(your|the|this|a|following|original|sent|returned|undelivered) (\w+ )?(message|e-?mail|mail)\b",
    r"\b(recipient|mailbox|smtp|postmaster|undeliverable|non-?delivery|user unknown|unknown user)",
    r"\baddress(es)? (could|that|were|was|fail)",
)


def is_a_servers_letter(mail: Message) -> bool:
    """Whether a mail server wrote this of a mail of ours. A person who quotes one has an address of their own.

    An out-of-office note may come without a return path too: it does not say that anything failed.
    """
    if mail.get("x-failed-recipients"):
        return True
    subject = text_of(mail.get("subject", ""))
    is_report = mail.get_content_type() == "multipart/report" and _report_type(mail) in {"", "delivery-status"}
    from_a_server, from_a_daemon = is_from_a_server(mail), _from_a_daemon(mail)
    titled = bool(_SUBJECT_OF_ONE.search(subject)) and not _ANSWERED.match(subject)
    surely = from_a_server and (titled or from_a_daemon)
    if not (is_report or from_a_server or titled) or (_is_an_answer(mail) and not surely):
        return False
    words = letter_in(mail)
    head = f"{subject}\n{words[:_HEAD]}"
    if _WENT_WELL.search(head) or _ASKS_FOR_AN_ANSWER.search(head):
        return False
    if from_a_server and titled:  # whatever its language
        return True
    by_a_program = is_report or from_a_server or _by_a_program(mail, words) or any(_second_opinion(mail))
    if not by_a_program:
        return False  # a person, whose subject has such words in it
    if not (is_report or from_a_server) and not _OF_A_MAIL.search(head):
        return False  # something else that was not delivered: a parcel
    if not (_SAYS_IT_FAILED.search(words) or _STILL_TRIES.search(words) or _gives_a_code(from_a_daemon, mail, words)):
        return is_report and titled
    return is_report or bool(addresses_in(words))


def _gives_a_code(from_a_daemon: bool, mail: Message, words: str) -> bool:
    """Whether one who only writes of deliveries, or nobody, says a code of a failure in whatever language."""
    nobodys = text_of(mail.get("return-path", "-")) in {"", "<>"}
    return (from_a_daemon or nobodys) and bool(ENHANCED.search(words) or REPLY.search(words))


def _report_type(mail: Message) -> str:
    return str(mail.get_param("report-type", "")).lower()


def is_from_a_server(mail: Message) -> bool:
    """Whether a mail server is the sender: by its address, or its name; a person's note may have nobody's path too."""
    sender = text_of(mail.get("from", ""))
    address = address_in(sender) or sender.lower()
    returns_to = address_in(text_of(mail.get("return-path", "")))
    of_a_person = returns_to is not None and not _A_SERVER.match(returns_to)
    named = bool(_A_SERVER.match(address)) or _from_a_daemon(mail)
    return named or (bool(_A_SERVERS_NAME.search(sender)) and not of_a_person)


def _from_a_daemon(mail: Message) -> bool:
    sender = text_of(mail.get("from", ""))
    return bool(_A_DAEMON.match(address_in(sender) or sender.strip().lower()))


def _by_a_program(mail: Message, words: str) -> bool:
    """Whether nobody is to get an answer, or the mail says that a program wrote it, or speaks in a server's numbers."""
    returns_to = mail.get("return-path")
    if not text_of(mail.get("auto-submitted", "no")).lower().startswith("no") or text_of(mail.get("from", "")) == "<>":
        return True
    if returns_to is None:
        return bool(ENHANCED.search(words) or REPLY.search(words))
    return text_of(returns_to) in {"", "<>"}


def _is_an_answer(mail: Message) -> bool:
    answered = "auto-replied" in str(mail.get("auto-submitted", "")).lower()
    return answered or any(mail.get(name) for name in ("x-autoreply", "x-autorespond", "x-autoresponder"))


# --- whether it still tries

_SURELY_TRIES = any_of(
    "do not need to re-?send",
    "warning (message )?only",
    "no action is required on your part",
    "will be retried (?!no)",
    "still being retried",
    "has not yet been delivered",
)
_STILL_TRIES = any_of(
    "will be retried",
    "(has|have|been|is|was) delayed",
    "not yet been delivered",
    "delivery (is )?delayed",
    "delayed (mail|delivery)",
    "(still|keep|keeps|continue to|continues to) (be )?(try|retry|attempt|being made)",
    "no action is required on your part",
    "do not need to (re-?send|do anything)",
    "warning: could not send",
    "will (continue|keep|be made|try|retry)",
    "has been postponed",
    "this is (only |just )?a warning",
    "warning message only",
    "will be (made|attempted) (again|for)",
    "attempts? to deliver.{0,40}will (continue|be)",
    "delivery will be",
    r"status notification \(delay",
    "transient non-fatal errors",
    "verzögert|wird weiterhin versuch",
    "retardé|différée|continuera",
    "retrasad|seguirá intent",
    "in ritardo|continuerà",
    "atrasad|continuará (a )?tent",
    "vertraagd|blijft proberen",
    "fördröj|fortsätter|forsinket|fortsætter|fortsetter",
    "viivästy|opóźnion|opóźnieni|zpožděn|késleltet|gecik|întârzi",
    "отложен|задерж|попытки.{0,20}продолж",
    "延迟|延遲|継続|遅延|지연",
)
_REFUSED = any_of("blocked by", "refused by")
_GIVEN_UP = any_of(
    "permanent(ly)? (fatal )?(error|fail)",
    "given up",
    "giving up",
    "gave up",
    "returned to sender",
    "could not be delivered(?! for more than)",
    "failed permanently",
    "will not be retried",
    "will not continue",
    "no further (attempt|delivery)",
    "message was not delivered(?! yet)",
    "expired",
    "removed from the queue",
    "delivery failed",
)


def _still_tries(words: str, subject: str) -> bool:
    head = f"{subject}\n{words[:_HEAD]}"
    return bool(_SURELY_TRIES.search(head) or (_STILL_TRIES.search(head) and not _GIVEN_UP.search(head)))


# --- whom it names


def failures_in_letter(mail: Message) -> tuple[Failure, ...]:
    """The recipients a letter names, by what knows its wording best; each with what is said about it."""
    words = letter_in(mail)
    if found := told(blocks_in_letter(words), words):
        return without_repeats(found)
    temporary, permanent = _second_opinion(mail)
    report, subject = _report_in(words), text_of(mail.get("subject", ""))
    aside = _not_recipients(mail)
    stated = addresses_in(text_of(mail.get("x-failed-recipients", "")))
    in_words = _without(aside, addresses_in(report))
    sent_to = _without(aside, _sent_to(mail, words))
    known = [address for address in (*permanent, *temporary) if address in {*in_words, *sent_to}]
    both = [address for address in in_words if address in sent_to]
    listed = [address for address in _listed(report) if address in in_words]
    in_subject = _without(aside, addresses_in(subject))
    recipients = stated or known or both or listed or in_words[:1] or sent_to[:1] or in_subject[:1]
    delayed = _still_tries(words, subject) if stated or not known else not (permanent or _REFUSED.search(words))
    delayed = delayed or (bool(known) and _still_tries(words, subject))
    aliases = _aliases(words)
    return without_repeats(
        _of_words(address, recipients, aliases.get(address, address), words, subject, delayed=delayed)
        for address in recipients
        if not (address in aliases.values() and address not in stated)
    )


def _without(aside: set[str], found: Iterable[str]) -> list[str]:
    """*found* without those who take part otherwise, and without servers where others are named too."""
    rest = [address for address in found if address not in aside]
    return [address for address in rest if not _A_SERVER.match(address)] or rest


_LISTED = re.compile(r"^[^\w\n@]{0,12}([^\s@<>:;,()]{1,64}@[^\s@<>:;,()]{1,190})", re.MULTILINE)


def _listed(report: str) -> list[str]:
    """The addresses with which a line begins."""
    return [address for match in _LISTED.finditer(report) if (address := address_in(match[1]))]


_MADE_OF = re.compile(
    r"^[^\w\n@]{0,12}<?([^\s@<>]{1,64}@[^\s@<>:]{1,190})>?:?\s{1,40}"
    r"\((?:generated|expanded|forwarded|redirected) from:? {0,4}<?([^\s@<>()]{1,64}@[^\s@<>()]{1,190})>?\)",
    re.MULTILINE | re.IGNORECASE,
)


def _aliases(words: str) -> dict[str, str]:
    """Whom we had written to, by the address that the server made of it: what is known of is the former."""
    found = ((address_in(match[1]), address_in(match[2])) for match in _MADE_OF.finditer(words))
    return {made: asked for made, asked in found if made and asked}


def _of_words(address: str, among: list[str], recipient: str, words: str, subject: str, *, delayed: bool) -> Failure:
    said = _said_about(address, among, words) or subject
    why, status = one_line(said, LONGEST_REASON), status_in(said) or ""
    return Failure(recipient, Lasting.DELAYED if delayed else lasting("", said), status, why)


def _second_opinion(mail: Message) -> tuple[list[str], list[str]]:
    """What `flufl.bounce` makes of it: still tried, and given up. It raises on mail that is broken enough."""
    try:
        temporary, permanent = all_failures(_light(mail))
    except Exception:  # its detectors meet whatever was sent; ours go on
        return [], []
    return _plain(temporary), _plain(permanent)


_MOST_PARTS: Final = 20
_LONGEST_PART: Final = 100_000


def _light(part: Message) -> Message:
    """The mail without what is attached: `flufl.bounce` goes through every line of every part some 150 times."""
    slim = Message()
    for name, value in part.raw_items():
        slim[name] = value
    if part.is_multipart():
        slim.set_payload([_light(each) for each in islice(within(part), _MOST_PARTS)])
    elif part.get_content_maintype() == "text":
        written = part.get_payload()
        slim.set_payload(written[:_LONGEST_PART] if isinstance(written, str) else "")
    return slim


def _plain(found: Iterable[bytes]) -> list[str]:
    return sorted({address for item in found if (address := address_in(item.decode("ascii", "replace")))})


_A_COPY = (
    r"^\W{0,40}(this is a copy of|below (this|the next) line is|a copy of (the|your) |copy of (the )?original)",
    r"^\W{0,40}original (message|mail)",
    r"^\W{0,40}(the )?(returned|original|failed|rejected|undelivered|unsent) (message|mail)( |$|:)",
    r"^\W{0,40}message (text|header|follows)",
    r"^\W{0,40}(your )?message (headers )?(follow|is returned)",
    r"^\W{0,40}(included is|headers? of the|start of returned|forwarded message)",
    r"^\W{0,40}(your|the) (original )?message (is|was) (attached|included|as follows)",
    r"^\W{0,40}(the header (page|of|and)|mail (header|body) follow|begin(ning)? of )",
    "^(received: ?(from|by)|return-path:|message-id: ?<|x-mailer:|mime-version:)",
)
_COPY_BEGINS = any_of(*_A_COPY)
_REPORT_ENDS = any_of(*_A_COPY, r"^\W{0,40}transcript of session")


def _report_in(words: str) -> str:
    """The letter as far as the copy of our own mail and the servers' talk, which name addresses of their own."""
    return _before(_REPORT_ENDS, words)


def _before(end: re.Pattern[str], words: str) -> str:
    begins = end.search(words, 1)
    head = words[: begins.start()] if begins else words
    return head if addresses_in(head) else words


def _not_recipients(mail: Message) -> set[str]:
    """Who takes part in a bounce without being the one who did not get the mail: the server, and us."""
    fields = ("from", "to", "reply-to", "return-path", "sender", "delivered-to", "x-original-to")
    return {found for field in fields for value in mail.get_all(field, []) for found in addresses_in(text_of(value))}


def _sent_to(mail: Message, words: str) -> list[str]:
    """To whom the mail went that is sent back, by the copy of it."""
    for copy in copies_in(mail):
        if found := [*addresses_in(text_of(copy.get("to", ""))), *addresses_in(text_of(copy.get("cc", "")))]:
            return found
    in_text = re.search(r"^\W{0,3}to: ?(.{3,300})$", words, re.IGNORECASE | re.MULTILINE)
    return addresses_in(in_text[1]) if in_text else []


_NEAR: Final = 600
_LONGEST_SAID: Final = 4_000
_MOST_PLACES: Final = 5


def _said_about(recipient: str, among: list[str], words: str) -> str:
    """The words that give the reason: those after the recipient's address, as far as the next; else the whole report.

    An address may stand in a list first and with its reason later, so each place is looked at.
    """
    report = _before(_COPY_BEGINS, words)
    lowered, place, others = report.lower(), -1, [each for each in among if each != recipient]
    for _ in range(_MOST_PLACES):
        place = lowered.find(recipient, place + 1)
        if place < 0:
            break
        end = place + len(recipient)
        after = [found for each in others if (found := lowered.find(each, end, end + _NEAR)) >= 0]
        near = report[report.rfind("\n", 0, place) + 1 : min([end + _NEAR, *after])]
        if tells(near):
            return near.strip()
    return report.strip()[:_LONGEST_SAID]
