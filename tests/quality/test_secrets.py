"""Keys are found; what only names a thing (a hash, a commit, a UUID) is no key unless it is called one."""

from __future__ import annotations

import base64
import hashlib
import random
import string
import uuid

import pytest

from veritrain_lib.quality.secrets import has_key, has_password

ALNUM = string.ascii_letters + string.digits
SHA256, SHA1 = hashlib.sha256(b"row").hexdigest(), hashlib.sha1(b"row").hexdigest()
ID = "550e8400-e29b-41d4-a716-446655440000"

NAMES = [
    f"the build broke at commit {SHA1}", f"git revert {SHA1[:12]} please", f"md5 is {SHA1[:32]}", f"sha256:{SHA256}", f"image app@sha256:{SHA256}",
    f"request id {ID} failed", f"{{{ID.upper()}}} not found", f"urn:uuid:{ID}", ID.replace("-", ""), f"trace {SHA256[:32]} span {SHA256[:16]}",
    "integrity sha512-" + base64.b64encode(hashlib.sha512(b"x").digest()).decode(), f"object {SHA1[:24]} in the store", f"etag {SHA1}",
    "SHA256:" + base64.b64encode(hashlib.sha256(b"x").digest()).decode().rstrip("="), "0x52908400098527886E0F7030069857D2E4169EE7",
    "event 01ARZ3NDEKTSV4RRFFQ69G5FAV", f"primary key {ID} is used twice", f"idempotency key: {ID}", f"cache key {SHA1} is stale",
    f"next page token {SHA1}", "where is INV-2024-000123-DE-FINAL-COPY please", "ORD-2024-11-0034-A7-B9-XK-001", "npm_config_registry_url2",
    "hf_hub_download_v2 fails", "pypi-publish-action-v1", f"https://example.org/artifacts/{SHA1}/x.zip", "v1.2.3-14-g2414721f3d2a9b1",
    "customers-2024-export-final.csv", f"blob:{ID}", "src/components/Button2/index3-v4b5-c6", "MAC 00:1A:2B:3C:4D:5E",
]  # fmt: skip
KEYS = [
    "sk" + "_live_4eC39HqLyjWDarjtT1zdp7dc", "gh" + "p_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", "hf" + "_AbCdEf1234567890AbCdEf1234567890ab",
    "npm" + "_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", f"API_KEY={SHA1}", f"secret: {SHA256}", f"api key {ID}", f"access token: {SHA1[:32]}",
    "AK" + "IAIOSFODNN7EXAMPLE", "the license key: ABCD-1234-EFGH-5678", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
]  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_what_only_names_a_thing_is_no_key(text: str):
    assert not has_key(text)


@pytest.mark.parametrize("text", KEYS)
def test_a_key_is_found(text: str):
    assert has_key(text)


def test_long_random_tokens_are_found_and_random_ids_are_not():
    rng = random.Random(5)
    keys = ["".join(rng.choices(ALNUM, k=rng.randrange(24, 65))) for _ in range(300)]
    keys += [base64.b64encode(rng.randbytes(32)).decode() for _ in range(300)]
    ids = [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(300)]
    ids += [rng.randbytes(size).hex() for size in (10, 12, 16, 20, 32, 64) for _ in range(50)]
    assert sum(has_key(f"we use {key} here") for key in keys) >= 0.97 * len(keys)
    assert [one for one in ids if has_key(f"we use {one} here")] == []


def test_an_address_with_a_password_in_it_is_a_password():
    assert has_password("it runs on postgresql://app:s3cret@db.example.org/rows")
    assert not has_password("it runs on http://localhost:8080/rows")
