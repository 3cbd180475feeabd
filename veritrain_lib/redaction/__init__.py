"""Redaction of secrets: passwords in URLs, and values of the environment that are secrets.

- `addresses`: `redact_passwords`, for everything that shows a URL or an error that may quote one
- `secret_values`: which values of the environment are secrets, and in which contexts each is redacted
- `forms`: the encodings in which a secret may appear: escaped, quoted, base64
- `redactor`: removes secrets from texts, from texts that came in pieces, and from JSON values
- `process_secrets`: `redact`, with the environment of this process and its `.env` files
- `logs`: the same for every log line
"""

from veritrain_lib.redaction.addresses import redact_passwords
from veritrain_lib.redaction.logs import redact_logs
from veritrain_lib.redaction.process_secrets import redact, redact_value, redactor
from veritrain_lib.redaction.redactor import Redactor

__all__ = ["Redactor", "redact", "redact_logs", "redact_passwords", "redact_value", "redactor"]
