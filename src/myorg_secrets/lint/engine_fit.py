"""Whether the `Engine` of a secret is that of what takes its `Value`. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from myorg_secrets_password.engines import ENGINES

from .declared import policy_of
from .document import NO_VALUE, Document, Path, Reference, schema_steps
from .takers import always_satisfies, engine_of, fits, named

Problem = tuple[Path, str]


def misfits(document: Document) -> Iterator[Problem]:
    """Yield each place that takes a password made by another engine's rule."""
    for found, engine in _takings(document):
        properties = document.secrets[found.name]
        own = properties.get("Engine")
        if own is None or own == engine or _suits_all(document, found.name, engine):
            continue
        made_for, taken_by = document.possible(own), _engines(document, engine)
        if not made_for or not taken_by or not made_for <= ENGINES.keys():
            continue
        if not any(fits(one, other) for one in made_for for other in taken_by):
            yield (
                found.path,
                f"{found.name} has Engine {' or '.join(sorted(made_for))}, but its password goes to"
                f" {document.type_of(found.path[1])}, which takes {' or '.join(sorted(taken_by))}."
                f" Write Engine: {_written(engine)} in {found.name}.",
            )


def unnamed(document: Document) -> Iterator[Problem]:
    """Yield each secret without `Engine` whose password the taker might refuse."""
    for found, engine in _takings(document):
        own = document.secrets[found.name].get("Engine")
        if (own is None or own == NO_VALUE) and not _suits(document, found.name, engine):
            yield (
                ("Resources", found.name),
                f"{found.name} has no Engine, and {document.type_of(found.path[1])}"
                f" {found.path[1]} may refuse its password. Write Engine: {_written(engine)}.",
            )


def identifiers_taken_for_passwords(document: Document) -> Iterator[Problem]:
    """Yield each place for a password that gets what Ref gives."""
    for found, _ in _takings(document, attribute=""):
        if found.alone:
            yield (
                found.path,
                f"!Ref {found.name} is the secret's identifier, which everybody can guess, and no"
                f" password. Write !GetAtt {found.name}.Value.",
            )


def _takings(
    document: Document, attribute: str = "Value"
) -> Iterator[tuple[Reference, str | dict[str, Any]]]:
    for found in document.references:
        if found.attribute == attribute and found.path[2:3] == ("Properties",):
            resource = str(found.path[1])
            engine = engine_of(
                document.type_of(resource),
                schema_steps(found.path[3:]),
                document.properties_of(resource),
            )
            if engine is not None:
                yield found, engine


def _engines(document: Document, engine: str | Mapping[str, Any]) -> frozenset[str]:
    """Return the engines that a taker can have; none where one of them is unknown."""
    names = [named(one) for one in document.possible(engine) or ()]
    return frozenset(one for one in names if one) if all(names) else frozenset()


def _suits(document: Document, secret: str, engine: str | Mapping[str, Any]) -> bool:
    policy = policy_of(document.secrets[secret])
    taken_by = _engines(document, engine)
    return bool(
        policy and taken_by and all(always_satisfies(policy, ENGINES[one]) for one in taken_by)
    )


def _suits_all(document: Document, secret: str, engine: str | Mapping[str, Any]) -> bool:
    """Tell whether the secret is made for another of its takers and suits this one as well."""
    own = document.possible(document.secrets[secret].get("Engine")) or frozenset()
    others = [other for found, other in _takings(document) if found.name == secret]
    return any(_engines(document, other) & own for other in others if other != engine) and _suits(
        document, secret, engine
    )


def _written(engine: str | Mapping[str, Any]) -> str:
    """Return the engine as a template writes it."""
    if isinstance(engine, str):
        return engine
    if isinstance(engine.get("Ref"), str):
        return f"!Ref {engine['Ref']}"
    return "what the other's Engine says"
