"""What the installed botocore does otherwise than the newest one; the lowest that is supported is older."""

from __future__ import annotations

import inspect
from typing import Any

from botocore.httpsession import URLLib3Session
from botocore.session import get_session

NAMES_SHORT_ANSWERS = "enforce_content_length=False" not in inspect.getsource(URLLib3Session.send)
"""It counts an answer's bytes itself, and calls a short one a closed connection; later ones don't."""


def knows(code: str, member: str) -> bool:
    """Tell whether botocore's model has a member of an error; it drops those that it has not."""
    model: Any = get_session().get_service_model("dynamodb")
    shape = model.shape_for_error_code(code)
    return shape is not None and member in shape.members
