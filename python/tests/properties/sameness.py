"""Whether two values are the same in every way that a program can tell: value, exact types, order, and what is shared."""

import array
import enum
import struct
import types

# What has no parts to look into and is told apart by type and text.
PLAIN = (int, str, bytes, bool, type(None), complex, range)

# Of what there is one of each in a process.
SINGLE = (enum.Enum, type, types.FunctionType, types.BuiltinFunctionType)


def difference(one, other, sharing=True):
    """What tells two values apart, or None. Where sharing counts, what is one object on one side is one on the other."""
    return Walk(sharing).compare(one, other, "value")


class Walk:
    """One comparison. Each object is met once; what it was met with is what it has to be met with again."""

    def __init__(self, sharing):
        self.sharing = sharing
        self.partner = {}
        self.back = {}
        self.alive = []

    def compare(self, one, other, where):
        """The first difference at or below `where`."""
        if type(one) is not type(other):
            return f"{where}: {type(one).__qualname__} is not {type(other).__qualname__}"
        if type(one) is float:
            same = struct.pack("<d", one) == struct.pack("<d", other)
            return None if same else f"{where}: {one!r} is not {other!r}"
        if type(one) in PLAIN:
            return None if repr(one) == repr(other) else f"{where}: {one!r:.80} is not {other!r:.80}"
        if isinstance(one, SINGLE):
            return None if one is other else f"{where}: {one!r:.80} is not {other!r:.80}"
        if (met := self.met(one, other, where)) is not False:
            return met
        if isinstance(one, (set, frozenset)):
            return self.sets(one, other, where)
        if isinstance(one, dict):
            return self.mappings(one, other, where)
        if isinstance(one, (list, tuple)):
            return self.sequences(one, other, where) or self.attributes(one, other, where)
        if isinstance(one, (bytearray, array.array)):
            return None if one == other else f"{where}: {one!r:.80} is not {other!r:.80}"
        return self.whole(one, other, where)

    def met(self, one, other, where):
        """None when the two belong together already, a difference when one of them belongs to another, False when new."""
        seen, seen_back = self.partner.get(id(one)), self.back.get(id(other))
        if seen is None and seen_back is None:
            self.partner[id(one)], self.back[id(other)] = id(other), id(one)
            self.alive += [one, other]
            return False
        if seen == id(other) and seen_back == id(one):
            return None
        # What cannot be changed may be one object or two: nobody can tell but by `is`.
        return False if not self.sharing or frozen(one) else f"{where}: shared on one side and not on the other"

    def sets(self, one, other, where):
        """Sets have no order: what is in one is found in the other."""
        if len(one) != len(other):
            return f"{where}: {len(one)} members are not {len(other)}"
        left = sorted(map(described, one))
        right = sorted(map(described, other))
        return None if left == right else f"{where}: {one!r:.80} is not {other!r:.80}"

    def mappings(self, one, other, where):
        """Keys, values and their order, and what a subclass has beside them."""
        if len(one) != len(other):
            return f"{where}: {len(one)} entries are not {len(other)}"
        for number, (left, right) in enumerate(zip(one.items(), other.items(), strict=True)):
            for part, name in ((0, "key"), (1, "entry")):
                if found := self.compare(left[part], right[part], f"{where}.{name} {number}"):
                    return found
        factory = getattr(one, "default_factory", None), getattr(other, "default_factory", None)
        if factory[0] is not factory[1]:
            return f"{where}: another default factory"
        return self.attributes(one, other, where)

    def sequences(self, one, other, where):
        """Members in order."""
        if len(one) != len(other):
            return f"{where}: {len(one)} members are not {len(other)}"
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            if found := self.compare(left, right, f"{where}[{number}]"):
                return found
        return None

    def attributes(self, one, other, where):
        """What an instance has beside what its type is."""
        left, right = getattr(one, "__dict__", None), getattr(other, "__dict__", None)
        if not left and not right:
            return None
        return self.mappings(left, right, f"{where}.__dict__")

    def whole(self, one, other, where):
        """Anything else: by its text and its attributes; times also by their zone."""
        if left := getattr(one, "__dict__", None):
            return self.mappings(left, other.__dict__, f"{where}.__dict__")
        if repr(one) != repr(other):
            return f"{where}: {one!r:.80} is not {other!r:.80}"
        zones = getattr(one, "tzinfo", None), getattr(other, "tzinfo", None)
        if zones[0] is not None and type(zones[0]) is not type(zones[1]):
            return f"{where}: another kind of zone"
        if getattr(one, "fold", 0) != getattr(other, "fold", 0):
            return f"{where}: another fold"
        return None


def frozen(value):
    """Whether nothing in it can be changed."""
    if isinstance(value, SINGLE):
        return True
    if isinstance(value, (tuple, frozenset)):
        return all(map(frozen, value)) and not getattr(value, "__dict__", None)
    return not isinstance(value, (list, dict, set, bytearray, array.array)) and not getattr(value, "__dict__", None)


def described(member):
    """A member of a set as text that tells types apart, for members that cannot be ordered."""
    if isinstance(member, (tuple, frozenset)):
        return f"{type(member).__qualname__}({sorted(map(described, member)) if isinstance(member, frozenset) else list(map(described, member))})"
    if type(member) is float:
        return f"float({struct.pack('<d', member).hex()})"
    return f"{type(member).__qualname__}({member!r})"
