"""One scene on one database, played in children that are struck from outside, and what becomes of it judged."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults.mail_server import MailServer, running_mail_server
from tests.faults.playing import PLAYED
from tests.faults.powercut import Disk
from tests.faults.scenes import Scene, Stage
from tests.faults.syscalls import Call, Ended, Forks, fast_folder
from tests.postgres import Postgres

_PLAYING = "tests.faults.playing"
Verdict = dict[str, Any]
"""What `tests.faults.playing.judged` says."""


@dataclass(frozen=True)
class Grounds:
    """What every scene is played with: a process to fork from, scenes made ready, a mail server."""

    forks: Forks
    stage: Stage
    server: MailServer
    _known: dict[tuple[str, str, str], Ground] = field(default_factory=dict)

    def of(self, name: str, database: str = "sqlite", *, without: str = "") -> Ground:
        """Where one scene is played; *without* one of the guards of `tests.faults.playing`, if any."""
        if (name, database, without) not in self._known:
            ground = Ground(self.forks, self.stage, self.server, PLAYED[name], database, without)
            self._known[name, database, without] = ground
        return self._known[name, database, without]


@contextmanager
def laid_out(postgres: Callable[[], Postgres]) -> Iterator[Grounds]:
    """Lay them out, and clear them away."""
    with tempfile.TemporaryDirectory(dir=fast_folder(), prefix="s11flow-faults-") as folder:
        scenes, mail = Path(folder, "scenes"), Path(folder, "mail")
        scenes.mkdir()
        mail.mkdir()
        forks = Forks(_PLAYING)
        try:
            with running_mail_server(mail) as server:
                yield Grounds(forks, Stage(scenes, postgres), server)
        finally:
            forks.close()


@dataclass
class Ground:
    """Plays the scene as often as asked, each time from a fresh copy of what was there before."""

    forks: Forks
    stage: Stage
    server: MailServer
    scene: Scene
    database: str = "sqlite"
    without: str = ""
    """One of the guards of `tests.faults.playing`, taken away."""
    _kept: Path = field(init=False)
    _calls: tuple[Call, ...] = ()

    def __post_init__(self) -> None:
        words = f"undisturbed {self.scene.name} {self.database} {self.without}"
        self._kept = self.stage.root / f"{words.strip().replace(' ', '-')}.pickle"
        with self.place() as where:
            self.forks.warm_up(f"{_PLAYING}:undisturbed", str(self._kept), *where)

    @contextmanager
    def place(self) -> Iterator[list[Any]]:
        """A fresh place, as the children are told of it."""
        with self.stage.place(self.scene, self.database) as place:
            for empty in (place.documents, place.outbox):
                with suppress(OSError):
                    empty.rmdir()  # made anew where it is needed
            post = [self.server.port, str(self.server.folder)] if self.scene.by_smtp else []
            try:
                yield [self.scene.name, place.database_url, str(place.folder), *post]
            finally:
                if self.scene.by_smtp:
                    self.server.taken()  # none is left over for the next

    def calls(self) -> tuple[Call, ...]:
        """All that the scene asks of the kernel, in order."""
        self._calls = self._calls or self.watched()[0]
        return self._calls

    def watched(self) -> tuple[tuple[Call, ...], Disk, str]:
        """The same, with the disk as it was before, and the whole log to follow on it."""
        with self.place() as where:
            before = Disk(Path(where[2]))
            ended, calls = self.forks.watched(*self._playing(where), log=self._log)
            assert ended.said == [0, ""], ended
        return calls, before, ended.log

    def killed_at(self, inject: Sequence[str]) -> Verdict | None:
        """The verdict on what is there in the end if the scene is killed so; None if it ended first."""
        with self.place() as where:
            if not self.forks.struck(*self._playing(where), log=self._log, inject=inject).killed:
                return None
            return self._judged(where)

    def refused(self, inject: Sequence[str]) -> tuple[Ended, Verdict] | None:
        """How the scene's command ends if the kernel refuses what *inject* says, and the verdict on what then comes."""
        with self.place() as where:
            ended = self.forks.struck(*self._playing(where), log=self._log, inject=inject)
            return (ended, self._judged(where)) if ended.struck else None

    def judged_on(self, folder: Path) -> Verdict:
        """The verdict if the scene's folder is this one (SQLite, and mail that is filed)."""
        return self._judged([self.scene.name, f"sqlite:///{folder / 's11flow.db'}", str(folder)])

    def _judged(self, where: Sequence[Any]) -> Verdict:
        verdict: Verdict = self.forks.run(f"{_PLAYING}:judged", str(self._kept), *where)
        return verdict

    def _playing(self, where: Sequence[Any]) -> list[Any]:
        if self.without:
            return [f"{_PLAYING}:play_without", self.without, *where]
        return [f"{_PLAYING}:play", *where]

    @property
    def _log(self) -> Path:
        return self.stage.root / "strace.log"


def spread(points: Sequence[Any], wanted: int | None) -> list[Any]:
    """As many as *wanted* of them, evenly spread; all for None."""
    if wanted is None or wanted >= len(points):
        return list(points)
    step = len(points) / wanted
    return [points[int(step / 2 + step * number)] for number in range(wanted)]


def counted(verdicts: Sequence[Verdict], **more: Any) -> dict[str, Any]:
    """The numbers of a run of these verdicts."""
    counts: Counter[str] = Counter()
    for verdict in verdicts:
        counts.update({name: len(verdict[name]) for name in ("lost", "broken", "doubled", "faults")})
        counts.update({name: verdict[name] for name in ("resent", "twice", "left")})
    return {"points": len(verdicts), **more, **{name: counts[name] for name in sorted(counts)}}


def faults(verdicts: Mapping[str, Verdict]) -> dict[str, list[str]]:
    """What is wrong, by where it was disturbed."""
    return {where: verdict["faults"] for where, verdict in verdicts.items() if verdict["faults"]}


SceneOn = tuple[str, str]
"""The name of a scene, and the database it is played on."""


def for_each_scene(metafunc: pytest.Metafunc, short: Sequence[SceneOn], every: Sequence[SceneOn]) -> None:
    """Let a test that asks for `name` and `database` run for *every* scene, or in the short run for some."""
    if {"name", "database"} <= set(metafunc.fixturenames):
        chosen = every if metafunc.config.getoption("--thorough") else short
        marks = {"postgres": [pytest.mark.postgres], "sqlite": []}
        params = [pytest.param(name, database, marks=marks[database]) for name, database in chosen]
        metafunc.parametrize(("name", "database"), params)
