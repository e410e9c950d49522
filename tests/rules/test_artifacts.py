"""Names of artifacts."""

import pytest

from squads_pipeline.rules.artifacts import Artifact, parse_artifact


@pytest.mark.parametrize("text", ["analysis:a-17", "debate_session:2026:x", "finding:17", "gap:Größe 3"])
def test_a_name_is_read_and_written_alike(text: str) -> None:
    assert str(parse_artifact(text)) == text


def test_the_first_colon_parts_type_from_id() -> None:
    assert parse_artifact("gap:a:b") == Artifact("gap", "a:b")


@pytest.mark.parametrize(
    "text", ["", "gap", "gap:", ":x", "Gap:x", "g p:x", "gap: x", "gap:x\n", "gap:a\x00b", "gap:" + "x" * 201]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no artifact"):
        parse_artifact(text)
