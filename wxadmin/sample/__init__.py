"""A database filled with made-up people and their logins, for trials and benchmarks."""

from wxadmin.sample.clearing import clear, told_until
from wxadmin.sample.filling import Filled, fill

__all__ = ["Filled", "clear", "fill", "told_until"]
