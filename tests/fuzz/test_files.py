"""Export files that are none, or not whole; rows of older tables; and command lines."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.breaking import broken
from tests.fuzz.quick import QUICK
from tests.fuzz.targets import (
    FLAGS,
    Bench,
    bent_bytes,
    command_line_target,
    export_file_target,
    lines_target,
    old_row_target,
    ref_target,
    seeds,
    written,
)

SEEDS = st.integers(0, 2**32)


def test_no_bytes_make_an_import_crash_or_change_the_table(at: Bench) -> None:
    content = written(seeds(at)["export-lines"][0])

    @settings(QUICK, max_examples=60)
    @given(seed=SEEDS, flags=st.sets(st.sampled_from(FLAGS)))
    def search(seed: int, flags: set[str]) -> None:
        rng = random.Random(seed)  # noqa: S311  # no secret is made by it
        export_file_target(at, bent_bytes(content, rng), tuple(sorted(flags)))

    search()


def test_no_lines_under_a_checksum_that_fits_make_an_import_crash(at: Bench) -> None:
    lines = seeds(at)["export-lines"][0]

    @settings(QUICK, max_examples=60)
    @given(seed=SEEDS, flags=st.sets(st.sampled_from(FLAGS)))
    def search(seed: int, flags: set[str]) -> None:
        rng = random.Random(seed)  # noqa: S311  # as above
        changed = broken(lines, rng, times=3)
        lines_target(at, {"Flags": sorted(flags), "Lines": changed})

    search()


def test_no_row_of_an_older_table_stops_an_adoption(at: Bench) -> None:
    rows = seeds(at)["old-row"]

    @settings(QUICK, max_examples=80)
    @given(seed=SEEDS)
    def search(seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311  # as above
        old_row_target(at, broken(rng.choice(rows), rng))

    search()


def test_no_command_line_ends_without_an_exit_code_of_the_guide(at: Bench) -> None:
    lines = seeds(at)["command-line"]

    @settings(QUICK, max_examples=120)
    @given(seed=SEEDS)
    def search(seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311  # as above
        command_line_target(at, broken(rng.choice(lines), rng))

    search()


def test_no_ref_ends_without_an_exit_code_of_the_guide(at: Bench) -> None:
    refs = seeds(at)["ref"]

    @settings(QUICK, max_examples=60)
    @given(seed=SEEDS)
    def search(seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311  # as above
        ref_target(at, broken(rng.choice(refs), rng))

    search()


def test_an_export_survives_being_written_by_hand(at: Bench) -> None:
    """What the other tests break is right before: it would otherwise be refused for nothing."""
    lines = seeds(at)["export-lines"][0]

    at.lab.clear()
    (at.lab.scratch / "whole.jsonl").write_bytes(written(json.loads(json.dumps(lines))))
    ended = at.lab.run("import", str(at.lab.scratch / "whole.jsonl"))

    assert ended.code == 0, ended.err
    assert sorted(map(repr, at.lab.items())) == sorted(map(repr, (at.item, at.tombstone)))
