"""Make the four streams what design section 5 says, or say what is wrong with them."""

import json
from dataclasses import dataclass
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

from mts1b_operations.events.streams import STREAMS, StreamSpec
from mts1b_operations.events.subjects import PREFIX, stream_subjects

_TIMEOUT_S = 5.0


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
    return [Difference(name, *pair) for name, pair in pairs.items() if pair[0] != pair[1]]


def _mode(config: StreamConfig) -> str:
    return PersistMode(config.persist_mode or PersistMode.DEFAULT).value


def _transform(config: StreamConfig) -> tuple[str, str] | None:
    transform = config.subject_transform
    return (transform.src or "", transform.dest or "") if transform else None


def assert_fsync(monitor_url: str) -> None:
    """Check at the monitoring port that the server fsyncs every write of a synchronous stream.

    Raises StreamMismatchError when it does not, or when the port does not answer: acknowledged
    events would be lost with the power (Jepsen, NATS 2.12.1).
    """
    try:
        with urlopen(f"{monitor_url}/jsz", timeout=_TIMEOUT_S) as answer:  # noqa: S310
            config = json.load(answer).get("config", {})
    except OSError as failure:
        raise StreamMismatchError(
            f"expected the NATS monitoring port at {monitor_url}, found: {failure}; "
            "set http: in nats.conf and MTS_NATS_MONITOR_URL"
        ) from failure
    if config.get("sync_always") is not True:
        raise StreamMismatchError(
            "expected jetstream { sync_interval: always }, found "
            f"sync_always={config.get('sync_always')!r}; set it in nats.conf"
        )
