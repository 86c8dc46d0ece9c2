"""Parts that all tables share: the metadata, the column type for exact time, ids."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Dialect, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from shike.capture.ids import new_id
from shike.capture.moment import from_us, to_us

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcMicros(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as a BIGINT of microseconds: exact, ordered, and the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_us(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else from_us(value)


class Base(DeclarativeBase):
    """The only metadata of the product; shike.api adds its own tables to it."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[Mapping[Any, Any]] = {datetime: UtcMicros()}


def id_column() -> Mapped[str]:
    """A primary key: UUIDv7 as 36 characters. Rows of several machines can be merged and still sort by age."""
    return mapped_column(String(36), primary_key=True, default=new_id)
