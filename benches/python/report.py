"""The table."""

import json


def scaled(nanoseconds):
    """A time for people."""
    if nanoseconds is None:
        return ""
    for unit, size in (("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.2f} {unit}"
    return f"{nanoseconds:.0f} ns"


def share(number):
    """A ratio: small ones as one in so many."""
    if number is None:
        return ""
    return f"{number:.2f}" if number > 0.1 else f"1/{1 / number:.1f}"


def middle(times):
    """The median, or nothing."""
    return sorted(times)[len(times) // 2] if times else None


def table(rows):
    """The rows as Markdown."""
    lines = ["| what | beside | ratio | middle half | limit | ours | theirs | clock | |", "|---|---|---:|---:|---:|---:|---:|---|---|"]
    for row in rows:
        quarters = row.quarters
        spread = f"{share(quarters[0])} to {share(quarters[1])}" if quarters else ""
        ours, theirs = scaled(middle(row.our_times)), scaled(middle(row.their_times))
        if row.unit == "bytes" and row.our_times:
            ours, theirs = f"{row.our_times[0]:.0f} B", f"{row.their_times[0]:.0f} B"
        cells = [row.name, row.peer, share(row.ratio), spread, share(row.limit), ours, theirs, row.clock, row.verdict]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def as_json(rows):
    """The rows for programs."""
    fields = [{"what": row.name, "beside": row.peer, "ratio": row.ratio, "limit": row.limit, "verdict": row.verdict} for row in rows]
    return json.dumps(fields, indent=1)
