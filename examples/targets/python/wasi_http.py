"""Requests over wasi:http, one at a time.

Python's own HTTP clients need sockets, which a target doesn't have.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from componentize_py_types import Err
from wit_world.imports import outgoing_handler, streams, types

_METHODS = {
    "GET": types.Method_Get,
    "POST": types.Method_Post,
    "PUT": types.Method_Put,
    "DELETE": types.Method_Delete,
}
_PIECE = 64 * 1024


@dataclass
class Answer:
    status: int
    body: bytes


class NoAnswerError(Exception):
    """The request was not sent, or not answered."""


def send(method: str, url: str, headers: dict[str, str], body: Iterable[bytes] = ()) -> Answer:
    """Sends the pieces of the body as they come, and waits for the answer."""
    parts = urlsplit(url)
    fields = types.Fields.from_list([(name, value.encode()) for name, value in headers.items()])
    request = types.OutgoingRequest(fields)
    request.set_method(_METHODS[method]())
    secure = parts.scheme == "https"
    request.set_scheme(types.Scheme_Https() if secure else types.Scheme_Http())
    request.set_authority(parts.netloc)
    request.set_path_with_query(parts.path + (f"?{parts.query}" if parts.query else ""))
    outgoing = request.body()
    try:
        future = outgoing_handler.handle(request, None)
    except Err as error:
        raise NoAnswerError(_reason(error.value)) from error
    _write(outgoing, body)
    with future.subscribe() as ready:
        ready.block()
    # An answer is there now, and has not been taken: an option of a result of a result.
    answer = future.get().value
    if isinstance(answer, Err):
        raise NoAnswerError(_reason(answer.value))
    with answer.value as response:
        return Answer(response.status(), _read(response.consume()))


def _write(outgoing: types.OutgoingBody, body: Iterable[bytes]) -> None:
    with outgoing.write() as stream, stream.subscribe() as room:
        for piece in body:
            while piece:
                room.block()
                try:
                    count = stream.check_write()
                    stream.write(piece[:count])
                except Err:
                    # Nobody listens any more. Why not, the answer says.
                    return
                piece = piece[count:]
    types.OutgoingBody.finish(outgoing, None)


def _read(incoming: types.IncomingBody) -> bytes:
    pieces = []
    with incoming.stream() as stream:
        try:
            while True:
                pieces.append(stream.blocking_read(_PIECE))
        except Err as end:
            if not isinstance(end.value, streams.StreamError_Closed):
                raise NoAnswerError(_reason(end.value)) from end
    return b"".join(pieces)


def _reason(code: object) -> str:
    """The case of an error, 'ErrorCode_ConnectionRefused', as words: 'connection refused'."""
    case = type(code).__name__.rpartition("_")[2]
    return "".join(f" {c.lower()}" if c.isupper() else c for c in case).strip()
