"""`model_policy`: what is done about instances of models, of Django or of SQLAlchemy, in cached values."""

import io
import os
import pickle
import sys
import warnings

from keepwarm.exceptions import ModelInstanceWarning, SerializationError

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_warned: set[tuple[str, int]] = set()


def judge(value, refuse):
    """Refuses a value that holds an instance of a model, or warns once for each line of a program that caches one."""
    if (model := instance_in(value)) is None:
        return
    kind = type(model)
    message = (
        f"an instance of {kind.__module__}.{kind.__qualname__} is cached whole: it is pickled with all of its fields, and read back "
        "as it was. Cache the values you need, as `.values()` gives them"
    )
    if refuse:
        raise SerializationError(f"{message}; `model_policy` is 'refuse'")
    file, line = caller()
    if (file, line) not in _warned:
        _warned.add((file, line))
        message += ", or say that it is meant: `model_policy`: 'allow'"
        warnings.warn_explicit(message, ModelInstanceWarning, file, line, module="keepwarm", registry={})


def caller():
    """The file and the line in which a program called the cache."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


class _Found(Exception):
    pass


class _Looking(pickle.Pickler):
    """Goes where pickling goes, and stops at the first instance of a model."""

    def reducer_override(self, value):
        if is_instance(value):
            raise _Found(value)
        return NotImplemented


def instance_in(value):
    """The first instance of a model in a value, wherever pickling finds it; `None` where there is none."""
    try:
        _Looking(io.BytesIO(), pickle.HIGHEST_PROTOCOL).dump(value)
    except _Found as found:
        return found.args[0]
    return None


def is_instance(value):
    """Whether this very object is an instance of a model."""
    models = sys.modules.get("django.db.models")
    if models is not None and isinstance(value, models.Model):
        return True
    return not isinstance(value, type) and "_sa_instance_state" in getattr(value, "__dict__", ())
