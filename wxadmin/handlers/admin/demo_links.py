"""What only a demo's pages link: the shop where one logs in as a visitor, and the simulator's switches."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoLinks:
    shop: str
    simulator: str
