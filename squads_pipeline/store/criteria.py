"""Reading a squad's success criteria with what can be measured of it. Whether they are met is in `rules.criteria`."""

from sqlalchemy import Connection, text

_MEASURES = text("""
WITH home AS MATERIALIZED (SELECT id FROM squads.research_squads WHERE id = :squad OR merged_into = :squad)
SELECT squad.success_criteria, squad.findings_bubbled,
       (SELECT count(*) FROM squads.squad_findings AS finding JOIN home ON home.id = finding.squad_id)
           AS findings_authored,
       (SELECT count(*) FROM squads.squad_journal AS entry JOIN home ON home.id = entry.squad_id) AS journal_entries,
       (SELECT count(*) FROM squads.squad_members AS member
        WHERE member.squad_id = squad.id AND member.role <> 'observer' AND member.left_at IS NULL) AS members
FROM squads.research_squads AS squad WHERE squad.id = :squad
""")


def of_squad(connection: Connection, squad_id: str) -> tuple[object, dict[str, int]]:
    """A squad's success criteria as they are stored, and what can be measured of it now: measure → value."""
    row = connection.execute(_MEASURES, {"squad": squad_id}).one()
    measured = ("findings_bubbled", "findings_authored", "journal_entries", "members")
    return row.success_criteria, {name: int(getattr(row, name)) for name in measured}
