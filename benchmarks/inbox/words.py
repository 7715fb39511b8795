"""What people write: sentences of a shop's customers, and the words that the bench looks for."""

from random import Random

EVERY, TENTH, TEN, NONE = "order", "refund", "chargeback", "zeppelin"
"""A word in every ticket, in one of ten, in ten of all, in none."""

SUBJECTS = (
    "Where is my {thing}",
    "The {thing} came broken",
    "Wrong size of the {thing}",
    "A question about the {thing}",
    "Change of address",
    "Thank you for the {thing}",
)
THINGS = ("blanket", "jacket", "teapot", "lamp", "backpack", "pair of boots", "scarf", "kettle", "desk chair")
OPENINGS = ("Hello,", "Good morning,", "Hi there,", "Dear team,", "Hey,")
SAYINGS = (
    "the {thing} has not arrived yet and the tracking page shows nothing new since Monday.",
    "I love the {thing}, it is just as beautiful as in the pictures, thank you so much!",
    "the {thing} is terrible: the seam is torn and the colour is wrong. I am really disappointed.",
    "could you tell me whether the {thing} will be back in stock before the holidays?",
    "please send the {thing} to my office instead, I am away from home until the end of the month.",
    "I was charged twice for the {thing} and nobody answers the phone. This is awful.",
    "does the {thing} come with a guarantee, and how would I make use of it?",
    "the parcel was left in the rain, and the {thing} inside is ruined.",
)
ANSWERS = (
    "I am sorry to hear that. I have asked the carrier, and shall write again by tomorrow.",
    "Thank you for writing. A new one is on its way to you, and you may keep the first.",
    "I have changed the address as you asked. It leaves our warehouse this afternoon.",
)
GIVEN = (
    "Ada",
    "Boris",
    "Chiara",
    "Dmitri",
    "Elif",
    "Fatima",
    "Goran",
    "Hanna",
    "Ivo",
    "Jana",
    "Kofi",
    "Lena",
)
FAMILY = ("Abel", "Brandt", "Costa", "Diaz", "Eriksen", "Fischer", "Garcia", "Hoxha", "Ito", "Jansen", "Kaya")
TAGS = ("delivery", "billing", "returns", "product", "praise", "wholesale")


def subject(random: Random) -> str:
    return random.choice(SUBJECTS).format(thing=random.choice(THINGS))


def first_message(random: Random, number: int, *more: str) -> str:
    """With a number that no other has, as orders have, and `more` words."""
    saying = random.choice(SAYINGS).format(thing=random.choice(THINGS))
    asked = "".join(f" I want to talk about a {word}." for word in more)
    return f"{random.choice(OPENINGS)} {saying} It is {EVERY} {100_000 + number}.{asked}"


def second_message(random: Random) -> str:
    return f"Is there any news? {random.choice(SAYINGS).format(thing=random.choice(THINGS)).capitalize()}"


def name(random: Random) -> str:
    return f"{random.choice(GIVEN)} {random.choice(FAMILY)}"
