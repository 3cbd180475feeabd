"""Access to paid chat models; the only package that knows the openai SDK.

Read `chat` first (the entry point for other packages), then `batch` (one batch from start to end; `loop_thread` runs
it in a thread). `endpoint` and `keys`: where a model is reached and with which key (`base_url` reads the URL);
`connection`: the SDK; `request_body`: the request's JSON; `response_adapter` and `streamed_answer`: non-standard
answers of compatible services; `response_status`: the meaning of an HTTP answer; `answers`: the raw answer, checked;
`batch_settings`: settings and statistics of a batch; `ledger`: the answers that were paid for (`sqlite_writer`: its
thread, `owner`: who holds a claim); `rate_limiter`: shared limits; `prices`, `budget`, `estimate`: money;
`fine_tuning*`: jobs that train a model at the provider.
"""
