"""One measured figure beside its bound, and how all of them are shown and kept."""

import dataclasses
import json
import math
import pathlib
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Figure:
    """`bound` is the most that is allowed; None for what is only reported. `value` None: could not be measured."""

    name: str
    value: float | None
    unit: str
    bound: float | None = None
    runs: int = 1
    floor: str = ""
    p50: float | None = None
    p99: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        if self.bound is None or self.value is None:
            return None
        return self.value <= self.bound


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed: always one that was measured."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def text_of(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(figures: Sequence[Figure]) -> str:
    """Markdown, so that it goes into docs/figures.md as it is."""
    verdicts = {True: "yes", False: "**no**", None: ""}
    rows = [("figure", "measured", "bound", "met", "floor", "runs", "note")]
    for figure in figures:
        measured = f"{text_of(figure.value)} {figure.unit}" if figure.value is not None else "not measured"
        bound = "" if figure.bound is None else f"≤ {text_of(figure.bound)} {figure.unit}"
        rows.append(
            (figure.name, measured, bound, verdicts[figure.is_met], figure.floor, str(figure.runs), figure.note)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(line.rstrip() for line in lines)


def write_json(path: pathlib.Path, machine: dict, figures: Sequence[Figure]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    by_name = {}
    for figure in figures:
        fields = {key: value for key, value in dataclasses.asdict(figure).items() if value not in (None, "")}
        fields["met"] = figure.is_met
        by_name[fields.pop("name")] = fields
    path.write_text(json.dumps({"machine": machine, "figures": by_name}, indent=1, ensure_ascii=False) + "\n")
