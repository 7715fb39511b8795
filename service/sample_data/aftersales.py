"""Stories of what comes after the parcel: defects, bills and returns."""

from service.sample_data.stories import HIGH, LOW, NORMAL, URGENT, Story

PRODUCT_DEFECT = Story(
    tag="product_defect",
    needs_order=True,
    priorities={URGENT: 2, HIGH: 4, NORMAL: 4},
    tags=("warranty", "replacement", "safety"),
    subjects=(
        "{product} stopped working",
        "Defective {product}",
        "{product} broke after {days} days",
        "Damaged on arrival: order {order}",
        "Warranty question about my {product}",
    ),
    situations=(
        "My {product} stopped working after {days} days.",
        "The {product} from order {order} has a crack along one side.",
        "The {product} makes a rattling noise that it did not make at first.",
        "A part of the {product} came off the first time I used it.",
    ),
    details=(
        "I followed the instructions and used it only a handful of times.",
        "The outer box was fine, so it does not look like transport damage.",
        "I tried everything in the manual, including leaving it alone over night.",
        "It also gets warmer than I would like.",
    ),
    wishes=(
        "Is this covered by the warranty?",
        "I would like a replacement.",
        "Can it be repaired, or should I send it back?",
        "Please tell me how to return it.",
    ),
    questions=(
        "Could you tell me the number printed underneath, and send a photo of the damage?",
        "Does it also happen in another room or with another socket?",
        "When did you notice it for the first time?",
    ),
    replies=(
        "The number is the one on the invoice; photos are attached.",
        "Yes, exactly the same elsewhere.",
        "On the third day, I think, and it has got worse since.",
    ),
    updates=(
        "Our workshop has seen this once before and would like to have a look at yours.",
        "I have registered it as a warranty case, so that nothing is lost by waiting.",
        "Please stop using it until we have looked at it, just to be safe.",
    ),
    solutions=(
        "A new {product} is on its way; there is no need to send the broken one back.",
        "I have sent a prepaid label; the repair takes about a week and costs you nothing.",
        "You get the full price of the {product} back, since it should not have left us like this.",
    ),
)

BILLING_ERROR = Story(
    tag="billing_error",
    needs_order=True,
    priorities={URGENT: 2, HIGH: 4, NORMAL: 4},
    tags=("refund", "duplicate_charge", "invoice"),
    subjects=(
        "Charged twice for order {order}",
        "Wrong amount on my invoice",
        "Discount code was not applied",
        "Refund for {order} has not arrived",
        "Question about a charge",
    ),
    situations=(
        "My card was charged twice for order {order}.",
        "The invoice for {order} shows a higher price for the {product} than the shop did.",
        "My voucher was accepted at the checkout but is missing on the invoice of {order}.",
        "You confirmed a refund for the {product} {days} days ago, and nothing has come in.",
    ),
    details=(
        "Both entries have the same date and the same amount.",
        "I have a screenshot of the basket from that evening.",
        "My bank says that nothing is pending from your side.",
        "I need a correct invoice for my tax papers.",
    ),
    wishes=(
        "Please return what was taken too much.",
        "Could you look into it and send a corrected invoice?",
        "When can I expect the money?",
        "I would like this settled before my statement closes.",
    ),
    questions=(
        "Could you tell me the last four digits of the reference on your statement, not of the card?",
        "Did you pay by card or by direct debit?",
        "Is the invoice address still the one we have on file?",
    ),
    replies=(
        "By card. The reference ends the way my order number does.",
        "The address is still right.",
        "Direct debit, on the day after I ordered.",
    ),
    updates=(
        "I can see two bookings; one is only a reservation, and I have asked for its release.",
        "Our accounts team has the case and answers by tomorrow.",
        "The voucher ran out at midnight while you were at the checkout; I am having that set right.",
    ),
    solutions=(
        "The second charge is cancelled; depending on your bank you see it within three days.",
        "I have sent a corrected invoice for {order} and refunded the difference.",
        "The refund left our bank today. I am sorry that it was held up.",
    ),
)

RETURN_REQUEST = Story(
    tag="return_request",
    needs_order=True,
    priorities={NORMAL: 7, LOW: 3},
    tags=("refund", "label"),
    subjects=(
        "Return of my {product}",
        "How do I send order {order} back?",
        "Return label please",
        "Changed my mind about the {product}",
    ),
    situations=(
        "I would like to return the {product} from order {order}.",
        "The {product} is nice but does not fit where I wanted it.",
        "I ordered the {product} twice by mistake.",
    ),
    details=(
        "It is unused and in its original box.",
        "I opened it to look, nothing more.",
        "The return form on the page shows an error after the second step.",
    ),
    wishes=(
        "Could you send me a label?",
        "How long do I have for that?",
        "Do I have to pay for the way back?",
        "Would an exchange be possible instead?",
    ),
    questions=(
        "Would you like the money back or an exchange?",
        "Should I send the label by e-mail or as a code for the parcel shop?",
    ),
    replies=(
        "The money back, please, to the same card.",
        "A code, please, I cannot print here.",
        "An exchange if the larger one is in stock.",
    ),
    updates=(
        "Your return is registered; you have thirty days from today to send it.",
        "The parcel has reached our returns desk and is being checked.",
    ),
    solutions=(
        "Your return has arrived in good order and the amount for the {product} is refunded.",
        "The code is in the enclosed message; the way back costs you nothing.",
        "The exchange is booked: the new one leaves when {carrier} scans the old one.",
    ),
)
