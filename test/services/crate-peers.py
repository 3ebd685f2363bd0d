"""Judges an RO-Crate with the validators and readers of others; says what they say as JSON.

Usage: crate-peers.py validate CRATE FIXTURES PROFILE...   |   read CRATE   |   prov FILE
Contexts of JSON-LD come from FIXTURES: nothing is fetched.
"""

import json
import sys
from pathlib import Path


def validate(crate, fixtures, profiles):
    import requests
    from rocrate_validator import services
    from rocrate_validator.utils.http import HttpRequester

    contexts = {
        "https://w3id.org/ro/crate/1.1/context": "context-1.1.jsonld",
        "https://w3id.org/ro/terms/workflow-run/context": "workflow-run-context.json",
    }

    def get(_self, url, **_options):
        answer = requests.Response()
        answer.status_code = 200
        answer.headers["Content-Type"] = "application/ld+json"
        answer._content = Path(fixtures, contexts[url]).read_bytes()
        return answer

    HttpRequester.get = get
    found = {}
    for name in profiles:
        profile, severity = name.split(":")
        settings = {"rocrate_uri": crate, "profile_identifier": profile, "requirement_severity": severity}
        result = services.validate(services.ValidationSettings(**settings))
        found[name] = {
            "checks": len(result.executed_checks),
            "issues": sorted({f"{each.check.identifier}: {each.message}" for each in result.get_issues()}),
        }
    return found


def read(crate):
    from rocrate.rocrate import ROCrate

    found = ROCrate(crate)
    return {
        "name": found.name,
        "mainEntity": found.mainEntity.id if found.mainEntity else None,
        "files": sorted(each.id for each in found.get_by_type("File")),
        "actions": sorted(each.id for each in found.get_by_type("CreateAction")),
        "result": sorted(
            part.id for each in found.get_by_type("OrganizeAction") for part in each["result"].get("result", [])
        ),
    }


def prov(file):
    from prov.model import ProvActivity, ProvBundle, ProvDocument, ProvEntity, ProvRelation

    document = ProvDocument.deserialize(file, format="json")
    bundles = list(document.bundles)
    everything = [record for holder in [document, *bundles] for record in holder.get_records()]
    count = lambda kind: sum(isinstance(record, kind) for record in everything)
    again = ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
    return {
        "bundles": [str(bundle.identifier) for bundle in bundles],
        "entities": count(ProvEntity),
        "activities": sorted(str(each.identifier) for each in everything if isinstance(each, ProvActivity)),
        "relations": count(ProvRelation),
        "roundTrip": document == again,
        "provn": document.get_provn().count("\n"),
    }


command, *arguments = sys.argv[1:]
if command == "validate":
    answer = validate(arguments[0], arguments[1], arguments[2:])
else:
    answer = {"read": read, "prov": prov}[command](arguments[0])
print(json.dumps(answer))
