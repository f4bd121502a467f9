"""The functions that run inside the store (``functions.lua``), under names that tell their version."""

import hashlib
from importlib.resources import files

_SOURCE = files(__package__).joinpath("functions.lua").read_text("utf-8")
_ID = hashlib.blake2b(_SOURCE.encode(), digest_size=6).hexdigest()

LIBRARY = _SOURCE.replace("@ID@", _ID)
COMMIT = f"cgr_commit_{_ID}".encode()
COMMIT_ACKED = f"cgr_commit_acked_{_ID}".encode()
PUBLISH = f"cgr_publish_{_ID}".encode()
LEASE = f"cgr_lease_{_ID}".encode()
DOCUMENTS = f"cgr_documents_{_ID}".encode()
REPLACE = f"cgr_replace_{_ID}".encode()
ADD_ERROR = f"cgr_add_error_{_ID}".encode()
ADD_EVENTS = f"cgr_add_events_{_ID}".encode()
APPEND = f"cgr_append_{_ID}".encode()
ARCHIVE = f"cgr_archive_{_ID}".encode()
ARCHIVE_JOURNAL = f"cgr_archive_journal_{_ID}".encode()
OPEN_BATCH = f"cgr_open_batch_{_ID}".encode()
CLOSE_BATCH = f"cgr_close_batch_{_ID}".encode()
