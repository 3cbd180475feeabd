"""Approvals over HTTP; who may ask is held in tests/server/security."""

from __future__ import annotations

from starlette.testclient import TestClient

PLACE = "/api/v1/approvals"
DIGEST = "c" * 64


def test_approved_listed_and_taken_back(server: TestClient) -> None:
    made = server.post(PLACE, json={"digest": DIGEST, "note": "a keras model"})
    assert made.status_code == 201, made.text
    assert (made.json()["digest"], made.json()["by"]) == (DIGEST, "local")
    assert server.get(PLACE).json() == [made.json()]
    assert server.delete(f"{PLACE}/{DIGEST}").status_code == 204
    assert server.delete(f"{PLACE}/{DIGEST}").status_code == 404
    assert server.get(PLACE).json() == []
    assert server.post(PLACE, json={"digest": "../x"}).status_code == 422
