"""A deploy target for Depot, a made-up upload service:

GET  /applications/<name>    what runs: {revision, url, ready}, or 404
POST /applications           the application document: 200 and the same answer, or
                             409 {missing: [sha256, ...]}, the contents to send before
PUT  /contents/<sha256>      the bytes of one content

with "authorization: Bearer <token>" in each request.
"""

import json
from typing import Any
from urllib.parse import quote

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
from wit_world.imports import failure, http
from wit_world.imports.application import Application, Content, Reader
from wit_world.imports.console import step
from wit_world.imports.environment import Environment

LONGEST = 8 * 1024 * 1024
"""Bytes that an answer has at most."""


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
            depot.put(sha256, app.open(sha256))
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
        body = http.Body_Bytes(json.dumps(document).encode())
        answer = self.send("POST", "/applications", {200, 409}, body)
        return json.loads(answer.body)

    def put(self, sha256: str, content: Reader) -> None:
        # The host sends it: a large file never is in memory here.
        body = http.Body_Content(content)
        self.send("PUT", f"/contents/{sha256}", {200, 201}, body, "application/octet-stream")

    def send(
        self,
        method: str,
        path: str,
        expected: set[int],
        body: http.Body | None = None,
        kind: str = "application/json",
    ) -> http.Response:
        """Sends a request. An answer with another status than these is a failure."""
        headers = {"authorization": f"Bearer {self.token}"}
        if body is not None:
            headers["content-type"] = kind
        request = http.Request(
            method=method,
            url=self.url + path,
            headers=[(name, value.encode()) for name, value in headers.items()],
            body=body or http.Body_Bytes(b""),
            longest=LONGEST,
        )
        try:
            answer = http.send(request)
        except Err as error:
            raise Err(self.without_answer(error.value)) from error
        if answer.status not in expected:
            raise Err(failure_of(answer.status, f"{method} {path}"))
        return answer

    def without_answer(self, error: http.Error) -> failure.Error:
        """What it means that `send` has no answer."""
        match error:
            case http.Error_Unreadable(reason):
                return reason
            case http.Error_Denied():
                return failure.Error_Forbidden(f"this target has no grant for {self.url}")
            case http.Error_Unreachable(reason):
                text = f"the Depot at {self.url} can't be reached: {reason}"
                return failure.Error_Unavailable(text)
            case http.Error_Lost(reason):
                text = f"the Depot at {self.url} gave no whole answer: {reason}"
                return failure.Error_Unavailable(text)
            case http.Error_Invalid(reason):
                text = f"the Depot at {self.url} can't be used: {reason}"
                return failure.Error_Unexpected(text)
            case _:
                text = f"the Depot's answer is longer than {LONGEST} bytes"
                return failure.Error_Unexpected(text)


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
