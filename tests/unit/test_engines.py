"""The table of engines: against AWS's own documents, and for what it does to a password."""

import functools
import html
import re
import string
from typing import Any

import botocore.session
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local.schema import type_schema
from myorg_secrets_password import policy, properties
from myorg_secrets_password.engines import CLASSES, ENGINES, EVERYWHERE_SAFE, PRINTABLE, Rule
from myorg_secrets_password.exceptions import InvalidProperty
from myorg_secrets_password.generator import entropy_bits, generate
from myorg_secrets_password.policy import Policy, satisfies
from tests.world import Failed, World

RDS_NAMES = {
    "Db2": ("db2-ae", "db2-ce", "db2-se"),
    "MariaDB": ("mariadb",),
    "Microsoft SQL Server": tuple(name for name in ENGINES if "sqlserver" in name),
    "MySQL": ("mysql",),
    "Oracle": tuple(name for name in ENGINES if "oracle" in name),
    "PostgreSQL": ("postgres",),
}
ALL = pytest.mark.parametrize("engine", ENGINES)


@functools.cache
def shape(service: str, name: str) -> Any:
    """Return a shape of the installed botocore: Operation.Member, or the shape's own name."""
    model = botocore.session.get_session().get_service_model(service)
    operation, _, member = name.partition(".")
    if not member:
        return model.shape_for(operation)
    return model.operation_model(operation).input_shape.members[member]


def text(service: str, name: str) -> str:
    """Return what botocore documents, in one line without markup."""
    plain = re.sub(r"<[^>]+>", " ", shape(service, name).documentation)
    return re.sub(r"\s+", " ", html.unescape(plain))


def forbidden(rule: Rule) -> set[str]:
    """Return the printable characters that the rule does not permit."""
    return {c for c in PRINTABLE if not rule.permits(c)}


# --- Against the installed botocore ---


def test_the_engines_of_rds_are_those_that_it_documents() -> None:
    documented: set[str] = set()
    for operation in ("CreateDBInstance", "CreateDBCluster"):
        values = text("rds", f"{operation}.Engine").partition("Valid Values:")[2]
        documented |= set(re.findall(r"(?<![\w-])([a-z]+(?:-?[a-z0-9]+)*)(?![\w.])", values))
    words = {"for", "information", "about", "using", "see", "the", "instances"}
    other = {"redshift", "docdb", "elasticache", "memorydb", "opensearch", "mq", "influxdb"}
    other |= {"directory-service", "fsx-ontap"}

    # Neptune has no passwords.
    assert documented - words - {"neptune"} == set(ENGINES) - other
    assert "Not supported by Neptune" in text("neptune", "CreateDBCluster.MasterUserPassword")


@pytest.mark.parametrize(
    "operation", ["CreateDBInstance", "ModifyDBInstance", "RestoreDBInstanceFromS3"]
)
def test_no_instance_of_rds_documents_a_narrower_length(operation: str) -> None:
    """Where two operations disagree, our row is the stricter of the two."""
    found = re.findall(
        r"RDS for ([\w ]+?) - Must contain from (\d+) to (\d+) characters",
        text("rds", f"{operation}.MasterUserPassword"),
    )

    assert {name for name, *_ in found} == set(RDS_NAMES)
    for name, minimum, maximum in found:
        for engine in RDS_NAMES[name]:
            assert ENGINES[engine].minimum == int(minimum)
            assert ENGINES[engine].maximum == min(int(maximum), 128 if name == "Db2" else 999)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name.startswith("aurora")])
def test_a_cluster_of_rds_has_its_own_length(engine: str) -> None:
    documented = text("rds", "CreateDBCluster.MasterUserPassword")

    assert "Must contain from 8 to 41 characters." in documented
    assert (ENGINES[engine].minimum, ENGINES[engine].maximum) == (8, 41)


def test_default_lengths_suit_a_cluster_as_well() -> None:
    """`Engine: !Ref DBEngine` works for instances and for clusters."""
    for engine in ("mysql", "postgres", "aurora-mysql", "aurora-postgresql"):
        assert Policy.of({"Engine": engine}).length <= 41


@pytest.mark.parametrize("engine", [name for names in RDS_NAMES.values() for name in names])
def test_the_characters_of_rds_are_those_that_it_documents(engine: str) -> None:
    documented = text("rds", "CreateDBInstance.MasterUserPassword")

    assert 'any printable ASCII character except "/", """, or "@".' in documented
    assert 'For RDS for Oracle, can\'t include the "&" (ampersand) or the "\'" (single' in (
        documented
    )
    # The space: see the row's source.
    assert forbidden(ENGINES[engine]) == set('/"@ ') | (set("&'") if "oracle" in engine else set())


DOCUMENTED: dict[str, tuple[str, str, tuple[str, ...], set[str]]] = {
    "redshift": (
        "redshift",
        "CreateCluster.MasterUserPassword",
        (
            "between 8 and 64 characters",
            "at least one uppercase letter. Must contain at least one lowercase letter. Must"
            " contain one number.",
            "(ASCII code 33-126) except ' (single quote), \" (double quote), \\ , / , or @",
        ),
        set("'\"\\/@ "),
    ),
    "docdb": (
        "docdb",
        "CreateDBCluster.MasterUserPassword",
        (
            'any printable ASCII character except forward slash (/), double quote ("), or the'
            ' "at" symbol (@)',
            "from 8 to 100 characters",
        ),
        set('/"@'),
    ),
    "elasticache": (
        "elasticache",
        "CreateReplicationGroup.AuthToken",
        (
            "at least 16 characters and no more than 128 characters",
            "only permitted printable special characters are !, &, #, $, ^, <, >, and -.",
        ),
        set(string.punctuation + " ") - set("!&#$^<>-"),
    ),
    "mq": (
        "mq",
        "CreateUser.Password",
        (
            "at least 12 characters long, must contain at least 4 unique characters, and must not"
            " contain commas, colons, or equal signs (,:=)",
        ),
        set(",:="),
    ),
}
LENGTHS = {"redshift": (8, 64), "docdb": (8, 100), "elasticache": (16, 128), "mq": (12, 512)}


@pytest.mark.parametrize("engine", DOCUMENTED)
def test_a_row_says_what_its_service_documents(engine: str) -> None:
    service, name, sentences, refused = DOCUMENTED[engine]
    documented, rule = text(service, name), ENGINES[engine]

    for sentence in sentences:
        assert sentence in documented
    assert forbidden(rule) == refused
    assert (rule.minimum, rule.maximum) == LENGTHS[engine]


def test_the_other_operations_of_elasticache_forbid_nothing_that_the_row_permits() -> None:
    documented = text("elasticache", "ModifyReplicationGroup.AuthToken")

    assert "Cannot contain any of the following characters: '/', '\"', or '@', '%'" in documented
    assert not any(ENGINES["elasticache"].permits(c) for c in '/"@%')


PATTERNED = {
    "directory-service": ("ds", "CreateDirectory.Password"),
    "influxdb": ("timestream-influxdb", "CreateDbInstance.password"),
    "fsx-ontap": ("fsx", "AdminPassword"),
    "opensearch": ("opensearch", "Password"),
}
TEXTS = st.one_of(
    st.text(st.sampled_from(PRINTABLE + "é\n\x00\x85\u2028"), min_size=5, max_size=12),
    st.text(st.sampled_from(string.ascii_letters + string.digits), min_size=45, max_size=70),
    st.text(st.sampled_from("abcXYZ123-_"), min_size=120, max_size=130),
)


@pytest.mark.parametrize("engine", PATTERNED)
@given(candidate=TEXTS)
@example(candidate="abcDEF12")
@example(candidate="abcdef1-")
@example(candidate="abcdefg1")
@settings(max_examples=150, deadline=None)
def test_a_row_accepts_what_the_pattern_of_its_service_accepts(engine: str, candidate: str) -> None:
    metadata = shape(*PATTERNED[engine]).metadata
    length = metadata.get("min", 0) <= len(candidate) <= metadata.get("max", 9999)
    # The patterns are Java's, whose dot matches no line break of Unicode.
    pattern = metadata["pattern"].replace(".", r"[^\n\r\x85\u2028\u2029]")
    matches = re.fullmatch(pattern, candidate, re.ASCII) is not None

    problem = ENGINES[engine].problem(candidate)

    if engine == "opensearch":  # the service wants each class, though its model does not say so
        assert problem is not None or (length and matches)
    else:
        assert (problem is None) is (length and matches)


# --- The table itself ---


def test_the_schema_lists_the_engines_of_the_table() -> None:
    """In several short lists: `cfn validate` warns of a long one."""
    stated = type_schema()["properties"]["Engine"]

    assert {name for part in stated["anyOf"] for name in part["enum"]} == set(ENGINES)
    assert all(f" {name}" in stated["description"] for name in ENGINES)


@ALL
def test_a_row_has_a_source_and_says_its_characters_in_words(engine: str) -> None:
    assert ENGINES[engine].source
    assert ENGINES[engine].characters


@ALL
def test_what_is_generated_keeps_to_the_rule_and_needs_no_quoting(engine: str) -> None:
    generation = Policy.of({"Engine": engine})
    for _ in range(200):
        value = generate(generation)

        assert ENGINES[engine].problem(value) is None
        assert set(value) <= set(EVERYWHERE_SAFE)
        assert value[0].isalnum()
        assert value[-1].isalnum()
        assert len(value) == min(32, ENGINES[engine].maximum)


@ALL
def test_a_generated_password_has_at_least_128_bits(engine: str) -> None:
    assert entropy_bits(Policy.of({"Engine": engine})) > 128


@ALL
@pytest.mark.parametrize("at", ["minimum", "maximum"])
def test_both_bounds_of_the_length_can_be_asked_for(engine: str, at: str) -> None:
    length = getattr(ENGINES[engine], at)

    value = generate(Policy.of({"Engine": engine, "PasswordLength": length}))

    assert len(value) == length
    assert ENGINES[engine].problem(value) is None


@ALL
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_policy_that_is_accepted_for_an_engine_gives_what_suits_both(
    engine: str, data: st.DataObject
) -> None:
    flags = data.draw(st.dictionaries(st.sampled_from([*CLASSES, "IncludeSpace"]), st.booleans()))
    some = st.text(st.sampled_from(PRINTABLE + "é"), min_size=1, max_size=12)
    declared: dict[str, Any] = data.draw(
        st.sampled_from([{**flags}, *({"ExcludeCharacters": c, **flags} for c in ("-_.", "-."))])
        | st.builds(lambda excluded: {"ExcludeCharacters": excluded, **flags}, some)
        | st.builds(lambda allowed: {"AllowedCharacters": allowed}, some)
    )
    written = st.sampled_from([{}, *({"RequireEachIncludedType": flag} for flag in (True, False))])
    declared |= data.draw(written)
    declared["Engine"] = engine
    try:
        generation = Policy.of(declared)
    except InvalidProperty as refused:
        assert f"Engine {engine}" in str(refused) or "leave no character" in str(refused)
        return

    value = generate(generation)

    assert ENGINES[engine].problem(value) is None
    assert satisfies(value, declared)
    assert not set(value) & set(ENGINES[engine].never_generated)


# --- AllowedCharacters, and what generation avoids ---


def test_what_allowed_characters_names_is_not_avoided() -> None:
    declared = {"Engine": "mysql", "AllowedCharacters": "!#$%^&*", "RequireEachIncludedType": False}

    assert set(generate(Policy.of({**declared, "PasswordLength": 41}))) <= set("!#$%^&*")


def test_what_the_engine_forbids_is_left_out_of_allowed_characters() -> None:
    declared = {"Engine": "mysql", "AllowedCharacters": "ab/@\" '"}

    assert set(generate(Policy.of(declared))) == set("ab")


def test_a_class_that_the_engine_forces_is_taken_from_what_is_avoided_if_need_be() -> None:
    declared = {"Engine": "opensearch", "ExcludeCharacters": "-_."}

    value = generate(Policy.of(declared))

    assert set(value) & (set(string.punctuation) - set("-_."))


@pytest.mark.parametrize("excluded", ["", "-", "-.", "-_."])
def test_where_little_would_be_safe_everything_permitted_is_taken(excluded: str) -> None:
    """Otherwise the password could be guessed."""
    declared = {
        "Engine": "mysql",
        **dict.fromkeys([name for name in CLASSES if name != "ExcludePunctuation"], True),
        "ExcludeCharacters": excluded,
    }

    assert entropy_bits(Policy.of(declared)) > 32 * 4


def test_a_type_that_is_required_in_writing_is_taken_from_what_is_avoided_if_need_be() -> None:
    declared = {"Engine": "mysql", "ExcludeCharacters": "-_."}

    assert generate(Policy.of(declared)).isalnum()
    assert not generate(Policy.of({**declared, "RequireEachIncludedType": True})).isalnum()


@pytest.mark.parametrize(
    ("declared", "wider"),
    [
        ({"ExcludeCharacters": "-_."}, {"ExcludeCharacters": "-_.\N{EURO SIGN}"}),
        ({"AllowedCharacters": "abcdefghij'"}, {"AllowedCharacters": "abcdefghijk'"}),
    ],
    ids=["excluding", "allowing"],
)
def test_a_generated_password_stays_where_the_policy_grows_no_narrower(
    world: World, declared: dict[str, Any], wider: dict[str, Any]
) -> None:
    secret = world.secret()
    common = {"Engine": "mysql", "RequireEachIncludedType": True}
    first = secret.create(**common, **declared)

    assert secret.update(**common, **wider) == first


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            {"Engine": "mysql", "AllowedCharacters": "'"},
            "AllowedCharacters cannot .* Engine mysql, .* \\(' is never generated\\)",
        ),
        (
            {"Engine": "oracle-ee", "PasswordLength": 40},
            "PasswordLength 40: oracle-ee takes 8 to 30 characters.",
        ),
        (
            {"Engine": "elasticache", "PasswordLength": 15},
            "PasswordLength 15: elasticache takes 16 to 128 characters.",
        ),
        (
            {"Engine": "redshift", "ExcludeNumbers": True},
            "ExcludeNumbers cannot be met together with Engine redshift, .*: no digit is left",
        ),
        (
            {"Engine": "influxdb", "AllowedCharacters": "-_"},
            "AllowedCharacters cannot be met together with Engine influxdb, which takes only"
            " ASCII letters and digits",
        ),
        (
            {"Engine": "mq", "AllowedCharacters": "abc,"},
            "AllowedCharacters .* Engine mq, .* at least 4 different characters",
        ),
        (
            {"Engine": "directory-service", "ExcludeLowercase": True, "ExcludeNumbers": True},
            "ExcludeLowercase, ExcludeNumbers .* Engine directory-service, .* 3 of the four",
        ),
        (
            {"Engine": "mq", "PasswordLength": 4000},
            "PasswordLength 4000: mq takes 12 to 512 characters.",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_properties_at_odds_with_the_engine_are_named_with_what_suits_both(
    world: World, declared: dict[str, Any], message: str
) -> None:
    with pytest.raises(Failed) as failed:
        world.secret().create(**declared)

    assert failed.value.code == "InvalidRequest"
    assert re.match(message, failed.value.message)
    assert world.calls == []


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("postgresql", "Did you mean .*postgres"),
        ("MySQL", "Did you mean mysql"),
        ("aurora", "Did you mean .*aurora-mysql|aurora-postgresql"),
        ("neptune", "It takes: aurora-mysql"),
        (5, "It takes: aurora-mysql"),
    ],
    ids=str,
)
def test_an_engine_that_does_not_exist_is_refused_with_the_nearest(
    world: World, value: object, hint: str
) -> None:
    with pytest.raises(Failed) as failed:
        world.secret().create(Engine=value)

    assert failed.value.code == "InvalidRequest"
    assert re.search(f"^Engine .*{hint}", failed.value.message)
    assert world.calls == []


# --- SecretString ---


@pytest.mark.parametrize(
    ("engine", "value", "problem"),
    [
        ("mysql", "with@at-sign", "may hold only printable ASCII"),
        ("mysql", "ümlaut-within", "may hold only printable ASCII"),
        ("mysql", "short", "must be 8 to 41 characters long"),
        ("oracle-ee", "x" * 31, "must be 8 to 30 characters long"),
        ("redshift", "no-digit-here-A", "must hold at least one lower-case letter, one upper"),
        ("mq", "aaaabbbbcccc", "must hold at least 4 different characters"),
        ("mq", "with-a-null-\x00-character", "may hold any character but"),
        ("postgres", "md5" + "0123456789abcdef" * 2, "must not be what the server takes for the"),
        (
            "aurora-postgresql",
            "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy",
            "must be 8 to 41 characters long",
        ),
        (
            "postgres",
            "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy",
            "must not be what the server takes for the",
        ),
        ("directory-service", "only-lower-case", "must hold 3 of the four"),
        ("opensearch", "NoSpecial1234", "must hold at least one lower-case letter"),
        ("influxdb", "with-hyphen-1", "may hold only ASCII letters and digits"),
    ],
)
def test_a_secret_string_that_breaks_the_rule_is_refused_and_not_quoted(
    world: World, engine: str, value: str, problem: str
) -> None:
    with pytest.raises(Failed) as failed:
        world.secret().create(Engine=engine, SecretString=value)

    assert failed.value.code == "InvalidRequest"
    assert failed.value.message.startswith(f"SecretString {problem}")
    assert failed.value.message.endswith(f"for Engine {engine}.")
    assert value not in failed.value.message
    assert world.calls == []


@pytest.mark.parametrize(
    ("engine", "value"),
    [
        ("mysql", "it's-permitted-by-the-API!"),
        ("docdb", "with space and $pecial"),
        ("directory-service", "three KINDS h3re"),
        ("fsx-ontap", "éèà-whatever"),
    ],
)
def test_a_secret_string_answers_to_the_documented_rule_alone(
    world: World, engine: str, value: str
) -> None:
    """Neither what generation avoids nor the properties that steer it count against it."""
    secret = world.secret()

    assert secret.create(Engine=engine, SecretString=value, PasswordLength=16) == value


# --- When the password changes ---


def test_an_engine_that_the_password_suits_does_not_change_it(world: World) -> None:
    """What generation would avoid now does not count."""
    secret = world.secret()
    first = secret.create(AllowedCharacters="abcXYZ123!$%^", PasswordLength=20)

    assert secret.update(Engine="mysql") == first
    assert secret.update(Engine="mysql", RequireEachIncludedType=True) == first


def test_an_engine_that_the_password_does_not_suit_changes_it(world: World) -> None:
    secret = world.secret()
    first = secret.create(AllowedCharacters="abcXYZ123/@", RequireEachIncludedType=True)

    assert secret.update(Engine="mysql") != first


def test_another_table_of_a_newer_release_changes_no_password(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = world.secret()
    first = secret.create(Engine="mysql")
    stricter = Rule(8, 16, "only digits", "a newer release", permitted=string.digits)
    monkeypatch.setitem(ENGINES, "mysql", stricter)

    assert secret.update(Engine="mysql", Description="newer") == first
    assert re.fullmatch("[0-9]{16}", secret.update(Engine="mysql", RotationToken="now"))


def test_a_patched_engine_keeps_a_provided_password_that_suits_it(world: World) -> None:
    """Outside a stack a provided version answers to the engine's rule alone."""
    secret = world.secret(stack=None)
    provided = "of-my-own-with-$"
    secret.create(StackName="orders", Name="DB", SecretString=provided)

    assert secret.patch(Engine="postgres", PasswordLength=20) == provided
    assert secret.patch(Engine="elasticache", PasswordLength=20) == provided
    assert secret.patch(Engine="influxdb", PasswordLength=20) != provided


def test_the_engine_comes_back_as_it_was_written(world: World) -> None:
    secret = world.secret()
    secret.create(Engine="aurora-postgresql")

    assert secret.read()["Engine"] == "aurora-postgresql"


def test_every_engine_is_accepted_as_a_property() -> None:
    for engine in ENGINES:
        assert properties.check({"Engine": engine}) == {"Engine": engine}
        assert policy.Policy.of({"Engine": engine})
