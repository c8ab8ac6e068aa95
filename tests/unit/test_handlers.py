"""What the five handlers owe: the registry's handler contract, and least work per call."""

import datetime
import json

import pytest
from botocore.awsrequest import AWSPreparedRequest

from local.events import Account, Operation
from myorg_secrets_password.record import SECONDS_PER_DAY
from tests.world import ACCOUNT_ID, REGION, Failed, World

CREATE = ["kms:Encrypt", "kms:Decrypt", "dynamodb:PutItem"]


def failure(world: World, operation: Operation, **overrides: object) -> tuple[str, str]:
    """Return the code and the message of an operation that must fail."""
    answer = world.send(operation, **overrides)
    assert answer["status"] == "FAILED"
    return answer["errorCode"], answer["message"]


def test_no_property_is_required_in_a_stack(world: World) -> None:
    secret = world.secret("DBPassword", stack="orders")
    secret.create()

    assert secret.identifier == {
        "TableName": "myorg-secrets-password",
        "StackName": "orders",
        "Env": "default",
        "Name": "DBPassword",
    }
    assert len(secret.value) == 32


@pytest.mark.parametrize("missing", ["StackName", "Name"])
def test_outside_a_stack_a_missing_name_is_refused_by_name(world: World, missing: str) -> None:
    properties = {"StackName": "orders", "Name": "DB"}
    del properties[missing]

    code, message = failure(world, Operation("CREATE", properties, "t"))

    assert code == "InvalidRequest"
    assert message.startswith(f"{missing} is required")
    assert world.calls == []


def test_a_success_model_has_what_was_written_and_no_nulls(world: World) -> None:
    """A success model holds all input properties and all read-only ones, and no nulls."""
    written = {
        "Env": "prod",
        "KeyId": "alias/myorg-secrets-password",
        "PasswordLength": 20,
        "ExcludeCharacters": "",
        "ExcludeNumbers": True,
        "IncludeSpace": False,
        "RotationToken": "",
        "RecoveryWindowInDays": 7,
        "Description": "",
        "Tags": [{"Key": "b", "Value": ""}, {"Key": "a", "Value": "1"}],
        "ReturnValue": True,
    }
    secret = world.secret()
    secret.create(**written)

    assert written.items() <= secret.model.items()
    assert secret.read() == secret.model
    assert None not in secret.model.values()


@pytest.mark.parametrize("return_value", [True, False], ids=str)
def test_read_works_from_the_identifier_alone(world: World, return_value: bool) -> None:
    secret = world.secret()
    secret.create(ReturnValue=return_value)

    assert secret.read() == secret.model
    assert ("Value" in secret.model) is return_value


def test_read_returns_the_times_in_iso_8601_utc(world: World) -> None:
    secret = world.secret()
    secret.create()

    for name in ("CreatedTime", "LastRotatedTime"):
        moment = datetime.datetime.fromisoformat(secret.model[name])
        age = datetime.datetime.now(datetime.UTC) - moment
        assert abs(age) < datetime.timedelta(minutes=1)
        assert secret.model[name].endswith("Z")


@pytest.mark.parametrize("action", ["READ", "UPDATE", "DELETE"])
def test_what_is_not_there_is_not_found(world: World, action: str) -> None:
    code, message = failure(world, Operation(action, {"StackName": "s", "Name": "n"}, "t"))

    assert code == "NotFound"
    assert "myorg-secrets-password|s|default|n" in message


@pytest.mark.parametrize("window", [0, 30])
def test_a_deleted_secret_does_not_exist_to_any_handler(world: World, window: int) -> None:
    secret = world.secret()
    secret.create(RecoveryWindowInDays=window)
    secret.delete()

    for action in (secret.read, secret.update, secret.delete):
        with pytest.raises(Failed) as failed:
            action()
        assert failed.value.code == "NotFound"
    assert world.list() == []


def test_the_same_token_again_finds_the_same_secret(world: World) -> None:
    secret, again = world.secret(), world.secret()
    secret.create(token="one")

    again.create(token="one")

    assert again.model == secret.model
    assert world.calls == [*CREATE, "kms:Decrypt"]


def test_another_token_finds_the_identifier_taken(world: World) -> None:
    secret, other = world.secret(), world.secret()
    first = secret.create()

    with pytest.raises(Failed) as failed:
        other.create()

    assert failed.value.code == "AlreadyExists"
    assert secret.read()["Value"] == first


def test_requests_without_a_token_are_never_taken_for_repeats(world: World) -> None:
    world.send(Operation("CREATE", {"StackName": "s", "Name": "n"}, ""))

    code, _ = failure(world, Operation("CREATE", {"StackName": "s", "Name": "n"}, ""))

    assert code == "AlreadyExists"


def test_create_makes_three_calls(world: World) -> None:
    world.secret().create()

    assert world.calls == CREATE


def test_create_over_a_tombstone_makes_four_calls(world: World) -> None:
    secret = world.secret()
    first = secret.create()
    secret.delete()

    second = secret.create()

    assert second != first
    assert world.calls == [*CREATE, "dynamodb:PutItem"]
    assert "ExpiresAt" not in world.item(secret)
    assert "DeletedTime" not in world.item(secret)


def test_read_makes_two_calls_and_one_where_no_value_is_returned(world: World) -> None:
    secret, hidden = world.secret(), world.secret("Hidden")
    secret.create()
    hidden.create(ReturnValue=False)

    secret.read()
    assert world.calls == ["dynamodb:GetItem", "kms:Decrypt"]
    hidden.read()
    assert world.calls == ["dynamodb:GetItem"]


def test_update_without_a_rotation_makes_three_calls_and_without_a_change_two(
    world: World,
) -> None:
    secret = world.secret()
    secret.create()

    secret.update(Description="new")
    assert world.calls == ["dynamodb:GetItem", "kms:Decrypt", "dynamodb:UpdateItem"]
    secret.update(Description="new")
    assert world.calls == ["dynamodb:GetItem", "kms:Decrypt"]


def test_a_rotation_is_verified_before_its_one_write(world: World) -> None:
    secret = world.secret()
    secret.create()

    secret.update(RotationToken="2")

    assert world.calls == ["dynamodb:GetItem", *CREATE[:2], "dynamodb:UpdateItem"]


def test_a_roll_back_makes_three_calls(world: World) -> None:
    secret = world.secret()
    secret.create()
    secret.update(RotationToken="2")

    secret.update()

    assert world.calls == ["dynamodb:GetItem", "kms:Decrypt", "dynamodb:UpdateItem"]


def test_delete_makes_one_call_and_needs_no_key(world: World) -> None:
    secret = world.secret()
    secret.create()

    secret.delete()

    assert world.calls == ["dynamodb:UpdateItem"]


def test_delete_without_a_recovery_window_makes_two_calls_and_leaves_nothing(
    world: World,
) -> None:
    secret = world.secret()
    secret.create(RecoveryWindowInDays=0)

    secret.delete()

    assert world.calls == ["dynamodb:UpdateItem", "dynamodb:DeleteItem"]
    assert world.item(secret) is None


def test_a_tombstone_expires_after_the_window_that_update_settled(world: World) -> None:
    secret = world.secret()
    secret.create(RecoveryWindowInDays=30)
    secret.update(RecoveryWindowInDays=7)
    secret.delete()

    item = world.item(secret)
    deleted = datetime.datetime.fromisoformat(item["DeletedTime"]["S"])
    expires = int(item["ExpiresAt"]["N"])

    assert expires == int(deleted.timestamp()) + 7 * SECONDS_PER_DAY


def test_an_expired_tombstone_leaves_no_history(world: World) -> None:
    secret = world.secret()
    secret.create()
    secret.delete()
    world.change_item(secret, ExpiresAt={"N": "1"})

    secret.create()

    assert len(world.item(secret)["Versions"]["L"]) == 1


def test_no_readable_trace_of_the_secret_is_in_the_item(world: World) -> None:
    secret = world.secret()
    value = secret.create(SecretString="correct horse battery staple")

    assert value not in str(world.item(secret))


def test_tags_of_all_three_kinds_are_kept_apart(world: World) -> None:
    secret = world.secret()
    secret.stack_tags = {"Team": "Orders"}
    secret.create(Tags=[{"Key": "Team", "Value": "Payments"}])

    assert secret.read()["Tags"] == [{"Key": "Team", "Value": "Payments"}]
    item = world.item(secret)
    assert item["StackTags"]["M"] == {"Team": {"S": "Orders"}}
    assert item["SystemTags"]["M"]["aws:cloudformation:logical-id"] == {"S": "DBPassword"}

    secret.stack_tags = {"Team": "Invoices"}
    secret.update()
    assert world.item(secret)["StackTags"]["M"] == {"Team": {"S": "Invoices"}}
    assert "Tags" not in secret.read()


def test_outside_a_stack_the_tags_of_the_stack_stay_as_they_are(world: World) -> None:
    secret = world.secret()
    secret.stack_tags = {"Team": "Orders"}
    secret.create()
    operation = Operation("UPDATE", {**secret.identifier, "Description": "patched"}, "t")

    world.send(operation, stackTags=None, systemTags=None)

    item = world.item(secret)
    assert item["StackTags"]["M"] == {"Team": {"S": "Orders"}}
    assert "aws:cloudformation:stack-id" in item["SystemTags"]["M"]


def test_the_type_configuration_fills_in_what_a_template_leaves_out(world: World) -> None:
    key = world.kms.create_key()["KeyMetadata"]
    table = world.dynamodb.describe_table(TableName="myorg-secrets-password")["Table"]
    world.dynamodb.create_table(
        TableName="other-table",
        KeySchema=table["KeySchema"],
        AttributeDefinitions=table["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
    )
    world.account = Account(
        ACCOUNT_ID,
        REGION,
        {
            "TableName": "other-table",
            "KeyId": key["Arn"],
            "RecoveryWindowInDays": "0",
            "ReturnValue": "false",
        },
    )
    secret = world.secret()
    secret.create()

    assert secret.model["TableName"] == "other-table"
    assert secret.model["RecoveryWindowInDays"] == 0
    assert secret.model["ReturnValue"] is False
    assert world.item(secret)["Versions"]["L"][0]["M"]["KeyArn"] == {"S": key["Arn"]}
    world.account = Account(ACCOUNT_ID, REGION)
    assert secret.read() == secret.model


@pytest.mark.parametrize(
    "configuration",
    [
        {"TableNme": "typo"},
        {"TableName": "no"},
        {"KeyId": "nonsense"},
        {"RecoveryWindowInDays": "6"},
        {"ReturnValue": "perhaps"},
    ],
    ids=str,
)
@pytest.mark.parametrize("action", ["CREATE", "READ", "UPDATE", "DELETE", "LIST"])
def test_a_wrong_type_configuration_is_told_by_its_key(
    world: World, action: str, configuration: dict[str, str]
) -> None:
    world.account = Account(ACCOUNT_ID, REGION, configuration)

    code, message = failure(world, Operation(action, {"StackName": "s", "Name": "n"}, "t"))

    assert code == "InvalidTypeConfiguration"
    assert next(iter(configuration)) in message
    assert world.calls == []


def test_a_restored_table_under_another_name_stays_readable(world: World) -> None:
    secret = world.secret()
    value = secret.create()
    table = world.dynamodb.describe_table(TableName="myorg-secrets-password")["Table"]
    world.dynamodb.create_table(
        TableName="restored",
        KeySchema=table["KeySchema"],
        AttributeDefinitions=table["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
    )
    world.dynamodb.put_item(TableName="restored", Item=world.item(secret))
    secret.model["TableName"] = "restored"

    assert secret.read()["Value"] == value


def test_a_ciphertext_moved_to_another_row_is_told_as_tampering(world: World) -> None:
    secret, other = world.secret(), world.secret("Other")
    secret.create()
    other.create()
    world.change_item(secret, Versions=world.item(other)["Versions"])

    with pytest.raises(Failed) as failed:
        secret.read()

    assert failed.value.code == "GeneralServiceException"
    assert "tampered" in failed.value.message


def test_a_ciphertext_under_another_version_s_id_is_told_as_tampering(world: World) -> None:
    secret = world.secret()
    secret.create(RotationToken="1")
    secret.update(RotationToken="2")
    first, second = world.item(secret)["Versions"]["L"]
    first["M"]["Ciphertext"], second["M"]["Ciphertext"] = (
        second["M"]["Ciphertext"],
        first["M"]["Ciphertext"],
    )
    world.change_item(secret, Versions={"L": [first, second]})

    with pytest.raises(Failed) as failed:
        secret.read()

    assert failed.value.code == "GeneralServiceException"


@pytest.mark.parametrize(
    "damage",
    [
        {"Versions": {"L": []}},
        {"Versions": None},
        {"Revision": {"S": "one"}},
        {"Declared": {"S": "{"}},
        {"Tags": {"S": "none"}},
    ],
    ids=str,
)
def test_a_damaged_item_is_told_and_not_taken_for_missing(
    world: World, damage: dict[str, object]
) -> None:
    secret = world.secret()
    secret.create()
    world.change_item(secret, **damage)

    for action in (secret.read, secret.update):
        with pytest.raises(Failed) as failed:
            action()
        assert failed.value.code == "GeneralServiceException"
        assert "backup" in failed.value.message


def test_attributes_that_this_release_does_not_know_survive_an_update(world: World) -> None:
    secret = world.secret()
    secret.create()
    world.change_item(secret, FromTheFuture={"S": "kept"})

    secret.update(RotationToken="2")
    secret.delete()

    assert world.item(secret)["FromTheFuture"] == {"S": "kept"}


@pytest.mark.parametrize("name", ["TableName", "StackName", "Env", "Name"])
def test_an_update_cannot_change_the_identifier(world: World, name: str) -> None:
    secret = world.secret()
    secret.create()
    changed = {**secret.identifier, name: "another"}
    operation = Operation("UPDATE", changed, "t", previous=secret.identifier)

    code, message = failure(world, operation)

    assert code == "NotUpdatable"
    assert message.startswith(name)
    assert world.calls == []


@pytest.mark.parametrize(
    ("action", "properties"),
    [("READ", {"Name": "n"}), ("UPDATE", {"Name": "n"}), ("LIST", {}), ("LIST", None)],
    ids=["GetItem of read", "GetItem of update", "Query", "Scan"],
)
def test_every_read_is_consistent(
    world: World, action: str, properties: dict[str, str] | None
) -> None:
    """A read right after the create must find it."""
    bodies: list[dict[str, object]] = []
    named = None if properties is None else {"StackName": "s", **properties}

    def note(request: AWSPreparedRequest) -> None:
        bodies.append(json.loads(request.body))

    with (
        world.failing("dynamodb:GetItem", note),
        world.failing("dynamodb:Query", note),
        world.failing("dynamodb:Scan", note),
    ):
        world.send(Operation(action, named or {}, "t"))

    assert [body["ConsistentRead"] for body in bodies] == [True]


def test_2500_records_list_completely_over_the_live_entry_point(world: World) -> None:
    secret = world.secret()
    secret.create()
    item = world.item(secret)
    for n in range(2500):
        put = {**item, "StackName": {"S": f"stack-{n % 7}"}, "EnvName": {"S": f"dev#Name-{n}"}}
        if n % 10 == 0:
            put["DeletedTime"] = {"S": "2026-01-01T00:00:00.000Z"}
        world.dynamodb.put_item(TableName="myorg-secrets-password", Item=put)

    found = world.list()

    assert world.calls == ["dynamodb:Scan"]
    assert {tuple(model) for model in found} == {("TableName", "StackName", "Env", "Name")}
    live = {f"Name-{n}" for n in range(2500) if n % 10}
    assert {model["Name"] for model in found} == live | {"DBPassword"}
    assert len(found) == len(live) + 1

    of_one_stack = world.list({"StackName": "stack-3"})
    assert world.calls == ["dynamodb:Query"]
    assert {m["Name"] for m in of_one_stack} == {
        f"Name-{n}" for n in range(2500) if n % 7 == 3 and n % 10
    }


def test_an_empty_list_is_an_empty_list(world: World) -> None:
    answer = world.send(Operation("LIST", {}, "t"))

    assert answer["resourceModels"] == []
    assert "nextToken" not in answer


@pytest.mark.parametrize("token", ["x", "e30=", "bnVsbA==", "W10=", "é", "a" * 10_000])
def test_a_bad_list_token_is_refused(world: World, token: str) -> None:
    code, message = failure(world, Operation("LIST", {}, "t", next_token=token))

    assert code == "InvalidRequest"
    assert message.startswith("nextToken")
    assert world.calls == []


def test_a_list_token_of_another_stack_is_refused(world: World) -> None:
    for n in range(101):
        world.secret(f"Name{n}").create()
    token = world.send(Operation("LIST", {"StackName": "orders"}, "t"))["nextToken"]

    for model in ({}, {"StackName": "other"}, {"StackName": "orders", "TableName": "other"}):
        code, _ = failure(world, Operation("LIST", model, "t", next_token=token))
        assert code == "InvalidRequest"


def test_the_test_entry_point_serves_the_framework_s_form(world: World) -> None:
    from myorg_secrets_password.handlers import test_entrypoint as entry_point

    answer = entry_point(
        {
            "credentials": {"accessKeyId": "a", "secretAccessKey": "b", "sessionToken": "c"},
            "action": "CREATE",
            "region": REGION,
            "request": {
                "clientRequestToken": "t",
                "desiredResourceState": {"StackName": "s", "Name": "n"},
                "logicalResourceIdentifier": "n",
            },
        },
        None,
    )

    assert answer["status"] == "SUCCESS"


@pytest.mark.parametrize(
    "damage", [{"Versions": {"L": []}}, {"Declared": None}, {"Tags": {"S": "none"}}], ids=str
)
def test_a_damaged_record_that_is_deleted_leaves_its_name_free(
    world: World, damage: dict[str, object]
) -> None:
    """Of a tombstone nothing needs to be readable."""
    secret = world.secret()
    secret.create()
    world.change_item(secret, **damage)
    secret.delete()

    with pytest.raises(Failed) as failed:
        secret.read()
    assert failed.value.code == "NotFound"
    secret.create()
    assert secret.read() == secret.model
    assert len(world.item(secret)["Versions"]["L"]) == 1


def test_a_record_restored_by_hand_expires_no_more_after_an_update(world: World) -> None:
    secret = world.secret()
    secret.create()
    secret.delete()
    world.change_item(secret, DeletedTime=None)

    secret.update(Description="restored")

    assert "ExpiresAt" not in world.item(secret)


def test_a_list_of_a_table_that_is_not_of_this_type_says_so(world: World) -> None:
    world.dynamodb.create_table(
        TableName="foreign",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    world.dynamodb.put_item(TableName="foreign", Item={"id": {"S": "x"}})

    code, message = failure(world, Operation("LIST", {"TableName": "foreign"}, "t"))

    assert code == "InvalidRequest"
    assert "table/foreign" in message
    assert "StackName and EnvName" in message


def test_a_list_leaves_out_what_no_handler_could_read(world: World) -> None:
    """Rows that somebody else wrote into the table."""
    secret = world.secret()
    secret.create()
    for env_name in ("nohash", "#name", "env#", "env#a#b"):
        item = {**world.item(secret), "EnvName": {"S": env_name}}
        world.dynamodb.put_item(TableName="myorg-secrets-password", Item=item)

    assert world.list() == [secret.identifier]


def test_outside_a_stack_an_empty_object_takes_no_system_tags_away(world: World) -> None:
    secret = world.secret()
    secret.create()
    operation = Operation("UPDATE", {**secret.identifier, "Description": "patched"}, "t")

    world.send(operation, stackTags={}, systemTags={})

    assert "aws:cloudformation:stack-id" in world.item(secret)["SystemTags"]["M"]


@pytest.mark.parametrize("revision", [None, {"N": "1.5"}, {"S": "one"}], ids=str)
def test_a_tombstone_without_a_revision_leaves_its_name_free(
    world: World, revision: dict[str, str] | None
) -> None:
    secret = world.secret()
    secret.create()
    secret.delete()
    world.change_item(secret, Revision=revision)

    secret.create()

    assert secret.read() == secret.model


def test_a_policy_that_was_tampered_with_names_no_other_property(world: World) -> None:
    secret = world.secret()
    secret.create()
    world.change_item(secret, Declared={"S": '{"Name": "x", "PasswordLength": 32}'})

    assert secret.read() == {**secret.model, "PasswordLength": 32}


def test_env_and_name_together_fit_into_the_sort_key(world: World) -> None:
    """Each is short enough by itself."""
    code, message = failure(
        world, Operation("CREATE", {"StackName": "s", "Env": "e" * 600, "Name": "n" * 600}, "t")
    )

    assert code == "InvalidRequest"
    assert message.startswith("Env and Name may together take 1023 bytes")
    assert world.calls == []
