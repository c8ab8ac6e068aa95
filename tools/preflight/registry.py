"""The registry: which versions there are, what the published schema was, how the type is set up."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from myorg_secrets.doctor import Finding, Status
from myorg_secrets.doctor.asking import Asker, Unanswered
from myorg_secrets_password.properties import DEFAULT_KEY_ID, DEFAULT_TABLE_NAME
from tools.check_growth import breaks

from .questions import TYPE_NAME, Place, unanswered

MAXIMUM_VERSIONS = 50
"""Registered at a time, in an account and Region. AWS::CloudFormation::ResourceVersion says so; it
does not say whether each type has its own 50, which is what is taken for granted here."""

_NEARLY = 45

_DEFAULTS = {"TableName": DEFAULT_TABLE_NAME, "KeyId": DEFAULT_KEY_ID}
_TYPE = {"Type": "RESOURCE", "TypeName": TYPE_NAME}


@dataclass
class Registry:
    """The registry of an account and Region.

    Attributes:
        asker: asks.
        cloudformation: a client.
        place: the account and Region.
        surplus: the IDs of the versions that have to go so that there is room for another, once
            that was looked at.
    """

    asker: Asker
    cloudformation: Any
    place: Place
    surplus: list[str] = field(default_factory=list)

    def examine(
        self, schema: Mapping[str, Any], storage: Mapping[str, str] | None
    ) -> Iterator[Finding]:
        """Yield what is registered, and whether there is room for another version.

        Args:
            schema: what is about to be submitted.
            storage: the outputs of the storage stack, where it is known.
        """
        try:
            described = self._describe()
        except Unanswered as failure:
            yield unanswered("Published type", failure)
            return
        if described is None:
            message = f"{TYPE_NAME} is not registered here yet: this is its first version."
            yield Finding("Published type", Status.OK, message)
            return
        yield self._judge_growth(described, schema)
        try:
            live = self._live()
        except Unanswered as failure:
            yield unanswered("Versions", failure)
        else:
            self.surplus = surplus(live)
            yield judge_versions(live)
            newest = max(live, key=lambda version: str(version["VersionId"]), default=None)
            if newest and not newest.get("IsDefaultVersion"):
                yield from self._newest(str(newest["VersionId"]), schema)
        yield self._configuration(storage)

    def deregister(self, version_id: str) -> None:
        """Deregister one version.

        Raises:
            Unanswered: CloudFormation did not do it.
        """
        self.asker.ask(
            "cloudformation:DeregisterType",
            f"{self.place.type_arn}/{version_id}",
            lambda: self.cloudformation.deregister_type(**_TYPE, VersionId=version_id),
        )

    def _describe(self, **version: str) -> Mapping[str, Any] | None:
        try:
            described: Mapping[str, Any] = self.asker.ask(
                "cloudformation:DescribeType",
                self.place.type_arn,
                lambda: self.cloudformation.describe_type(**_TYPE, **version),
            )
        except Unanswered as failure:
            if failure.code == "TypeNotFoundException":
                return None
            raise
        return None if described.get("DeprecatedStatus") == "DEPRECATED" else described

    def _live(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        more: dict[str, str] = {}
        while True:
            page = self.asker.ask(
                "cloudformation:ListTypeVersions",
                self.place.type_arn,
                partial(
                    self.cloudformation.list_type_versions,
                    **_TYPE,
                    DeprecatedStatus="LIVE",
                    **more,
                ),
            )
            found += page["TypeVersionSummaries"]
            if not page.get("NextToken"):
                return found
            more = {"NextToken": page["NextToken"]}

    def _newest(self, version_id: str, schema: Mapping[str, Any]) -> Iterator[Finding]:
        try:
            described = self._describe(VersionId=version_id)
        except Unanswered as failure:
            yield unanswered("Published schema", failure)
            return
        if described is not None:
            yield self._judge_growth(described, schema)

    def _judge_growth(self, described: Mapping[str, Any], schema: Mapping[str, Any]) -> Finding:
        version = str(described.get("Arn", "")).rpartition("/")[2] or "the default version"
        try:
            found = breaks(json.loads(described["Schema"]), schema)
        except (KeyError, ValueError):
            message = f"CloudFormation did not say the schema of version {version}."
            return Finding("Published schema", Status.UNKNOWN, message)
        if found:
            return Finding(
                "Published schema",
                Status.PROBLEM,
                f"The schema does more than grow since version {version}, and existing stacks would"
                f" meet that: {'; '.join(found)}.",
                "Take the change back, or register it as another type.",
            )
        message = f"Since version {version} the schema only grows."
        return Finding("Published schema", Status.OK, message)

    def _configuration(self, storage: Mapping[str, str] | None) -> Finding:
        wanted = (storage or {}).get("TypeConfiguration")
        remedy = (
            f"aws cloudformation set-type-configuration --type RESOURCE --type-name {TYPE_NAME}"
            f" --configuration-alias default --region {self.place.region}"
            f" --configuration '{wanted or json.dumps(_DEFAULTS)}'"
        )
        try:
            answer = self.asker.ask(
                "cloudformation:BatchDescribeTypeConfigurations",
                self.place.type_arn,
                lambda: self.cloudformation.batch_describe_type_configurations(
                    TypeConfigurationIdentifiers=[_TYPE]
                ),
            )
            found = answer.get("TypeConfigurations", [])
        except Unanswered as failure:
            if failure.code != "TypeConfigurationNotFoundException":
                return unanswered("Type configuration", failure)
            found = []
        texts = [each["Configuration"] for each in found if each.get("Configuration")]
        return judge_configuration(texts[0] if texts else None, wanted, remedy)


def judge_versions(live: Sequence[Mapping[str, Any]]) -> Finding:
    """Judge how many versions are registered."""
    count = len(live)
    message = f"{count} of {MAXIMUM_VERSIONS} versions are registered."
    going = [*surplus(live), *_oldest(live)[:1]][:1]
    remedy = (
        f"--deregister-oldest, or: aws cloudformation deregister-type --type RESOURCE"
        f" --type-name {TYPE_NAME} --version-id {going[0]}"
        if going
        else None
    )
    if count >= MAXIMUM_VERSIONS:
        return Finding("Versions", Status.PROBLEM, f"{message} There is no room.", remedy)
    if count >= _NEARLY:
        return Finding("Versions", Status.WARNING, message, remedy)
    return Finding("Versions", Status.OK, message)


def surplus(live: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the IDs of the oldest versions that have to go so that there is room for one more.

    The default version is none of them: CloudFormation keeps it while there are others.
    """
    return _oldest(live)[: max(0, len(live) - MAXIMUM_VERSIONS + 1)]


def judge_configuration(text: str | None, wanted: str | None, remedy: str) -> Finding:
    """Judge the type configuration.

    Args:
        text: what it is, in JSON; None where it is not set.
        wanted: what the storage stack says that it should be, in JSON.
        remedy: the command that sets it.
    """
    check = "Type configuration"
    needed = json.loads(wanted) if wanted else _DEFAULTS
    if text is None and needed == _DEFAULTS:
        message = "It is not set. The type's own defaults name this storage."
        return Finding(check, Status.OK, message)
    if text is None:
        return Finding(check, Status.WARNING, "It is not set.", remedy)
    try:
        actual = {**_DEFAULTS, **json.loads(text)}
    except (TypeError, ValueError):
        return Finding(check, Status.PROBLEM, "It is no object in JSON.", remedy)
    others = [
        f"{name} is {actual.get(name)}, and the storage stack's is {value}"
        for name, value in needed.items()
        if actual.get(name) != value
    ]
    if others and wanted:
        return Finding(check, Status.WARNING, f"{'; '.join(others)}.", remedy)
    return Finding(check, Status.OK, "It is set.")


def _oldest(live: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted(str(each["VersionId"]) for each in live if not each.get("IsDefaultVersion"))
