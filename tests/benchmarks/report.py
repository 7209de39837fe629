"""What the benchmarks print: both sides and their ratio."""


class Report:
    def compare(self, name: str, value: float, other_name: str, other: float) -> None:
        print(f"{name}: {value:,.0f}\n  {other_name}: {other:,.0f}\n  ratio: {value / other:.2f}", flush=True)

    def skip(self, name: str, why: str) -> None:
        print(f"{name}: skipped, {why}", flush=True)
