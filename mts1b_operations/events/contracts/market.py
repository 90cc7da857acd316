"""What the market does: trades, quotes and bars. Prices and sizes are JSON numbers."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mts1b_operations.events.fields import EventModel, Identifier, Price, Size, Timestamp

Side = Literal["buy", "sell"]

TradedSize = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""The size of a print: unlike a quoted size, never 0."""


class Trade(EventModel):
    """One print. `side` is the aggressor's, where the feed knows it."""

    key_field: ClassVar[str] = "symbol"

    symbol: Identifier
    timestamp: Timestamp
    price: Price
    size: TradedSize
    side: Side | None = None
    trade_id: str | None = None
    venue: str | None = None


class TradeBatch(EventModel):
    """Many prints of one symbol, column by column: the recommended wire form of trades.

    All columns have the same length n >= 1; row i is the trade
    (timestamps[i], prices[i], sizes[i], sides[i]).
    """

    key_field: ClassVar[str] = "symbol"

    symbol: Identifier
    timestamps: list[Timestamp] = Field(min_length=1)
    prices: list[Price]
    sizes: list[TradedSize]
    sides: list[Side | None] | None = None

    @model_validator(mode="after")
    def _columns_agree(self) -> Self:
        rows = len(self.timestamps)
        columns = {"prices": self.prices, "sizes": self.sizes, "sides": self.sides}
        for name, column in columns.items():
            if column is not None and len(column) != rows:
                raise ValueError(f"expected {rows} {name}, one a timestamp, found {len(column)}")
        return self


class Quote(EventModel):
    """Best bid and offer. A crossed quote is legal: venues do publish them."""

    key_field: ClassVar[str] = "symbol"

    symbol: Identifier
    timestamp: Timestamp
    bid: Price
    ask: Price
    bid_size: Size
    ask_size: Size


class Bar(EventModel):
    """Open, high, low, close and volume of one interval; `timestamp` is its start."""

    key_field: ClassVar[str] = "symbol"

    symbol: Identifier
    timestamp: Timestamp
    interval: str = Field(pattern=r"^[1-9][0-9]*[smhd]$")
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Size

    @model_validator(mode="after")
    def _range_holds(self) -> Self:
        if not self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high:
            raise ValueError(
                f"expected low <= open, close <= high, found low {self.low}, open {self.open}, "
                f"close {self.close}, high {self.high}"
            )
        return self
