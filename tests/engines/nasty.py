"""The nastiest passwords that a rule permits. Pure."""

import string

from myorg_secrets_password.engines import ENDS, PRINTABLE, Rule

CORES = {
    # What escapes, quotes and comments mean to somebody on the way.
    "backslashes": "\\\\\\",
    "escapes of C": "\\n\\t\\0\\x41\\101\\u0041\\s\\Z",
    "a backslash before a quote": "\\'\\\"\\`",
    "a backslash and an apostrophe": "\\'",
    "apostrophes": "''' '",
    "an apostrophe": "'",
    "double quotes": '"""',
    "backticks": "```",
    "dollar quotes": "$$a$b$$",
    "SQL after an apostrophe": "';DROP--",
    "comments of SQL": "--;#",
    "comments of C": "/*!*/",
    "question marks and colons": "?:a:1",
    "question marks": "???",
    "placeholders": "%s%d%%%(a)s",
    "braces": "{}{0}{{a}}",
    "percent-escapes": "%41%2F%00%zz%%",
    "a half percent-escape": "%4",
    "plus signs": "++",
    "parts of a URL": "://@:0/?a=b&c#d",
    "a fragment and a query": "#d?a&c;e",
    "an entity": "&amp;&#65;",
    "substitutions of a shell": "$(id)`id`${HOME}$HOME$$$?",
    "a history of a shell": "!!!$!1",
    "patterns of a shell": "*?[!a]~~",
    "redirections of a shell": "<>|&;",
    "hyphens": "---",
    "dots": "...",
    "sections of an option file": "[client]#;",
    "commas, colons and equals": ",:=",
    "a list in JSON": '["a"]}',
    "a line of pgpass": "*:*\\:",
    # What is white space, or not shown.
    "spaces": "   ",
    "tabs": "\t\t",
    "line breaks": "\n\r\n",
    "other line breaks": "\x0b\x0c\x85\u2028\u2029",
    "control characters": "\x01\x07\x08\x1a\x1b[0m\x1f\x7f",
    "the null character": "\x00",
    # What a server might take for a digest of its own.
    "a digest of MySQL": "*" + "0123456789ABCDEF0123456789ABCDEF01234567",
    "a digest of MySQL before 4.1": "0123456789abcdef",
    "a digest of Redis": "#" + "0123456789abcdef" * 4,
    "a scheme of LDAP": "{CLEARTEXT}",
    "another scheme of LDAP": "{SSHA}MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
    "a prefix of MD5": "md5",
    # What some read as something else than text.
    "digits": "0000",
    "a number": "1e9",
    "nothing": "null",
    # Beyond ASCII.
    "umlauts": "äöüßÄÖÜ",
    "a composed accent": "\u00e9",
    "a decomposed accent": "e\u0301",
    "Han characters": "密碼パスワード",
    "characters of four bytes": "🔑😀",
    "a script from right to left": "סיסמה",
    "spaces of no width": "\u200b\u200d\ufeff",
    "a space that does not break": "\u00a0",
    "full-width letters": "\uff41\uff21\uff11",
}
"""What the passwords are made of, by what it is."""


def nasty(rule: Rule) -> dict[str, list[str]]:
    """Return passwords that suit the rule, by what is nasty about them.

    What a label stands for begins one, ends one and fills one of the maximal length. Where the rule
    does not permit it, the label is not there.
    """
    cores = CORES | {
        f"special characters, {number}": chunk for number, chunk in enumerate(_chunks(rule), 1)
    }
    cores["the longest"] = string.ascii_letters + string.digits
    found = {}
    for label, core in cores.items():
        filler = "aA1x" + "x" * (rule.minimum - len(core) - 4)
        found[label] = [core + filler, filler + core, "aA1x" + core * rule.maximum]
    found["the shortest"] = ["aA1x-x1Aa" * rule.minimum, "aA1" * rule.minimum]
    found["the shortest"] = [text[: rule.minimum] for text in found["the shortest"]]
    return {label: suiting for label in found if (suiting := _suiting(rule, found[label]))}


def _chunks(rule: Rule) -> list[str]:
    """Return all the special characters that the rule permits, in a row that is cut to fit."""
    row = "".join(c for c in PRINTABLE if rule.permits(c) and c not in ENDS)
    size = rule.maximum - len("aA1x")
    return [row[at : at + size] for at in range(0, len(row), size)]


def _suiting(rule: Rule, texts: list[str]) -> list[str]:
    cut = dict.fromkeys(text[: rule.maximum] for text in texts)
    return [text for text in cut if rule.problem(text) is None]
