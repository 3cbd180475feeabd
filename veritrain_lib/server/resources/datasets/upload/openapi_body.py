"""OpenAPI description of the body of `POST /datasets`.

FastAPI can't derive it, because `receiving.py` reads the body without a schema.
"""

from __future__ import annotations

from typing import Any

from veritrain_lib.server.resources.datasets.requests import DatasetCreateRequest, UploadForm

UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "CSV or JSON, UTF-8"},
                        **UploadForm.model_json_schema()["properties"],
                    },
                }
            },
            "application/json": {"schema": DatasetCreateRequest.model_json_schema()},
        },
    }
}
