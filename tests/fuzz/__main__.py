"""The long search, guided by coverage: `make fuzz ARGS="--seconds 300 event item"`.

Each target runs in a process of its own under atheris (libFuzzer), from a corpus that is made from
the schema at each start. What it finds is written to build/fuzz/TARGET/findings, which git ignores,
and said by its claim alone: what came in may be a password.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

BUILD = Path("build/fuzz")
CORPUS = 200
"""Seeds of a target, at most."""

LONGEST = 64 * 1024
"""Bytes of an input."""


def main() -> int:
    """Run the targets one after the other, and return 1 if one of them found something."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="default: all of them")
    parser.add_argument("--seconds", type=int, default=60, help="for each target, default: 60")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        search(given.targets[0], given.seconds)
        return 0
    names = given.targets or known()
    if unknown := set(names) - set(known()):
        parser.error(f"no target is called {', '.join(sorted(unknown))}: {', '.join(known())}")
    found = 0
    for name in names:
        print(f"{name}: {given.seconds} s", flush=True)
        child = [sys.executable, "-m", "tests.fuzz", name, f"--seconds={given.seconds}", "--child"]
        ended = subprocess.run(child, check=False)
        findings = sorted((BUILD / name / "findings").glob("*.txt"))
        found += len(findings) + (ended.returncode != 0 and not findings)
        for finding in findings:
            print(f"  FOUND {finding}: {finding.read_text(encoding='utf-8')}", flush=True)
        if ended.returncode and not findings:
            print(f"  {name} ended with {ended.returncode}", flush=True)
    return 1 if found else 0


def known() -> list[str]:
    """Return the names of all targets."""
    from tests.fuzz.targets import RAW_TARGETS, TARGETS

    return [*TARGETS, *RAW_TARGETS]


def search(name: str, seconds: int) -> None:
    """Fuzz one target until its time is over, which ends this process."""
    import atheris

    with atheris.instrument_imports(include=["myorg_secrets", "myorg_secrets_password"]):
        import myorg_secrets_password.handlers  # noqa: F401  # each is imported for its code

    from tests.fuzz.breaking import broken
    from tests.fuzz.targets import RAW_TARGETS, TARGETS, bent_bytes

    folder = BUILD / name
    findings = folder / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    for old in findings.iterdir():
        old.unlink()

    with _laboratory() as at:
        is_raw = name in RAW_TARGETS
        target: Callable[[Any, Any], None] = RAW_TARGETS[name] if is_raw else TARGETS[name]

        def one(data: bytes) -> None:
            try:
                value = data if is_raw else json.loads(data)
            except (ValueError, RecursionError):
                return
            try:
                target(at, value)
            except Exception as error:
                _keep(findings, data, error)

        def mutated(data: bytes, longest: int, seed: int) -> bytes:
            rng = random.Random(seed)  # noqa: S311  # no secret is made by it
            if is_raw:
                return bent_bytes(data, rng)[:longest]
            try:
                value = json.loads(data)
                text = json.dumps(broken(value, rng, times=3))
            except (ValueError, RecursionError):
                text = "null"
            return text.encode() if len(text) <= longest else data[:longest]

        corpus = folder / "corpus"
        corpus.mkdir(exist_ok=True)
        for seed in _seeds(at, name):
            (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
        options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-verbosity=0"]
        options += [f"-artifact_prefix={folder}/", "-timeout=60", "-print_final_stats=1"]
        atheris.Setup([name, *options, str(corpus)], one, custom_mutator=mutated)
        atheris.Fuzz()


@contextmanager
def _laboratory() -> Iterator[Any]:
    """What the tests' fixtures give: the account, in which nothing waits."""
    os.environ.update(
        AWS_DEFAULT_REGION="us-east-1", AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test"
    )
    import boto3
    import botocore.endpoint
    import botocore.retries.bucket
    import botocore.retries.quota

    from tests.fuzz.lab import Laboratory
    from tests.fuzz.targets import bench, old_table, open_key
    from tests.world import mocked

    no_wait: Any = SimpleNamespace(sleep=lambda seconds: None)
    botocore.endpoint.time = no_wait  # type: ignore[attr-defined]  # as conftest.py does it
    botocore.retries.bucket.TokenBucket.acquire = lambda *_, **__: True  # type: ignore[method-assign]
    botocore.retries.quota.RetryQuota.acquire = lambda *_, **__: True  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as scratch, mocked() as world:
        lab = Laboratory(world, Path(scratch))
        open_key(world)
        made = bench(world, lab)
        old_table(world)
        boto3.Session = lab.session  # type: ignore[misc]
        yield made


def _seeds(at: Any, name: str) -> Iterator[bytes]:
    """Yield what a search starts from: right input, and events as the tests make them."""
    from hypothesis import HealthCheck, Phase, given, settings

    from tests.fuzz import events
    from tests.fuzz.targets import RAW_TARGETS, seeds

    for seed in seeds(at)[name]:
        yield seed if name in RAW_TARGETS else json.dumps(seed).encode()
    if name not in ("event", "test-event"):
        return
    made: list[bytes] = []

    @settings(
        max_examples=CORPUS,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(events.events())
    def collect(event: dict[str, Any]) -> None:
        sent = event if name == "event" else events.test_event(event)
        made.append(json.dumps(sent).encode())

    collect()
    yield from made


def _keep(folder: Path, data: bytes, error: Exception) -> None:
    """Write an input that found something, once for each claim and place."""
    from tests.fuzz.judging import Finding, place

    said = str(error) if isinstance(error, Finding) else place(error)
    name = hashlib.sha256(said.encode()).hexdigest()[:12]
    if not (folder / f"{name}.txt").exists():
        (folder / f"{name}.input").write_bytes(data)
        (folder / f"{name}.txt").write_text(said, encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
