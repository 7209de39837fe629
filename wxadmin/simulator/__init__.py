"""A strict WeChat for development and tests: authorize page, /sns calls, faults on order. Stands alone."""

from .accounts import DEFAULT_APPID, SimulatedAccount, secret_for
from .app import make_app
from .world import World

__all__ = ["DEFAULT_APPID", "SimulatedAccount", "World", "make_app", "secret_for"]
