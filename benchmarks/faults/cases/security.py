"""Cases: foreign code in models, and writes reserved for loop and admins, by command line and server routes.

Models are made by hand as a client of MLflow's could send them; each would leave the file `ran` if it were opened. The
cases of routes ask the server's gatekeeper with the roles of a team, over the record of the case's folder.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.case import Case, Seen, veritrain

NO_RUN = "its author's command ran"

CODE = "import pathlib\npathlib.Path({canary!r}).touch()\n\ndef mine(rows, context):\n    return rows['id']\n"


class Command:
    """Object that runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


def _mlmodel(place: Path, loader: str, more: str = "") -> None:
    text = f"flavors:\n  python_function:\n    loader_module: {loader}\n{more}"
    (place / "MLmodel").write_text(text, encoding="utf-8")


def _code(place: Path, canary: Path) -> None:
    (place / "code").mkdir()
    (place / "code" / "evil.py").write_text(CODE.format(canary=str(canary)), encoding="utf-8")
    _mlmodel(place, "evil", "    code: code\n")


def _pickle(place: Path, canary: Path) -> None:
    (place / "model.pkl").write_bytes(pickle.dumps(Command(f"touch {canary}")))
    _mlmodel(place, "mlflow.sklearn", "    model_path: model.pkl\n")


def _cloudpickle(place: Path, canary: Path) -> None:
    (place / "python_model.pkl").write_bytes(pickle.dumps(Command(f"touch {canary}")))
    _mlmodel(place, "mlflow.pyfunc.model", "    python_model: python_model.pkl\n")


def _keras(place: Path, canary: Path) -> None:
    _code(place, canary)
    (place / "code" / "evil.py").rename(place / "code" / "keras.py")
    _mlmodel(place, "mlflow.keras", "    code: code\n    data: data\n")


def _skops(place: Path, canary: Path) -> None:
    schema = {
        "__class__": "system",
        "__module__": "posix",
        "__loader__": "FunctionNode",
        "canary": str(canary),
    }
    with zipfile.ZipFile(place / "model.skops", "w") as packed:
        packed.writestr("schema.json", json.dumps(schema))
    _mlmodel(place, "mlflow.sklearn", "    skops_trusted_types: [posix.system]\n")


def _student(place: Path, canary: Path) -> None:
    inside = place / "artifacts" / "student"
    inside.mkdir(parents=True)
    _skops(inside, canary)
    (inside / "model.skops").rename(inside / "student.skops")
    _code(place, canary)


def _nothing(place: Path, canary: Path) -> None:
    (place / "notes.txt").write_text(str(canary), encoding="utf-8")


MODELS = {
    "code": (_code, r"loader_module evil"),
    "pickle": (_pickle, r"loader_module mlflow\.sklearn"),
    "cloudpickle": (_cloudpickle, r"loader_module mlflow\.pyfunc\.model"),
    "keras": (_keras, r"loader_module mlflow\.keras"),
    "skops": (_skops, r"not on our list of plain classes \(posix\.system"),
    "student": (_student, r"names the types posix\.system, which no student contains"),
    "no_format": (_nothing, r"no format that is known to hold no code"),
}

OPEN = """
import sys
from pathlib import Path
from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import load_task
from veritrain_lib.tracking.stored_model import open_stored
try:
    open_stored("models:/support/7", Path(sys.argv[1]), load_task(project.example_task()))
    print("it was opened")
except UserError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def _python(folder: Path, code: str, *arguments: str) -> Seen:
    environment = {**os.environ, "VERITRAIN_HOME": str(folder)}
    for name in ("SECRET_KEY", "DATABASE_URL", "MLFLOW_TRACKING_URI"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    ran = NO_RUN if (folder / "ran").exists() else ""
    return Seen(done.returncode, done.stdout, wrong=ran)


def _model(name: str, write: Callable[[Path, Path], None], why: str) -> Case:
    def run(folder: Path) -> Seen:
        place = folder / "mlruns" / "support" / "run" / "artifacts" / "model"
        place.mkdir(parents=True)
        write(place, folder / "ran")
        return _python(folder, OPEN, str(place))

    told = [why, "is not opened"] + ([r"veritrain approve [0-9a-f]{64}"] if name != "student" else [])
    return Case(f"security/model_{name}", run, exit_code=2 if name == "student" else 1, says=told)


TASK = """
version: 1
name: theirs
description: Theirs.
inputs: {text: {language: en}}
target: {field: label, labels: [a, b]}
contract: {type: object, required: [label], properties: {label: {enum: [a, b]}}}
data: {seed: seed.csv, development: dev.csv, test: test.csv}
metrics: [{name: accuracy}]
trainer: {name: tfidf_svc}
gate: classification
gate_rules: [RULE]
"""


def _task(folder: Path, rule: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(("seed", "dev", "test")):
        rows = "".join(f"text {number} {at} words,{'ab'[at % 2]}\n" for at in range(12))
        (folder / f"{name}.csv").write_text("text,label\n" + rows, encoding="utf-8")
    (folder / "task.yaml").write_text(TASK.replace("RULE", rule), encoding="utf-8")
    return folder / "task.yaml"


def _kept(folder: Path) -> Path:
    place = folder / "mlruns" / "support" / "run" / "artifacts"
    place.mkdir(parents=True)
    (place / "rule.py").write_text(CODE.format(canary=str(folder / "ran")), encoding="utf-8")
    return place


RULES = """
import sys
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.custom_rules import load_custom_rules
from veritrain_lib.core.task import load_task
try:
    print(load_custom_rules(load_task(sys.argv[1])))
except UserError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def _rule(name: str, given: Callable[[Path], str]) -> Case:
    def run(folder: Path) -> Seen:
        _kept(folder)
        return _python(folder, RULES, str(_task(folder / "task", given(folder))))

    return Case(
        f"security/rule_by_{name}",
        run,
        exit_code=1,
        says=["lies among the files of the record", "copy it to a folder"],
    )


def _link(folder: Path) -> str:
    (folder / "task").mkdir()
    (folder / "task" / "link.py").symlink_to(folder / "mlruns" / "support" / "run" / "artifacts" / "rule.py")
    return "link.py"


def _folder_link(folder: Path) -> str:
    (folder / "task").mkdir()
    (folder / "task" / "there").symlink_to(folder / "mlruns" / "support" / "run" / "artifacts")
    return "there/rule.py"


def _task_of_the_record(folder: Path) -> Seen:
    return veritrain(folder, "status", str(_task(_kept(folder) / "task", "../rule.py")))


def _approve(*arguments: str) -> Callable[[Path], Seen]:
    return lambda folder: veritrain(folder, "approve", *arguments)


ASK = """
import asyncio, json, sys
from starlette.testclient import TestClient
from veritrain_lib.server.environment import Environment
from veritrain_lib.server.auth import credentials, protected_writes, gatekeeper, artifact_paths
from veritrain_lib.server.http.current_user import Principal
from veritrain_lib.tracking.mlflow_routes import AccessTable, access

role, method, path, body = sys.argv[1:5]
template = path.partition("?")[0]
artifact_paths.is_experiment_folder = lambda name: name in ("support", "0")
protected_writes.is_managed = lambda ids: "ours" in ids

async def reached(scope, receive, send):
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"it was let through"})

async def authenticate(credentials, *, may_renew):
    return Principal("1", f"{role}@example.org", role, "session", "f"), None

credentials.authenticate = authenticate
gate = gatekeeper.Gatekeeper(reached, Environment(secret_key="x" * 40), [], AccessTable(iter([(method, template)])))
client = TestClient(gate, base_url="http://127.0.0.1:8000")
found = client.request(method, path, content=body.encode() or None)
print(found.status_code, found.text)
"""

V2, V3 = "/api/2.0/mlflow", "/ajax-api/3.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"


def _route(name: str, role: str, method: str, path: str, body: object, *says: str) -> Case:
    def run(folder: Path) -> Seen:
        seen = _python(folder, ASK, role, method, path, json.dumps(body) if body is not None else "")
        return Seen(seen.exit_code, seen.text)

    return Case(f"security/{role}_{name}", run, exit_code=0, says=[f"^{says[0]} ", *says[1:]])


LOOK = {"key": "veritrain.look.abc.1", "value": "1"}
TAGS, ALIAS, SOURCE, OFF = "tags named veritrain", "moved by the loop", "come from the record", "is off here"
NO_FILE = "no such folder"

ROUTES = [
    _route("sets_a_look", "editor", "POST", f"{V2}/experiments/set-experiment-tag", {"experiment_id": "1", **LOOK}, "403", TAGS),
    _route("batches_a_look", "editor", "POST", f"{V2}/runs/log-batch", {"run_id": "a", "tags": [LOOK]}, "403", TAGS),
    _route("creates_with_a_look", "editor", "POST", f"{V2}/runs/create", {"tags": [LOOK]}, "403", TAGS),
    _route("deletes_a_look", "editor", "POST", f"{V2}/runs/delete-tag", {"runId": "a", "key": LOOK["key"]}, "403", TAGS),
    _route("sets_a_digest_twice_encoded", "editor", "POST", f"{V2}/model-versions/set-tag", json.dumps(LOOK), "403", TAGS),
    _route("says_where_a_task_is", "editor", "POST", f"{V2}/experiments/create", {"tags": [{"key": "veritrain.task_file", "value": "/x"}]}, "403", TAGS),
    _route("moves_the_champion", "editor", "POST", f"{V2}/registered-models/alias", {"name": "a", "alias": "champion", "version": "1"}, "403", ALIAS),
    _route("takes_the_champion", "editor", "DELETE", f"{V2}/registered-models/alias", {"name": "a", "alias": "Champion"}, "403", ALIAS),
    _route("renames_a_model", "editor", "POST", f"{V2}/registered-models/rename", {"name": "a", "new_name": "b"}, "403", "finds its record"),
    _route("source_of_a_file", "editor", "POST", f"{V2}/model-versions/create", {"name": "a", "source": "file:///etc"}, "403", SOURCE),
    _route("source_of_another_host", "editor", "POST", f"{V2}/model-versions/create", {"name": "a", "source": "http://elsewhere/x"}, "403", SOURCE),
    _route("source_with_dots", "editor", "POST", f"{V2}/model-versions/create", {"name": "a", "source": "mlflow-artifacts:/1/../../x"}, "403", SOURCE),
    _route("artifacts_elsewhere", "editor", "POST", f"{V2}/experiments/create", {"name": "a", "artifact_location": "mlflow-artifacts:/../.veritrain"}, "403", "chooses where"),
    _route("writes_a_file_of_ours", "editor", "PUT", f"{FILES}/support/ours/artifacts/dataset/rows.parquet", None, "403", "written by the loop"),
    _route("ends_a_run_of_ours", "editor", "POST", f"{V2}/runs/update", {"run_id": "ours", "status": "FINISHED"}, "403", "written by the loop"),
    _route("reads_the_ledger", "viewer", "GET", f"{FILES}/ledger.db", None, "404", NO_FILE),
    _route("reads_the_ledger_by_query", "viewer", "GET", f"{FILES}?path=.veritrain/ledger.db", None, "404", NO_FILE),
    _route("reads_events", "admin", "GET", f"{FILES}/.events/x.jsonl", None, "404", NO_FILE),
    _route("writes_beside_experiments", "editor", "PUT", f"{FILES}/lora/x", None, "404", NO_FILE),
    _route("asks_the_assistant", "admin", "POST", f"{V3}/assistant/message", {}, "404", OFF),
    _route("asks_the_gateway", "admin", "POST", "/gateway/openai/v1/chat/completions", {}, "404", OFF),
    _route("makes_a_job", "admin", "POST", "/ajax-api/3.0/jobs/", {}, "404", OFF),
    _route("makes_a_webhook", "admin", "POST", f"{V2}/webhooks", {}, "404", OFF),
    _route("runs_a_scorer", "admin", "POST", f"{V3}/scorer/invoke", {}, "404", OFF),
    _route("sets_a_tag_of_ones_own", "editor", "POST", f"{V2}/runs/set-tag", {"run_id": "ours", "key": "mlflow.note.content", "value": "x"}, "299"),
    _route("registers_ones_own", "editor", "POST", f"{V2}/model-versions/create", {"name": "a", "source": f"runs:/{'0' * 32}/model"}, "299"),
    _route("sets_a_look", "admin", "POST", f"{V2}/experiments/set-experiment-tag", {"experiment_id": "1", **LOOK}, "299"),
]  # fmt: skip

CASES = [
    *(_model(name, write, why) for name, (write, why) in MODELS.items()),
    _rule("its_path", lambda folder: str(folder / "mlruns" / "support" / "run" / "artifacts" / "rule.py")),
    _rule("a_way_round", lambda folder: "../mlruns/support/run/artifacts/rule.py"),
    _rule("a_link", _link),
    _rule("a_folders_link", _folder_link),
    Case(
        "security/task_file_of_the_record", _task_of_the_record, exit_code=1, says=["task.yaml is not opened"]
    ),
    Case("security/approve_no_digest", _approve("abc"), says=["is not a digest"]),
    Case("security/approve_a_path", _approve("../" * 20 + "a"), says=["is not a digest"]),
    Case(
        "security/approve_an_address_elsewhere",
        _approve("student:/etc"),
        says=["names no model of the MLflow store"],
    ),
    *ROUTES,
]
