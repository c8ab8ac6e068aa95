"""credstash's own functions, as a program calls them."""

import os
from typing import Any

import credstash

Event = dict[str, Any]

TABLE = os.environ.get("BENCH_CREDSTASH_TABLE", "credential-store")


def handler(event: Event, _context: object) -> Event:
    """Do with credstash what the event asks for."""
    given = event["requestData"]["resourceProperties"] or {}
    name = f"{given.get('StackName')}.{given.get('Name')}"
    where = {"region": event["region"], "table": TABLE}
    if event["action"] == "CREATE":
        credstash.putSecret(name, "x" * 32, version=1, **where)
    elif event["action"] == "READ":
        credstash.getSecret(name, **where)
    elif event["action"] == "UPDATE":
        credstash.putSecretAutoversion(name, "y" * 32, **where)
    elif event["action"] == "LIST":
        credstash.listSecrets(**where)
    else:
        credstash.deleteSecrets(name, **where)
    return {"status": "SUCCESS"}
