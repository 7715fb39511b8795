"""Who the sample customers are."""

import random
from dataclasses import dataclass

FIRST_NAMES = (
    "Ada", "Amara", "Anton", "Aiko", "Beatriz", "Bilal", "Carla", "Chloe", "Daan", "Dilara", "Emil",
    "Esther", "Farah", "Felix", "Giulia", "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jamal", "Joana",
    "Kaito", "Katrin", "Lars", "Leila", "Luca", "Mae", "Malik", "Marta", "Mateo", "Mina", "Nadia", "Nils",
    "Oliver", "Olga", "Pablo", "Petra", "Quentin", "Rosa", "Ruth", "Samir", "Sofia", "Stefan", "Tariq",
    "Thea", "Uma", "Vera", "Viktor", "Wanda", "Yara", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abebe", "Almeida", "Andersen", "Bauer", "Becker", "Bianchi", "Brandt", "Carter", "Castillo", "Cohen",
    "Demir", "Dubois", "Eriksson", "Evans", "Fischer", "Fontaine", "Garcia", "Greene", "Haddad", "Hansen",
    "Ito", "Ivanova", "Jansen", "Johnson", "Kaya", "Kim", "Kowalski", "Larsen", "Lopez", "Marino", "Meyer",
    "Moreau", "Murphy", "Nakamura", "Novak", "Okafor", "Olsen", "Patel", "Pereira", "Quinn", "Rossi",
    "Ryan", "Santos", "Schmidt", "Silva", "Tanaka", "Thomas", "Ueda", "Vargas", "Virtanen", "Weber", "Wood",
    "Yilmaz", "Zhang",
)  # fmt: skip
MAIL_DOMAINS = ("example.com", "example.org", "example.net")


@dataclass(frozen=True, slots=True)
class Region:
    """`currency`: ISO 4217."""

    locale: str
    time_zone: str
    currency: str
    dialling_code: str


REGIONS = {
    Region("en-US", "America/New_York", "USD", "+1"): 20,
    Region("en-US", "America/Los_Angeles", "USD", "+1"): 14,
    Region("en-US", "America/Chicago", "USD", "+1"): 12,
    Region("en-GB", "Europe/London", "GBP", "+44"): 16,
    Region("en-IE", "Europe/Dublin", "EUR", "+353"): 6,
    Region("de-DE", "Europe/Berlin", "EUR", "+49"): 10,
    Region("fr-FR", "Europe/Paris", "EUR", "+33"): 7,
    Region("es-ES", "Europe/Madrid", "EUR", "+34"): 6,
    Region("nl-NL", "Europe/Amsterdam", "EUR", "+31"): 5,
    Region("en-AU", "Australia/Sydney", "AUD", "+61"): 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`email` is None for those who only ever called."""

    name: str
    email: str | None
    phone: str | None
    region: Region

    @property
    def first_name(self) -> str:
        return self.name.partition(" ")[0]


def make_person(chance: random.Random, number: int) -> Person:
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    region = chance.choices(list(REGIONS), list(REGIONS.values()))[0]
    mail = f"{first}.{last}{number}@{chance.choice(MAIL_DOMAINS)}".lower()
    phone = f"{region.dialling_code} 555 01{chance.randrange(100):02d} {number % 1000:03d}"
    return Person(
        name=f"{first} {last}",
        email=mail if chance.random() < 0.97 else None,
        phone=phone if chance.random() < 0.4 else None,
        region=region,
    )
