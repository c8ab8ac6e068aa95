"""`make bench` measures what it says: every contender makes the calls that its row shows."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import compare, machine, packages, place
from bench.compare import Taken
from bench.numbers import Spread, ratios
from bench.process import Code, Process, Sample
from bench.roster import BARE, COLD, LIMIT, OURS, WARM, Contender
from bench.server import EMBEDDED, STUB, Server
from bench.tables import tables
from tests.leaks.child import python_m
from tools.project import ROOT

HANDLER = {
    "create": "Encrypt Decrypt PutItem",
    "read": "GetItem Decrypt",
    "update": "GetItem Decrypt UpdateItem",
    "list": "Scan",
    "delete": "UpdateItem",
}
DELIVERY = " PutLogEvents PutMetricData"
OBVIOUS = {
    "create": "Encrypt PutItem",
    "read": "GetItem Decrypt",
    "update": "Encrypt UpdateItem",
    "list": "Scan",
    "delete": "DeleteItem",
}
CALLS = {
    "bare boto3": HANDLER,
    "bare boto3, logged": {name: calls + DELIVERY for name, calls in HANDLER.items()},
    "this type": HANDLER,
    "this type, rotating": HANDLER,
    "this type, logged": {name: calls + DELIVERY for name, calls in HANDLER.items()},
    "this type, logged, rotating": {name: calls + DELIVERY for name, calls in HANDLER.items()},
    "obvious handler": OBVIOUS,
    "obvious handler, logged": {
        name: f"PutMetricData {calls} PutMetricData" for name, calls in OBVIOUS.items()
    },
    "recipe of 2016": {
        "create": "Encrypt PutItem",
        "read": "GetItem Decrypt",
        "update": "Encrypt PutItem",
        "delete": "DeleteItem",
    },
    "credstash": {
        "create": "GenerateDataKey PutItem",
        "read": "Query Decrypt",
        "update": "Query GenerateDataKey PutItem",
        "list": "Scan",
        "delete": "Query DeleteItem DeleteItem",
    },
    "Secrets Manager": {
        "create": "GetRandomPassword CreateSecret",
        "read": "GetSecretValue",
        "update": "GetRandomPassword PutSecretValue",
        "list": "ListSecrets",
        "delete": "DeleteSecret",
    },
    "raw HTTP": HANDLER,
}
"""Of one operation. Two of the slowest contenders are left out: credentials change no call."""


@pytest.fixture(scope="module")
def stub() -> Iterator[Server]:
    with Server(STUB) as server:
        place.set_up(server)
        yield server


def codes(server: Server) -> dict[str, Code]:
    return packages.codes(packages.environment(), sys.executable, place.variables(server))


def named(*names: str, among: tuple[Contender, ...] = WARM) -> list[Contender]:
    return [contender for contender in among if contender.name in names]


@pytest.fixture(scope="module")
def warm(stub: Server) -> Taken:
    return compare.warm(stub, named(*CALLS), codes(stub), rounds=0)


@pytest.mark.parametrize("name", CALLS)
def test_every_contender_makes_the_calls_of_each_operation(warm: Taken, name: str) -> None:
    made = {
        operation.lower(): " ".join(call.partition(":")[2] for call in calls)
        for (who, operation), calls in warm.calls.items()
        if who == name
    }

    assert made == CALLS[name]


def test_the_embedded_aws_sees_the_same_calls_and_each_is_timed_in_each_round(warm: Taken) -> None:
    contenders = named(OURS, BARE, LIMIT)
    with Server(EMBEDDED) as server:
        place.set_up(server)
        there = compare.warm(server, contenders, codes(server), rounds=1)

    assert there.calls == {
        cell: calls for cell, calls in warm.calls.items() if cell[0] in (OURS, BARE, LIMIT)
    }
    assert there.samples.keys() == there.calls.keys()
    for [sample] in there.samples.values():
        assert sample.cpu_ms > 0
        assert sample.ms > 0
        assert 8 < sample.peak_mib < 500


def test_a_cold_start_counts_from_the_start_of_the_process(stub: Server) -> None:
    """So it takes longer than the interpreter alone, and every process serves one operation."""
    contenders = named(OURS, "Python alone", among=COLD)
    cold = compare.cold(stub, contenders, codes(stub), 1, ("CREATE",))

    [ours], [alone] = (cold.samples[each.name, "CREATE"] for each in contenders[:2])
    assert cold.calls[OURS, "CREATE"] == ["kms:Encrypt", "kms:Decrypt", "dynamodb:PutItem"]
    assert cold.calls["Python alone", "CREATE"] == []
    assert ours.cpu_ms > 2 * alone.cpu_ms > 0
    assert ours.start_cpu_ms > 0
    assert ours.load_cpu_ms > 0


def test_an_operation_that_fails_ends_the_run(stub: Server) -> None:
    [ours] = named(OURS)
    event = place.event_for(ours, "READ", "not-there")

    with (
        Process(ours.function, codes(stub)[ours.package]) as process,
        pytest.raises(RuntimeError, match="READ: NotFound"),
    ):
        process.serve(event)


def test_a_ratio_is_taken_of_the_same_round() -> None:
    """The second round is ten times as slow for both, which says nothing of either."""
    assert ratios([3, 30, 3], [2, 20, 1]) == Spread(1.5, 1.5, 2.25)


def test_rows_and_tables_show_ratios_to_the_base() -> None:
    contenders = [Contender("base", "", "", "base"), Contender("other", "", "", "base")]
    taken = Taken(
        {
            ("base", "CREATE"): [Sample(2, 1, 50)],
            ("other", "CREATE"): [Sample(5, 3, 60)],
        },
        {("base", "CREATE"): ["kms:Encrypt"], ("other", "CREATE"): []},
    )
    [table, clock, calls] = tables({"warm": {"servers": {STUB: taken.rows(contenders)}}})

    assert table.rows == [
        ("contender", "create"),
        ("base", "1.00 (1.00x; 1.00-1.00)"),
        ("other", "3.00 (3.00x; 3.00-3.00)"),
    ]
    assert clock.rows[-1] == ("other", "5.00 (2.50x; 2.50-2.50)")
    assert calls.rows[1:] == [("base", "1: Encrypt"), ("other", "0: ")]


def test_the_numbers_are_kept_and_those_of_other_parts_stay(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"warm": "kept", "generation": "old"}), encoding="utf-8")
    options = ("--rounds", "1", "--only", "generation", "--output", str(results))

    outcome = subprocess.run(
        python_m("bench", *options), cwd=ROOT, capture_output=True, text=True, check=True
    )

    kept = json.loads(results.read_text(encoding="utf-8"))
    assert kept["warm"] == "kept"
    assert set(machine.described(sys.executable)) < set(kept["generation"])
    assert len(kept["generation"]["policies"]) == 6
    assert "To make a password, ms" in outcome.stdout


def test_a_package_trusts_the_authorities_that_it_brings_and_that_of_the_run(
    stub: Server, tmp_path: Path
) -> None:
    """So a package with fewer of them is as fast here as it is in Lambda."""
    (tmp_path / "botocore").mkdir()
    (tmp_path / "botocore" / "cacert.pem").write_text("own\n", encoding="utf-8")
    variables = place.variables(stub)

    code = packages.codes({OURS: [tmp_path], LIMIT: []}, sys.executable, variables)

    bundle = Path(code[OURS].environment["AWS_CA_BUNDLE"]).read_text(encoding="utf-8")
    assert bundle.startswith("own\n-----BEGIN CERTIFICATE-----")
    assert bundle.count("BEGIN") == 1
    assert code[LIMIT].environment == variables
