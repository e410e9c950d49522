"""Commands that record what dividends follow: outcomes, provenance, ordinary contributions. Paying is a driver."""

from typing import Annotated, Literal

import typer

from squads_pipeline.surfaces.cli.answers import As, Json, answering

Kind = Literal["cited", "replicated", "refuted", "adopted"]
ArtifactName = Annotated[
    str, typer.Argument(metavar="ARTIFACT", help="Written type:id, such as analysis:a-17.")
]


def outcome(
    artifact: ArtifactName,
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help="cited, replicated, refuted or adopted.")],
    evidence: Annotated[str, typer.Option(help="Where it can be seen, such as a link.")],
    agent: As,
    key: Annotated[
        str | None, typer.Option(help="Names this request; the same request with the same key adds nothing.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Record what became of an artifact; whoever helped it come about is paid a dividend.

    Nobody records an outcome that pays themselves; an operator may, with --as operator.
    """
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import outcomes, recorders  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        named = recorders.artifact_named(artifact)
        with session() as engine, engine.begin() as connection:
            done = outcomes.record(
                connection, named.type, named.id, kind, evidence=evidence, recorded_by=agent, key=key
            )
        document = {
            "outcome": done.outcome_id,
            "artifact": str(named),
            "kind": kind,
            "repeated": done.repeated,
        }
        again = " (recorded before; nothing changed)" if done.repeated else ""
        said = f"outcome {done.outcome_id}: {named} was {kind}{again}"
        answer.give(document, lambda out: out.print(said, markup=False))


def derive(
    artifact: ArtifactName,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="What it was derived from, as type:id.")],
    agent: As,
    relation: Annotated[str, typer.Option(help="How, in one word.")] = "derived_from",
    as_json: Json = False,
) -> None:
    """Record that an artifact was derived from another; dividends go back that way."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import provenance  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            done = provenance.derive(connection, artifact, source, relation=relation, recorded_by=agent)
        document = {
            "artifact": artifact,
            "source": source,
            "relation": done.relation,
            "repeated": done.repeated,
        }
        again = " (known before; nothing changed)" if done.repeated else ""
        said = f"{artifact} {done.relation} {source}{again}"
        answer.give(document, lambda out: out.print(said, markup=False))


def credit(
    contributor: Annotated[str, typer.Argument(metavar="CONTRIBUTOR", help="The agent who contributed.")],
    artifact: ArtifactName,
    kind: Annotated[
        str, typer.Option("--type", help="What the contribution was, in one word such as debate_turn.")
    ],
    reference: Annotated[
        str, typer.Option(help="Which one it was; with agent and artifact it is recorded once.")
    ],
    agent: As,
    as_json: Json = False,
) -> None:
    """Record an agent's ordinary contribution to an artifact; nobody credits themselves."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import contributions_made  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            done = contributions_made.credit(connection, contributor, artifact, kind, reference, agent)
        document = {
            "agent": contributor,
            "artifact": artifact,
            "type": kind,
            "reference": reference,
            "repeated": done.repeated,
        }
        again = " (recorded before; nothing changed)" if done.repeated else ""
        said = f"{contributor} is credited for {artifact}: {kind} {reference}{again}"
        answer.give(document, lambda out: out.print(said, markup=False))
