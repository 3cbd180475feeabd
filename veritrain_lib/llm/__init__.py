"""Access to paid chat models through OpenAI's API, with a cost cap and a ledger of stored answers.

This is the only package that imports the openai SDK. Read `chat` first (the entry point for other packages),
then `batch` (one batch from start to end; `loop_thread` runs it in a thread).

- Reaching a model: `providers` (one file for each), `endpoint` and `keys` (URL and API key), `base_url` (reads the URL), `connection` (the
  SDK).
- Requests and answers: `request_body` (the request's JSON), `answers` (checks the raw answer),
  `response_status` (the meaning of an HTTP response), `response_adapter` and `streamed_answer` (non-standard
  answers of compatible services).
- Stored answers: `ledger` (the answers that were paid for), `ledger_store` (SQLite or PostgreSQL),
  `ledger_writer` (the thread that writes), `ledger_transfer` (moves a local file into the shared database),
  `owner` (who holds a claim).
- Speed and money: `rate_limiter`, `batch_settings`, `prices`, `worst_cost`, `estimate`.
- Jobs that train a model at the provider: `fine_tuning*`.
"""
