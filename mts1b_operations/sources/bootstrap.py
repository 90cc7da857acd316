"""Make the four streams what design section 5 says, or say what is wrong with them."""

from dataclasses import dataclass
from http.client import HTTPException
from urllib.request import urlopen

from nats.aio.client import Client
from nats.js.api import (
    DiscardPolicy,
    PersistMode,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    SubjectTransform,
)
from nats.js.errors import NotFoundError
from pydantic import TypeAdapter, ValidationError

from mts1b_operations.events.streams import STREAMS, StreamSpec
from mts1b_operations.events.subjects import PREFIX, stream_subjects

_TIMEOUT_S = 5.0
_UNLIMITED = ("max_age", "max_msgs", "max_msgs_per_subject")
"""Limits that would remove what nobody has audited yet."""


class StreamMismatchError(RuntimeError):
    """A stream or the server is set up otherwise than the design asks."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is not as it should be."""

    setting: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.setting}: expected {self.expected!r}, found {self.found!r}"


def stream_config(spec: StreamSpec) -> StreamConfig:
    """Write a stream's specification as the server wants it."""
    return StreamConfig(
        name=spec.name,
        subjects=stream_subjects(spec),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD if spec.discard == "old" else DiscardPolicy.NEW,
        max_bytes=spec.max_bytes,
        persist_mode=PersistMode.ASYNC if spec.asynchronous else None,
        subject_transform=_partitioning(spec),
        allow_direct=True,
    )


def _partitioning(spec: StreamSpec) -> SubjectTransform | None:
    if spec.partitions == 1:
        return None
    return SubjectTransform(
        src=f"{PREFIX}marketdata.*.*",
        dest=f"{PREFIX}marketdata.{{{{wildcard(1)}}}}.{{{{partition({spec.partitions},2)}}}}"
        ".{{wildcard(2)}}",
    )


async def ensure_streams(client: Client) -> None:
    """Create the streams that are missing and check those that exist.

    Raises StreamMismatchError naming every setting that differs: a stream is never changed
    behind the operator's back, because its partitioning and durability are promises.
    """
    jetstream = client.jetstream(timeout=_TIMEOUT_S)
    for spec in STREAMS:
        try:
            await jetstream.stream_info(spec.name)
        except NotFoundError:
            await jetstream.add_stream(stream_config(spec))
    await check_streams(client)


async def check_streams(client: Client) -> None:
    """Check that the streams exist and are as designed. Raises StreamMismatchError."""
    jetstream = client.jetstream(timeout=_TIMEOUT_S)
    for spec in STREAMS:
        try:
            info = await jetstream.stream_info(spec.name)
        except NotFoundError:
            raise StreamMismatchError(
                f"expected a stream {spec.name}, found none; create it with "
                "`mts1b-operations streams`"
            ) from None
        _require(spec, info.config)


def _require(spec: StreamSpec, found: StreamConfig) -> None:
    differences = compare(stream_config(spec), found)
    if differences:
        raise StreamMismatchError(
            f"stream {spec.name} differs from the design: {'; '.join(map(str, differences))}; "
            "drain it, delete it and let it be created again"
        )


def compare(expected: StreamConfig, found: StreamConfig) -> list[Difference]:
    """List the settings of a stream that are promises and are not kept."""
    pairs = {
        "subjects": (sorted(expected.subjects or ()), sorted(found.subjects or ())),
        "storage": (expected.storage, found.storage),
        "discard": (expected.discard, found.discard),
        "retention": (expected.retention, found.retention),
        "persist_mode": (_mode(expected), _mode(found)),
        "subject_transform": (_transform(expected), _transform(found)),
    }
    differing = [Difference(name, *pair) for name, pair in pairs.items() if pair[0] != pair[1]]
    return [*differing, *_limits(expected, found)]


def _limits(expected: StreamConfig, found: StreamConfig) -> list[Difference]:
    """List what would make the stream refuse, drop or not acknowledge before it is full."""
    differences = []
    if (expected.max_bytes or 0) > (found.max_bytes or 0):
        wanted = f"at least {expected.max_bytes}"
        differences.append(Difference("max_bytes", wanted, found.max_bytes))
    if found.no_ack:
        differences.append(Difference("no_ack", False, found.no_ack))
    if expected.discard == DiscardPolicy.NEW:
        limits = {name: getattr(found, name) or 0 for name in _UNLIMITED}
        differences += [
            Difference(name, "no limit", limit) for name, limit in limits.items() if limit > 0
        ]
    return differences


def _mode(config: StreamConfig) -> str:
    return PersistMode(config.persist_mode or PersistMode.DEFAULT).value


def _transform(config: StreamConfig) -> tuple[str, str] | None:
    transform = config.subject_transform
    return (transform.src or "", transform.dest or "") if transform else None


@dataclass(frozen=True, slots=True)
class _JetStreamConfig:
    sync_always: bool = False


@dataclass(frozen=True, slots=True)
class _Monitored:
    config: _JetStreamConfig


_MONITORED = TypeAdapter(_Monitored)


def assert_fsync(monitor_url: str) -> None:
    """Check at the monitoring port that the server fsyncs every write of a synchronous stream.

    Raises StreamMismatchError when it does not, or when the port does not answer: acknowledged
    events would be lost with the power (Jepsen, NATS 2.12.1).
    """
    try:
        with urlopen(f"{monitor_url}/jsz", timeout=_TIMEOUT_S) as answer:  # noqa: S310
            monitored = _MONITORED.validate_json(answer.read())
    except (OSError, HTTPException, ValueError) as failure:
        raise StreamMismatchError(
            f"expected the JetStream monitoring of NATS at {monitor_url}, found: "
            f"{_first_line(failure)}; set http: in nats.conf and MTS_NATS_MONITOR_URL"
        ) from failure
    if not monitored.config.sync_always:
        raise StreamMismatchError(
            "expected jetstream { sync_interval: always }, found sync_always=False; "
            "set it in nats.conf"
        )


def _first_line(failure: Exception) -> str:
    if isinstance(failure, ValidationError):
        return "another answer"
    return str(failure).partition("\n")[0] or type(failure).__name__
