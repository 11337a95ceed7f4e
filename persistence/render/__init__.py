"""Conditions, key conditions, projections and updates as DynamoDB's expression strings.

`expressions` writes all expressions of one request, from templates where one of the same shape was written
before. `Renderer` is what writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.render.limits import (
        EXPRESSION_BYTES,
        EXPRESSION_OPERATORS,
        IN_OPTIONS,
        PLACEHOLDER_BYTES,
    )
    from persistence.render.renderer import Renderer
    from persistence.render.templates import Template, expressions, presence, template_of

__all__ = [
    "EXPRESSION_BYTES",
    "EXPRESSION_OPERATORS",
    "IN_OPTIONS",
    "PLACEHOLDER_BYTES",
    "Renderer",
    "Template",
    "expressions",
    "presence",
    "template_of",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.render.limits": (
            "EXPRESSION_BYTES",
            "EXPRESSION_OPERATORS",
            "IN_OPTIONS",
            "PLACEHOLDER_BYTES",
        ),
        "persistence.render.renderer": ("Renderer",),
        "persistence.render.templates": ("Template", "expressions", "presence", "template_of"),
    },
)
