"""The cast: people worth signing in as, each showing one thing.

Everybody else in the world is drawn at random; these are written down, so that a login or a name in a
test or a README never changes with the seed.
"""

from __future__ import annotations

from typing import Final

from deploy.local.demo.identifiers import test_snils
from deploy.local.demo.members import Adult, Child, Employee, Esia, Family, Notes, Stranger
from deploy.local.demo.world import FullName, Gender, Level, RelationKind

_M, _F = Gender.MALE, Gender.FEMALE


def _name(text: str) -> FullName:
    return FullName(*text.split(" ", 2))


FAMILIES: Final = (
    Family(
        adults=(
            Adult(
                _name("Журавлёва Ольга Сергеевна"), _F, 39, snils=test_snils(1),
                esia=Esia(login="zhuravleva"),
                notes=Notes(
                    "parent_a",
                    "Мать двоих детей в двух школах: входит через Госуслуги и сразу видит обоих.",
                    "Mother of two children at two schools: enters through ESIA and sees both at once.",
                ),
            ),
            Adult(
                _name("Журавлёв Андрей Николаевич"), _M, 42,
                esia=Esia(login="zhuravlev"),
                notes=Notes(
                    "second_parent",
                    "Отец тех же детей: у каждого из родителей свой вход и свои уведомления.",
                    "Father of the same children: each parent has an entry and notices of their own.",
                ),
            ),
        ),
        children=(
            Child(
                _name("Журавлёв Фёдор Андреевич"), _M, "g4", 7, "А", (9, 20),
                esia=Esia(login="fedor", level=Level.CHILD),
                notes=Notes(
                    "pupil_under_14",
                    "Ученику нет четырнадцати: на Госуслугах у него детская учётная запись.",
                    "A pupil under fourteen: his ESIA account is a child's.",
                ),
            ),
            Child(_name("Журавлёва Варвара Андреевна"), _F, "s17", 3, "А", (2, 14)),
        ),
    ),
    Family(
        adults=(
            Adult(
                _name("Мамедова Севиндж Эльчин кызы"), _F, 36,
                credentials=("mamedova.s", "Klen-24-veter"),
                esia=Esia(login="mamedova", has_snils=False, level=Level.SIMPLIFIED),
                notes=Notes(
                    "parent_b_without_snils",
                    "На Госуслугах не указан СНИЛС: привязка по логину и паролю, выданным школой.",
                    "No SNILS in ESIA: bound by the login and password that the school issued.",
                ),
            ),
        ),
        children=(Child(_name("Мамедов Али Рауф оглы"), _M, "g4", 5, "Б", (4, 3)),),
    ),
    Family(
        adults=(
            Adult(
                _name("Дёмина Анна Павловна"), _F, 37, post=("g4", "language", 0), snils=test_snils(4),
                credentials=("demina.a", "Chernila-i-mel-7"),
                esia=Esia(login="demina"),
                notes=Notes(
                    "teacher_parent",
                    "Учитель русского языка и мать второклассника той же гимназии: две роли, один вход.",
                    "Teaches Russian and has a son in grade 2 of the same school: two roles, one entry.",
                ),
            ),
            Adult(_name("Дёмин Виталий Юрьевич"), _M, 40),
        ),
        children=(Child(_name("Дёмин Лев Витальевич"), _M, "g4", 2, "А", (12, 1)),),
    ),
    Family(
        adults=(
            Adult(
                _name("Ветрова Ирина Дмитриевна"), _F, 41,
                esia=Esia(login="vetrova", another_snils=True),
                notes=Notes(
                    "other_snils",
                    "Имя совпадает, а СНИЛС на Госуслугах другой: привязки не будет, причина названа.",
                    "The name agrees, the SNILS in ESIA is another one: not bound, and told why.",
                ),
            ),
        ),
        children=(Child(_name("Ветров Глеб Олегович"), _M, "g4", 8, "А", (6, 30)),),
    ),
    Family(
        adults=(
            Adult(
                _name("Кравцова Юлия Олеговна"), _F, 35,
                esia=Esia(login="novikova", name=_name("Новикова Юлия Олеговна")),
                notes=Notes(
                    "name_differs",
                    "Сменила фамилию, а в школе записана прежняя: СНИЛС тот же, но привязки не будет.",
                    "Changed her surname, the school has the old one: same SNILS, still not bound.",
                ),
            ),
        ),
        children=(Child(_name("Кравцова Милана Денисовна"), _F, "g4", 4, "А", (3, 8)),),
    ),
    Family(
        adults=(
            Adult(
                _name("Семёнов Пётр Алексеевич"), _M, 44, snils=test_snils(7),
                esia=Esia(login="semenov", name=_name("Семенов Петр Алексеевич")),
                notes=Notes(
                    "yo_differs",
                    "В школе «Семёнов Пётр», на Госуслугах «Семенов Петр»: это один и тот же человек.",
                    "«Семёнов Пётр» at school, «Семенов Петр» in ESIA: the same man, and bound.",
                ),
            ),
        ),
        children=(Child(_name("Семёнова Алёна Петровна"), _F, "g4", 9, "А", (10, 11)),),
    ),
    Family(
        adults=(
            Adult(
                _name("Королёва Валентина Ильинична"), _F, 63, kind=RelationKind.REPRESENTATIVE,
                esia=Esia(login="koroleva"),
                notes=Notes(
                    "grandmother",
                    "Бабушка-опекун: законный представитель, а не родитель.",
                    "A grandmother who is the child's guardian: a legal representative, not a parent.",
                ),
            ),
        ),
        children=(Child(_name("Королёв Тимофей Романович"), _M, "s17", 6, "А", (5, 19)),),
    ),
    Family(
        adults=(
            Adult(
                _name("Рахмонов Далер"), _M, 38,
                esia=Esia(login="rakhmonov"),
                notes=Notes(
                    "no_patronymic",
                    "Нет отчества ни в школе, ни на Госуслугах.",
                    "No patronymic, neither at school nor in ESIA.",
                ),
            ),
        ),
        children=(Child(_name("Рахмонова Малика"), _F, "s17", 4, "А", (1, 27)),),
    ),
    Family(
        adults=(
            Adult(
                _name("Римская-Летова Анна-Мария Александровна"), _F, 40,
                esia=Esia(login="rimskaya-letova"),
                notes=Notes(
                    "hyphens",
                    "Двойная фамилия и двойное имя.",
                    "Hyphens in the surname and in the given name.",
                ),
            ),
        ),
        children=(
            Child(_name("Римский-Летов Всеволод Кириллович"), _M, "g4", 1, "А", (7, 2)),
            Child(_name("Римская-Летова Вера Кирилловна"), _F, "g4", 1, "А", (7, 2)),
        ),
    ),
    Family(
        adults=(
            Adult(
                _name("Кузнецова Елена Александровна"), _F, 38,
                esia=Esia(login="kuznetsova-1"),
                notes=Notes(
                    "namesake_one",
                    "Полная тёзка другой матери: различает только СНИЛС.",
                    "Has a full namesake among the mothers: only SNILS tells them apart.",
                ),
            ),
        ),
        children=(Child(_name("Кузнецов Артём Дмитриевич"), _M, "g4", 7, "Б", (8, 8)),),
    ),
    Family(
        adults=(
            Adult(
                _name("Кузнецова Елена Александровна"), _F, 43,
                esia=Esia(login="kuznetsova-2"),
                notes=Notes(
                    "namesake_two",
                    "Та самая тёзка: и сыновья их зовутся одинаково.",
                    "The namesake herself: even their sons share a name.",
                ),
            ),
        ),
        children=(Child(_name("Кузнецов Артём Дмитриевич"), _M, "g4", 7, "Б", (1, 15)),),
    ),
    Family(
        adults=(
            Adult(
                _name("Третьякова Светлана Игоревна"), _F, 42,
                esia=Esia(login="tretyakova"),
                notes=Notes(
                    "two_zones",
                    "Дети учатся в двух часовых поясах: в Озёрске и в Боровке.",
                    "Her children go to school in two time zones.",
                ),
            ),
            Adult(_name("Третьяков Максим Валерьевич"), _M, 44),
        ),
        children=(
            Child(_name("Третьякова Софья Максимовна"), _F, "s17", 11, "А", (11, 23)),
            Child(_name("Третьяков Елисей Максимович"), _M, "bor", 5, "А", (6, 6)),
        ),
    ),
    Family(
        adults=(
            Adult(
                _name("Озерова Наталия Викторовна"), _F, 45, school_knows_snils=False,
                esia=Esia(login="ozerova"),
                notes=Notes(
                    "school_lacks_snils",
                    "Школа ещё не внесла СНИЛС матери: пускать её не по чему, причина названа.",
                    "The school has not written down her SNILS yet: nothing to match by, and told so.",
                ),
            ),
        ),
        children=(
            Child(
                _name("Озерова Ксения Денисовна"), _F, "g4", 10, "А", (10, 2),
                esia=Esia(login="ksenia", level=Level.STANDARD),
                notes=Notes(
                    "pupil_over_14",
                    "Десятиклассница входит сама: стандартной записи на Госуслугах ей достаточно.",
                    "A pupil of grade 10 enters by herself: a standard ESIA account is enough.",
                ),
            ),
        ),
    ),
    Family(
        adults=(
            Adult(
                _name("Соболева Наталья Игоревна"), _F, 33,
                slip=("soboleva.n", "htk7m2xnw9pd"),
                esia=Esia(login="soboleva"),
                notes=Notes(
                    "newcomer",
                    "Держит в руках листок из школы: логин и временный пароль, активация ещё впереди.",
                    "Holds the school's slip: login and temporary password, activation is still to come.",
                ),
            ),
        ),
        children=(Child(_name("Соболев Матвей Ильич"), _M, "s17", 2, "А", (3, 21)),),
    ),
)  # fmt: skip

EMPLOYEES: Final = (
    Employee(
        _name("Белозёрова Марина Викторовна"), _F, 46, "g4", ("mathematics", 1), snils=test_snils(2),
        credentials=("belozerova.m", "Teorema-na-doske-5"),
        esia=Esia(login="belozerova"),
        notes=Notes(
            "teacher",
            "Учитель математики: ведёт журнал седьмого «А», где учится Фёдор Журавлёв.",
            "Teaches mathematics: keeps the journal of class 7А, where Fyodor Zhuravlyov studies.",
        ),
    ),
    Employee(
        _name("Логинова Тамара Петровна"), _F, 52, "g4", None, registrar=True,
        credentials=("loginova.t", "Kartoteka-2-shkafa"),
        esia=Esia(login="loginova"),
        notes=Notes(
            "registrar",
            "Ответственный сотрудник гимназии: регистрирует людей и выдаёт учётные записи.",
            "The school's responsible employee: registers people and issues accounts.",
        ),
    ),
    Employee(
        _name("Воронцов Георгий Михайлович"), _M, 58, "g4", ("history", 0), administrator=True,
        esia=Esia(login="vorontsov"),
        notes=Notes(
            "director",
            "Директор гимназии, ведёт историю: учитель и администратор школы сразу.",
            "Headmaster who teaches history: a teacher and the school's administrator at once.",
        ),
    ),
    Employee(
        _name("Мельник Раиса Фёдоровна"), _F, 49, "s17", None, registrar=True, esia=Esia(login="melnik"),
    ),
    Employee(
        _name("Подгорная Зинаида Лукинична"), _F, 57, "bor", ("language", 0), registrar=True,
        administrator=True, esia=Esia(login="podgornaya"),
    ),
)  # fmt: skip

STRANGERS: Final = (
    Stranger(
        _name("Незнамов Аркадий Львович"), _M, 33, test_snils(9), Esia(login="neznamov"),
        Notes(
            "stranger",
            "На Госуслугах есть, в школах не зарегистрирован: ничьего дневника не увидит.",
            "Known to ESIA, registered at no school: sees nobody's diary.",
        ),
    ),
    Stranger(
        _name("Приезжева Лада Тимуровна"), _F, 29, test_snils(10),
        Esia(login="priezzheva", has_snils=False, level=Level.SIMPLIFIED),
        Notes(
            "stranger_without_snils",
            "Посторонняя без СНИЛС: ей предложат пароль, которого у неё нет.",
            "A stranger without SNILS: offered the password road, has no password.",
        ),
    ),
)  # fmt: skip
