"""The commands by name, and what happens when arguments are wrong. Commands are in their groups' modules.

Modules of commands import nothing heavy at their top: what a command needs is loaded when it runs.
"""

import sys
from collections.abc import Sequence

import typer

from squads_pipeline.surfaces.cli import (
    alerting,
    backfilling,
    community,
    correcting,
    crediting,
    database,
    dumping,
    endings,
    exporting,
    importing,
    ledger,
    money,
    overview,
    pausing,
    pledging,
    plotting,
    policy,
    proposals,
    reconciling,
    replaying,
    rosters,
    serving,
    simulating,
    tables,
    targets,
    work_lists,
    working,
)
from squads_pipeline.surfaces.cli.answers import USAGE, Answer

# What Typer raises for wrong arguments: ClickException, of its own copy of click or of the installed one.
_CLICK_EXCEPTION = typer.BadParameter.__mro__[2]


app = typer.Typer(
    name="squads",
    help="The economy of research squads: pools, quadratic funding and credit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _group(name: str, help_text: str) -> typer.Typer:
    """A group of commands, which the caller fills."""
    group = typer.Typer(no_args_is_help=True, help=help_text)
    app.add_typer(group, name=name)
    return group


app.command("up")(serving.up)
app.command("demo")(serving.demo)
app.command("simulate")(simulating.simulate)
app.command("replay")(replaying.replay)
app.command("reconcile")(reconciling.reconcile)
app.command("backfill")(backfilling.backfill)
app.command("gaps")(overview.gaps)
app.command("status")(overview.status)
app.command("pause")(pausing.pause)
app.command("resume")(pausing.resume)
app.command("alerts")(alerting.alerts)
app.command("market")(overview.market)
app.command("why")(overview.why)
app.command("contribute")(money.contribute)
app.command("pledge")(pledging.pledge)
app.command("pledges")(pledging.pledges)
app.command("log")(working.log)
app.command("find")(working.find)
app.command("review")(working.review)
app.command("findings")(work_lists.findings)
app.command("journal")(work_lists.journal)
app.command("outcome")(crediting.outcome)
app.command("credit")(crediting.credit)
app.command("table")(tables.table)
app.command("disband")(endings.disband)
app.command("fork")(endings.fork)
app.command("merge")(endings.merge)
app.command("sponsor")(endings.sponsor)
app.command("bonus")(endings.bonus)
app.command("plot")(plotting.plot)
app.command("export")(exporting.export)
app.command("form")(rosters.form)
app.command("join")(rosters.join)
app.command("leave")(rosters.leave)
app.command("harvest")(rosters.harvest)

bids_group = _group("bids", "Bids to join squads, and the decisions about them.")
bids_group.command("list")(rosters.bids)
bids_group.command("decide")(rosters.decide)
bids_group.command("withdraw")(rosters.withdraw)

import_group = _group("import", "Bring in what other systems recorded.")
import_group.command("contributions")(importing.contributions)

ledger_group = _group("ledger", "Check the ledger, take it away, and issue tokens.")
ledger_group.command("verify")(ledger.verify)
ledger_group.command("export")(ledger.export)
ledger_group.command("mint")(money.mint)
ledger_group.command("correct")(correcting.correct)

policy_group = _group("policy", "See and change the numbers that rule the economy.")
policy_group.command("show")(policy.show)
policy_group.command("diff")(policy.diff)
policy_group.command("apply")(policy.apply)
policy_group.command("proposals")(proposals.proposals)
policy_group.command("adopt")(proposals.adopt)

provenance_group = _group(
    "provenance", "What artifacts were derived from: the ways along which credit goes back."
)
provenance_group.command("add")(crediting.derive)

agents_group = _group("agents", "The actors of the community.")
agents_group.command("add")(community.add_agent)

squads_group = _group("squads", "The research squads.")
squads_group.command("add")(community.add_squad)

targets_group = _group(
    "targets", "The gaps, hypotheses, challenges and analyses that squads are formed around."
)
targets_group.command("add")(targets.add)
targets_group.command("close")(targets.close)
targets_group.command("list")(targets.list_)

db_group = _group("db", "The database: the embedded PostgreSQL, or the one of SQUADS_DATABASE_URL.")
db_group.command("url")(database.url)
db_group.command("start")(database.start)
db_group.command("stop")(database.stop)
db_group.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    database.psql
)
db_group.command("backup")(dumping.backup)
db_group.command("restore")(dumping.restore)
db_group.command("move")(dumping.move)
db_group.command("analyst")(database.analyst)
db_group.command("dictionary")(database.dictionary)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 refused or failed, 2 wrong arguments, 130 for Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_run(given))


def _run(arguments: list[str]) -> int:
    try:
        code = app(arguments, prog_name="squads", standalone_mode=False)
    except typer.Abort:
        return 130
    except Exception as error:
        if not isinstance(error, _CLICK_EXCEPTION):
            raise
        return _usage_error(error, as_json="--json" in arguments)
    return code if isinstance(code, int) else 0


def _usage_error(error: Exception, *, as_json: bool) -> int:
    message = getattr(error, "format_message", error.__str__)()
    if as_json:
        Answer(as_json=True).failed(message, remedy="See `squads --help`.", kind="usage")
    else:
        getattr(error, "show", lambda: None)()
    return USAGE
