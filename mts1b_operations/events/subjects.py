"""The registry: which subject carries which contract, in which stream, from whom.

A subject is `mts.v1.<domain>.<kind>[.<key>]`. The key is one token, percent-encoded, and is the
value of the contract's `key_field`.
"""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from mts1b_operations.events.contracts import (
    actions,
    alerts,
    audit,
    halts,
    health,
    market,
    news,
    oms,
    portfolio,
    registry,
    strategy,
)
from mts1b_operations.events.fields import EventModel
from mts1b_operations.events.streams import EVENTS, HALTS, MARKETDATA, READINGS, StreamSpec

PREFIX = "mts.v1."


class UnknownSubjectError(LookupError):
    """A subject that the registry does not hold."""


@dataclass(frozen=True, slots=True)
class SubjectSpec:
    """One row of the registry.

    `name` is the subject without prefix and key; `publishers` are the roles that may publish it.
    """

    name: str
    models: tuple[type[EventModel], ...]
    stream: str
    publishers: tuple[str, ...]

    @property
    def keyed(self) -> bool:
        """Tell whether a key token follows the name."""
        return bool(self.models[0].key_field)

    @property
    def pattern(self) -> str:
        """Give the NATS subject pattern that matches every subject of this row."""
        return f"{PREFIX}{self.name}.*" if self.keyed else f"{PREFIX}{self.name}"


def _spec(
    name: str, model: type[EventModel], stream: str, *publishers: str, batch: bool = False
) -> SubjectSpec:
    models = (model, market.TradeBatch) if batch else (model,)
    return SubjectSpec(name, models, stream, publishers)


REGISTRY: tuple[SubjectSpec, ...] = (
    _spec("marketdata.trade", market.Trade, MARKETDATA, "marketdata", batch=True),
    _spec("marketdata.quote", market.Quote, MARKETDATA, "marketdata"),
    _spec("marketdata.bar", market.Bar, MARKETDATA, "marketdata"),
    _spec("portfolio.nav", portfolio.NavTick, EVENTS, "portfolio"),
    _spec("portfolio.position", portfolio.PositionUpdate, EVENTS, "portfolio"),
    _spec("portfolio.option", portfolio.OptionPosition, EVENTS, "portfolio"),
    _spec("portfolio.envelope", portfolio.NavEnvelope, EVENTS, "portfolio"),
    _spec("strategy.ic", strategy.IcObservation, EVENTS, "strategy"),
    _spec("strategy.forecast", strategy.Forecast, EVENTS, "strategy"),
    _spec("strategy.outcome", strategy.Outcome, EVENTS, "strategy"),
    _spec("strategy.pnl", strategy.StrategyPnl, EVENTS, "strategy"),
    _spec("strategy.baseline", strategy.StrategyBaseline, EVENTS, "strategy"),
    _spec("news.item", news.NewsItem, EVENTS, "news"),
    _spec("oms.order", oms.OrderEvent, EVENTS, "oms"),
    _spec("oms.halt_ack", oms.HaltAck, HALTS, "oms"),
    _spec("riskengine.gate", oms.GateFailure, EVENTS, "riskengine"),
    _spec("health", health.HealthReport, READINGS, "prober"),
    _spec("registry.fund", registry.FundRegistered, EVENTS, "registry"),
    _spec("registry.strategy", registry.StrategyRegistered, EVENTS, "registry"),
    _spec("registry.oms", registry.OmsRegistered, EVENTS, "registry"),
    _spec("operations.reading", alerts.Reading, READINGS, "flows"),
    _spec("operations.heartbeat", health.Heartbeat, READINGS, "flows", "halt", "audit", "oms"),
    _spec("operations.alert", alerts.Alert, EVENTS, "flows", "audit"),
    _spec("operations.alert_ack", alerts.AlertAck, EVENTS, "operator"),
    _spec("operations.silence", alerts.Silence, EVENTS, "operator"),
    _spec("operations.action", actions.ActionRequest, EVENTS, "flows"),
    _spec("operations.action_result", actions.ActionResult, EVENTS, "oms", "strategy"),
    _spec("operations.command", actions.OperatorCommand, HALTS, "operator"),
    _spec("operations.config", registry.WatchdogConfigured, EVENTS, "operator"),
    _spec("operations.rejected", audit.Rejected, EVENTS, "flows"),
    _spec("operations.gap", audit.Gap, EVENTS, "flows", "audit"),
    _spec("operations.id_conflict", audit.IdConflict, EVENTS, "audit"),
    _spec("operations.drill", halts.Drill, EVENTS, "halt"),
    _spec("operations.halt.requested", halts.HaltRequest, HALTS, "flows", "operator", "halt"),
    _spec("operations.halt.enforced", halts.HaltEnforced, HALTS, "halt"),
    _spec("operations.halt.enforcement_failed", halts.HaltEnforcementFailed, HALTS, "halt"),
    _spec("operations.halt.resume_requested", halts.ResumeRequested, HALTS, "operator"),
    _spec("operations.halt.signed", halts.ResumeSigned, HALTS, "halt"),
    _spec("operations.halt.lifted", halts.HaltLifted, HALTS, "halt"),
    _spec("operations.halt.refused", halts.HaltRefused, HALTS, "halt"),
)

_BY_NAME = {spec.name: spec for spec in REGISTRY}
_BY_MODEL = {model: spec for spec in REGISTRY for model in spec.models}


@dataclass(frozen=True, slots=True)
class Address:
    """A subject, understood: its row of the registry, and its decoded key ("" without one)."""

    spec: SubjectSpec
    key: str


def encode_token(text: str) -> str:
    """Percent-encode `text` into one subject token: `BRK.B` becomes `BRK%2EB`.

    RFC 3986, section 2: letters, digits, `-`, `_` and `~` stay; `.` does not, since it separates
    the tokens of a subject. What UTF-8 cannot hold (half a surrogate pair) becomes `?`.
    """
    return quote(text, safe="", errors="replace").replace(".", "%2E")


def decode_token(token: str) -> str:
    """Give back what `encode_token` encoded."""
    return unquote(token)


def spec_named(name: str) -> SubjectSpec:
    """Give the row of the registry called `name`, such as `portfolio.nav`, or raise KeyError."""
    return _BY_NAME[name]


def spec_of(model: type[EventModel]) -> SubjectSpec:
    """Give the row of the registry that carries `model`."""
    return _BY_MODEL[model]


def subject_of(event: EventModel) -> str:
    """Give the subject on which `event` travels."""
    spec = spec_of(type(event))
    if not spec.keyed:
        return PREFIX + spec.name
    key = getattr(event, type(event).key_field)
    return f"{PREFIX}{spec.name}.{encode_token(key)}"


@lru_cache(maxsize=65_536)
def resolve(subject: str) -> Address:
    """Find what `subject` carries.

    Raises UnknownSubjectError for a subject outside `mts.v1.`, without a row in the registry, or
    with a key that is encoded in another way than `encode_token` does.
    """
    name = subject.removeprefix(PREFIX)
    if name != subject:
        whole = _BY_NAME.get(name)
        if whole is not None and not whole.keyed:
            return Address(whole, "")
        stem, _, token = name.rpartition(".")
        keyed = _BY_NAME.get(stem)
        if keyed is not None and keyed.keyed and token:
            return Address(keyed, _key_of(token))
    raise UnknownSubjectError(
        f"expected a subject of the registry under {PREFIX}, found {subject!r}; "
        "register it in events/subjects.py or correct the publisher"
    )


def _key_of(token: str) -> str:
    """Decode a key. Two spellings of one key would end up in two partitions, so one is legal."""
    key = decode_token(token)
    if encode_token(key) != token:
        raise UnknownSubjectError(
            f"expected the key {key!r} as {encode_token(key)!r} in the subject, found {token!r}; "
            "percent-encode all but letters, digits, '-', '_' and '~', in UTF-8 and capitals"
        )
    return key


def stream_subjects(stream: StreamSpec) -> list[str]:
    """Give the subjects that `stream` stores, as NATS patterns, without overlap."""
    roots = stream.roots or tuple(
        f"{spec.name}.>" if spec.keyed else spec.name
        for spec in REGISTRY
        if spec.stream == stream.name
    )
    return sorted(PREFIX + root for root in roots)
