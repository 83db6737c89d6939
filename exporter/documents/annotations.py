"""What the annotations of a model's fields say."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from exporter.documents.scalars import TEXT, Scalar, one_of


def is_optional(annotation: Any) -> bool:
    """Whether null may be written."""
    return get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation)


def without_none(annotation: Any) -> Any:
    """What an optional annotation is where it isn't null."""
    return Union[*(each for each in get_args(annotation) if each is not type(None))]


def scalar(annotation: Any) -> Scalar:
    """How a single value is read.

    Raises:
        TypeError: the annotation doesn't say it.
    """
    if get_origin(annotation) is Annotated:
        for each in get_args(annotation):
            if isinstance(each, Scalar):
                return each
    if get_origin(annotation) is Literal:
        return one_of(get_args(annotation))
    if annotation is str:
        return TEXT
    raise TypeError(f"nothing says how a value of {annotation} is read")
