"""A file of the sealed ledger: whole, and falsified in every way, checked by the rule and by a script of anybody's."""

import json
from hashlib import sha256

import pytest

from squads_pipeline.rules.seals import GENESIS, check, last_line, link, sealed_line

RECORDS = [
    json.dumps({"id": number, "reason": reason, "entry_2": {"account_id": 3}}, separators=(",", ":")).encode()
    for number, reason in [(1, None), (3, ',"hash":"'), (2, '{"transfers":9'), (4, "ünï")]
]


def whole() -> list[bytes]:
    lines, head = [], GENESIS
    for record in RECORDS:
        head = link(head, record)
        lines.append(sealed_line(record, head))
    return [*lines, last_line(len(lines), head)]


HEADS = [bytes.fromhex(json.loads(line)["hash"]) for line in whole()[:-1]]


def test_a_link_by_hand() -> None:
    assert link(GENESIS, b"x") == sha256(b"\0" * 32 + b"x").digest()
    assert link(HEADS[0], RECORDS[1]) == HEADS[1] == sha256(HEADS[0] + RECORDS[1]).digest()


def test_a_whole_file_holds_and_every_line_is_json() -> None:
    checked = check(whole())
    assert (checked.transfers, checked.head, checked.difference) == (4, HEADS[-1], None)
    documents = [json.loads(line) for line in whole()]
    assert [one["id"] for one in documents[:-1]] == [1, 3, 2, 4]
    assert documents[-1] == {"transfers": 4, "head": HEADS[-1].hex()}


def test_an_empty_chain_holds() -> None:
    assert check([last_line(0, GENESIS)]).difference is None


def changed(number: int, old: bytes, new: bytes) -> list[bytes]:
    lines = whole()
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new)
    return lines


W = whole()


@pytest.mark.parametrize(
    ("lines", "subject", "expected", "found"),
    [
        (changed(2, b'"id":3', b'"id":5'), "line 2, transfer 5", HEADS[1].hex(), None),
        (changed(2, b'"account_id":3', b'"account_id":4'), "line 2, transfer 3", HEADS[1].hex(), None),
        (changed(2, b'"id":3', b'"id": 3'), "line 2, transfer 3", HEADS[1].hex(), None),
        (changed(2, HEADS[1].hex().encode(), b"0" * 64), "line 2, transfer 3", "0" * 64, HEADS[1].hex()),
        (changed(4, b'"}\n', b'"}\r\n'), "line 4, transfer 4", "the end of the line after the hash", None),
        ([W[0], W[2], W[1], *W[3:]], "line 2, transfer 2", HEADS[2].hex(), None),
        ([W[0], *W[2:]], "line 2, transfer 2", HEADS[2].hex(), None),
        ([W[0], W[0], *W[1:]], "line 2, transfer 1", HEADS[0].hex(), None),
        ([W[0], b"\n", *W[1:]], "line 2", "a transfer with its hash", "something else"),
        ([W[0], b'no,"hash":"json', *W[1:]], "line 2", "json", None),
        ([b""], "line 1", "a transfer with its hash", "something else"),
        (W[:-1], "the file", "a last line with the head", "its end before"),
        ([], "the file", "a last line with the head", "its end before"),
        ([*W[:2], W[-1]], "the last line", last_line(2, HEADS[1]).decode().strip(), W[-1].decode().strip()),
        ([*W, W[0]], "the file", "its end after line 5", "more lines"),
        (changed(5, b'"transfers":4', b'"transfers":5'), "the last line", W[-1].decode().strip(), None),
    ],
)
def test_a_falsified_file_is_found_and_the_first_difference_named(
    lines: list[bytes], subject: str, expected: str, found: str | None
) -> None:
    difference = check(lines).difference
    assert difference is not None
    assert (difference.subject, difference.expected) == (subject, expected)
    assert difference.found != difference.expected
    if found is not None:
        assert difference.found == found


def test_a_head_of_earlier_must_be_in_it() -> None:
    for head in (GENESIS, *HEADS):
        assert check(whole(), head).difference is None
    difference = check(whole(), sha256(b"another ledger").digest()).difference
    assert difference is not None
    assert (difference.subject, difference.found) == ("the chain", "no such hash")
    assert check([*W[:2], last_line(2, HEADS[1])], HEADS[3]).difference is not None
