"""Commands that only look: what is missing now, and how things stand."""

from squads_pipeline.surfaces.cli.answers import Json, answering


def gaps(as_json: Json = False) -> None:
    """Show what work is missing now: every gap with its units, the oldest, and the tokens that wait."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.surfaces import gap_report  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            report = gap_report.read(connection)
        answer.give(gap_report.document(report), lambda out: gap_report.show(out, report))


def status(as_json: Json = False) -> None:
    """Show how things stand, on one screen."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.surfaces import status_report  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        server = status_report.server()
        with session() as engine, engine.connect() as connection:
            report = status_report.read(connection, server)
        answer.give(status_report.document(report), lambda out: status_report.show(out, report))
