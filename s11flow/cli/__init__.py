"""The command line. Heavy imports wait inside the commands: `s11flow --help` is answered at once."""

from __future__ import annotations

import typer

from s11flow.cli import (
    agencies,
    case,
    cycle,
    doctor,
    escalation,
    inbox,
    incident,
    judging,
    links,
    outbox,
    panel,
    process,
    proposal,
    report,
    running,
    setup,
    succession,
)
from s11flow.cli.frame import Root

__all__ = ["app", "main"]

app = typer.Typer(
    cls=Root,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Runs a safeguarding partnership's Section 11 cycle. Data goes to stdout, everything else to stderr. "
    "It ends with 0 when done, 1 when refused, 2 when mistyped, 3 when a person is needed, 4 when not set up.",
)
for command in (
    setup.demo,
    setup.init,
    setup.migrate,
    doctor.doctor,
    setup.verify,
    setup.worker,
    running.forecast,
    running.tick,
    running.deliver,
    judging.assess,
    judging.agree,
    judging.reopen,
    report.report,
    process.lifecycle,
):
    app.command()(command)
for name, group in {
    "agencies": agencies.app,
    "cycle": cycle.app,
    "case": case.app,
    "panel": panel.app,
    "escalation": escalation.app,
    "outbox": outbox.app,
    "inbox": inbox.app,
    "links": links.app,
    "incident": incident.app,
}.items():
    app.add_typer(group, name=name)
for event in (
    succession.contact_left,
    succession.hand_over,
    succession.rename,
    succession.merge,
    succession.abolish,
    succession.recommission,
):
    agencies.app.command(event.__name__.replace("_", "-"))(event)
panel.app.add_typer(proposal.app, name="proposal")
panel.app.command()(proposal.alias)
agencies.actions.command("move")(succession.move_action)


def main() -> None:
    """Run the command that was typed."""
    app(prog_name="s11flow")
