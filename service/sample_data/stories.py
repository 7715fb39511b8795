"""What customers write about, and how agents answer: fragments that conversations are put together from.

Placeholders: {product}, {order}, {carrier}, {days}; a story that needs an order may use all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from service.tickets.models import Priority


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Story:
    """One kind of problem. A customer's first message is a situation, a detail and a wish.

    `priorities`: priority → weight. `tags` beside the story's own are added to some of its tickets.
    """

    tag: str
    needs_order: bool
    priorities: Mapping[Priority, int]
    tags: tuple[str, ...]
    subjects: tuple[str, ...]
    situations: tuple[str, ...]
    details: tuple[str, ...]
    wishes: tuple[str, ...]
    questions: tuple[str, ...]
    replies: tuple[str, ...]
    updates: tuple[str, ...]
    solutions: tuple[str, ...]


URGENT, HIGH, NORMAL, LOW = Priority.URGENT, Priority.HIGH, Priority.NORMAL, Priority.LOW

LOST_PACKAGE = Story(
    tag="lost_package",
    needs_order=True,
    priorities={URGENT: 3, HIGH: 5, NORMAL: 2},
    tags=("replacement", "carrier_claim", "gift"),
    subjects=(
        "Order {order} never arrived",
        "Package marked delivered but it is not here",
        "Where is my {product}?",
        "Missing parcel, order {order}",
        "{carrier} says delivered, I have nothing",
    ),
    situations=(
        "Tracking for order {order} says delivered, but there is no parcel anywhere.",
        "My {product} was supposed to arrive {days} days ago and never did.",
        "{carrier} claims they left order {order} at my door. They did not.",
        "The tracking page for {order} has not changed for {days} days.",
        "I was at home all day and nobody from {carrier} rang, yet the parcel counts as delivered.",
    ),
    details=(
        "I asked both neighbours and the front desk, and nobody took it in.",
        "I called {carrier} and they sent me back to you.",
        "It was meant as a birthday present for Saturday.",
        "The photo in the delivery note shows a door that is not mine.",
        "My address has not changed since the last order, which came without trouble.",
    ),
    wishes=(
        "Could you send another one, please?",
        "Please find out where it is.",
        "If it cannot be found this week I would rather have my money back.",
        "What can you do about it?",
    ),
    questions=(
        "Could you confirm the delivery address for {order}, with the floor or flat number?",
        "Is there a spot where {carrier} usually leaves parcels, such as a garage or a shop nearby?",
        "May I ask whether the name on your doorbell is the one on the order?",
    ),
    replies=(
        "The address is right, second floor, and the name is on the bell.",
        "No, they always ring. There is a parcel shop round the corner, but it is not there either.",
        "Yes, same name. I have checked the shed and the post room again just now.",
    ),
    updates=(
        "I have opened a search with {carrier}; they answer within two working days.",
        "The depot confirms that the parcel was scanned on the van but has no signature for it.",
        "I have asked {carrier} for the driver's delivery position and will write as soon as I have it.",
    ),
    solutions=(
        "{carrier} has confirmed the loss. A new {product} leaves today by express, free of charge.",
        "The parcel turned up at the wrong depot and will be with you tomorrow before noon.",
        "I have refunded order {order} in full; the money is back on your card in three to five days.",
    ),
)

SHIPPING_DELAY = Story(
    tag="shipping_delay",
    needs_order=True,
    priorities={HIGH: 3, NORMAL: 6, LOW: 1},
    tags=("tracking", "backorder"),
    subjects=(
        "When will order {order} ship?",
        "Delivery is late",
        "Still waiting for my {product}",
        "Order {order}: no tracking number yet",
        "Delayed shipment",
    ),
    situations=(
        "I ordered a {product} and it has been 'being prepared' for {days} days.",
        "The page promised three working days for {order}; it has been {days}.",
        "My tracking number for {order} does not work at {carrier}.",
        "The delivery date of {order} has been moved twice already.",
    ),
    details=(
        "I am travelling from next week on and need to know whether it comes before that.",
        "The second part of the order arrived on its own, without the {product}.",
        "I paid extra for fast delivery.",
        "Nobody told me; I only saw it because I looked.",
    ),
    wishes=(
        "Can you tell me a date I can rely on?",
        "Please let me know what is holding it up.",
        "If it takes longer than Friday, please cancel it.",
        "Could the express fee be refunded?",
    ),
    questions=(
        "Would it help if we sent the part that is ready now, and the rest later?",
        "Until which day are you at this address?",
        "Should {carrier} leave it at a pick-up point in case you are away?",
    ),
    replies=(
        "Yes, send what you have, please.",
        "I am here until Thursday evening.",
        "A pick-up point is fine, the one at the station if possible.",
    ),
    updates=(
        "The {product} came in late from the maker; your order is among the first to be packed.",
        "I have moved {order} to the front of today's packing list.",
        "{carrier} has a backlog in your region and expects to be through it by tomorrow night.",
    ),
    solutions=(
        "Order {order} was handed to {carrier} this morning; the tracking number works from tonight.",
        "I have refunded the express fee, and the parcel is out for delivery today.",
        "The order is cancelled as you asked, and the amount is on its way back to you.",
    ),
)

WRONG_ITEM = Story(
    tag="wrong_item",
    needs_order=True,
    priorities={URGENT: 1, HIGH: 4, NORMAL: 5},
    tags=("exchange", "warehouse"),
    subjects=(
        "Wrong item in order {order}",
        "This is not what I ordered",
        "Received the wrong colour",
        "Order {order} contains somebody else's things",
        "Wrong size sent",
    ),
    situations=(
        "I ordered a {product} and found something quite different in the box.",
        "The {product} from order {order} is the wrong colour.",
        "You sent me the small one; I had chosen the large {product}.",
        "The packing slip says {product}, but that is not what is inside.",
    ),
    details=(
        "The article number on the label ends in a different digit than on my invoice.",
        "I have not opened the inner packaging.",
        "It is the second time in three orders.",
        "I can send photos of the label and the box.",
    ),
    wishes=(
        "Please send the right one, and a label for this one.",
        "How do we swap it?",
        "I need the right one by the weekend, or a refund.",
        "Could somebody collect it? I have no printer.",
    ),
    questions=(
        "Could you send a photo of the article label on the box?",
        "Which size did you want: may I note down the one on your invoice?",
        "Is a drop-off at a parcel shop all right for you, without printing anything?",
    ),
    replies=(
        "Photo is on its way. The label reads differently from the invoice, as you will see.",
        "Exactly the one on the invoice.",
        "A code for the parcel shop works for me.",
    ),
    updates=(
        "Thank you, I can see the mix-up: two labels were swapped in our warehouse.",
        "The right {product} is set aside for you; it leaves once the code is confirmed.",
        "I have told the warehouse, so that the shelf is checked today.",
    ),
    solutions=(
        "The right {product} is on its way; please use the enclosed code to send the other one back.",
        "Keep the wrong one, it is on us. The right {product} arrives within two days.",
        "I have refunded the difference and noted the mistake on order {order}.",
    ),
)
