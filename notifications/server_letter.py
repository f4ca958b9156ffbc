"""Letters in which a mail server says in words that a mail of ours was not delivered: which mail is one."""

import re
from email.message import Message
from typing import Final

from notifications.failure import ENHANCED, REPLY, any_of
from notifications.headers import text_of
from notifications.mentioned import address_in, addresses_in
from notifications.second_opinion import second_opinion
from notifications.words import letter_in

_HEAD: Final = 3_000
"""Characters of a letter in which it says what it is."""

# --- whether a server wrote it

_DAEMONS = (
    r"mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon|mail[-_.]?delivery|mail[-_.]?system|mmdf|exim|mta"
    r"|microsoftexchange[0-9a-f]{16,}"
)
_A_DAEMON = re.compile(rf"^({_DAEMONS})([-+_.0-9=].*)?(@|$)", re.IGNORECASE)
"""Who writes nothing but of deliveries."""
A_SERVER = re.compile(
    rf"^({_DAEMONS}|postmaster|post[-_.]?office|bounces?|smtp|uucp|daemon|microsoftexchange|majordomo)([-+_.0-9=].*)?@",
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
    "(errore|ritardo|notifica).{0,30}(recapito|consegna)|(consegna|recapito) (fallit|non riuscit)",
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
    "(n'a|n'ont) (pas )?pu [êe]tre (remis|distribu|livr|envoy|d[ée]livr)|échec de la remise|non remis",
    "no (pudo|se pudo|ha podido|se ha podido|puede).{0,20}(ser )?entreg|no fue entregado",
    "non (può|è|ha potuto).{0,30}(consegna|recapita)|impossibile (consegnare|recapitare)",
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
    "requires? (your )?(confirmation|verification)",
    "(confirmation|verification|permission) (request|required|needed|code)",
    "to (release|confirm) (your|this) (message|mail|e-?mail)",
    "awaits? (moderator )?approval|awaiting (moderat|approval)",
    "(is being|has been) held (until|because|for (approval|review|moderat))",
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
    labelled = subject.startswith("[") and not from_a_server  # a ticket, or a list
    titled = bool(_SUBJECT_OF_ONE.search(subject)) and not _ANSWERED.match(subject) and not labelled
    surely = from_a_server and (titled or from_a_daemon)
    if not (is_report or from_a_server or titled) or (_is_an_answer(mail) and not surely):
        return False
    words = letter_in(mail)
    head = f"{subject}\n{words[:_HEAD]}"
    if _WENT_WELL.search(head) or (_ASKS_FOR_AN_ANSWER.search(head) and not _has_a_code(words)):
        return False
    if from_a_daemon and _names_somebody(mail, words):  # whatever its language
        return True
    fails = bool(_SAYS_IT_FAILED.search(words) or _STILL_TRIES.search(words) or _gives_a_code(mail, words))
    if is_report or from_a_server:
        return titled or (fails and (is_report or _names_another(mail, words)))
    # a person, whose subject has such words in it; or something else that was not delivered, a parcel
    of_mail = fails and bool(_OF_A_MAIL.search(head)) and _names_another(mail, words)
    return of_mail and (_by_a_program(mail, words) or any(second_opinion(mail)))


def _names_another(mail: Message, words: str) -> bool:
    return bool(set(addresses_in(words)) - aside_from(mail))


def aside_from(mail: Message) -> set[str]:
    """Who takes part in a bounce without being the one who did not get the mail: the server, and us."""
    fields = ("from", "to", "reply-to", "return-path", "sender", "delivered-to", "x-original-to")
    return {found for field in fields for value in mail.get_all(field, []) for found in addresses_in(text_of(value))}


_HELPS = any_of(
    r"\b(contact|help|assist\w*|support|questions?|repl(y|ies) to|write to|forward (this|it))\b[^.!?]{0,80}$"
)


def is_to_help(address: str, letter: str) -> bool:
    """Whether *letter* names the address as one to turn to."""
    place = letter.lower().find(address)
    return place > 0 and bool(_HELPS.search(letter[max(0, place - 120) : place].rstrip(" \t<([:\"'")))


_MOST_LOOKED_AT: Final = 20


def _names_somebody(mail: Message, words: str) -> bool:
    aside, head = aside_from(mail), words[:_HEAD]
    named = [address for address in addresses_in(head)[:_MOST_LOOKED_AT] if address not in aside]
    return any(not is_to_help(address, head) for address in named)


def _gives_a_code(mail: Message, words: str) -> bool:
    """Whether one who only writes of deliveries, or nobody, says a code of a failure in whatever language."""
    nobodys = text_of(mail.get("return-path", "-")) in {"", "<>"}
    return (_from_a_daemon(mail) or nobodys) and _has_a_code(words)


def _has_a_code(words: str) -> bool:
    return bool(ENHANCED.search(words) or REPLY.search(words))


def _report_type(mail: Message) -> str:
    return str(mail.get_param("report-type", "")).lower()


def is_from_a_server(mail: Message) -> bool:
    """Whether a mail server is the sender: by its address, or its name; a person's note may have nobody's path too."""
    sender = text_of(mail.get("from", ""))
    address = address_in(sender) or sender.lower()
    returns_to = address_in(text_of(mail.get("return-path", "")))
    of_a_person = returns_to is not None and not A_SERVER.match(returns_to)
    named = bool(A_SERVER.match(address)) or _from_a_daemon(mail)
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
        return _has_a_code(words)
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
REFUSED = any_of("blocked by", "refused by")
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


def still_tries(words: str, subject: str) -> bool:
    """Whether the letter says that its server goes on trying."""
    head = f"{subject}\n{words[:_HEAD]}"
    return bool(_SURELY_TRIES.search(head) or (_STILL_TRIES.search(head) and not _GIVEN_UP.search(head)))
