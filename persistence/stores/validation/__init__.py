"""The service's validation of requests, for every store that has to refuse what the service refuses.

Pure checks over operations and table declarations. They raise `Refused` with the service's words, where it is
known what they are, and with the place; a store makes an `InvalidRequest` or a cancellation reason of it.
"""

from persistence.stores.validation.refused import Refused

__all__ = ["Refused"]
