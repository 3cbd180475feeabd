"""Cases: language detection, pools that a language rule empties, and scripts that no installed font covers.

In-process where a command would only add its start; `languages/command_*` are complete commands.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.faults.case import Case, Seen, veritrain

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.models.base import Scorer

SENTENCES = {
    "uk": ("Рахунок ще не надійшов, перевірте, будь ласка", "Чи не могли б ви надіслати його ще раз?", "Я хочу скасувати свою підписку"),
    "bg": ("Фактурата още не е пристигнала, моля проверете", "Бихте ли я изпратили още веднъж?", "Искам да прекратя абонамента си"),
    "ru": ("Счёт ещё не пришёл, проверьте, пожалуйста", "Не могли бы вы прислать его ещё раз?", "Я хочу отменить свою подписку"),
    "en": ("The invoice has not arrived yet", "Could you please send it once more?", "I would like to cancel my subscription"),
    "de": ("Die Rechnung ist noch nicht angekommen", "Könnten Sie sie bitte noch einmal schicken?", "Ich möchte mein Abo kündigen"),
    "fr": ("La facture n'est pas encore arrivée", "Pourriez-vous la renvoyer, s'il vous plaît ?", "Je voudrais résilier mon abonnement"),
    "es": ("La factura todavía no ha llegado", "¿Podrían enviarla otra vez, por favor?", "Quiero cancelar mi suscripción"),
    "pl": ("Faktura jeszcze nie dotarła, proszę sprawdzić", "Czy mogliby państwo wysłać ją jeszcze raz?", "Chcę anulować moją subskrypcję"),
    "cs": ("Faktura ještě nedorazila, prosím zkontrolujte", "Mohli byste ji prosím poslat znovu?", "Chci zrušit své předplatné"),
    "tr": ("Fatura henüz gelmedi, lütfen kontrol edin", "Lütfen bir kez daha gönderebilir misiniz?", "Aboneliğimi iptal etmek istiyorum"),
    "vi": ("Hóa đơn vẫn chưa đến, xin hãy kiểm tra", "Bạn có thể gửi lại một lần nữa không?", "Tôi muốn hủy đăng ký của mình"),
    "el": ("Το τιμολόγιο δεν έχει φτάσει ακόμα", "Μπορείτε να το στείλετε ξανά, παρακαλώ;", "Θέλω να ακυρώσω τη συνδρομή μου"),
    "ja": ("請求書がまだ届いていません。確認してください", "もう一度送っていただけますか", "サブスクリプションを解約したいです"),
    "zh": ("发票还没有收到，请帮我检查一下", "您能再发送一次给我吗？谢谢您", "我想取消我的订阅服务，请告诉我怎么做"),
    "ko": ("청구서가 아직 도착하지 않았습니다", "다시 한 번 보내 주시겠어요?", "구독을 취소하고 싶습니다"),
    "th": ("ใบแจ้งหนี้ยังไม่มาถึง กรุณาตรวจสอบ", "ช่วยส่งอีกครั้งได้ไหมครับ", "ฉันต้องการยกเลิกการสมัครสมาชิก"),
    "hi": ("चालान अभी तक नहीं आया है, कृपया जाँच करें", "क्या आप इसे फिर से भेज सकते हैं?", "मैं अपनी सदस्यता रद्द करना चाहता हूँ"),
    "ar": ("لم تصل الفاتورة بعد، يرجى التحقق", "هل يمكنكم إرسالها مرة أخرى من فضلكم؟", "أريد إلغاء اشتراكي في الخدمة"),
    "he": ("החשבונית עדיין לא הגיעה, אנא בדקו", "האם תוכלו לשלוח אותה שוב בבקשה?", "אני רוצה לבטל את המנוי שלי"),
}  # fmt: skip

MIXED = {
    "mixed_japanese_english": ("お問い合わせ：I can't find the refund since the update", "Please 確認してください my order"),
    "half_ukrainian_half_english": SENTENCES["uk"] + SENTENCES["en"],
    "half_bulgarian_half_russian": SENTENCES["bg"] + SENTENCES["ru"],
    "numbers_only": ("4711", "0815 2026", "12,50"),
}  # fmt: skip

NOTABLE = 0.1
"""Share of a file's rows that the gate's rule may turn down under the language that was guessed."""


def _guess(name: str, texts: tuple[str, ...], *, wanted: str = "") -> Case:
    def run(folder: Path) -> Seen:
        from veritrain_lib.new_task.language import guess_language
        from veritrain_lib.quality.language.detector import LanguageDetector

        rows = [f"{text} {number}" for number in range(20) for text in texts]
        code = guess_language(rows)
        lost = 0.0
        if code is not None:
            others, _ = LanguageDetector(code, 8, 0.5, 0.05)(rows)
            lost = sum(other != "" for other in others) / len(rows)
        wrong = (
            f"{lost:.0%} of the rows would be turned down under the guess {code}" if lost > NOTABLE else ""
        )
        return Seen(None, f"language {code}, {lost:.0%} turned down", wrong=wrong)

    return Case(f"languages/{name}", run, None, [f"language {wanted}"] if wanted else [])


def _rows_file(folder: Path, code: str) -> Path:
    chance = random.Random(code)
    lines = [f'"{chance.choice(SENTENCES[code])} {number}",{"ab"[number % 2]}topic' for number in range(120)]
    file = folder / "rows.csv"
    file.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    return file


def _new_task(code: str) -> Case:
    def run(folder: Path) -> Seen:
        said = veritrain(folder, "new-task", "--from", str(_rows_file(folder, code)), "--name", "mine")
        checked = veritrain(folder, "check", str(folder / "mine"))
        return Seen(said.exit_code or checked.exit_code, said.text + checked.text)

    says = [rf"language of 'text': {code}", "task.yaml is valid"]
    return Case(f"languages/command_new_task_{code}", run, 0, says)


def _emptied(name: str, code: str, declared: str) -> Case:
    """Generate over a pool of a language that the task does not declare, with the real suite."""

    def run(folder: Path) -> Seen:
        from benchmarks.faults.cases.task_file import TASK, write
        from veritrain_lib.core.rows import read_examples
        from veritrain_lib.core.task import load_task
        from veritrain_lib.quality.context import Context
        from veritrain_lib.quality.gate import screen
        from veritrain_lib.quality.suite import load_suite
        from veritrain_lib.stages.generate import run as generate
        from veritrain_lib.stages.generate.teacher_request import GenerateInputs

        task = load_task(write(folder, TASK.replace("language: en", f"language: {declared}")))
        lines = [f"{text} {number},refund" for number in range(20) for text in SENTENCES[code]]
        (folder / "pool.csv").write_text(
            "\n".join(["text,label", *(f'"{line[:-7]}",refund' for line in lines)]) + "\n", encoding="utf-8"
        )
        seed = read_examples(task, folder / "seed.csv", "human")
        around = Context(
            task, seed, read_examples(task, folder / "dev.csv", "human"),
            read_examples(task, folder / "test.csv", "human", answers=False),
        )  # fmt: skip
        import pandas as pd

        suite = load_suite("classification")
        result = generate.run(
            generate.GenerateConfig(rows=10, choose="random", batch=10),
            task,
            GenerateInputs(
                errors=pd.DataFrame({"slice": task.labels, "n": [9, 9], "right": [8, 8]}),
                accepted_rows=seed,
                used=frozenset(),
                human_labels={},
                fit=_no_student,
                screen=lambda rows: screen(rows, around, suite),
            ),
        )
        return Seen(None, result.headline, result.outcome)

    says = [
        "Blocked: rule language rejected 60 of the 60 rows in the pool",
        rf"inputs.text.language \({declared}\)",
    ]
    return Case(f"languages/{name}", run, None, says, status="blocked")


def _no_student(rows: pd.DataFrame) -> Scorer:
    raise AssertionError("choosing at random trains no student")


def _drawn(name: str, text: str) -> Case:
    """Draw a script in a figure and a PDF: with a font of the machine, or reported as missing."""

    def run(folder: Path) -> Seen:
        import logging
        from datetime import UTC, datetime

        import pandas as pd

        from veritrain_lib.fonts import system as system_fonts
        from veritrain_lib.reporting.document import Paragraph, Picture, ReportDocument, TableBlock
        from veritrain_lib.reporting.pdf import to_pdf
        from veritrain_lib.reporting.pdf_layout import PdfDocument
        from veritrain_lib.reporting.pictures import rates

        heard: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
        logger = logging.getLogger("veritrain_lib.fast.glyph_cache")
        logger.addHandler(handler)
        frame = pd.DataFrame({"name": [text], "value": [0.5], "low": [0.4], "high": [0.6], "n": [9]})
        try:
            picture = rates(frame, text)
            picture.png()
        finally:
            logger.removeHandler(handler)
        document = ReportDocument(text, "", (Paragraph(text), TableBlock(frame), Picture(picture)))
        to_pdf(document, datetime(2026, 1, 1, tzinfo=UTC))
        pdf = PdfDocument()
        pdf.add_page()
        pdf.write_paragraph(text, 10)
        lost = system_fonts.undrawable_characters([text])
        said = system_fonts.missing_glyph_message(lost)
        wrong = ""
        if sorted(pdf.undrawable) != sorted(lost):
            wrong = "the PDF's note does not name the letters that it lacks"
        elif lost and not any("can't be drawn" in one for one in heard) and not _heard_before(lost):
            wrong = "the picture's boxes are not said"
        return Seen(None, said or "drawn", wrong=wrong)

    return Case(f"languages/{name}", run, None, [r"^drawn|can't be drawn: U\+"])


def _heard_before(lost: list[str]) -> bool:
    from veritrain_lib.fast import glyph_cache

    return set(lost) <= glyph_cache._warned


CASES = [
    *(_guess(f"guess_{code}", texts, wanted=code) for code, texts in SENTENCES.items()),
    *(_guess(f"guess_{name}", texts) for name, texts in MIXED.items()),
    _new_task("uk"),
    _new_task("ko"),
    _emptied("pool_uk_under_ru", "uk", "ru"),
    _emptied("pool_bg_under_ru", "bg", "ru"),
    _emptied("pool_en_under_ja", "en", "ja"),
    _emptied("pool_ko_under_en", "ko", "en"),
    *(_drawn(f"drawn_{name}", text) for name, text in (
        ("simplified_chinese", "简体中文标签 退款"), ("korean", "한국어 배송"), ("thai", "ภาษาไทย ที่นี่"), ("hindi", "हिन्दी क्षमा"),
        ("arabic", "العربية استرداد"), ("hebrew", "עברית החזר"), ("georgian", "ქართული"), ("emoji", "party 🎉"),
        ("nobodys_letter", "a 𐤀𒀀 b"),
    )),
]  # fmt: skip
