"""When a password changes: each consequence of the rule, by name, through the live entry point."""

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from local.events import Operation
from myorg_secrets_password import policy
from myorg_secrets_password.record import MAXIMUM_MEMORIES, MAXIMUM_VERSIONS
from tests.world import Failed, Fault, Secret, World, refuse_with

PROVIDED = "hunter2-but-longer"
OTHER = "another-one-of-mine"


@pytest.mark.parametrize(
    "change",
    [
        {"Description": "for the orders database"},
        {"Tags": [{"Key": "Team", "Value": "Orders"}]},
        {"RecoveryWindowInDays": 7},
        {"ReturnValue": True},
        {"KeyId": "alias/myorg-secrets-password"},
        {"PasswordLength": 32},
        {"RequireEachIncludedType": True},
        {"IncludeSpace": True},
        {"IncludeSpace": False},
        {"RotationToken": ""},
    ],
    ids=str,
)
def test_what_the_password_satisfies_never_changes_it(
    world: World, change: dict[str, object]
) -> None:
    secret = world.secret()
    first = secret.create()
    version = secret.model["VersionId"]

    assert secret.update(**change) == first
    assert secret.update() == first
    assert secret.model["VersionId"] == version


def test_a_policy_that_the_password_already_satisfies_never_changes_it(world: World) -> None:
    secret = world.secret()
    first = secret.create(AllowedCharacters="abcdef", RequireEachIncludedType=False)

    assert secret.update(ExcludeCharacters="xyz", ExcludeNumbers=True) == first


def test_taking_policy_properties_away_never_changes_it(world: World) -> None:
    secret = world.secret()
    first = secret.create(PasswordLength=20, ExcludeNumbers=True, IncludeSpace=True)

    assert secret.update() == first


def test_other_defaults_of_a_newer_release_never_change_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = world.secret()
    first = secret.create()
    monkeypatch.setattr(policy, "DEFAULT_LENGTH", 48)

    assert secret.update(Description="newer") == first
    assert secret.update(AllowedCharacters="".join(policy.CLASSES.values())) == first
    assert len(secret.update(RotationToken="now")) == 48


def test_a_new_rotation_token_makes_a_new_password(world: World) -> None:
    secret = world.secret()
    first = secret.create()
    before = dict(secret.model)

    second = secret.update(RotationToken="2026-01")

    assert second != first
    assert secret.model["VersionId"] != before["VersionId"]
    assert secret.model["LastRotatedTime"] > before["LastRotatedTime"]
    assert secret.model["CreatedTime"] == before["CreatedTime"]


@pytest.mark.parametrize(
    "broken",
    [
        {"PasswordLength": 33},
        {"ExcludeLowercase": True},
        {"ExcludePunctuation": True},
        {"AllowedCharacters": "0123456789", "RequireEachIncludedType": False},
    ],
    ids=str,
)
def test_a_policy_that_the_password_breaks_makes_a_new_one(
    world: World, broken: dict[str, object]
) -> None:
    secret = world.secret()
    first = secret.create()

    assert secret.update(**broken) != first


def test_a_roll_back_returns_the_very_password(world: World) -> None:
    secret = world.secret()
    first = secret.create(RotationToken="1")

    second = secret.update(RotationToken="2")

    assert second != first
    assert secret.update(RotationToken="1") == first


def test_a_roll_back_returns_the_first_though_the_second_satisfies_as_well(world: World) -> None:
    secret = world.secret()
    first = secret.create()
    tightened = {"ExcludePunctuation": True, "ExcludeNumbers": True}
    second = secret.update(**tightened)

    assert second != first
    assert secret.update() == first
    assert secret.update(**tightened) == second


def test_back_to_a_policy_that_was_kept_gives_the_first_again(world: World) -> None:
    """P1 → P2 (satisfied, kept) → P3 (broken, new) → P2 gives the first one again."""
    secret = world.secret()
    first = secret.create()
    assert secret.update(PasswordLength=32) == first
    assert secret.update(PasswordLength=40) != first

    assert secret.update(PasswordLength=32) == first


def test_an_update_that_is_delivered_twice_rotates_once(world: World) -> None:
    secret = world.secret()
    secret.create()
    before = secret.properties

    second = secret.update(RotationToken="2")

    assert secret.update(previous=before, RotationToken="2") == second
    assert secret.update(RotationToken="2") == second


def test_a_roll_back_does_not_depend_on_what_the_event_calls_previous(world: World) -> None:
    secret = world.secret()
    first = secret.create(RotationToken="1", PasswordLength=20)
    secret.update(RotationToken="2", PasswordLength=24)

    stale = {"RotationToken": "1", "PasswordLength": 20}
    assert secret.update(previous=stale, RotationToken="1", PasswordLength=20) == first


def test_secret_string_becomes_the_current_version(world: World) -> None:
    secret = world.secret()
    first = secret.create()

    assert secret.update(SecretString=PROVIDED) == PROVIDED
    version = secret.model["VersionId"]
    assert secret.update(SecretString=PROVIDED, RotationToken="any", PasswordLength=9) == PROVIDED
    assert secret.model["VersionId"] == version
    assert secret.update(SecretString=OTHER) == OTHER
    assert secret.update(SecretString=PROVIDED) == PROVIDED
    assert first not in (PROVIDED, OTHER)


def test_secret_string_taken_away_gives_the_generated_password_again(world: World) -> None:
    secret = world.secret()
    first = secret.create()
    secret.update(SecretString=PROVIDED)

    assert secret.update() == first


def test_secret_string_taken_away_gives_a_new_password_where_none_served(world: World) -> None:
    secret = world.secret()
    secret.create(SecretString=PROVIDED)

    assert secret.update() != PROVIDED


def test_secret_string_that_changes_back_is_found_again_on_roll_back(world: World) -> None:
    secret = world.secret()
    secret.create(SecretString=PROVIDED)
    secret.update(SecretString=OTHER)

    assert secret.update(SecretString=PROVIDED) == PROVIDED


def test_a_patch_without_secret_string_keeps_a_provided_password(world: World) -> None:
    """Cloud Control patches leave write-only properties out, so its absence says nothing."""
    secret = world.secret(stack=None)
    secret.create(StackName="orders", Name="DB", SecretString=PROVIDED)

    assert secret.patch(Description="patched") == PROVIDED
    assert secret.patch(Tags=[{"Key": "a", "Value": "b"}]) == PROVIDED
    assert secret.patch(RotationToken="now") != PROVIDED


def test_a_patch_after_a_generated_password_keeps_the_provided_one(world: World) -> None:
    secret = world.secret(stack=None)
    first = secret.create(StackName="orders", Name="DB")
    assert secret.patch(SecretString=PROVIDED) == PROVIDED

    assert secret.patch(Description="patched") == PROVIDED
    assert first != PROVIDED


def test_an_adopted_record_keeps_its_password_through_an_unrelated_update(world: World) -> None:
    secret = world.secret()
    old = secret.create(SecretString="short-and-old")
    _adopt(world, secret)
    secret.properties = {"PasswordLength": 20}

    assert secret.update(PasswordLength=20, Description="imported") == old
    assert secret.update(PasswordLength=20) == old
    assert secret.update(PasswordLength=20, RotationToken="now") != old


def test_an_adopted_record_without_previous_properties_serves_the_declared_state(
    world: World,
) -> None:
    secret = world.secret()
    old = secret.create(SecretString="short-and-old")
    _adopt(world, secret)

    properties = {**secret.identifier, "PasswordLength": 20}
    operation = Operation("UPDATE", properties, world.token(), stack_id=secret.stack_id)

    assert world.send(operation)["resourceModel"]["Value"] == old


def test_a_new_rotation_token_rotates_an_adopted_record_at_once(world: World) -> None:
    secret = world.secret()
    old = secret.create(SecretString="short-and-old")
    _adopt(world, secret)
    secret.properties = {"PasswordLength": 20}

    assert secret.update(PasswordLength=20, RotationToken="now") != old


def _adopt(world: World, secret: Secret) -> None:
    """Make the record what adoption leaves: one adopted version, and nothing remembered."""
    item = world.item(secret)
    assert item is not None
    item["Versions"]["L"][-1]["M"]["Source"] = {"S": "Adopted"}
    world.change_item(
        secret, Versions=item["Versions"], Memories={"L": []}, Provided={"BOOL": False}
    )


def test_versions_from_before_a_deletion_are_history_only(world: World) -> None:
    secret = world.secret()
    first = secret.create(RotationToken="1")
    secret.delete()

    second = secret.create(RotationToken="1")

    assert second != first
    assert secret.update(RotationToken="2") not in (first, second)
    assert secret.update(RotationToken="1") == second
    assert len(world.item(secret)["Versions"]["L"]) == 3


def test_ten_versions_are_kept_those_that_were_current_last(world: World) -> None:
    secret = world.secret()
    values = [secret.create(RotationToken="0")]
    values += [secret.update(RotationToken=str(n)) for n in range(1, MAXIMUM_VERSIONS)]

    assert secret.update(RotationToken="0") == values[0]
    secret.update(RotationToken="more")

    assert len(world.item(secret)["Versions"]["L"]) == MAXIMUM_VERSIONS
    assert secret.update(RotationToken="0") == values[0]
    assert secret.update(RotationToken="2") == values[2]
    assert secret.update(RotationToken="1") not in values


def test_64_declared_states_are_remembered(world: World) -> None:
    secret = world.secret()
    first = secret.create(RotationToken="t")
    for n in range(MAXIMUM_MEMORIES + 6):
        assert secret.update(RotationToken="t", ExcludeCharacters="€" * (n + 1)) == first

    assert len(world.item(secret)["Memories"]["L"]) == MAXIMUM_MEMORIES
    assert secret.update(RotationToken="t") == first


def test_a_key_change_re_encrypts_every_kept_version_and_keeps_the_password(world: World) -> None:
    other = world.kms.create_key()["KeyMetadata"]
    secret = world.secret()
    first = secret.create(RotationToken="1")
    second = secret.update(RotationToken="2")

    assert secret.update(RotationToken="2", KeyId=other["KeyId"]) == second

    versions = world.item(secret)["Versions"]["L"]
    assert {version["M"]["KeyArn"]["S"] for version in versions} == {other["Arn"]}
    assert secret.update(RotationToken="1", KeyId=other["KeyId"]) == first


def test_a_key_taken_away_goes_back_to_the_default_key(world: World) -> None:
    other = world.kms.create_key()["KeyMetadata"]
    secret = world.secret()
    first = secret.create(KeyId=other["Arn"])

    assert secret.update() == first

    [version] = world.item(secret)["Versions"]["L"]
    assert version["M"]["KeyArn"]["S"] == world.storage.key_arn


def test_a_changed_type_configuration_alone_re_encrypts_nothing(world: World) -> None:
    other = world.kms.create_key()["KeyMetadata"]
    secret = world.secret()
    first = secret.create()
    world.account = type(world.account)(
        world.account.account_id, world.account.region, {"KeyId": other["KeyId"]}
    )

    assert secret.update(Description="later") == first
    assert "kms:ReEncrypt" not in world.calls
    secret.update(RotationToken="next")

    arns = [version["M"]["KeyArn"]["S"] for version in world.item(secret)["Versions"]["L"]]
    assert arns == [world.storage.key_arn, other["Arn"]]


def test_an_earlier_version_whose_key_is_gone_does_not_tie_the_secret_to_its_key(
    world: World,
) -> None:
    lost, other = (world.kms.create_key()["KeyMetadata"] for _ in range(2))
    secret = world.secret()
    secret.create(KeyId=lost["KeyId"])
    item = world.item(secret)
    secret.update(KeyId=lost["KeyId"], RotationToken="2")
    second = secret.update(RotationToken="2")
    versions = world.item(secret)["Versions"]
    versions["L"][0] = item["Versions"]["L"][0]
    gone = lost["Arn"].replace(lost["KeyId"], "00000000-0000-0000-0000-000000000000")
    versions["L"][0]["M"]["KeyArn"] = {"S": gone}
    world.change_item(secret, Versions=versions)

    assert secret.update(KeyId=other["KeyId"], RotationToken="2") == second


def test_the_rule_looks_at_no_more_versions_than_it_needs(world: World) -> None:
    secret = world.secret()
    secret.create(ReturnValue=False)

    secret.update(ReturnValue=False, Description="unrelated")

    assert "kms:Decrypt" not in world.calls


def test_update_of_what_is_not_there_is_not_found(world: World) -> None:
    secret = world.secret()
    secret.create()
    secret.delete()

    with pytest.raises(Failed) as failed:
        secret.update()

    assert failed.value.code == "NotFound"


@pytest.mark.parametrize(
    "code", ["NotFoundException", "DisabledException", "KMSInvalidStateException"]
)
def test_a_password_of_one_s_own_replaces_one_whose_key_cannot_be_used(
    world: World, code: str
) -> None:
    """Its old value cannot be compared, and the versions before it stay as they are."""
    lost, other = (world.kms.create_key()["KeyMetadata"] for _ in range(2))
    secret = world.secret()
    secret.create(KeyId=lost["KeyId"])

    with (
        world.failing("kms:Decrypt", _refusing(lost["Arn"], code)),
        world.failing("kms:ReEncrypt", _refusing(lost["Arn"], code)),
    ):
        assert secret.update(KeyId=other["KeyId"], SecretString=PROVIDED) == PROVIDED

    arns = [version["M"]["KeyArn"]["S"] for version in world.item(secret)["Versions"]["L"]]
    assert arns == [lost["Arn"], other["Arn"]]


@pytest.mark.parametrize(
    "code", ["NotFoundException", "DisabledException", "KMSInvalidStateException"]
)
def test_a_new_key_with_a_new_password_waits_for_no_key_that_cannot_be_used(
    world: World, code: str
) -> None:
    lost, other = (world.kms.create_key()["KeyMetadata"] for _ in range(2))
    secret = world.secret()
    first = secret.create(KeyId=lost["KeyId"])

    with world.failing("kms:ReEncrypt", _refusing(lost["Arn"], code)):
        second = secret.update(KeyId=other["KeyId"], RotationToken="2")

    assert second != first
    assert secret.read()["Value"] == second


def test_a_key_that_is_gone_is_told_with_the_way_out(world: World) -> None:
    lost, other = (world.kms.create_key()["KeyMetadata"] for _ in range(2))
    secret = world.secret()
    secret.create(KeyId=lost["KeyId"])

    with (
        world.failing("kms:ReEncrypt", _refusing(lost["Arn"], "NotFoundException")),
        pytest.raises(Failed) as failed,
    ):
        secret.update(KeyId=other["KeyId"])

    assert failed.value.code == "InvalidRequest"
    assert f"{lost['Arn']} to " in failed.value.message
    assert "kms:ReEncryptFrom, kms:ReEncryptTo" in failed.value.message
    assert "one of the two keys does not exist" in failed.value.message
    assert "RotationToken or SecretString" in failed.value.message


def test_the_version_id_changes_only_with_the_value(world: World) -> None:
    """Two kept versions hold the same value here; the current one stays."""
    secret = world.secret()
    secret.create(SecretString=PROVIDED, RotationToken="1")
    secret.update(SecretString=OTHER, RotationToken="2")
    secret.update(SecretString=PROVIDED, RotationToken="2")
    version = secret.model["VersionId"]

    secret.update(SecretString=PROVIDED, RotationToken="1")

    assert secret.model["VersionId"] == version
    assert world.calls == ["dynamodb:GetItem", "kms:Decrypt", "dynamodb:UpdateItem"]


def _refusing(arn: str, code: str) -> Fault:
    """Refuse a call that names the key, as KMS does for one that cannot be used."""
    refusal = refuse_with(code)

    def fault(request: AWSPreparedRequest) -> AWSResponse | None:
        return refusal(request) if arn in request.body.decode() else None

    return fault
