"""infrastructure/alarms.yml matches what it is to match, and is taken by the services."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import local
from local.environment import REGION
from local.events import LOG_GROUP, Operation
from myorg_secrets import reader
from myorg_secrets_password import actions, journal
from tests.local.stacks import Spy, Stack
from tests.observe.patterns import event_matches, filter_matches
from tests.observe.template import PATH, RESOURCES, TEMPLATE, of_type, resolved
from tests.observe.trail import Trail, event_of
from tests.world import Fault, World, break_with, refuse_with

FILTERS = of_type("AWS::Logs::MetricFilter")
ALARMS = of_type("AWS::CloudWatch::Alarm")
WHO = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789"
READ = {"StackName": "orders", "Name": "DBPassword"}


def pattern_of(one: dict[str, Any], key_arn: str) -> str:
    return str(resolved(one["Properties"]["FilterPattern"], {"KeyArn": key_arn}))


def matching(message: str, key_arn: str = "arn:aws:kms:us-east-1:1:key/other") -> set[str]:
    """Return the filters that a log event matches."""
    return {
        name for name, one in FILTERS.items() if filter_matches(pattern_of(one, key_arn), message)
    }


# --- Lines of the handlers ---

FAULTS: dict[str, tuple[Fault | None, set[str]]] = {
    "SUCCESS": (None, set()),
    "Throttling": (refuse_with("ThrottlingException"), {"ThrottledFilter"}),
    "AccessDenied": (refuse_with("AccessDeniedException"), {"AccessDeniedFilter"}),
    "GeneralServiceException": (refuse_with("InvalidCiphertextException"), {"DamagedFilter"}),
    "NetworkFailure": (break_with(ConnectionRefusedError()), set()),
    "InvalidRequest": (refuse_with("DisabledException"), set()),
}


@pytest.fixture
def line_of(world: World, caplog: pytest.LogCaptureFixture) -> Callable[..., str]:
    """Serves a read, and returns the line that it leaves."""
    world.secret().create()

    def line(**properties: str) -> str:
        caplog.clear()
        world.send(Operation("READ", {**READ, **properties}, "t"))
        [record] = [one for one in caplog.records if one.name.endswith(".framework")]
        return record.getMessage()

    return line


@pytest.mark.parametrize("outcome", FAULTS)
def test_a_line_of_the_handlers_counts_where_its_outcome_says(
    world: World, line_of: Callable[..., str], outcome: str
) -> None:
    fault, expected = FAULTS[outcome]
    with world.failing("kms:Decrypt", fault or (lambda _: None)):
        line = line_of()

    assert json.loads(line)["outcome"] == outcome
    assert matching(line) == expected


def test_a_defect_counts(line_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "read", lambda *_: 1 / 0)

    assert matching(line_of()) == {"DefectFilter"}


def test_a_name_that_looks_like_an_outcome_does_not_count(line_of: Callable[..., str]) -> None:
    line = line_of(Name='x", "outcome": "Throttling", "y": "')

    assert json.loads(line)["outcome"] == "NotFound"
    assert matching(line) == set()


def test_what_is_no_line_of_ours_does_not_count() -> None:
    for message in ("Throttling", "", "[]", '"outcome"', '{"level": "ERROR", "message": "text"}'):
        assert matching(message) == set()


# --- Lines of the reader function ---


@pytest.mark.parametrize(
    ("code", "outcome", "counts"),
    [
        ("InvalidCiphertextException", "Damaged", True),
        ("ThrottlingException", "Throttled", True),
        ("AccessDeniedException", "AccessDenied", True),
        (None, "NotFound", False),
    ],
)
def test_a_line_of_the_reader_counts_as_lambda_writes_it(
    world: World, caplog: pytest.LogCaptureFixture, code: str | None, outcome: str, counts: bool
) -> None:
    """Lambda's JSON format puts what is extra beside the message."""
    if code:
        world.secret().create()
    reader._client.cache_clear()
    caplog.clear()
    client = reader._client("myorg-secrets-password", 300.0)
    world.watch(client._connection.kms.meta.events, "kms", [])
    with world.failing("kms:Decrypt", refuse_with(code or "")):
        reader.handler(READ, None)
    reader._client.cache_clear()

    [record] = [one for one in caplog.records if one.name == reader.__name__]
    fields = {name: vars(record)[name] for name in journal.NAMES.values() if name in vars(record)}
    written = {**fields, "level": "INFO", "message": record.getMessage(), "logger": record.name}
    line = json.dumps(written)
    assert fields["outcome"] == outcome
    # AccessDenied has one name in both logs; each filter is for a log group of its own.
    assert ("ReaderFailedFilter" in matching(line)) == counts


# --- Records of CloudTrail ---


@pytest.fixture
def key(world: World) -> str:
    return str(world.storage.key_arn)


@pytest.fixture
def trail() -> Trail:
    return Trail(WHO)


@pytest.mark.usefixtures("quiet_sdk")
def test_a_consumer_s_failed_decrypt_counts_and_others_do_not(
    world: World, trail: Trail, key: str
) -> None:
    context = {"Type": "MyOrg::Secrets::Password", "StackName": "orders"}
    other = world.kms.create_key()["KeyMetadata"]["Arn"]
    ours = world.kms.encrypt(KeyId=key, Plaintext=b"p", EncryptionContext=context)
    theirs = world.kms.encrypt(KeyId=other, Plaintext=b"p")

    def decrypt(key_id: str, blob: bytes, **of: str) -> Callable[[], object]:
        return lambda: world.kms.decrypt(KeyId=key_id, CiphertextBlob=blob, EncryptionContext=of)

    with trail.watching(world.kms):
        trail.by(WHO, decrypt(key, ours["CiphertextBlob"], **context))
        trail.by(WHO, decrypt(key, ours["CiphertextBlob"], **{**context, "StackName": "billing"}))
        trail.by(WHO, decrypt(other, theirs["CiphertextBlob"]))
        trail.by(WHO, decrypt(other, theirs["CiphertextBlob"], another="context"))
    _, tampered, _, foreign_failure = trail.records

    assert tampered["errorCode"].startswith("InvalidCiphertext")
    assert foreign_failure["errorCode"] == tampered["errorCode"]
    assert [matching(json.dumps(record), key) for record in trail.records] == [
        set(),
        {"ConsumerDecryptFailedFilter"},
        set(),
        set(),
    ]
    # CloudTrail may leave the parameters of a refused request out.
    denied = {**tampered, "errorCode": "AccessDenied"}
    bare = {
        **denied,
        "requestParameters": None,
        "resources": [],
        "errorMessage": f"User: {WHO} is not authorized to perform: kms:Decrypt on resource: {key}"
        " because no identity-based policy allows the kms:Decrypt action",
    }
    stranger = {**foreign_failure, "errorCode": "AccessDenied"}
    assert matching(json.dumps(denied), key) == {"ConsumerDeniedFilter"}
    assert matching(json.dumps(bare), key) == {"ConsumerDeniedFilter"}
    assert matching(json.dumps(stranger), key) == set()


@pytest.mark.usefixtures("quiet_sdk")
def test_the_rules_match_what_puts_the_key_or_the_table_at_risk_and_nothing_else(
    world: World, trail: Trail
) -> None:
    """Of our key and table, done by a client; the other's, and the reverse of it, do not match."""
    kms, dynamodb = world.client("kms"), world.client("dynamodb")
    key, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    names = ("our-table", "other-table")
    for name in names:
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]

    def recovery(enabled: bool) -> dict[str, bool]:
        return {"PointInTimeRecoveryEnabled": enabled}

    with trail.watching(kms, dynamodb):
        for key_id in (key.rpartition("/")[2], other.rpartition("/")[2]):
            kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=policy)
            kms.disable_key(KeyId=key_id)
            kms.enable_key(KeyId=key_id)
            kms.schedule_key_deletion(KeyId=key_id)
            kms.cancel_key_deletion(KeyId=key_id)
        for name in names:
            for enabled in (True, False):
                dynamodb.update_table(TableName=name, DeletionProtectionEnabled=enabled)
                dynamodb.update_continuous_backups(
                    TableName=name, PointInTimeRecoverySpecification=recovery(enabled)
                )
            dynamodb.update_table(TableName=name, BillingMode="PAY_PER_REQUEST")
            dynamodb.delete_table(TableName=name)

    values = {"KeyArn": key, "TableName": "our-table"}
    matched = {
        rule: [
            record["eventName"]
            for record in trail.records
            if event_matches(
                resolved(RESOURCES[rule]["Properties"]["EventPattern"], values), event_of(record)
            )
        ]
        for rule in ("KeyAtRisk", "TableAtRisk")
    }
    assert len(trail.records) == 2 * 5 + 2 * 6
    assert matched == {
        "KeyAtRisk": ["PutKeyPolicy", "DisableKey", "ScheduleKeyDeletion"],
        "TableAtRisk": ["UpdateTable", "UpdateContinuousBackups", "DeleteTable"],
    }


def test_a_table_named_by_its_arn_is_matched_as_well(trail: Trail) -> None:
    pattern = resolved(RESOURCES["TableAtRisk"]["Properties"]["EventPattern"], {"TableName": "t"})
    record = {
        "eventSource": "dynamodb.amazonaws.com",
        "awsRegion": REGION,
        "eventTime": "2026-11-20T08:00:00Z",
        "eventName": "DeleteTable",
        "requestParameters": {"tableName": "arn:aws:dynamodb:us-east-1:123456789012:table/t"},
    }

    assert event_matches(pattern, event_of(record))


# --- The template ---


def test_no_alarm_takes_missing_data_for_trouble_and_each_tells_the_topic() -> None:
    for name, alarm in ALARMS.items():
        properties = resolved(alarm["Properties"], {"UserErrorsThreshold": "9"})
        assert properties["TreatMissingData"] == "notBreaching", name
        assert properties["AlarmActions"] == ["arn:aws:sns:us-east-1:123456789012:alarms"], name


def test_each_filter_has_the_alarm_of_its_metric() -> None:
    for name, one in FILTERS.items():
        [metric] = one["Properties"]["MetricTransformations"]
        alarm = ALARMS[name.replace("Filter", "Alarm")]
        assert (metric["MetricName"], metric["MetricNamespace"]) == (
            alarm["Properties"]["MetricName"],
            alarm["Properties"]["Namespace"],
        )
        assert alarm.get("Condition") == one.get("Condition")


def test_a_filter_pattern_is_no_longer_than_cloudwatch_takes() -> None:
    """1,024 characters: PutMetricFilter."""
    arn = f"arn:aws-us-gov:kms:us-gov-east-1:123456789012:key/mrk-{'0' * 32}"
    for one in FILTERS.values():
        assert len(resolved(one["Properties"]["FilterPattern"], {"KeyArn": arn})) <= 1024


@pytest.fixture(scope="module")
def aws() -> Any:
    with local.running(Spy()) as running:
        yield running


DEPLOYED = {"AWS::KMS::Key", "AWS::SNS::Topic", "AWS::Events::Rule"}
"""moto's CloudFormation has no metric filters, no alarms and no topic policies."""


def remove(aws: local.LocalAws, stack: Stack) -> None:
    """Delete the stack; moto's CloudFormation leaves it to others to take a rule's targets away."""
    events = aws.client("events")
    for rule in events.list_rules()["Rules"]:
        events.remove_targets(Rule=rule["Name"], Ids=["topic"])
    assert stack.delete().status == "DELETE_COMPLETE"


def test_the_template_deploys_as_far_as_the_emulator_goes(
    aws: local.LocalAws, tmp_path: Path
) -> None:
    """The topic is encrypted with a key that CloudWatch and EventBridge may use."""
    kept = {name: one for name, one in RESOURCES.items() if one["Type"] in DEPLOYED}
    template = json.loads(json.dumps({**TEMPLATE, "Resources": kept}))
    stack = Stack(aws)

    outcome = stack.deploy(template, KeyArn=aws.storage.key_arn)

    assert outcome.status == "CREATE_COMPLETE", outcome.reasons
    topic = outcome.outputs["TopicArn"]
    attributes = aws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    policy = json.loads(
        aws.client("kms").get_key_policy(KeyId=attributes["KmsMasterKeyId"], PolicyName="default")[
            "Policy"
        ]
    )
    [services] = [one for one in policy["Statement"] if "Service" in one["Principal"]]
    assert services["Principal"]["Service"] == ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    assert {"kms:Decrypt", "kms:GenerateDataKey*"} == set(services["Action"])
    rules = aws.client("events").list_rules()["Rules"]
    assert {json.loads(rule["EventPattern"])["source"][0] for rule in rules} == {
        "aws.kms",
        "aws.dynamodb",
    }
    for rule in rules:
        [target] = aws.client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
        assert target["Arn"] == topic
    remove(aws, stack)


def test_a_topic_of_one_s_own_is_told_instead(aws: local.LocalAws) -> None:
    topic = aws.client("sns").create_topic(Name="own")["TopicArn"]
    kept = {name: one for name, one in RESOURCES.items() if one["Type"] in DEPLOYED}
    template = json.loads(json.dumps({**TEMPLATE, "Resources": kept}))
    stack = Stack(aws)

    outcome = stack.deploy(template, KeyArn=aws.storage.key_arn, TopicArn=topic)

    assert outcome.outputs == {"TopicArn": topic}
    assert len(aws.client("sns").list_topics()["Topics"]) == 1
    remove(aws, stack)


def test_cloudwatch_takes_every_filter_and_alarm(aws: local.LocalAws) -> None:
    """By its API, whose parameters have the properties' names; the log groups are there."""
    logs, cloudwatch = aws.client("logs"), aws.client("cloudwatch")
    groups = {"ReaderLogGroupName": "reader", "TrailLogGroupName": "trail"}
    for group in groups.values():
        logs.create_log_group(logGroupName=group)
    values = {**groups, "KeyArn": aws.storage.key_arn, "UserErrorsThreshold": "100"}

    for name, one in FILTERS.items():
        properties = resolved(one["Properties"], values)
        lowered = {f"{key[0].lower()}{key[1:]}": value for key, value in properties.items()}
        lowered["metricTransformations"] = [
            {f"{key[0].lower()}{key[1:]}": value for key, value in metric.items()}
            for metric in properties["MetricTransformations"]
        ]
        logs.put_metric_filter(filterName=name, **lowered)
    for name, one in ALARMS.items():
        properties = resolved(one["Properties"], values)
        properties["Threshold"] = float(properties["Threshold"])
        cloudwatch.put_metric_alarm(AlarmName=name, **properties)

    filters = logs.describe_metric_filters()["metricFilters"]
    assert {one["logGroupName"] for one in filters} == {LOG_GROUP, "reader", "trail"}
    assert {one["AlarmName"] for one in cloudwatch.describe_alarms()["MetricAlarms"]} == set(ALARMS)


def test_the_table_s_metrics_name_each_operation_that_the_type_may_call() -> None:
    """DynamoDB counts its own failures by operation alone."""
    role = (PATH.parent / "execution-role.yml").read_text(encoding="utf-8")
    operations = {
        dimension["Value"]
        for metric in ALARMS["TableFailedAlarm"]["Properties"]["Metrics"]
        if "MetricStat" in metric
        for dimension in metric["MetricStat"]["Metric"]["Dimensions"]
        if dimension["Name"] == "Operation"
    }

    assert all(f"dynamodb:{operation}" in role for operation in operations)
    assert role.count("- dynamodb:") == len(operations)
