"""A deploy target for Depot, a made-up upload service:

GET  /applications/<name>    what runs: {revision, url, ready}, or 404
POST /applications           the application document: 200 and the same answer, or
                             409 {missing: [sha256, ...]}, the contents to send before
PUT  /contents/<sha256>      the bytes of one content

with "authorization: Bearer <token>" in each request.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import wasi_http
from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.deploy_target import (
    Deployment,
    Description,
    Readiness,
    Setting,
    SettingKind_Secret,
    SettingKind_Url,
)
from wit_world.imports import failure
from wit_world.imports.application import Application, Content
from wit_world.imports.console import step
from wit_world.imports.environment import Environment

PIECE = 256 * 1024
"""Bytes read from the host at once."""


class DeployTarget(exports.DeployTarget):
    """What the component exports; componentize-py finds it by its name."""

    def describe(self) -> Description:
        url = setting("depot-py-url", "URL of the Depot", SettingKind_Url())
        url.grants_network = True
        token = setting("depot-py-token", "Token for the Depot", SettingKind_Secret())
        token.belongs_to = url.name
        return Description(
            name="depot-py",
            version="0.1.0",
            summary="Deploys to a Depot, by a target in Python",
            homepage=None,
            settings=[url, token],
            network=[],
            triggers=["http"],
        )

    def deploy(self, app: Application, env: Environment) -> Deployment:
        depot = Depot(env)
        name, revision = app.name(), app.revision()
        step(f"Looking for '{name}'")
        running = depot.running(name)
        if running is None or running["revision"] != revision:
            running = upload(depot, app)
        return Deployment(
            id=name,
            application=name,
            revision=revision,
            url=running["url"],
            ready_when=Readiness(running["ready"], ("/revision", revision)),
        )


def upload(depot: "Depot", app: Application) -> dict[str, Any]:
    """Looks what is missing, sends that, and looks again."""
    document = description_of(app)
    answer = depot.publish(document)
    if missing := answer.get("missing"):
        for n, sha256 in enumerate(missing, start=1):
            step(f"Sending content {n} of {len(missing)}")
            depot.put(sha256, pieces(app, sha256))
        answer = depot.publish(document)
    if "missing" in answer:
        lost = "the Depot lost contents that were just sent; deploy again"
        raise Err(failure.Error_Conflict(lost))
    return answer


def description_of(app: Application) -> dict[str, Any]:
    """The application as a Depot wants to know it."""

    def content(content: Content) -> dict[str, Any]:
        return {
            "sha256": content.sha256,
            "size": content.size,
            "mediaType": content.media_type,
        }

    return {
        "name": app.name(),
        "revision": app.revision(),
        "components": [
            {
                "id": component.id,
                "source": content(component.source),
                "files": [{"path": file.path, **content(file.content)} for file in component.files],
            }
            for component in app.components()
        ],
        "triggers": [json.loads(trigger.config) for trigger in app.triggers()],
    }


def pieces(app: Application, sha256: str) -> Iterator[bytes]:
    """The bytes of one content, so that a large file never is in memory whole."""
    with app.open(sha256) as reader:
        while piece := reader.read(PIECE):
            yield piece


class Depot:
    """The requests, and what the answers mean."""

    def __init__(self, env: Environment) -> None:
        self.url = env.setting("depot-py-url").rstrip("/")
        # A placeholder. The host puts the token in as the request leaves.
        self.token = env.setting("depot-py-token")

    def running(self, name: str) -> dict[str, Any] | None:
        answer = self.send("GET", f"/applications/{quote(name, safe='')}", {200, 404})
        return json.loads(answer.body) if answer.status == 200 else None

    def publish(self, document: dict[str, Any]) -> dict[str, Any]:
        body = [json.dumps(document).encode()]
        answer = self.send("POST", "/applications", {200, 409}, body)
        return json.loads(answer.body)

    def put(self, sha256: str, body: Iterable[bytes]) -> None:
        kind = "application/octet-stream"
        self.send("PUT", f"/contents/{sha256}", {200, 201}, body, kind)

    def send(
        self,
        method: str,
        path: str,
        expected: set[int],
        body: Iterable[bytes] = (),
        kind: str = "application/json",
    ) -> wasi_http.Answer:
        """Sends a request. An answer with another status than these is a failure."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": kind}
        try:
            answer = wasi_http.send(method, self.url + path, headers, body)
        except wasi_http.NoAnswerError as reason:
            text = f"the Depot at {self.url} can't be reached: {reason}"
            raise Err(failure.Error_Unavailable(text)) from reason
        if answer.status not in expected:
            raise Err(failure_of(answer.status, f"{method} {path}"))
        return answer


def failure_of(status: int, request: str) -> failure.Error:
    match status:
        case 401:
            text = "the Depot refuses the token: check --depot-py-token"
            return failure.Error_Unauthenticated(text)
        case 403:
            return failure.Error_Forbidden(f"the Depot doesn't allow {request}")
        case 422:
            text = "the Depot doesn't take this application"
            return failure.Error_UnsupportedApplication(text)
        case 429 | 503:
            return failure.Error_Unavailable("the Depot is busy; try again later")
        case _:
            text = f"the Depot answers {request} with status {status}"
            return failure.Error_Unexpected(text)


def setting(name: str, description: str, kind: Any) -> Setting:
    return Setting(
        name=name,
        variable=name.upper().replace("-", "_"),
        description=description,
        kind=kind,
        default_value=None,
        required=True,
        prompt=None,
        conflicts_with=[],
        grants_network=False,
        belongs_to=None,
    )
