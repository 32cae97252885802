"""What a password may be: no birth date in any spelling, no name, no login, nothing that everybody tries."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.identity.credentials.blocklist import FILE, common_passwords
from services.identity.credentials.blocklist.build import packed
from services.identity.credentials.rules.dates import holds_date
from services.identity.credentials.rules.names import holds_name
from services.identity.credentials.rules.policy import Known, Policy, Rule, fold, judge
from services.identity.credentials.settings import PasswordSettings
from services.identity.credentials.strength import strength
from services.identity.people.rules import FullName

POLICY = Policy(common_passwords())
NATALYA = Known("n.sherbakova1", FullName("Щербакова-Юдина", "Наталья", "Алексеевна"), date(1986, 4, 2))
BIRTHDAYS = st.dates(date(1900, 1, 1), date(2026, 12, 31))
MONTHS = (
    "января",
    "февраль",
    "марта",
    "апр",
    "мая",
    "июня",
    "июль",
    "avgusta",
    "сент",
    "oktyabrya",
    "Nov",
    "dekabr",
)


def broken(password: str, known: Known = NATALYA) -> list[Rule]:
    return judge(password, known, POLICY)


@pytest.mark.parametrize(
    "password",
    [
        "зима кофе трамвай 7",
        "correct horse battery staple 9",
        "kx7#1234pq",
        "ТрамвайЗимой9Чай",
        "٣ ложки сахара!",
    ],
)
def test_a_password_that_nobody_would_guess_can_be_set(password: str) -> None:
    assert broken(password) == []


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("kx7#1234p", Rule.LENGTH),
        ("kx7#" + "q" * 1021, Rule.TOO_LONG),
        ("зима кофе трамвай", Rule.LETTERS_AND_DIGITS),
        ("8402-5518-3397", Rule.LETTERS_AND_DIGITS),
    ],
)
def test_length_and_composition_hold_both(password: str, rule: Rule) -> None:
    """R14 and NIST SP 800-63B-4."""
    assert broken(password) == [rule]


def test_a_length_is_counted_in_composed_characters() -> None:
    """Ten marks over one letter are no ten characters."""
    assert Rule.LENGTH in broken("e\u0301" * 9 + "1")[:1] or len(fold("e\u0301" * 9 + "1")) >= 10
    assert Rule.LENGTH in broken("e\u0301" * 8 + "1")


def spelled(day: date) -> st.SearchStrategy[str]:
    """A date as people write it."""
    number = st.sampled_from
    separator = st.text(" .,-_/:абвгxyz", max_size=3).filter(lambda text: not text.isdigit())
    return st.builds(
        lambda d, m, y, between, order: between.join((d, m, y)[place] for place in order),
        number([f"{day.day:02d}"]),
        number([f"{day.month:02d}", f"-{MONTHS[day.month - 1]}-"]),
        number([f"{day.year}", f"{day.year % 100:02d}"]),
        separator,
        st.sampled_from(list(permutations(range(3)))),
    )


def test_a_letter_beside_a_month_in_words_is_no_month() -> None:
    """Roman ten is October as well, and would stand between the numbers."""
    assert holds_date("01x-oktyabrya-x2000", date(2000, 10, 1))


@given(BIRTHDAYS, st.data(), st.text("qzщъ#!", max_size=8), st.text("qzщъ#!", max_size=8))
def test_a_birth_date_is_found_in_any_spelling(
    day: date, data: st.DataObject, before: str, after: str
) -> None:
    """R14: any order, any separators, months in words, two or four digits of the year."""
    written = data.draw(spelled(day))

    assert holds_date(fold(before + written + after), day)


@given(BIRTHDAYS, st.sampled_from([".", "-", "/", " ", " г ", "_"]), st.booleans())
def test_a_birth_date_without_its_zeros_is_found_too(day: date, between: str, short: bool) -> None:
    year = day.year % 100 if short else day.year

    assert holds_date(f"x{day.day}{between}{day.month}{between}{year}x", day)


@given(BIRTHDAYS)
def test_a_birth_date_from_its_end_to_its_beginning_is_found(day: date) -> None:
    assert holds_date(f"x{day:%d%m%Y}"[:0:-1], day)


@pytest.mark.parametrize(
    "written",
    ["O2O41986", "02апреля1986", "2 Apr 86", "1986.IV.2", "2aprelya86", "٠٢٠٤١٩٨٦", "０２０４１９８６"],
)
def test_disguises_of_a_birth_date_are_seen_through(written: str) -> None:
    assert Rule.BIRTH_DATE in broken(f"{written} трамвай")


@pytest.mark.parametrize("password", ["трамвай-1986-зима", "апрель и кофе 7", "3 апреля 1986 чай"])
def test_part_of_the_birth_date_or_another_day_is_no_birth_date(password: str) -> None:
    assert Rule.BIRTH_DATE not in broken(password)


@pytest.mark.parametrize(
    "part",
    [
        "Щербакова", "shcherbakova", "SCHERBAKOVA", "щ-е-р-б-а-к-о-в-а", "Юдина", "Yudina", "iudina",
        "наталья", "Natalia", "Natalya", "nataliya", "N@t@lya", "Yfnfkmz", "яьлатан", "Алексеевна",
        "Alexeevna", "alekseyevna", "Fktrcttdyf", "Judina",
    ],
)  # fmt: skip
def test_a_name_is_found_however_it_is_written(part: str) -> None:
    """In Cyrillic, by any transliteration, on the other layout, with digits for letters, backwards."""
    assert Rule.NAME in broken(f"{part} 72 трамвая")


@given(st.text("абвгдежзийклмнопрстуфхцчшщъыьэюя", min_size=4, max_size=12))
def test_a_name_is_found_in_its_own_letters(name: str) -> None:
    assert holds_name(fold(f"7{name.upper()}!"), name.capitalize()) or set(name) <= set("ъь")


def test_a_short_name_is_part_of_too_many_words() -> None:
    """Ян may have a password with "январский" in it."""
    yan = Known("y.lee-7", FullName("Ли", "Ян"), date(1986, 4, 2))

    assert broken("январский чай 7", yan) == []


@pytest.mark.parametrize("written", ["n.sherbakova1", "N-Sherbakova-1", "1avokabrehs.n"])
def test_the_login_is_found(written: str) -> None:
    assert Rule.LOGIN in broken(f"{written} и чай")


@pytest.mark.parametrize(
    "password",
    [
        "password12345", "Солнышко2024", "gfhjkm12345", "п@роль2026!", "qwertyuiop1", "sunshine2024",
        "a1a1a1a1a1a1", "Пароль123Пароль123", "йцукен12345",
    ],
)  # fmt: skip
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    assert Rule.COMMON in broken(password)


@given(st.text(max_size=60))
def test_judging_never_fails_and_never_calls_a_short_password_good(password: str) -> None:
    rules = broken(password)

    assert rules == sorted(set(rules), key=list(Rule).index)
    assert rules or len(password) >= 4


# The first example loads the dictionaries.
@given(st.text(max_size=60))
def test_what_breaks_a_telling_rule_is_never_called_strong(password: str) -> None:
    rules = broken(password)
    hard = strength(password, NATALYA, rules)

    assert 0 <= hard <= (1 if {Rule.COMMON, Rule.NAME, Rule.BIRTH_DATE, Rule.LOGIN} & set(rules) else 4)


def test_a_region_may_ask_for_more_and_never_for_less() -> None:
    assert PasswordSettings(least_length=14, passes=3).cost.passes == 3
    for less in ({"least_length": 9}, {"memory_kib": 1024}, {"passes": 1}, {"lanes": 0}):
        with pytest.raises(ValidationError):
            PasswordSettings.model_validate(less)


def test_the_block_list_is_the_one_of_its_sources() -> None:
    """`python -m services.identity.credentials.blocklist.build` writes it anew."""
    assert FILE.read_bytes() == packed()


def test_what_is_known_of_a_person_is_not_printed() -> None:
    """A33."""
    assert "1986" not in repr(NATALYA)
    assert "sherbakova" not in repr(NATALYA)
