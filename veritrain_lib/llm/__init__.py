"""Chat models behind keys, and the only room that knows openai.

Read `chat` first (what other rooms open), then `asking` (one batch from start to end; `running` gives it a
thread). `endpoint` and `keys`: where and with what (`base_url` reads the address); `connection` the SDK; `wire` the
request's JSON; `understood` and `streamed` what compatible services send in shapes of their own; `verdict`
what an HTTP answer means; `answers` the raw answer, checked; `terms` under what is asked and what was done;
`ledger` what was paid for (`writer` its thread, `owner` who claims); `pace` the shared gate; `prices`, `budget`,
`estimate` the money; `fine_tuning*` jobs that train a model at the provider.
"""
