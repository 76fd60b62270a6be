"""What a network costs, as a table for people and as data for programs."""

from cnnspec.report.data import as_csv, as_json, cost
from cnnspec.report.table import table

__all__ = ["as_csv", "as_json", "cost", "table"]
