"""Invented names, declined as Russian documents decline them.

A `Namer` draws names of the traditions that sit in one classroom: Russian, Tatar, Armenian, Azerbaijani
(patronymic with "оглы" or "кызы"), Central Asian and Vietnamese (often without a patronymic).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from random import Random

from deploy.local.demo.world import FullName, Gender

_PATRONYMICS = {  # those that the endings below would get wrong
    "Дмитрий": ("Дмитриевич", "Дмитриевна"),
    "Георгий": ("Георгиевич", "Георгиевна"),
    "Илья": ("Ильич", "Ильинична"),
    "Лев": ("Львович", "Львовна"),
    "Михаил": ("Михайлович", "Михайловна"),
    "Никита": ("Никитич", "Никитична"),
    "Павел": ("Павлович", "Павловна"),
    "Пётр": ("Петрович", "Петровна"),
    "Яков": ("Яковлевич", "Яковлевна"),
}


def patronymic(father: str, gender: Gender) -> str:
    """The patronymic after a father's given name: "Юрий" → "Юрьевич" or "Юрьевна"."""
    male = gender is Gender.MALE
    if father in _PATRONYMICS:
        return _PATRONYMICS[father][0 if male else 1]
    if father.endswith("ий"):
        return f"{father[:-2]}ье{'вич' if male else 'вна'}"
    if father.endswith(("й", "ь")):
        return f"{father[:-1]}е{'вич' if male else 'вна'}"
    return f"{father}о{'вич' if male else 'вна'}"


def surname_of(surname: str, gender: Gender) -> str:
    """A surname, given in the masculine, for this gender: "Римский-Летов" → "Римская-Летова"."""
    if gender is Gender.MALE:
        return surname
    return "-".join(_feminine(part) for part in surname.split("-"))


def _feminine(surname: str) -> str:
    if surname.endswith(("ов", "ев", "ёв", "ин", "ын")):
        return f"{surname}а"
    if surname.endswith(("ский", "цкий", "ой", "ый")):
        return f"{surname[:-2]}ая"
    return surname


class _Patronymic(Enum):
    """How a tradition makes a patronymic."""

    RUSSIAN = auto()
    OGLY_KYZY = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Tradition:
    """A stock of names that go together."""

    share: float
    patronymic: _Patronymic
    surnames: tuple[str, ...]
    boys: tuple[str, ...]
    girls: tuple[str, ...]
    men: tuple[str, ...]
    women: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


RUSSIAN = Tradition(
    share=0.87,
    patronymic=_Patronymic.RUSSIAN,
    surnames=_words("""
        Абрамов Авдеев Агафонов Акимов Алёхин Антипов Артёмов Архипов Астахов Баженов Базаров Баранов
        Бахметьев Безруков Белозёров Беляев Берёзкин Бирюков Богатырёв Болдырев Борисенко Бочкарёв
        Брагин Будаев Булгаков Бурлаков Быстров Вавилов Васильченко Веденеев Верещагин Ветров Вишневский
        Власов Воеводин Волошин Воронцов Гаврилов Гладких Глебов Голубев Горелов Горшенин Градов Гришаев
        Гуляев Гусев Данилин Дегтярёв Дёмин Деревянко Долгих Дорофеев Дроздов Дубровский Дьячков Евсеев
        Елагин Емельянов Ермаков Ершов Ефимов Жаворонков Жданов Железнов Жилин Журавлёв Завьялов Зайцев
        Зарецкий Захарченко Звягин Зеленин Зимин Золотарёв Зуев Зыков Иваненко Ивлев Игнатов Измайлов
        Ильин Исаев Кабанов Калашников Калинин Карпенко Карташов Касаткин Киселёв Климов Ключников
        Князев Ковалёв Козырев Колесников Колосов Кондратьев Королёв Косарев Костин Кошелев Кравцов
        Краснов Крылов Кудрявцев Кузьмин Кулешов Лаврентьев Лапин Ларионов Латышев Лебединский Леонов
        Лисицын Литвиненко Лобанов Логинов Ломакин Лосев Лукин Любимов Макеев Малинин Мальцев Маркелов
        Мартынов Матвеев Мельников Меньшов Миронов Митин Можайский Молчанов Мороз Муравьёв Мухин Назаров
        Наумов Неверов Некрасов Нестеренко Никифоров Нилов Новожилов Носов Овсянников Озеров Олейник
        Орешкин Осокин Остапенко Панкратов Парамонов Пахомов Пестов Пименов Платонов Плотников Подгорный
        Полевой Полунин Поляков Потапов Прокофьев Пряхин Пузырёв Радченко Раевский Ракитин Родионов Рожков
        Рубцов Румянцев Русаков Рыжов Рябинин Савин Савчук Садовой Самойлов Сафонов Свиридов Седых Селезнёв
        Серебряков Сизов Симонов Синицын Скворцов Смородин Соболев Соловьёв Сомов Сорокин Стрельников
        Суворин Сухарев Сычёв Тарасов Терехов Тихонов Токарев Третьяков Трофимов Туманов Тюрин Уваров
        Угрюмов Устинов Фадеев Федосеев Филатов Фокин Фролов Харитонов Хромов Цветков Чайкин Черепанов
        Черных Чижов Шаповалов Шаров Швецов Шевчук Шестаков Широков Шмелёв Шубин Щеглов Щербаков Щукин
        Юдин Юрьев Яковенко Яшин Бонч-Загорский Римский-Летов Соколов-Мирный Вольф-Громов
    """),
    boys=_words("""
        Александр Алексей Андрей Арсений Артём Артемий Богдан Вадим Василий Виктор Владимир Владислав
        Всеволод Георгий Глеб Григорий Даниил Денис Дмитрий Евгений Егор Елисей Захар Иван Игорь Илья
        Кирилл Константин Лев Леонид Лука Макар Максим Марк Матвей Мирон Михаил Назар Никита Николай Олег
        Павел Пётр Платон Роман Руслан Савелий Святослав Семён Сергей Станислав Степан Тимофей Тихон
        Фёдор Филипп Юрий Яков Ярослав
    """),
    girls=_words("""
        Алёна Александра Алина Алиса Алла Анастасия Ангелина Анна Арина Валерия Варвара Василиса Вера
        Вероника Виктория Виолетта Дарья Диана Ева Евгения Екатерина Елена Елизавета Есения Злата Инна
        Ирина Камилла Карина Кира Клавдия Кристина Ксения Лидия Любовь Людмила Маргарита Марина Мария
        Марьяна Милана Милослава Мирослава Надежда Наталья Ника Нина Олеся Ольга Пелагея Полина Регина
        Светлана Серафима Снежана София Софья Стефания Таисия Татьяна Ульяна Юлия Яна Ярослава Анна-Мария
    """),
    men=_words("""
        Александр Алексей Анатолий Андрей Антон Аркадий Артём Борис Вадим Валентин Валерий Василий Виктор
        Виталий Владимир Владислав Вячеслав Геннадий Георгий Григорий Денис Дмитрий Евгений Иван Игорь
        Илья Кирилл Константин Леонид Максим Михаил Никита Николай Олег Павел Пётр Роман Руслан Семён
        Сергей Станислав Степан Фёдор Юрий
    """),
    women=_words("""
        Александра Алёна Алла Анастасия Анжелика Анна Валентина Вера Вероника Виктория Галина Дарья Евгения
        Екатерина Елена Елизавета Жанна Зинаида Инна Ирина Карина Кристина Ксения Лариса Лидия Любовь
        Людмила Маргарита Марина Мария Надежда Наталия Наталья Нелли Нина Оксана Олеся Ольга Полина Раиса
        Светлана София Таисия Тамара Татьяна Ульяна Эльвира Юлия Яна
    """),
)

OTHERS = (
    Tradition(
        share=0.05,
        patronymic=_Patronymic.RUSSIAN,
        surnames=_words("Ахметзянов Валиуллин Гайнутдинов Закиров Ибрагимов Сабиров Хабибуллин Шарафутдинов"),
        boys=_words("Амир Айдар Булат Дамир Ильдар Камиль Карим Марсель Рамиль Тагир Тимур Эмиль"),
        girls=_words("Азалия Айгуль Алсу Гузель Дина Камиля Лейсан Ралина Самира Эльвира Ясмина"),
        men=_words("Айрат Азат Ильдар Марат Наиль Ринат Рустам Тимур Фарид"),
        women=_words("Айгуль Алсу Альбина Венера Гульнара Лилия Эльмира"),
    ),
    Tradition(
        share=0.025,
        patronymic=_Patronymic.RUSSIAN,
        surnames=_words("Аветисян Григорян Мкртчян Оганесян Саркисян"),
        boys=_words("Арам Артур Гор Давид Нарек Тигран"),
        girls=_words("Ани Лилит Мане Милена Нарэ Эва"),
        men=_words("Армен Арсен Ашот Гагик Карен Сурен"),
        women=_words("Анаит Гаянэ Карине Лусине Нунэ"),
    ),
    Tradition(
        share=0.025,
        patronymic=_Patronymic.OGLY_KYZY,
        surnames=_words("Алиев Гасанов Гусейнов Кулиев Мамедов Рзаев"),
        boys=_words("Али Амин Гусейн Мурад Фуад Эльвин"),
        girls=_words("Айлин Айсель Лейла Нигяр Севиль Фидан"),
        men=_words("Вугар Ильгар Расим Рауф Самир Эльчин"),
        women=_words("Гюнель Севда Севинч Ульвия Эсмира"),
    ),
    Tradition(
        share=0.02,
        patronymic=_Patronymic.NONE,
        surnames=_words("Рахмонов Назаров Юсупов Каримов Холов"),
        boys=_words("Абдулло Бехруз Диёр Мухаммад Самир"),
        girls=_words("Мадина Малика Сабрина Фарангис Шахноза"),
        men=_words("Далер Камол Рустам Фаррух Шерзод"),
        women=_words("Гулноза Дилором Зарина Нигора"),
    ),
    Tradition(
        share=0.01,
        patronymic=_Patronymic.NONE,
        surnames=_words("Нгуен Чан Фам"),
        boys=("Ван Минь", "Дык Ань", "Куанг"),
        girls=("Тхи Май", "Лан Ань", "Линь"),
        men=("Ван Хай", "Тхань", "Куок Вьет"),
        women=("Тхи Хоа", "Тху Чанг", "Нгок"),
    ),
)  # fmt: skip

_TRADITIONS = (RUSSIAN, *OTHERS)


class Namer:
    """Draws names; the same generator state gives the same names."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def tradition(self) -> Tradition:
        """A tradition, as often as it is met."""
        return self._random.choices(_TRADITIONS, [tradition.share for tradition in _TRADITIONS])[0]

    def surname(self, tradition: Tradition) -> str:
        """A surname in the masculine."""
        return self._random.choice(tradition.surnames)

    def adult(self, tradition: Tradition, surname: str, gender: Gender) -> FullName:
        """A grown-up, whose own father is not part of the world."""
        given = self._random.choice(tradition.men if gender is Gender.MALE else tradition.women)
        return _full(tradition, surname, given, self._random.choice(tradition.men), gender)

    def child(
        self, tradition: Tradition, surname: str, father: str, gender: Gender, taken: set[str]
    ) -> FullName:
        """A child of a father with this given name, called otherwise than its siblings (``taken``).

        When all names of children are taken, it is called as a grandparent was.
        """
        male = gender is Gender.MALE
        stocks = (tradition.boys, tradition.men) if male else (tradition.girls, tradition.women)
        free = ([name for name in stock if name not in taken] for stock in stocks)
        given = self._random.choice(next(filter(None, free)))
        return _full(tradition, surname, given, father, gender)


def _full(tradition: Tradition, surname: str, given: str, father: str, gender: Gender) -> FullName:
    own_surname = surname_of(surname, gender)
    if tradition.patronymic is _Patronymic.NONE:
        return FullName(own_surname, given)
    if tradition.patronymic is _Patronymic.OGLY_KYZY:
        return FullName(own_surname, given, f"{father} {'оглы' if gender is Gender.MALE else 'кызы'}")
    return FullName(own_surname, given, patronymic(father, gender))
