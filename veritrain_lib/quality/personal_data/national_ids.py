"""National identification numbers of persons, recognized by their shape and check digits.

python-stdnum knows the check digits of each country. A number of a shape that many other numbers share (nine or eleven
digits, one of them a check digit) counts only if its name is in the text, because one number in ten passes a check
digit by chance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class NationalId:
    """Pattern of one country's national identification number, with its check digits.

    Attributes:
        module: Module of python-stdnum that validates the check digits.
        shape: Pattern of the number.
        names: Pattern of names of the number, one of which must occur in the text; None if the shape is enough.
    """

    module: str
    shape: re.Pattern[str]
    names: re.Pattern[str] | None = None

    def occurs_in(self, text: str) -> bool:
        """Return whether a text contains a number of this shape with valid check digits.

        Args:
            text: A text in its ASCII form (`to_ascii_form`).
        """
        if self.names is not None and not self.names.search(text):
            return False
        return any(
            import_module(f"stdnum.{self.module}").is_valid(match[0]) for match in self.shape.finditer(text)
        )


def _id(module: str, shape: str, names: str = "") -> NationalId:
    bounded = re.compile(rf"(?<![A-Za-z0-9_.+\-])(?:{shape})(?![A-Za-z0-9_]|[-.]\d)", re.IGNORECASE)
    return NationalId(module, bounded, re.compile(names, re.IGNORECASE) if names else None)


# Where a number must hold a date of birth or two check digits, one in a hundred at most passes by chance: no name needed.
IDS = (
    _id("jp.in_", r"(?<!\d[ -])\d{4}[ -]\d{4}[ -]\d{4}(?![ -]\d)"),
    _id("jp.in_", r"\d{12}", "マイナンバー|個人番号|my ?number|individual number"),
    _id("cn.ric", r"\d{6}(?:19|20)\d{9}[\dX]"),
    _id("kr.rrn", r"\d{6}-\d{7}"),
    _id("es.dni", r"\d{8}[- ]?[A-Z]"),
    _id("es.nie", r"[XYZ][- ]?\d{7}[- ]?[A-Z]"),
    _id("fr.nir", r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}"),
    _id("it.codicefiscale", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]"),
    _id("de.idnr", r"(?<!\d )\d{2} \d{3} \d{3} \d{3}(?! \d)"),
    _id("de.idnr", r"\d{11}", r"steuer|id-?nr|identifikationsnummer|\btax id|\btin\b"),
    _id("nl.bsn", r"\d{4}[ .]?\d{2}[ .]?\d{3}", r"\bbsn\b|burgerservice|sofi-?num"),
    _id("be.nn", r"\d{2}[. ]?\d{2}[. ]?\d{2}[- ]?\d{3}[. ]?\d{2}"),
    _id("pl.pesel", r"\d{11}", "pesel"),
    _id("se.personnummer", r"(?:19|20)?\d{6}[-+]\d{4}"),
    _id("dk.cpr", r"\d{6}-?\d{4}", r"\bcpr|personnummer"),
    _id("fi.hetu", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]"),
    _id("no.fodselsnummer", r"\d{6} ?\d{5}"),
    _id("ch.ssn", r"756\.?\d{4}\.?\d{4}\.?\d{2}"),
    _id("pt.nif", r"\d{3} ?\d{3} ?\d{3}", r"\bnif\b|contribuinte"),
    _id("pt.cc", r"\d{8} ?\d ?[A-Z0-9]{2}\d"),
    _id("gb.nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", r"\bnhs\b"),
    _id("ro.cnp", r"[1-8]\d{12}", r"\bcnp\b"),
    _id("bg.egn", r"\d{10}", r"\begn\b|егн"),
    _id("hr.oib", r"\d{11}", r"\boib\b"),
    _id("cz.rc", r"\d{6}/\d{3,4}"),
    _id("ee.ik", r"[1-6]\d{10}", r"isikukood"),
    _id("lt.asmens", r"[1-6]\d{10}", r"asmens"),
    _id("gr.amka", r"\d{11}", r"\bamka\b|αμκα"),
    _id("ie.pps", r"\d{7}[A-W][A-IW]?", r"\bpps"),
    _id("at.vnr", r"(?<!\d )\d{4} \d{6}(?! \d)"),
    _id("tr.tckimlik", r"[1-9]\d{10}", "kimlik|t\\.?c\\.? ?no"),
    _id("br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}"),
)  # fmt: skip
# A number without a check digit: hardly anything else has its shape where its name is next to it.
UNCHECKED = re.compile(
    r"(?:national insurance|\bnino\b|\bni (?:no|number))[^\d\n]{0,20}(?<![A-Za-z0-9])[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])",
    re.IGNORECASE,
)
SOCIAL = re.compile(r"(?<![A-Za-z0-9_-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![A-Za-z0-9_-])")
"""Pattern of a United States Social Security number, which has no check digit but a characteristic grouping."""

MAY_HOLD = re.compile(r"\d(?:[ ./-]?\d){5}|[A-Za-z]{6}\d{2}|[A-Za-z]{2} ?\d{2}")


def has_national_id(text: str) -> bool:
    """Return whether a text contains a person's national identification number with valid check digits.

    Args:
        text: A text in its ASCII form (`to_ascii_form`).
    """
    if not MAY_HOLD.search(text):
        return False
    return UNCHECKED.search(text) is not None or any(national_id.occurs_in(text) for national_id in IDS)
