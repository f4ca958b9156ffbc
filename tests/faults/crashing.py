"""Ends a process at one point of a scene, or lets it miss the answer to one commit, and has what is left judged.

The process is a fork of this one, which has everything loaded; it opens a database of its own, is killed as by
`kill -9`, and what it was doing is then done again as a user would: by giving the same command, and by the next run.
"""

from __future__ import annotations

import os
import pickle
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from s11flow.domain.errors import S11Error
from tests.faults.imap_server import ImapServer
from tests.faults.judge import Found, Verdict, at_once, judge, look
from tests.faults.mail_server import Mail, MailServer
from tests.faults.scenes import FOLDER_MAIL, IMAP, Place, Scene, Stage, run_on
from tests.faults.seams import END_OF_TEXT, Points, lose_the_answer, watch

Tell = Callable[[object], None]


def in_a_fork(work: Callable[[Tell], None]) -> tuple[list[Any], bool]:
    """Do *work* in a process of its own; gives what it told and whether it was killed. What it raises, we do."""
    reads, writes = os.pipe()
    with warnings.catch_warnings():
        # From Python 3.12 on a fork beside threads is warned of: those there are here are the test runner's, asleep.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reads)
        _work_and_end(work, writes)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        told = list(_all_told(pipe))
    _, status = os.waitpid(child, 0)
    if told and isinstance(told[-1], _Raised):
        raise AssertionError(f"The process that was to be disturbed failed:\n{told[-1].trace}")
    return told, os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@dataclass(frozen=True)
class _Raised:
    trace: str


def _work_and_end(work: Callable[[Tell], None], pipe: int) -> None:
    def tell(what: object) -> None:
        os.write(pipe, pickle.dumps(what))

    try:
        work(tell)
    except BaseException:
        tell(_Raised(traceback.format_exc()))
    os._exit(0)  # nothing of the test runner's is ended from here


def _all_told(pipe: Any) -> Iterator[Any]:
    try:
        while True:
            yield pickle.load(pipe)
    except EOFError:
        return


# --- one scene on one database ---------------------------------------------------------------------------------------


@dataclass
class Sweep:
    """Plays one scene on one database again and again, and knows what it leaves undisturbed."""

    stage: Stage
    scene: Scene
    database: str
    server: MailServer
    imap: ImapServer | None = None
    _sound: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        with self._place() as place:
            with place.app(self.scene.now) as app:
                self.scene.play(app)
            self.undisturbed = self._run_on_and_look(place)
        assert self.undisturbed.broken == []

    def points(self) -> list[str]:
        """The points that the scene passes, by name and in order."""

        def lists(place: Place, tell: Tell) -> None:
            points = Points()
            self._play_watched(place, points)
            tell(points.names)

        with self._place() as place:
            (names,), _ = in_a_fork(lambda tell: lists(place, tell))
        return list(names)

    def crash(self, number: int, names: Sequence[str]) -> Verdict:
        """Kill the process at point *number* of *names*, do it again, and judge what is there then."""

        def dies(place: Place, tell: Tell) -> None:
            def here(reached: int, name: str) -> None:
                if reached == number:
                    tell(name)
                    os.kill(os.getpid(), signal.SIGKILL)

            self._play_watched(place, Points(here))

        with self._place() as place:
            told, was_killed = in_a_fork(lambda tell: dies(place, tell))
            assert (told, was_killed) == ([names[number - 1]], True)
            with place.app(self.scene.now) as app:
                broken = at_once(place, app.unit_of_work, self._sound, now=self.scene.now)
            verdict = self._recovered(place, may_double=number in in_the_window(names))
        return _with_broken(verdict, broken)

    def miss_the_answer(self, number: int) -> tuple[str, Verdict]:
        """Let commit *number* be done and its client see an error; gives what the command raised, and the verdict."""

        def misses(place: Place, tell: Tell) -> None:
            with place.app(self.scene.now) as app:
                _ = app.unit_of_work
                lose_the_answer(app.engine, number)
                try:
                    self.scene.play(app)
                except Exception as error:
                    tell(f"{type(error).__name__}: {error}")
                else:
                    tell("nothing")

        with self._place() as place:
            (raised,), _ = in_a_fork(lambda tell: misses(place, tell))
            return str(raised), self._recovered(place, may_double=False)

    @contextmanager
    def _place(self) -> Iterator[Place]:
        mail_url = self.server.url if self.scene.by_smtp else FOLDER_MAIL
        with self.stage.place(self.scene, self.database, mail_url) as place:
            by_imap = self.imap if self.scene.by_imap else None
            try:
                yield place if by_imap is None else replace(place, mailbox_url=by_imap.url(place.folder / IMAP))
            finally:
                self.server.taken()  # none is left over for the next

    def _play_watched(self, place: Place, points: Points) -> None:
        with place.app(self.scene.now) as app:
            _ = app.unit_of_work  # open before anything is watched
            watch(app.engine, place.folder, points)
            self.scene.play(app)

    def _recovered(self, place: Place, *, may_double: bool) -> Verdict:
        # If it was done already the command says so; whether it was is judged.
        with place.app(self.scene.now) as app, suppress(S11Error):
            self.scene.play(app)
        return judge(self.undisturbed, self._run_on_and_look(place), may_double=may_double)

    def _run_on_and_look(self, place: Place) -> Found:
        with place.app(self.scene.now) as app:
            run_on(self.scene, app)
            mails: list[Mail] = self.server.taken() if self.scene.by_smtp else []
            return look(place, app.unit_of_work, mails, now=self.scene.later)


def in_the_window(names: Sequence[str]) -> set[int]:
    """The points at which the server may have taken a mail, and that it did is not committed yet."""
    found, is_open = set(), False
    for number, name in enumerate(names, 1):
        if name.startswith(f"{END_OF_TEXT}:after"):
            is_open = True
        elif name.startswith("commit:after"):
            is_open = False
        if is_open:
            found.add(number)
    return found


def _with_broken(verdict: Verdict, broken: Sequence[str]) -> Verdict:
    also = tuple(f"straight after the crash: {fault}" for fault in broken)
    return Verdict(verdict.lost, (*also, *verdict.broken), verdict.doubled, verdict.resent, verdict.twice, verdict.left)
