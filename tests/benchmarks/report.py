"""What the benchmarks print: both sides and their ratio."""


class Report:
    def compare(self, name: str, value: float, other_name: str, other: float, *, goal: float = 0) -> None:
        """`goal` is what the ratio should at least be."""
        ratio = value / other
        reached = f", goal {goal:g}{'' if ratio >= goal else '  MISSED'}" if goal else ""
        print(f"{name}: {value:,.0f}\n  {other_name}: {other:,.0f}\n  ratio: {ratio:.2f}{reached}", flush=True)

    def page(self, name: str, p95: float, middle: float, first: float, goal: float) -> None:
        """A page's milliseconds: 95 % of its loads, half of them, and the first."""
        missed = "  MISSED" if p95 >= goal else "  first load slow" if first >= goal else ""
        print(f"p95 {p95:7.1f}  median {middle:7.1f}  first {first:7.1f}  {name}{missed}", flush=True)

    def share(self, name: str, value: float, other_name: str, other: float, *, goal: float) -> None:
        """Of milliseconds, where the one should be a small part of the other: `goal` is the most."""
        missed = "  MISSED" if value > goal * other else ""
        shares = f"1/{other / value:.0f}, goal 1/{1 / goal:.0f}{missed}"
        print(f"{name}: {value:,.1f} ms\n  {other_name}: {other:,.0f} ms\n  {shares}", flush=True)

    def ratio(self, name: str, ratio: float, goal: float) -> None:
        print(f"ratio {ratio:5.2f}  {name}{'  MISSED' if ratio > goal else ''}", flush=True)

    def note(self, what: str) -> None:
        print(what, flush=True)

    def skip(self, name: str, why: str) -> None:
        print(f"{name}: skipped, {why}", flush=True)
