"""Redaction of secrets (passwords in URLs, secret environment variables) from everything that is shown or stored.

- `addresses`: `redact_passwords`, for everything that shows a URL or an error message that may quote one
- `secret_values`: decides which environment variables hold secrets, and in which contexts each value is redacted
- `forms`: the encodings in which a secret may appear: escaped, quoted, base64
- `redactor`: removes secrets from texts, from texts that arrive in pieces, and from JSON values
- `process_secrets`: `redact`, for the secrets of this process's environment and of its `.env` files
- `logs`: redaction of every log line of this process
- `notebook`: redacted copies of executed notebooks
"""

from veritrain_lib.redaction.addresses import redact_passwords
from veritrain_lib.redaction.logs import redact_logs
from veritrain_lib.redaction.process_secrets import redact, redact_value, redactor
from veritrain_lib.redaction.redactor import Redactor

__all__ = ["Redactor", "redact", "redact_logs", "redact_passwords", "redact_value", "redactor"]
