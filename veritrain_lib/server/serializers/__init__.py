"""Serializers of the API: each module turns a run or a model version of the record into a response schema."""
