"""Indexes and constraints of the tables `shipment` and `shipment_item`. A filter, order or relationship uses each."""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.schema import SchemaItem

from graphql_app.models.columns import coalesce_case
from graphql_app.models.lateness import LAST_NAME, MAX_BIGINT, MAX_WEIGHT_G

INFINITY = "'infinity'::timestamptz"
"""Nulls are indexed as infinity, so that they come last and can be searched."""
SHIPMENT_CONSTRAINTS: tuple[SchemaItem, ...] = (
    UniqueConstraint("account_id", "number"),
    Index(
        "uq_shipment_account_id_external_reference",
        "account_id",
        "external_reference",
        unique=True,
        postgresql_where=text("external_reference IS NOT NULL"),
    ),
    Index(None, "account_id", "created_at", "id"),
    Index(None, "account_id", "updated_at", "id"),
    Index(None, "account_id", "status_at", "id"),
    Index("ix_shipment_promised_to", "account_id", text(coalesce_case("promised_to", INFINITY)), "id"),
    Index(
        "ix_shipment_estimated_delivery_at",
        "account_id",
        text(coalesce_case("estimated_delivery_at", INFINITY)),
        "id",
    ),
    Index("ix_shipment_last_event_at", "account_id", text(coalesce_case("last_event_at", INFINITY)), "id"),
    Index(None, "account_id", "status", "created_at", "id"),
    Index(
        "ix_shipment_carrier",
        "account_id",
        "carrier_id",
        "created_at",
        "id",
        postgresql_where=text("carrier_id IS NOT NULL"),
    ),
    Index(
        "ix_shipment_service",
        "account_id",
        "service",
        "created_at",
        "id",
        postgresql_where=text("service IS NOT NULL"),
    ),
    Index("ix_shipment_delivered_at", "account_id", text(coalesce_case("delivered_at", INFINITY)), "id"),
    Index("ix_shipment_total_weight_g", "account_id", text(coalesce_case("total_weight_g", MAX_WEIGHT_G)), "id"),
    Index("ix_shipment_recipient_name", "account_id", text(coalesce_case("recipient_name", LAST_NAME)), "id"),
    Index("ix_shipment_late_from", "account_id", "late_from", "id"),
    Index("ix_shipment_delivery_delay", "account_id", text(coalesce_case("delivery_delay", MAX_BIGINT)), "id"),
    Index(None, "account_id", "package_count", "created_at", "id"),
    Index(
        "ix_shipment_exception_reason",
        "account_id",
        "exception_reason",
        "created_at",
        "id",
        postgresql_where=text("exception_reason IS NOT NULL"),
    ),
    Index(
        "ix_shipment_incoterm",
        "account_id",
        "incoterm",
        "created_at",
        "id",
        postgresql_where=text("incoterm IS NOT NULL"),
    ),
    Index("ix_shipment_archived", "account_id", "archived_at", postgresql_where=text("archived_at IS NOT NULL")),
    Index("ix_shipment_return_of", "return_of_id", postgresql_where=text("return_of_id IS NOT NULL")),
    Index("ix_shipment_tags", "tags", postgresql_using="gin", postgresql_where=text("tags <> '{}'")),
    Index(
        "ix_shipment_metadata",
        "metadata",
        postgresql_using="gin",
        postgresql_ops={"metadata": "jsonb_path_ops"},
        postgresql_where=text("metadata <> '{}'"),
    ),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("event_count >= 0 AND package_count BETWEEN 0 AND 200", name="counts"),
    CheckConstraint("declared_value >= 0", name="declared_value"),
    CheckConstraint("(declared_value IS NULL) = (currency IS NULL)", name="money"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("incoterm ~ '^[A-Z]{3}$'", name="incoterm"),
    CheckConstraint("total_weight_g >= 0", name="total_weight_g"),
    CheckConstraint("promised_from <= promised_to", name="promise"),
    CheckConstraint("jsonb_typeof(metadata) = 'object'", name="metadata"),
    CheckConstraint("cardinality(tags) <= 50", name="tags"),
)
ITEM_CONSTRAINTS: tuple[SchemaItem, ...] = (
    UniqueConstraint("shipment_id", "seq"),
    Index("ix_shipment_item_package", "package_id", "seq", postgresql_where=text("package_id IS NOT NULL")),
    Index("ix_shipment_item_sku", "account_id", "sku", postgresql_where=text("sku IS NOT NULL")),
    Index("ix_shipment_item_batch", "account_id", "batch", postgresql_where=text("batch IS NOT NULL")),
    Index(None, "account_id", "title"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("unit_value >= 0", name="unit_value"),
    CheckConstraint("(unit_value IS NULL) = (currency IS NULL)", name="money"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("origin_country ~ '^[A-Z]{2}$'", name="origin_country"),
    CheckConstraint("jsonb_typeof(metadata) = 'object'", name="metadata"),
)
PACKAGE_CONSTRAINTS: tuple[SchemaItem, ...] = (
    UniqueConstraint("shipment_id", "seq"),
    Index(
        "ix_package_tracking_number_norm",
        "account_id",
        "tracking_number_norm",
        "id",
        postgresql_where=text("tracking_number_norm IS NOT NULL"),
    ),
    CheckConstraint("(tracking_number IS NULL) = (tracking_number_norm IS NULL)", name="tracking_number"),
    CheckConstraint("tracking_number_norm ~ '^[A-Z0-9]+$'", name="tracking_number_norm"),
    CheckConstraint("weight_g >= 0 AND num_nulls(weight_g, weight_entered, weight_unit) IN (0, 3)", name="weight"),
    CheckConstraint(
        "length_mm > 0 AND width_mm > 0 AND height_mm > 0 AND "
        "num_nulls(length_mm, width_mm, height_mm, dims_unit) IN (0, 4)",
        name="dimensions",
    ),
)
