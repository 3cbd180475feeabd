"""National numbers are told by their shape and their check digits; a wrong digit, or another number, is none."""

from __future__ import annotations

import pytest

from veritrain_lib.quality.personal_data.national_ids import IDS, has_national_id

# Made-up numbers with right check digits, most of them the specimens that the issuing states print.
REAL = [
    "マイナンバーは123456789018です", "my number 1234-5678-9018", "身份证号11010519491231002X", "身份证 110105194912310 02X".replace(" ", ""),
    "DNI 12345678Z", "NIE X1234567L", "NIR 2 55 08 14 168 025 38", "codice fiscale RSSMRA85T10A562S", "IdNr 36574261809",
    "BSN 111222333", "rijksregister 85.07.30-033.28", "PESEL 44051401359", "personnummer 811228-9874", "CPR 211062-5629",
    "hetu 131052-308T", "fødselsnummer 15108695088", "AHV 756.9217.0769.85", "NIF 501964843", "NHS 943 476 5919", "CNP 1630615123457",
    "OIB 33392005961", "rodné číslo 710319/2745", "isikukood 36805280109", "PPS 6433435F", "SVNR 1237 010180", "kimlik 17291716060",
    "CPF 390.533.447-05", "주민등록번호 971013-9019902", "national insurance number AB 12 34 56 C",
]  # fmt: skip
OTHERS = [
    "order 36574261809", "invoice 44051401359", "ref 111222333", "tracking 943476 5919", "case 12345678-A", "1234 5678 9012", "part 1234567A",
    "マイナンバーは123456789012です", "身份证号110105194912310021", "DNI 12345678A", "756.9217.0769.84", "my number is not on the list",
    "customer 00012345678 since 2019", "2024-01-31 10:30:00", "card 4111 1111 1111 1112", "192.168.100.200", "v1.2.3-20240131",
]  # fmt: skip


@pytest.mark.parametrize("text", REAL)
def test_a_number_with_right_check_digits_is_found(text: str):
    assert has_national_id(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_numbers_and_wrong_check_digits_pass(text: str):
    assert not has_national_id(text)


def test_every_kind_names_a_module_that_can_check_it():
    from importlib import import_module

    assert all(import_module(f"stdnum.{one.module}").is_valid("x") is False for one in IDS)
