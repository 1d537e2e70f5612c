#!/usr/bin/env python3
"""Draws how cost grows with the context: `smollm3 bench --json` on standard input, SVG on output.

The rows of the table in performance.md go to standard error.
"""

import json
import math
import sys

WIDTH, HEIGHT = 300, 230
TOP = 45


def panel(out, left, title, unit, points, ticks):
    """points: (positions, value, least, most); both axes logarithmic."""
    first, last = math.log2(points[0][0]), math.log2(points[-1][0])
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])

    def x(positions):
        return left + WIDTH * (math.log2(positions) - first) / (last - first)

    def y(value):
        return TOP + HEIGHT - HEIGHT * (math.log10(value) - low) / (high - low)

    out.append(f'<text x="{left}" y="25" font-size="13">{title}</text>')
    for tick in ticks:
        out.append(f'<path d="M{left} {y(tick):.1f}h{WIDTH}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 5}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick} {unit}</text>')
    for positions, _, least, most in points:
        at = x(positions)
        out.append(f'<path d="M{at:.1f} {TOP}v{HEIGHT}" stroke="#ddd"/>')
        out.append(f'<text x="{at:.1f}" y="{TOP + HEIGHT + 16}" text-anchor="middle">{positions / 1024:.3g}k</text>')
        if least != most:
            out.append(f'<path d="M{at:.1f} {y(least):.1f}V{y(most):.1f}" stroke="#888"/>')
    line = " ".join(f"{x(p[0]):.1f},{y(p[1]):.1f}" for p in points)
    out.append(f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>')
    out.append(f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 34}" text-anchor="middle">positions</text>')


def ticks(values):
    steps = [m * 10.0**e for e in range(-2, 6) for m in (1, 2, 5)]
    low = max(s for s in steps if s <= min(values))
    high = min(s for s in steps if s >= max(values))
    return [f"{s:g}" for s in steps if low <= s <= high]


def main():
    rows = []
    for at in json.load(sys.stdin)["decode"]:
        rate = at["tokens_per_second"]
        millis = [1000 / rate[k] for k in ("median", "max", "min")]
        rows.append((at["context"], at["prefill_seconds"], *millis))
        share = at["share_of_time"]["attention"]
        print(
            f"| {rows[-1][0]:,} | {rows[-1][1]:.1f} | {millis[0]:.0f} ({millis[1]:.0f} to"
            f" {millis[2]:.0f}) | {100 * share:.0f} % |",
            file=sys.stderr,
        )
    out = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 770 330" font-family="sans-serif"'
        ' font-size="12" fill="#222">',
        '<rect width="770" height="330" fill="white"/>',
    ]
    prefill = [(r[0], r[1], r[1], r[1]) for r in rows]
    decode = [(r[0], *r[2:]) for r in rows]
    for left, title, unit, points in (
        (60, "Prefill from an empty cache, seconds", "s", prefill),
        (445, "Decode, milliseconds a token, with range", "ms", decode),
    ):
        marks = [float(t) for t in ticks([v for p in points for v in p[1:]])]
        marks = [int(m) if m == int(m) else m for m in marks]
        panel(out, left, title, unit, points, marks)
    out.append("</svg>")
    print("\n".join(out))


main()
