"""Telephone numbers as Japan, China, Europe and North America write them; dates, amounts and numbers of things pass."""

from __future__ import annotations

import pytest

from veritrain_lib.quality.personal_data.ascii_form import to_ascii_form
from veritrain_lib.quality.personal_data.phone_numbers import has_phone

PHONES = [
    "03-1234-5678", "電話番号は0312345678です", "090-1234-5678まで", "０９０−１２３４−５６７８", "09012345678に連絡ください", "0120-123-456",
    "(03)1234-5678", "03(1234)5678", "045ー123ー4567", "050-1234-5678", "０３（１２３４）５６７８", "+81-3-1234-5678",
    "我的手机是13812345678", "138-1234-5678", "138 1234 5678", "010-12345678", "电话0755-12345678", "400-810-1234", "+86 138 1234 5678",
    "01 23 45 67 89", "06.12.34.56.78", "+33 1 23 45 67 89", "020 7946 0958", "07700 900123", "(020) 7946 0958", "030/1234567",
    "0171 2345678", "0171-2345678", "+49 (0)30 901820", "Tel. 089 12345678", "612 34 56 78", "teléfono 912 345 678", "06-12345678",
    "020-1234567", "08-123 456 78", "tlf 12 34 56 78", "telefon 601 234 567", "0664 1234567", "8 (912) 345-67-89", "044 668 18 00",
    "(555) 123-4567", "555-123-4567", "0039 06 1234 5678", "call me on 0171 2345678",
]  # fmt: skip
OTHERS = [
    "order 1234567890123", "on 01/02/2024 at 10:30", "01.02.2024 1030", "2024-01-31 10:30:00", "room 012-345", "ISBN 978-0-306-40615-7",
    "0-306-40615-2", "612.345.678 euros", "population 912 345 678", "1,234,567,890", "ticket 13812345678", "invoice 0012345678",
    "version 0.12.345.6789", "192.168.100.200", "注文番号は1234567890です", "03月04日05時", "2024年01月02日 10時30分", "call me at 10 30",
    "I ring at 5", "part 01-02", "2x 0500 mg", "from 0900 to 1730", "error 0x80070005", "the phone costs 599 euros", "10-12345678",
    "Steuer 12/345/67890", "the text has 2000 words", "4111 1111 1111 1112", "lat 48.137154, lon 11.576124",
]  # fmt: skip


@pytest.mark.parametrize("text", PHONES)
def test_a_telephone_number_is_found(text: str):
    assert has_phone(to_ascii_form(text))


@pytest.mark.parametrize("text", OTHERS)
def test_other_numbers_pass(text: str):
    assert not has_phone(to_ascii_form(text))
