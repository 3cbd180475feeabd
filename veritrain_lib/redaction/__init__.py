"""What must not be shown: passwords in addresses, and values of the environment that are secrets.

- `addresses`: `without_password`, for every place that shows an address or an error that may quote one
- `secret_values`: which values of the environment are secrets, and how freely each may be hidden
- `forms`: how a secret may be written: escaped, quoted, encoded
- `redactor`: takes them out of texts, of texts that came in pieces, and of JSON values
- `here`: `redact`, with the environment of this process and its `.env` files
- `logs`: the same for every log line
"""

from veritrain_lib.redaction.addresses import without_password
from veritrain_lib.redaction.logs import hide_in_logs
from veritrain_lib.redaction.process_secrets import redact, redact_value, redactor
from veritrain_lib.redaction.redactor import Redactor

__all__ = ["Redactor", "hide_in_logs", "redact", "redact_value", "redactor", "without_password"]
