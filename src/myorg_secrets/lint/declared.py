"""What is wrong with the properties that a template writes for a secret. Pure.

What the template leaves to functions is left alone: only CloudFormation knows it.
"""

import difflib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from myorg_secrets_password.exceptions import InvalidProperty
from myorg_secrets_password.policy import POLICY_PROPERTIES, Policy, check_provided
from myorg_secrets_password.properties import READ_ONLY, WRITABLE, TagList, refuse_unknown

from .document import Document, Path, chosen, is_dynamic, is_function

Problem = tuple[Path, str]
"""A place within the properties, and what is wrong there."""


def problems(logical_id: str, properties: Mapping[Any, Any]) -> Iterator[Problem]:
    """Yield every problem of the properties of one secret."""
    declared: dict[str, Any] = {}
    open_to_functions = False
    for key, value in properties.items():
        if isinstance(key, str) and key.startswith("Fn::"):
            open_to_functions = True
        elif key in READ_ONLY:
            yield (
                (key,),
                f"{key} is read-only: the type sets it. Remove it here, and get it by"
                f" !GetAtt {logical_id}.{key}.",
            )
        elif key not in WRITABLE:
            yield (key,), _unknown(key)
        else:
            found, literal = _problems_of(key, value)
            yield from found
            if not found and literal is not None:
                declared[key] = literal
    if not open_to_functions:
        yield from _at_odds(properties, declared)


def readable(document: Document, properties: Mapping[Any, Any]) -> Iterator[Problem]:
    """Yield each place where the template itself shows the password in SecretString."""
    for path, value in chosen(properties.get("SecretString"), ("SecretString",)):
        if isinstance(value, str):
            if not is_dynamic(value):
                yield (
                    path,
                    "The text of a template is readable: whoever may call"
                    " cloudformation:GetTemplate reads this password. Remove SecretString, so that"
                    " a password is generated, or pass it in as a parameter with NoEcho: true.",
                )
        elif not is_dynamic(str(value)):
            for reference in document.references_in(value):
                if reference.name in document.parameters and not document.hides(reference.name):
                    yield (
                        path,
                        f"The parameter {reference.name} is readable: whoever may call"
                        " cloudformation:DescribeStacks reads this password. Give the parameter"
                        " NoEcho: true.",
                    )


def policy_of(properties: Mapping[Any, Any]) -> Policy | None:
    """Return what generated passwords look like, or None where only CloudFormation knows it."""
    written = {name: properties[name] for name in POLICY_PROPERTIES if name in properties}
    try:
        return Policy.of(
            {
                name: WRITABLE[name].parse(name, value)
                for name, value in written.items()
                if value is not None
            }
        )
    except InvalidProperty:
        return None


def nearest(name: str, known: tuple[str, ...]) -> str:
    """Return the nearest of some names, whatever the case, or ""."""
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name[:64].lower(), by_lower, n=1)
    return by_lower[close[0]] if close else ""


def _unknown(key: object) -> str:
    close = nearest(str(key), tuple(WRITABLE))
    if close:
        return f"{str(key)[:64]!r} is not a property of this type. Did you mean {close}?"
    try:
        refuse_unknown({str(key): None}, WRITABLE, "property")
    except InvalidProperty as error:
        return str(error)
    return ""


def _problems_of(name: str, value: object) -> tuple[list[Problem], object]:
    """Return what is wrong with a property, and its value where that is written in full."""
    found: list[Problem] = []
    literal = None
    for path, branch in chosen(value, (name,)):
        # YAML has dates of its own, which CloudFormation takes for text.
        if branch is None or is_function(branch) or is_dynamic(branch) or isinstance(branch, date):
            continue
        kind = WRITABLE[name]
        if isinstance(kind, TagList):
            branch = _known_tags(branch)
        try:
            parsed = kind.parse(name, branch)
        except InvalidProperty as error:
            found.append((path, f"{error}"))
        else:
            literal = parsed if branch is value else None
    return found, literal


def _known_tags(tags: object) -> object:
    """Return the tags with text of our own where a function stands."""
    if not isinstance(tags, list):
        return tags
    return [
        {key: f"{key}{number}" if is_function(value) else value for key, value in tag.items()}
        if isinstance(tag, dict)
        else tag
        for number, tag in enumerate(tags)
        if not is_function(tag)
    ]


def _at_odds(properties: Mapping[Any, Any], declared: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what properties say together that nothing satisfies, as far as they are known."""
    policy = {name: declared[name] for name in POLICY_PROPERTIES if name in declared}
    # These two could give back the characters that the others take away.
    if any(name in properties and name not in declared for name in _WIDENING):
        policy = {name: policy[name] for name in _LENGTH if name in policy}
    try:
        Policy.of(policy)
        if isinstance(declared.get("SecretString"), str):
            check_provided(declared["SecretString"], declared)
    except InvalidProperty as error:
        place = error.name.partition(",")[0]
        yield (place,) if place in properties else (), str(error)


_WIDENING = ("AllowedCharacters", "IncludeSpace")
_LENGTH = ("Engine", "PasswordLength")
